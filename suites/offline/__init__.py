"""Offline operation: nothing that was acknowledged is lost, doubled, misplaced or mixed up."""
