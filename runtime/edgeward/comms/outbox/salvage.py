"""Puts what can be read of a damaged database into a new one, record by record.

Each record is put back only when its sealing shows that it is what was accepted: a changed byte, a
row that moved, another record's bytes are told from the real one. What is missing is counted as
quarantined and told to the receiver. Nothing is delivered before all of it is done, so that it may
be interrupted and begun again at any point; the damaged files stay as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgeward.comms.outbox import keys, shelf
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.counting import in_step, made_right
from edgeward.comms.outbox.gaps import Lost, put_back
from edgeward.comms.outbox.mark import Mark, read_mark
from edgeward.comms.outbox.pages import Pages
from edgeward.comms.outbox.place import SEQUENCE_MAX, ordinal_of, sequence_of
from edgeward.comms.outbox.ruin import Ruin, read_ruin
from edgeward.comms.outbox.tally import Tally
from edgeward.comms.outbox.trial import Row, is_right, keys_that_open, record_at
from edgeward.comms.outbox.writer import frames_of
from edgeward.comms.record import DataKey, Epoch, Loss, RecordClass, Sealer
from edgeward.errors import DamagedError, StoreError
from edgeward.ports import DatabaseFile

_SMALL_ROWS = 20
"""Keys, epochs or gaps in one transaction."""
_SMALL_BYTES = 8192
_ROW_BYTES = 40
_BY_IMPORTANCE = sorted(RecordClass, reverse=True)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of a damaged database."""

    name: str
    """Under which it was set aside."""
    records: int
    lost: int


def salvage(core: Core, file: DatabaseFile, name: str, sealer: Sealer) -> Salvaged:
    """Put back what can be read of what was set aside; do it again after an interruption.

    Raises:
        StoreError: the disk refused; the next start begins again.
    """
    pages = Pages(file, name)
    ruin = read_ruin(pages)
    mark = read_mark(file)
    if mark is not None:
        ruin.believe(mark.epoch)
    known = keys_that_open(pages, ruin, sealer)
    _put_back_small(core, ruin, known)
    records = {
        kind: _put_back(
            core, kind, in_step(_believed(pages, ruin, kind, known, sealer), kind, mark)
        )
        for kind in _BY_IMPORTANCE
    }
    lost = sum(_settle(core, ruin, kind, kept, mark) for kind, kept in records.items())
    core.writer.empty_log()
    file.looked_through(name)
    return Salvaged(name, sum(map(len, records.values())), lost)


def _put_back_small(core: Core, ruin: Ruin, known: dict[int, DataKey]) -> None:
    """Epochs, keys and gaps: few, and the records need them."""
    tokens = {ordinal: found[0] for ordinal, found in ruin.epochs.items() if ordinal > 0}
    tokens |= {key.epoch.ordinal: key.epoch.token for key in known.values()}
    epochs = [Epoch(ordinal, token) for ordinal, token in sorted(tokens.items())]
    core.epochs = {epoch.ordinal: epoch for epoch in epochs} | core.epochs
    wrapped, gaps = list(known.values()), sorted(_tellable(core, ruin), key=str)
    for start in range(0, max(len(epochs), len(wrapped), len(gaps)), _SMALL_ROWS):
        part = slice(start, start + _SMALL_ROWS)
        with core.change(frames_of(_SMALL_BYTES, 8)) as change:
            for epoch in epochs[part]:
                keys.store_epoch(change.database, epoch)
            keys.store_keys(change.database, wrapped[part])
            put_back(change.database, gaps[part])
    for subject in ruin.erased:
        with core.change(frames_of(_SMALL_BYTES, 2)) as change:
            keys.mark_erased(change.database, subject)


def _tellable(core: Core, ruin: Ruin) -> list[Lost]:
    return [gap for gap in ruin.gaps if gap.ordinal in core.epochs]


def _believed(
    pages: Pages, ruin: Ruin, kind: RecordClass, known: dict[int, DataKey], sealer: Sealer
) -> Iterator[Row]:  # fmt: skip
    """The records of a class that are what was accepted, in their order."""
    by_number = {(key.epoch.ordinal, key.number): key for key in known.values() if key.kind is kind}
    last = -1
    for place, _, found in ruin.records[kind]:
        row = None if place == last else record_at(pages, found)
        key = by_number.get((ordinal_of(place), row[2])) if row else None
        if row and key and row[0] == place and is_right(sealer, key, row):
            last = place
            yield row


def _put_back(core: Core, kind: RecordClass, rows: Iterator[Row]) -> list[tuple[int, int]]:
    """Place and count of each record of a class that lies in the new database."""
    kept: list[tuple[int, int]] = []
    part: list[Row] = []
    size_bytes = 0
    for row in rows:
        if part and size_bytes + len(row[3]) > core.room.transaction_bytes_max:
            if not _store(core, kind, part, size_bytes):
                return kept
            kept += [(place, nth) for place, nth, *_ in part]
            part, size_bytes = [], 0
        part.append(row)
        size_bytes += len(row[3]) + _ROW_BYTES
    if part and _store(core, kind, part, size_bytes):
        kept += [(place, nth) for place, nth, *_ in part]
    return kept


