"""What the parts of an outbox share while it is open: its database, and its figures in memory."""

import contextlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from edgeward.comms.outbox import keys, shelf
from edgeward.comms.outbox.allowance import PAGE_BYTES, Allowance, Room
from edgeward.comms.outbox.gaps import Lost, add_gap
from edgeward.comms.outbox.mark import mark_bytes
from edgeward.comms.outbox.place import class_of, ordinal_of, sequence_of
from edgeward.comms.outbox.ring import Ring
from edgeward.comms.outbox.tally import Tally
from edgeward.comms.outbox.writer import Writer, frames_of
from edgeward.comms.record import DataKey, Epoch, Loss, RecordClass, Sealed
from edgeward.errors import DamagedError
from edgeward.ports import Database

_STORE_TALLY = "INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?)"
_OTHER_PAGES = 16
"""Of tables that hold no records."""
_PLACES_OF_A_GAP = 2
_GAPS_AT_ONCE = 3
_KEY_BYTES = 64
"""What a key takes beside its wrapping."""


@dataclass(slots=True)
class Pending:
    """What is stored with the next transaction: the disk refused it, or nothing needed one."""

    keys: list[DataKey] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    tallies: set[RecordClass] = field(default_factory=set)
    """Classes whose figures in memory are ahead of those on the disk."""

    def __bool__(self) -> bool:
        return bool(self.keys or self.lost or self.tallies)

    def lose(self, kind: RecordClass, places: list[int], reason: Loss, ring: Ring) -> None:
        """Tell of records of one class that were given up before the disk ever had them.

        They join what was lost before them where none that waits in memory lies between the two.
        """
        waiting = [draft.place for draft in ring.drafts() if draft.kind is kind]
        for lost in lost_of(places, kind, reason):
            before = next((one for one in reversed(self.lost) if _alike(one, lost)), None)
            if before is None or _any_between(waiting, before, lost):
                self.lost.append(lost)
                continue
            self.lost[self.lost.index(before)] = Lost(
                lost.ordinal, lost.kind, min(before.first, lost.first),
                max(before.last, lost.last), before.count + lost.count, reason,
            )  # fmt: skip

    def frames(self) -> int:
        """What storing it writes at the most."""
        if not self:
            return 0
        gaps = min(len(self.lost), _GAPS_AT_ONCE)
        places = 2 * bool(self.keys) + _PLACES_OF_A_GAP * gaps + bool(self.tallies)
        return frames_of(2 * sum(len(key.wrapped) + _KEY_BYTES for key in self.keys), places)

    def stored(self) -> None:
        """Forget what one transaction has stored."""
        self.keys.clear()
        self.tallies.clear()
        del self.lost[:_GAPS_AT_ONCE]


