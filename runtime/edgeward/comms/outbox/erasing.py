"""Removing what a patient's destroyed key has sealed: begun once, it is ended after any power cut.

Nobody can read it any more; it is removed so that it takes no room and is told to its receiver.
"""

import bisect
from collections.abc import Collection

from edgeward.comms.outbox import keys, shelf
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.place import class_of, ordinal_of, sequence_of, span_of
from edgeward.comms.outbox.writer import frames_of
from edgeward.comms.record import Loss, RecordClass

_ROWS_MAX = 500
_ERASED_MAX = 8
"""Records in one transaction: each may lie on pages of its own and have its own gap."""
_FRAMES_EACH = 3
_MARK_FRAMES = 64


def erase(core: Core, subject: bytes) -> int:
    """Remove all records of a subject, in memory and on the disk; how many.

    Raises:
        StoreError: the disk refused; the rest is removed at the next call or start.
    """
    while core.pending:
        with core.change(0):
            pass  # keys that never came to the disk are marked there like all others
    with core.change(min(_MARK_FRAMES, core.room.log_frames_max // 4)) as change:
        keys.mark_erased(change.database, subject)
    return _erase_in_memory(core) + resume(core)


def resume(core: Core) -> int:
    """Go on with what was begun; how many records were removed.

    Raises:
        StoreError: the disk refused; the rest is removed at the next call or start.
    """
    places = keys.erased_keys(core.database)
    by_span: dict[tuple[int, RecordClass], set[int]] = {}
    for place in places:
        kind = class_of(place)
        assert kind is not None
        by_span.setdefault((ordinal_of(place), kind), set()).add(sequence_of(place))
    count = sum(_erase_span(core, *span, numbers) for span, numbers in by_span.items())
    for place in places:
        with core.change(frames_of(0, 2)) as change:
            keys.forget_keys(change.database, place, place)
    return count


def _erase_span(core: Core, ordinal: int, kind: RecordClass, numbers: Collection[int]) -> int:
    """The records of one epoch and class, a few in each transaction."""
    after, through = span_of(ordinal)
    count = 0
    while rows := shelf.sealed_by(core.database, kind, after, through, _ROWS_MAX):
        after = rows[-1][0]
        found = [place for place, number in rows if number in numbers]
        others = [place for place, number in rows if number not in numbers]
        for start in range(0, len(found), _ERASED_MAX):
            part = found[start : start + _ERASED_MAX]
            with core.change(_FRAMES_EACH * len(part)) as change:
                count += sum(change.lose(kind, run, Loss.ERASED) for run in _runs(part, others))
    return count


def _runs(places: list[int], others: list[int]) -> list[list[int]]:
    """Those that follow each other without another patient's record in between."""
    runs: dict[int, list[int]] = {}
    for place in places:
        runs.setdefault(bisect.bisect(others, place), []).append(place)
    return list(runs.values())


def _erase_in_memory(core: Core) -> int:
    erased = {(ordinal_of(place), sequence_of(place)) for place in keys.erased_keys(core.database)}
    gone = [
        draft.place
        for draft in core.ring.drafts()
        if (ordinal_of(draft.place), draft.key) in erased
    ]
    for draft in core.ring.remove(gone):
        tally = core.tallies[draft.kind]
        tally.accepted += 1
        tally.erased += 1
        core.pending.tallies.add(draft.kind)
        core.pending.lose(draft.kind, [draft.place], Loss.ERASED, core.ring)
    return len(gone)