def _store(core: Core, kind: RecordClass, rows: Sequence[Row], size_bytes: int) -> bool:
    """Store some; False when there is no room for them in what is allowed."""
    frames = frames_of(size_bytes, 1)
    try:
        with core.writer.write(frames, core.room.pages_kept) as database:
            database.execute_many(shelf.PUT_ONCE[kind], rows)
    except DamagedError:
        raise
    except StoreError:
        if not core.writer.lacks_pages(frames, core.room.pages_kept):
            raise
        return False
    return True


def _settle(
    core: Core, ruin: Ruin, kind: RecordClass, kept: list[tuple[int, int]], mark: Mark | None
) -> int:
    """Make the figures of a class right again, and tell what was lost; how many records.

    Whatever is not there is told, with a count where something is known to be lost: nobody knows
    what else lay on pages that cannot be read, gaps that nobody was told of yet among it.
    """
    there = shelf.counted(core.database, kind)
    nth_max = max((nth for _, nth in kept), default=0)
    holes = _holes(kind, kept)
    told = ruin.tallies.get(kind)
    if told is None:  # lost too: what is missing between two is lost, the rest perhaps delivered
        missing = sum(hole.count for hole in holes)
        told = Tally(accepted=max(nth_max, there + missing))
        told.delivered = told.accepted - there - missing
    marked = 0 if mark is None else mark.accepted[kind]
    right = made_right(told, there, nth_max, marked)
    lost = right.queued - there
    right.quarantined += lost
    right.disk_bytes = shelf.disk_bytes(core.database, kind)
    with core.change(frames_of(0, 2)) as change:
        change.tallies[kind] = right
        change.touched.add(kind)
    _tell(core, _counted(holes + _edges(core, kind, kept), lost))
    return lost


def _tell(core: Core, gaps: list[Lost]) -> None:
    for start in range(0, len(gaps), _SMALL_ROWS):
        with core.change(frames_of(_SMALL_BYTES, 3)) as change:
            put_back(change.database, gaps[start : start + _SMALL_ROWS])


def _holes(kind: RecordClass, kept: list[tuple[int, int]]) -> list[Lost]:
    """Where records of a class are missing between two that follow each other in one epoch."""
    return [
        Lost(
            ordinal_of(one), kind, sequence_of(one) + 1, sequence_of(other) - 1,
            other_nth - nth - 1, Loss.QUARANTINED,
        )
        for (one, nth), (other, other_nth) in pairwise(kept)
        if ordinal_of(one) == ordinal_of(other) and other_nth - nth > 1
        and sequence_of(other) - sequence_of(one) > 1
    ]  # fmt: skip


def _edges(core: Core, kind: RecordClass, kept: list[tuple[int, int]]) -> list[Lost]:
    """What was before the first and behind the last record of each epoch; all have ended.

    What waits in memory for the disk is not lost: nothing is told of where that lies.
    """
    waiting = [draft.place for draft in core.ring.drafts() if draft.kind is kind]
    there = [_spans(place for place, _ in kept), _spans(waiting)]
    gaps = []
    for ordinal in sorted(core.epochs):
        start = 1
        for first, last in (one[ordinal] for one in there if ordinal in one):
            gaps += _edge(ordinal, kind, start, first - 1)
            start = last + 1
        gaps += _edge(ordinal, kind, start, SEQUENCE_MAX)
    return gaps


def _spans(places: Iterable[int]) -> dict[int, tuple[int, int]]:
    """The first and the last sequence of each epoch, of places in their order."""
    spans: dict[int, tuple[int, int]] = {}
    for place in places:
        ordinal, sequence = ordinal_of(place), sequence_of(place)
        spans[ordinal] = (spans.get(ordinal, (sequence, 0))[0], sequence)
    return spans


def _edge(ordinal: int, kind: RecordClass, first: int, last: int) -> list[Lost]:
    return [Lost(ordinal, kind, first, last, 0, Loss.QUARANTINED)] if first <= last else []


def _counted(gaps: list[Lost], lost: int) -> list[Lost]:
    """The same with as many records in all as were lost; those nobody can place come last."""
    counted = []
    for gap in gaps:
        count = min(gap.count, lost)
        lost -= count
        counted.append(Lost(gap.ordinal, gap.kind, gap.first, gap.last, count, gap.reason))
    if lost and counted:
        gap = counted.pop()
        rest = Lost(gap.ordinal, gap.kind, gap.first, gap.last, gap.count + lost, gap.reason)
        counted.append(rest)
    return counted
