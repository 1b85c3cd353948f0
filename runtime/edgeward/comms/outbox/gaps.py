"""What a receiver will never get, told until it has heard it: ranges that grow together."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeward.comms.outbox.place import place_of
from edgeward.comms.record import Epoch, Gap, Loss, RecordClass
from edgeward.errors import DamagedError
from edgeward.ports import Database

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


def add_gap(database: Database, lost: Lost) -> None:
    """Tell of it, in the transaction that gives the records up.

    It joins the gap before it where nothing of its class that waits lies between the two.
    """
    of = (lost.ordinal, lost.kind, lost.reason)
    before = database.execute(
        "SELECT number, last FROM gap WHERE ordinal = ? AND kind = ? AND reason = ? AND first <= ?"
        " ORDER BY first DESC LIMIT 1",
        (*of, lost.last),
    )
    if before and _joins(database, lost, before[0][1]):
        database.execute(
            "UPDATE gap SET first = min(first, ?), last = max(last, ?), count = count + ?"
            " WHERE number = ?",
            (lost.first, lost.last, lost.count, before[0][0]),
        )
        return
    _insert(database, lost)


def _insert(database: Database, lost: Lost) -> None:
    database.execute(
        "INSERT INTO gap (ordinal, kind, reason, first, last, count) VALUES (?, ?, ?, ?, ?, ?)",
        (lost.ordinal, lost.kind, lost.reason, lost.first, lost.last, lost.count),
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
    try:
        return [
            Gap(epochs[ordinal], RecordClass(kind), first, last, count, Loss(reason))
            for ordinal, kind, first, last, count, reason in rows
        ]
    except (KeyError, ValueError) as error:
        raise DamagedError(f"the outbox has a gap that was never told so: {error}") from error


def forget_gap(database: Database, gap: Gap) -> None:
    """A receiver has heard of it; one that has grown since is told again."""
    database.execute(
        "DELETE FROM gap WHERE ordinal = ? AND kind = ? AND reason = ? AND first = ?"
        " AND last = ? AND count = ?",
        (gap.epoch.ordinal, gap.kind, gap.reason, gap.first, gap.last, gap.count),
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
