"""Randomness: from the operating system on a device, from one integer in a test."""

import os


class SystemEntropy:
    """Unpredictable bytes from the operating system."""

    __slots__ = ()

    def token(self, size_bytes: int) -> bytes:
        """That many unpredictable bytes."""
        return os.urandom(size_bytes)


class SeededEntropy:
    """The same bytes again for the same seed, on every machine and Python. Never for keys."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: int) -> None:
        """Start the sequence that belongs to this seed."""
        self._seed = seed
        self._drawn = 0

    def token(self, size_bytes: int) -> bytes:
        """The next bytes of the sequence."""
        import hashlib  # OpenSSL, 3.5 MB: only where somebody simulates

        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}/{self._drawn}".encode()).digest(size_bytes)
