"""The seams through which the runtime meets the world: Clock, Store, Link, Entropy, and two more.

The alarm journal also needs an `AppendLog` and a `BlackBox`.

Nothing else in the runtime reads a clock, touches a disk, talks to a peer or draws a random number;
a repository test bans it. Each port has a system and a simulated implementation in
`edgeward.adapters`, so a test can drive years in milliseconds and replay any failure from one
integer.
"""

from typing import Protocol


class Clock(Protocol):
    """Time. Durations come from `monotonic_ns` only; wall time is for people and may lie."""

    @property
    def simulated(self) -> bool:
        """Whether time moves only when it is told to."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC, as far as this device knows."""
        ...

    def sleep_ns(self, duration_ns: int) -> None:
        """Return after at least this long on the monotonic clock."""
        ...


class Store(Protocol):
    """Named blobs that survive a power cut: a write is on disk when it returns, or never was."""

    def read(self, name: str) -> bytes | None:
        """The blob, or None when there is none.

        Raises:
            StoreError: the medium cannot be read.
        """
        ...

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob atomically and durably.

        Raises:
            StoreError: nothing was changed (full disk, read-only, I/O error).
        """
        ...

    def delete(self, name: str) -> None:
        """Remove the blob durably; a missing one is fine.

        Raises:
            StoreError: nothing was changed.
        """
        ...

    def names(self) -> list[str]:
        """The names of all blobs, sorted."""
        ...


class AppendLog(Store, Protocol):
    """A store whose blobs can also grow: what was appended is on disk when the call returns."""

    def append(self, name: str, data: bytes) -> None:
        """Put bytes at the end of a blob, durably; a missing one begins with them.

        Raises:
            StoreError: the blob may now end with none, a part, or all of the bytes; what it held
                before is untouched.
        """
        ...


class BlackBox(Protocol):
    """Memory that outlives the process which writes to it; a write waits for nothing.

    Whoever is killed leaves in it all it has written, though the last write may be torn. A power
    cut may take all of it, or any part.
    """

    @property
    def memory(self) -> memoryview:
        """All of its bytes, to be read and written; at first, zeros."""
        ...

    def close(self) -> None:
        """Let go of the memory, and keep its content; closing twice is fine."""
        ...


class Link(Protocol):
    """A connection to one peer that carries whole lines in order, both ways."""

    def receive(self, timeout_ns: int | None) -> bytes | None:
        """The next line without its newline; None when the timeout passed (None waits for ever).

        Raises:
            LinkClosedError: the peer has ended the connection.
            LineTooLongError: a line exceeded the limit; it was discarded up to its newline.
        """
        ...

    def send(self, line: bytes) -> None:
        """Send one line; the newline is added.

        Raises:
            LinkClosedError: the peer has ended the connection.
        """
        ...

    def close(self) -> None:
        """End the connection; closing twice is fine."""
        ...


class Entropy(Protocol):
    """Randomness: from the operating system on a device, from one integer in a test."""

    def token(self, size_bytes: int) -> bytes:
        """That many unpredictable (or, simulated, reproducible) bytes."""
        ...