@dataclass(slots=True)
class Core:
    """An open database and what is known about it."""

    writer: Writer
    allowance: Allowance
    room: Room
    epoch: Epoch
    epochs: dict[int, Epoch]
    tallies: dict[RecordClass, Tally]
    ring: Ring
    sequence: int = 0
    """The last one drawn in this epoch; it counts although nothing may have come of it."""
    pending: Pending = field(default_factory=Pending)

    @property
    def database(self) -> Database:
        """The connection."""
        return self.writer.database

    def quota_bytes(self, kind: RecordClass) -> int:
        """What a class may take without giving anything up for others, of what there is now."""
        pages = max(0, self.writer.within(self.room.pages_any) - _OTHER_PAGES)
        return pages * PAGE_BYTES * self.allowance.quota_percent.get(kind, 0) // 100

    def waiting(
        self, kinds: tuple[RecordClass, ...], after: int, through: int
    ) -> Iterator[tuple[int, RecordClass, Sealed]]:
        """What waits behind a place and up to another one, on the disk and in memory, in order."""
        stored = [self._stored(kind, after, through) for kind in kinds]
        volatile = (
            (draft.place, draft.kind, draft.sealed)
            for draft in self.ring.drafts()
            if draft.kind in kinds and after < draft.place <= through
        )
        return heapq.merge(*stored, volatile, key=lambda one: one[0])

    def _stored(
        self, kind: RecordClass, after: int, through: int
    ) -> Iterator[tuple[int, RecordClass, Sealed]]:
        for place, key, blob in shelf.read(self.database, kind, after, through):
            right = type(key) is int and type(blob) is bytes and class_of(place) is kind
            if not (right and ordinal_of(place) in self.epochs):
                raise DamagedError(f"the outbox has a {kind.word} at {place} that was never put so")
            yield place, kind, Sealed(key, blob)

    def keys_at(self, places: list[int]) -> list[DataKey]:
        """The data keys that stand there; those of records in memory may not be stored yet."""
        pending = {keys.key_place(key): key for key in self.pending.keys}
        found = [pending[place] for place in places if place in pending]
        stored = [place for place in places if place not in pending]
        return found + keys.find_keys(self.database, self.epochs, stored)

    @contextlib.contextmanager
    def change(self, frames: int) -> Iterator["Change"]:
        """One transaction of upkeep; the figures in memory follow when it is committed.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused; nothing was changed.
        """
        tallies = {kind: replace(tally) for kind, tally in self.tallies.items()}
        change = Change(self.database, tallies)
        frames += self.pending.frames() + frames_of(0, 1)
        with self.writer.write(frames, self.room.pages_all):
            yield change
            self.store_pending(self.database)
            for kind in change.touched:
                store_tally(self.database, kind, tallies[kind])
        self.tallies = tallies
        self.pending.stored()
        self.remember()

    def remember(self) -> None:
        """Leave a mark of how far this outbox has come: after each commit, once it has begun."""
        if self.epoch.ordinal:
            self.writer.mark(mark_bytes(self.epoch, self.sequence, self.tallies))

    def store_pending(self, database: Database) -> None:
        """Store it in the transaction that runs; it is forgotten once that is committed."""
        keys.store_keys(database, self.pending.keys)
        for lost in self.pending.lost[:_GAPS_AT_ONCE]:
            add_gap(database, lost)
        for kind in self.pending.tallies:
            store_tally(database, kind, self.tallies[kind])


@dataclass(slots=True)
class Change:
    """One transaction of upkeep."""

    database: Database
    tallies: dict[RecordClass, Tally]
    touched: set[RecordClass] = field(default_factory=set)

    def lose(self, kind: RecordClass, places: list[int], reason: Loss) -> int:
        """Give up records, count them and leave a gap for the receiver; how many there were."""
        removed = self._remove(kind, places)
        if removed:
            self.tallies[kind].lose(removed, reason)
            for lost in lost_of(places, kind, reason):
                add_gap(self.database, lost)
        return removed

    def deliver(self, kind: RecordClass, places: list[int]) -> int:
        """Their receiver has them; how many there were."""
        removed = self._remove(kind, places)
        self.tallies[kind].delivered += removed
        return removed

    def _remove(self, kind: RecordClass, places: list[int]) -> int:
        removed, disk_bytes = shelf.remove(self.database, kind, places)
        self.tallies[kind].disk_bytes -= disk_bytes
        self.touched.add(kind)
        return removed


def _alike(one: Lost, other: Lost) -> bool:
    return (one.ordinal, one.kind, one.reason) == (other.ordinal, other.kind, other.reason)


def _any_between(places: list[int], before: Lost, after: Lost) -> bool:
    first = min(before.last, after.last)
    last = max(before.first, after.first)
    return any(
        ordinal_of(place) == after.ordinal and first < sequence_of(place) < last for place in places
    )


def store_tally(database: Database, kind: RecordClass, tally: Tally) -> None:
    """Keep the figures of a class."""
    database.execute(_STORE_TALLY, (kind, *tally.row(), *tally.taken_row(kind)))


def lost_of(places: list[int], kind: RecordClass, reason: Loss) -> list[Lost]:
    """What to tell of records that followed each other, epoch by epoch."""
    by_ordinal: dict[int, list[int]] = {}
    for place in places:
        by_ordinal.setdefault(ordinal_of(place), []).append(sequence_of(place))
    return [
        Lost(ordinal, kind, min(gone), max(gone), len(gone), reason)
        for ordinal, gone in by_ordinal.items()
    ]
