"""What a receiver will never get, told until it has heard it: ranges that grow together.

Nothing seals a gap, so its count is stored with a checksum of all its figures above it: a changed
one is damage, and not told.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgeward.comms.outbox.place import SEQUENCE_MAX, place_of
from edgeward.comms.record import Epoch, Gap, Loss, RecordClass
from edgeward.errors import DamagedError
from edgeward.ports import Database

_COUNT_BITS = 36
_COUNT_MAX = (1 << _COUNT_BITS) - 1
_SUM_SHIFT = 8
"""Of the checksum, which leaves 24 bits; none is zero, as in gaps of an older layout."""
_BETWEEN = {
    kind: f"SELECT 1 FROM {kind.word} WHERE place > ? AND place < ? LIMIT 1"  # noqa: S608 - ours
    for kind in RecordClass
}


@dataclass(frozen=True, slots=True)
class Lost:
    """Some records of one epoch and class that were given up."""

    ordinal: int
    kind: RecordClass
    first: int
    last: int
    count: int
    reason: Loss

    @property
    def stored_count(self) -> int:
        """The count as it is stored."""
        told = f"{self.ordinal}/{self.kind:d}/{self.first}/{self.last}/{self.count}/{self.reason}"
        return (zlib.crc32(told.encode()) >> _SUM_SHIFT or 1) << _COUNT_BITS | self.count


def lost_at(ordinal: int, kind: int, first: int, last: int, stored: int, reason: str) -> Lost:
    """What a row says.

    Raises:
        DamagedError: it is not what was written.
    """
    try:
        lost = Lost(ordinal, RecordClass(kind), first, last, stored & _COUNT_MAX, Loss(reason))
        if 0 < first <= last <= SEQUENCE_MAX and stored in (lost.count, lost.stored_count):
            return lost
    except (TypeError, ValueError):
        pass
    raise DamagedError(
        f"the outbox has a gap that was never told so: {kind!r} of {ordinal!r}, {first!r} to"
        f" {last!r}, {reason!r}"
    )


def add_gap(database: Database, lost: Lost) -> None:
    """Tell of it, in the transaction that gives the records up.

    It joins the gap before it where nothing of its class that waits lies between the two.
    """
    of = (lost.ordinal, lost.kind, lost.reason)
    before = database.execute(
        "SELECT number, first, last, count FROM gap"
        " WHERE ordinal = ? AND kind = ? AND reason = ? AND first <= ?"
        " ORDER BY first DESC LIMIT 1",
        (*of, lost.last),
    )
    for number, first, last, stored in before:
        old = lost_at(lost.ordinal, lost.kind, first, last, stored, lost.reason)
        if _joins(database, lost, old.last):
            grown = replace(
                lost, first=min(old.first, lost.first), last=max(old.last, lost.last),
                count=old.count + lost.count,
            )  # fmt: skip
            database.execute(
                "UPDATE gap SET first = ?, last = ?, count = ? WHERE number = ?",
                (grown.first, grown.last, grown.stored_count, number),
            )
            return
    _insert(database, lost)


def _insert(database: Database, lost: Lost) -> None:
    database.execute(
        "INSERT INTO gap (ordinal, kind, reason, first, last, count) VALUES (?, ?, ?, ?, ?, ?)",
        (lost.ordinal, lost.kind, lost.reason, lost.first, lost.last, lost.stored_count),
    )


def _joins(database: Database, lost: Lost, last: int) -> bool:
    """Whether nothing waits between the end of a gap and the beginning of this one."""
    start = place_of(lost.ordinal, last, lost.kind)
    end = place_of(lost.ordinal, lost.first, lost.kind)
    return start >= end or not database.execute(_BETWEEN[lost.kind], (start, end))


def gaps_in(database: Database, epochs: dict[int, Epoch], limit: int) -> list[Gap]:
    """The oldest of those that no receiver has heard of yet."""
    rows = database.execute(
        "SELECT ordinal, kind, first, last, count, reason FROM gap"
        " ORDER BY ordinal, kind, reason, first LIMIT ?",
        (limit,),
    )
    found = [lost_at(*row) for row in rows]
    if unknown := {lost.ordinal for lost in found} - epochs.keys():
        raise DamagedError(f"the outbox has gaps of {unknown}, which it never began")
    return [
        Gap(epochs[lost.ordinal], lost.kind, lost.first, lost.last, lost.count, lost.reason)
        for lost in found
    ]


def forget_gap(database: Database, gap: Gap) -> None:
    """A receiver has heard of it; one that has grown since is told again."""
    database.execute(
        "DELETE FROM gap WHERE ordinal = ? AND kind = ? AND reason = ? AND first = ?"
        " AND last = ? AND count & ? = ?",
        (
            gap.epoch.ordinal,
            gap.kind,
            gap.reason,
            gap.first,
            gap.last,
            _COUNT_MAX,
            gap.count,
        ),
    )


def put_back(database: Database, gaps: Iterable[Lost]) -> None:
    """Tell of gaps as they are, none joined with another: what lies between may not be there yet.

    A salvage that is done again tells nothing twice.
    """
    for lost in gaps:
        if not _is_told(database, lost):
            _insert(database, lost)


def _is_told(database: Database, lost: Lost) -> bool:
    return bool(
        database.execute(
            "SELECT 1 FROM gap WHERE ordinal = ? AND kind = ? AND reason = ?"
            " AND first <= ? AND last >= ? LIMIT 1",
            (lost.ordinal, lost.kind, lost.reason, lost.first, lost.last),
        )
    )
