"""Transactions that keep the bounds: of the log, of the database, and of a disk that is full.

The log holds what was committed and is not in the database yet. It is emptied by `checkpoint`, as a
rule on a thread where nobody waits for it. Where that thread does not come, the next transaction
empties the log itself before the log would grow over its bound: how much one adds is estimated from
above. A log that was emptied is written from its start again, on blocks of the disk it has already.

On a full disk the log has its blocks and the spare is as large as the log. With the spare given
back, all that is in the log fits into the database; from then on the database does not grow, and
what is deleted makes room for what is new, until the disk has room for the spare again.
"""

import threading
from collections.abc import Callable

from edgeward.comms.outbox.allowance import PAGE_BYTES, Room
from edgeward.comms.outbox.transaction import Transaction
from edgeward.errors import StoreError
from edgeward.ports import Database, DatabaseFile

_FRAMES_LEAST = 6
"""The last leaf, a new one, two parents, the first page, a page of the list of free ones."""
_USED_BYTES = PAGE_BYTES // 2
"""Of a page, at the least: a long record may leave nearly half of its last page unused."""
_USED_BY_SHORT_BYTES = PAGE_BYTES * 3 // 4
_SHORT_BYTES = PAGE_BYTES // 4 - 100


def frames_of(size_bytes: int, places: int, longest_bytes: int = PAGE_BYTES) -> int:
    """How many pages a transaction writes at the most, at so many different places of the file."""
    used_bytes = _USED_BY_SHORT_BYTES if longest_bytes <= _SHORT_BYTES else _USED_BYTES
    return _FRAMES_LEAST * places + size_bytes // used_bytes


class Writer:
    """Writes to one open database."""

    __slots__ = (
        "_before",
        "_checkpointing",
        "_closed",
        "_file",
        "_frames",
        "_helper",
        "_limit_pages",
        "_pinned_pages",
        "_room",
        "database",
    )

    def __init__(
        self,
        file: DatabaseFile,
        database: Database,
        room: Room,
        before: Callable[[Database], None],
    ) -> None:
        """Write there; `before` is done in a transaction of its own before the log is emptied."""
        self.database = database
        self._before = before
        self._file = file
        self._room = room
        self._frames = room.log_frames_max  # whatever a crash has left in it
        self._limit_pages = 0
        self._pinned_pages: int | None = None
        self._helper: Database | None = None
        self._checkpointing = threading.Lock()
        self._closed = False

    def mark(self, data: bytes) -> None:
        """Keep this beside the database, at once and without a sync."""
        self._file.mark(data)

    @property
    def pinned(self) -> bool:
        """Whether the disk is full, so that the database may not grow."""
        return self._pinned_pages is not None

    @property
    def log_due(self) -> bool:
        """Whether the log should be emptied soon, by whoever has the time."""
        return self._frames * 2 >= self._room.log_frames_max

    def write(self, frames: int, pages_max: int, *, alone: bool = False) -> Transaction:
        """One transaction that adds at most so many frames, to a database of so many pages.

        Its frames count from now on: where it fails, the log is taken for fuller than it is. It may
        be one statement `alone`.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused, or there is no room; nothing was changed.
        """
        if self._frames + frames + frames_of(0, 1) > self._room.log_frames_max:
            self.empty_log()
        limit = self.within(pages_max)
        if limit != self._limit_pages:
            self.database.execute(f"PRAGMA max_page_count={limit}")
            self._limit_pages = limit
        self._frames += frames
        return Transaction(self.database, alone=alone)

    def lacks_pages(self, frames: int, pages_max: int) -> bool:
        """Whether the database itself has no room for so many pages more."""
        ((pages,),) = self.database.execute("PRAGMA page_count")
        ((free,),) = self.database.execute("PRAGMA freelist_count")
        return bool(pages - free + frames > self.within(pages_max))

    def empty_log(self, *, settled: bool = False) -> None:
        """Put what the log holds into the database, on this thread.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused; the log keeps what it holds.
        """
        if not settled:
            self.settle()
        with self._checkpointing:
            ((busy, frames, done),) = self.database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        if busy or done < frames:
            raise StoreError(f"the log of the outbox was not emptied: {done} of {frames} pages")
        self._frames = 0

    def empty_most(self) -> None:
        """The same for what the log holds now, on any thread, while others go on writing.

        Whoever calls it has called `settle` before.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused; the log keeps what it holds.
        """
        with self._checkpointing:
            if self._closed:
                return
            if self._helper is None:
                self._helper = self._file.open()
                self._helper.execute("PRAGMA synchronous=FULL")
                self._helper.execute("PRAGMA wal_autocheckpoint=0")
            self._helper.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def reserve(self) -> None:
        """Take what is reserved, and let the database grow again.

        Raises:
            StoreError: the disk does not have it.
        """
        self._file.reserve(self._room.log_bytes, self._room.spare_bytes)
        self._pinned_pages = None

    def use_spare(self) -> bool:
        """Give the spare back to a full disk and stop growing; False when that has been done.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused.
        """
        if self.pinned:
            return False
        self._file.release()
        self.empty_log()
        ((pages,),) = self.database.execute("PRAGMA page_count")
        self._pinned_pages = int(pages)
        return True

    def close(self) -> None:
        """Let go of the database."""
        with self._checkpointing:
            self._closed = True
            if self._helper is not None:
                self._helper.close()
            self.database.close()

    def settle(self) -> None:
        """Write what is to be in the database before that which the log holds.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused.
        """
        with Transaction(self.database):
            self._before(self.database)
        self._frames += frames_of(0, 1)

    def within(self, pages_max: int) -> int:
        """So many pages, or as many as the database may have on a full disk."""
        return pages_max if self._pinned_pages is None else min(pages_max, self._pinned_pages)
