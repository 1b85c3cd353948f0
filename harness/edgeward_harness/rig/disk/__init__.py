"""The disk under a device: what it wrote and synced, and what a power cut leaves of that."""
