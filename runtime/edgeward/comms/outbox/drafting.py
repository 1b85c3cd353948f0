"""From what is offered to a sealed batch."""

from collections.abc import Sequence
from itertools import compress
from operator import add

from edgeward.comms.outbox.batch import Batch
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.place import PLACES_A_SEQUENCE, place_of
from edgeward.comms.outbox.storing import Stored
from edgeward.comms.record import Loss, Offers, RecordClass, Sealer

_NO_CLASS = 0


def draw_up(core: Core, sealer: Sealer, offers: Offers, stored: Stored) -> Batch:
    """Seal what can be sealed, and say what cannot. Sequences are used up either way."""
    first, kinds = core.sequence + 1, offers.kinds
    core.sequence += len(kinds)
    made = sealer.seal_all(core.epoch, first - 1, offers)
    if drawn := sealer.drawn():
        core.pending.keys += drawn
    places = _places(place_of(core.epoch.ordinal, first, _NO_CLASS), kinds)
    if made.refused:
        for at, fault in made.refused.items():
            stored.rejected[places[at]] = fault.diagnostics()
            core.pending.lose(kinds[at], [places[at]], Loss.VOID, core.ring)
        kept = [at not in made.refused for at in range(len(kinds))]
        places, kinds = list(compress(places, kept)), list(compress(kinds, kept))
    return Batch(places, kinds, made.keys, made.blobs)


def _places(first: int, kinds: Sequence[RecordClass]) -> Sequence[int]:
    """Where records of these classes stand; those of one class stand in a row."""
    end = first + PLACES_A_SEQUENCE * len(kinds)
    if kinds and kinds.count(kinds[0]) == len(kinds):
        return range(first + kinds[0], end, PLACES_A_SEQUENCE)
    return list(map(add, range(first, end, PLACES_A_SEQUENCE), kinds))
