"""Drivers that reach a running device over the device protocol."""
