"""Which of several versions of a key and of an epoch is the right one: the one that opens records.

A row of a key is written twice, so that one damaged copy costs nothing. Nothing in a copy tells
which of the two is damaged; a record that one of them opens does.
"""

from itertools import product

from edgeward.comms.outbox.pages import UNREADABLE, Found, Pages
from edgeward.comms.outbox.place import class_of, ordinal_of, place_of, sequence_of
from edgeward.comms.outbox.ruin import Key, Ruin
from edgeward.comms.record import DataKey, Epoch, Identity, RecordClass, Sealer
from edgeward.errors import SealError

Row = tuple[int, int, int, bytes]
"""Place, count in its class, number of its key, sealed bytes."""
_TRIED_MAX = 5
"""Records that are tried for a key before the newest version of it is taken unseen."""


def record_at(pages: Pages, found: Found) -> Row | None:
    """The record that lies there, or None where there is none."""
    try:
        place, fields = pages.row(found)
    except UNREADABLE:
        return None
    match fields:
        case [None, int(nth), int(number), bytes(blob)]:
            return place, nth, number, blob
    return None


def keys_that_open(pages: Pages, ruin: Ruin, sealer: Sealer) -> dict[int, DataKey]:
    """The data keys by their place, each in the version that opens what it sealed."""
    samples = _samples(pages, ruin)
    known = {}
    for place, versions in ruin.keys.items():
        kind, tokens = class_of(place), ruin.epochs.get(ordinal_of(place), [])
        newest_first = sorted(versions, key=lambda key: key.ring, reverse=True)
        pairs = [
            _data_key(Epoch(ordinal_of(place), token), kind, place, key)
            for token, key in product(tokens, newest_first)
            if kind is not None
        ]
        if pairs:
            rows = samples.get(place, [])
            known[place] = next((key for key in pairs if _opens(sealer, key, rows)), pairs[0])
    return known


def _samples(pages: Pages, ruin: Ruin) -> dict[int, list[Row]]:
    """A few records for each key of which there is more than one version."""
    doubtful = {
        place
        for place, versions in ruin.keys.items()
        if len(versions) > 1 or len(ruin.epochs.get(ordinal_of(place), [])) > 1
    }
    samples: dict[int, list[Row]] = {place: [] for place in doubtful}
    for kind, records in ruin.records.items() if doubtful else ():
        for place, _, found in records:
            row = record_at(pages, found)
            key = place_of(ordinal_of(place), row[2], kind) if row else None
            if row and key in samples and len(samples[key]) < _TRIED_MAX:
                samples[key].append(row)
    return samples


def _data_key(epoch: Epoch, kind: RecordClass, place: int, found: Key) -> DataKey:
    return DataKey(epoch, sequence_of(place), kind, found.subject, found.ring, found.wrapped)


def _opens(sealer: Sealer, key: DataKey, rows: list[Row]) -> bool:
    return any(is_right(sealer, key, row) for row in rows)


def is_right(sealer: Sealer, key: DataKey, row: Row) -> bool:
    """Whether a record is what was sealed under this key."""
    place, _, _, blob = row
    try:
        sealer.open(Identity(key.epoch, sequence_of(place)), key.kind, key, blob)
    except SealError:
        return False
    return True
