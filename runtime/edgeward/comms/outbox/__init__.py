"""Keeps records on the disk until their receiver has them: nothing that was promised is lost."""
