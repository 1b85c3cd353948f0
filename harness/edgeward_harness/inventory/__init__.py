"""What software a device is made of: read from what is installed, never from what was wished."""
