"""The seams through which the runtime meets the world: Clock, Store, Link, Entropy, and two more.

The alarm journal also needs an `AppendLog` and a `BlackBox`, the store of models a `FileTree`, the
outbox a `DatabaseFile`.

Nothing else in the runtime reads a clock, touches a disk, talks to a peer or draws a random number;
a repository test bans it. Each port has a system and a simulated implementation in
`edgeward.adapters`, so a test can drive years in milliseconds and replay any failure from one
integer.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


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


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in a folder."""

    name: str
    kind: str
    """`file`, `folder`, or `other`: a link, a pipe, a device."""
    size_bytes: int


class FileTree(Protocol):
    """Files and folders under one root, step by step: nothing is durable before it is synced.

    A path has its parts joined by `/`; none of them is empty, `.` or `..`. The root is an empty
    path. No step follows a symbolic link, and each raises `StoreError` when the medium refuses.
    """

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, sorted by name; nothing where there is no such folder."""
        ...

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file, or None where there is none.

        Raises:
            StoreError: it is no file, it is longer, or it cannot be read.
        """
        ...

    def create(self, path: str, data: bytes) -> None:
        """A new file. What a crash leaves of it may be any part until it and its folder are synced.

        Raises:
            StoreError: something is there already, or the medium refused; a part may be there.
        """
        ...

    def make_folder(self, path: str) -> None:
        """A new folder; one that is there is fine.

        Raises:
            StoreError: the medium refused.
        """
        ...

    def sync(self, path: str) -> None:
        """Wait until the disk has a file's bytes, or the names in a folder.

        Raises:
            StoreError: the disk may have them or not.
        """
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file or folder another name in one step; a file that has it is replaced.

        Raises:
            StoreError: nothing was changed.
        """
        ...

    def remove(self, path: str) -> None:
        """Remove a file, a link or an empty folder; a missing one is fine.

        Raises:
            StoreError: nothing was changed.
        """
        ...

    def claim(self) -> AbstractContextManager[None]:
        """Be the only one who changes this tree, as long as the context lasts.

        Raises:
            StoreError: somebody else is.
        """
        ...


Value = int | str | bytes | None
"""What a field of a database holds."""
Blobs = tuple[bytes, ...]
"""Fields of many rows at once, one at the least: a statement finds them in `carray(?)`."""


class Database(Protocol):
    """One connection to an SQLite database. It begins and ends transactions by statements only."""

    @property
    def in_transaction(self) -> bool:
        """Whether one was begun and has not ended."""
        ...

    def execute(self, sql: str, values: Sequence[Value | Blobs] = ()) -> list[Any]:
        """Run one statement to its end, and return its rows: no read stays open.

        Raises:
            DamagedError: what lies on the disk is no database, or not one that was written whole.
            FullError: there is no room on the disk, or in the database.
            StoreError: the disk refused.
        """
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement that returns nothing once for each row of values.

        Raises:
            DamagedError: as above.
            StoreError: as above.
        """
        ...

    def close(self) -> None:
        """Let go of it; closing twice is fine."""
        ...


class DatabaseFile(Protocol):
    """Where a database lies: its file, its write-ahead log, and disk space kept in reserve.

    A damaged database is set aside under a name of its own, to be read byte by byte; the live one
    has the empty name.
    """

    def open(self) -> Database:
        """Connect to the live database, for every thread to use; a missing one is begun.

        Raises:
            StoreError: the disk refused.
        """
        ...

    def size_bytes(self) -> int:
        """All that the live database takes on the disk: log, index and reserve with it."""
        ...

    def reserve(self, log_bytes: int, spare_bytes: int) -> None:
        """Take so much of the disk for the log, while a connection is open, and as a spare.

        Raises:
            StoreError: there is not that much; what could be had is kept.
        """
        ...

    def release(self) -> None:
        """Give the spare back to the disk, so that the database can use it.

        Raises:
            StoreError: the disk refused.
        """
        ...

    def read(self, name: str, *, log: bool, offset: int, size_bytes: int) -> bytes:
        """Bytes of a database or of its log; fewer at the end, none where it does not exist.

        Never while the live one is open: reading it would end its locks.

        Raises:
            StoreError: this part cannot be read.
        """
        ...

    def mark(self, data: bytes) -> None:
        """Keep a few bytes beside, without a sync: they outlive the process, not the power.

        Only while a connection is open. A disk that refuses leaves what was there before.
        """
        ...

    def marked(self) -> bytes:
        """What was kept so, in an earlier life too; only while a connection is open.

        Raises:
            StoreError: it cannot be read.
        """
        ...

    def set_aside(self) -> str:
        """Give the live database a name of its own; returns the name.

        Whoever has it open reads nothing of it any more, and closes it.

        Raises:
            StoreError: the disk refused; it is set aside in whole later on.
        """
        ...

    def let_go(self) -> None:
        """Let another process open it; every connection was closed before."""
        ...

    def aside(self) -> list[str]:
        """The names of what was set aside and not looked through yet, oldest first."""
        ...

    def looked_through(self, name: str) -> None:
        """Keep what was set aside for people only. The oldest one goes where there are too many.

        Raises:
            StoreError: the disk refused.
        """
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
