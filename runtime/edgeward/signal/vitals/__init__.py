"""One patient's channels, and everything that is found in them, put together."""
