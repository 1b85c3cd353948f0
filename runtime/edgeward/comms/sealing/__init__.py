"""Sealing: records that only a holder of their key can read, and keys that can be destroyed."""
