"""Whom a device believes, and how it shows who it is."""
