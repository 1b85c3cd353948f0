"""What became of every record ever accepted: the law of conservation, kept class by class.

Beside its figures lies what the records of a class take on the disk, with a checksum: where that is
damaged or missing, they are looked through.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from edgeward.comms.record import Loss, RecordClass

_TAKEN = 8
"""Added to the code of a class: under it lies what its records take."""
TAKEN_ROWS = {kind + _TAKEN: kind for kind in RecordClass}


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
    disk_bytes: int
    """What the queued ones take on the disk, as far as their lengths tell."""


@dataclass(slots=True)
class Tally:
    """The running figures of one class, for what is on the disk; what is left is queued."""

    accepted: int = 0
    delivered: int = 0
    evicted: int = 0
    quarantined: int = 0
    erased: int = 0
    disk_bytes: int = 0
    """What the queued ones take (`edgeward.comms.outbox.footprint`)."""

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

    def taken_row(self, kind: RecordClass) -> tuple[int, ...]:
        """What they take, as it lies in the database: under a key of its own."""
        told = _taken_sum(kind, self.accepted, self.disk_bytes)
        return kind + _TAKEN, self.accepted, self.disk_bytes, told, 0, 0

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
            disk_bytes=self.disk_bytes,
        )


def taken_told(kind: RecordClass, accepted: int, row: Sequence[int]) -> int | None:
    """What the records took when so many had been accepted; None where the row is not that one."""
    told, disk_bytes, checksum, *_ = row
    right = told == accepted and checksum == _taken_sum(kind, told, disk_bytes)
    return disk_bytes if right else None


def _taken_sum(kind: RecordClass, accepted: int, disk_bytes: int) -> int:
    return zlib.crc32(f"{kind:d}/{accepted}/{disk_bytes}".encode())
