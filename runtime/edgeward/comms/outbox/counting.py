"""The figures of a damaged outbox: none of them is sealed, so each is held against the others."""

from collections.abc import Iterator
from dataclasses import replace

from edgeward.comms.outbox.mark import Mark
from edgeward.comms.outbox.place import ordinal_of, sequence_of
from edgeward.comms.outbox.tally import Tally
from edgeward.comms.outbox.trial import Row
from edgeward.comms.record import RecordClass


def in_step(rows: Iterator[Row], kind: RecordClass, mark: Mark | None) -> Iterator[Row]:
    """The same records of a class, each with a count that fits between those beside it."""
    before, row = None, next(rows, None)
    while row is not None:
        after = next(rows, None)
        before = _mended(before, row, after, _most(row, kind, mark))
        yield before
        row = after


def _most(row: Row, kind: RecordClass, mark: Mark | None) -> int | None:
    """How many were accepted at the most when this one was; None where nobody knows."""
    if mark is None or not mark.covers(ordinal_of(row[0]), sequence_of(row[0])):
        return None
    return mark.accepted[kind]


def _mended(before: Row | None, row: Row, after: Row | None, most: int | None) -> Row:
    place, nth, key, blob = row
    behind = before is None or _fits(before, row)
    ahead = after is None or _fits(row, after)
    misled = not ahead and after is not None and (before is None or _fits(before, after))
    if behind and not misled and 0 < nth <= (nth if most is None else most):
        return row
    if before is not None:
        nth = before[1] + 1
    elif after is not None and ahead < behind:
        nth = after[1] - 1
    return place, max(1, nth if most is None else min(nth, most)), key, blob


def _fits(one: Row, other: Row) -> bool:
    """Whether one can have been accepted before the other: each used a sequence of its own."""
    counted = other[1] - one[1]
    if ordinal_of(one[0]) != ordinal_of(other[0]):
        return counted > 0
    return 0 < counted <= sequence_of(other[0]) - sequence_of(one[0])


def made_right(told: Tally, there: int, counted: int, marked: int) -> Tally:
    """What became of the records of a class.

    `there` of them were put back, the newest one says that `counted` were accepted, and a mark that
    `marked` were, which may be too few. What is queued beyond those that are there was lost.
    """
    right = replace(told)
    gone = told.accepted - told.queued
    least = max(counted, marked)
    if told.accepted < least or (told.queued != there and least == gone + there):
        right.accepted = least
    excess = gone + there - right.accepted
    if excess > 0:  # one of them was changed, or what was gone is here again
        right.delivered = max(0, told.delivered - excess)
        right.accepted += max(0, there - right.queued)
    return right
