"""What became of every record ever accepted: the law of conservation, kept class by class."""

from dataclasses import dataclass

from edgeward.comms.record import Loss


@dataclass(frozen=True, slots=True)
class Count:
    """The records of one class. `accepted` is the sum of all the others, at every moment."""

    accepted: int
    delivered: int
    queued: int
    """On the disk, waiting for a receiver."""
    evicted: int
    quarantined: int
    erased: int
    volatile: int
    """In memory, because the disk refused them."""


@dataclass(slots=True)
class Tally:
    """The running figures of one class, for what is on the disk; what is left is queued."""

    accepted: int = 0
    delivered: int = 0
    evicted: int = 0
    quarantined: int = 0
    erased: int = 0

    @property
    def queued(self) -> int:
        """What waits on the disk."""
        return self.accepted - self.delivered - self.evicted - self.quarantined - self.erased

    def lose(self, count: int, reason: Loss) -> None:
        """So many will never reach a receiver."""
        if reason is Loss.EVICTED:
            self.evicted += count
        elif reason is Loss.QUARANTINED:
            self.quarantined += count
        elif reason is Loss.ERASED:
            self.erased += count

    def row(self) -> tuple[int, int, int, int, int]:
        """As it lies in the database."""
        return self.accepted, self.delivered, self.evicted, self.quarantined, self.erased

    def shown(self, volatile: int) -> Count:
        """For whoever asks; what is in memory counts as accepted too."""
        return Count(
            accepted=self.accepted + volatile,
            delivered=self.delivered,
            queued=self.queued,
            evicted=self.evicted,
            quarantined=self.quarantined,
            erased=self.erased,
            volatile=volatile,
        )
