"""Who pays when a queue is full: first what is over its quota, then the declared order alone.

A quota is no wall. A class may take all the room that nobody else needs; when there is no more, it
gives up its own oldest records until it is back within its quota, and no class that is within its
own pays for it. A batch whose class is within its quota is therefore taken even where classes that
go later have all the rest. Only what is never given up may bring a class below its quota, where it
needs more room than the quotas leave.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgeward.comms.outbox import shelf
from edgeward.comms.outbox.core import Core
from edgeward.comms.record import RecordClass

EVICTED_PART = 8
"""Of what a transaction may hold: so much goes at once, so that not every batch needs to evict."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a batch needs."""

    size_bytes: int
    """With all that goes with its records."""
    taken: Mapping[RecordClass, int]
    """What the records of each class in it will take on the disk."""

    def highest(self, core: Core) -> int:
        """The rank of the class in it that is given up last."""
        return max(core.allowance.rank(kind) for kind in self.taken)


def payers(core: Core, load: Load) -> Iterator[tuple[RecordClass, int | None]]:
    """The classes that may give something up for a batch, in turn, and how much at the most."""
    order, highest = core.allowance.eviction, load.highest(core)
    over = {kind: _over_bytes(core, kind, load) for kind in order}
    entitled = any(over[kind] <= 0 for kind in load.taken if kind in over)
    for kind in order if entitled else order[: highest + 1]:
        if over[kind] > 0:
            yield kind, _at_once(core, over[kind]) if kind in load.taken else over[kind]
    for kind in order[: highest + 1]:
        yield kind, None


def audit(core: Core) -> list[str]:
    """Look up what the records of each class take; what does not agree with the running figures.

    Raises:
        StoreError: the disk cannot be read.
    """
    there = {kind: shelf.disk_bytes(core.database, kind) for kind in core.tallies}
    return [
        f"{kind.word}: its records take {there[kind]} bytes; {tally.disk_bytes} are counted"
        for kind, tally in core.tallies.items()
        if tally.disk_bytes != there[kind]
    ]


def _over_bytes(core: Core, kind: RecordClass, load: Load) -> int:
    """How far a class is over its quota, once the batch is there."""
    held_bytes = core.tallies[kind].disk_bytes + load.taken.get(kind, 0)
    return held_bytes - core.quota_bytes(kind)


def _at_once(core: Core, over_bytes: int) -> int:
    """Whoever floods makes some more room, so that its next batch finds it."""
    return max(over_bytes, core.room.transaction_bytes_max // EVICTED_PART)
