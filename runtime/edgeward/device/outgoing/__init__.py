"""The device's way out: what it tells becomes records, which are kept and delivered."""
