"""The daemon: a device that takes samples from a source, day and night, and says how it is."""
