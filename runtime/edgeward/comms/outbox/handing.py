"""What becomes of records that were sent: delivered, or refused for ever; and the rest counted."""

from collections.abc import Sequence

from edgeward.comms.outbox import keys, shelf
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.place import place_of
from edgeward.comms.outbox.writer import frames_of
from edgeward.comms.record import DataKey, Loss, Queued, RecordClass, Sealer
from edgeward.errors import AlteredError, DamagedError, SealError

_ROWS_MAX = 1000
_ROW_BYTES = 40
_ASIDE_ROWS_MAX = 16
_ASIDE_BYTES_MAX = 4096
"""Of a record that is set aside, for people to look at; a longer one is kept in part."""
_REASON_CHARS_MAX = 200


def hold_against_seals(core: Core, sealer: Sealer, sent: Sequence[Queued]) -> None:
    """Nothing may be removed under an identity that is not its own: a row may have got another one.

    Raises:
        DamagedError: a record that lies there is not what was accepted under its identity.
        StoreError: the disk cannot be read.
    """
    wanted = [place_of(one.identity.epoch.ordinal, one.sealed.key, one.kind) for one in sent]
    known = {keys.key_place(key): key for key in core.keys_at(sorted(set(wanted)))}
    for one, key_place in zip(sent, wanted, strict=True):
        key = known.get(key_place)
        if key is not None and _is_sealed(sealer, one, key):
            continue
        place = place_of(one.identity.epoch.ordinal, one.identity.sequence, one.kind)
        row = shelf.one(core.database, one.kind, place)
        if row is not None and row[2] == one.sealed.blob:
            raise DamagedError(
                f"the outbox has a {one.kind.word} at {place} that was not accepted there"
            )


def _is_sealed(sealer: Sealer, one: Queued, key: DataKey) -> bool:
    """Whether it is what was sealed, as far as anybody can still tell."""
    try:
        sealer.open(one.identity, one.kind, key, one.sealed.blob)
    except AlteredError:
        return False
    except SealError:
        return True  # its patient was erased in the meantime: nobody opens it any more
    return True


def delivered(core: Core, sent: Sequence[Queued]) -> int:
    """Remove what a receiver has; how many there were.

    Raises:
        StoreError: the disk refused; the rest is still there.
    """
    by_kind: dict[RecordClass, list[tuple[int, int]]] = {}
    for one in sent:
        place = place_of(one.identity.epoch.ordinal, one.identity.sequence, one.kind)
        by_kind.setdefault(one.kind, []).append((place, len(one.sealed.blob)))
    count = 0
    for kind, placed in by_kind.items():
        there = {place for place, _ in placed if place in core.ring}
        count += _delivered_from_memory(core, kind, there)
        stored = sorted(one for one in placed if one[0] not in there)
        for places, size_bytes in _parts(stored, core.room.transaction_bytes_max):
            with core.change(frames_of(size_bytes, 3)) as change:
                count += change.deliver(kind, places)
    return count


def _delivered_from_memory(core: Core, kind: RecordClass, places: set[int]) -> int:
    found = core.ring.remove(places)
    if found:
        core.tallies[kind].accepted += len(found)
        core.tallies[kind].delivered += len(found)
        core.pending.tallies.add(kind)
    return len(found)


def _parts(placed: list[tuple[int, int]], bytes_max: int) -> list[tuple[list[int], int]]:
    """As many as one transaction may remove."""
    parts: list[tuple[list[int], int]] = []
    places: list[int] = []
    size_bytes = 0
    for place, length in placed:
        if places and (size_bytes + length > bytes_max or len(places) >= _ROWS_MAX):
            parts.append((places, size_bytes))
            places, size_bytes = [], 0
        places.append(place)
        size_bytes += length + _ROW_BYTES
    return [*parts, (places, size_bytes)] if places else parts


def quarantine(core: Core, record: Queued, reason: str) -> bool:
    """Set one aside that its receiver will never take, and tell of it; False if it is gone.

    Raises:
        StoreError: the disk refused; nothing was changed.
    """
    place = place_of(record.identity.epoch.ordinal, record.identity.sequence, record.kind)
    if drafts := core.ring.remove([place]):
        tally = core.tallies[record.kind]
        tally.accepted += 1
        tally.quarantined += 1
        core.pending.tallies.add(record.kind)
        core.pending.lose(record.kind, [drafts[0].place], Loss.QUARANTINED, core.ring)
        return True
    with core.change(frames_of(len(record.sealed.blob) + _ASIDE_BYTES_MAX, 5)) as change:
        if not change.lose(record.kind, [place], Loss.QUARANTINED):
            return False
        change.database.execute(
            "INSERT INTO aside (place, datakey, reason, blob) VALUES (?, ?, ?, ?)",
            (
                place,
                record.sealed.key,
                reason[:_REASON_CHARS_MAX],
                record.sealed.blob[:_ASIDE_BYTES_MAX],
            ),
        )
        change.database.execute(
            "DELETE FROM aside WHERE number <= (SELECT max(number) FROM aside) - ?",
            (_ASIDE_ROWS_MAX,),
        )
    return True


def audit(core: Core) -> list[str]:
    """Count what lies on the disk one by one; what does not agree with the running figures.

    Raises:
        StoreError: the disk cannot be read.
    """
    faults = []
    for kind, tally in core.tallies.items():
        there = shelf.counted(core.database, kind)
        if there != tally.queued:
            faults.append(
                f"{kind.word}: {there} records lie on the disk; {tally.queued} are counted:"
                f" accepted {tally.accepted}, delivered {tally.delivered},"
                f" evicted {tally.evicted}, quarantined {tally.quarantined}, erased {tally.erased}"
            )
    return faults
