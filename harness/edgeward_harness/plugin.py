"""The pytest plugin: hooks only. Inert unless a device profile is named on the command line."""
