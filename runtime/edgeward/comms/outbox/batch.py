"""Sealed records on their way to the disk: many at once in columns, or each by itself.

As a rule nobody asks for one of them before they are on the disk, so none is made for its own sake:
a loop over the records of a batch would take as long as the disk does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, starmap
from typing import NamedTuple

from edgeward.comms.record import RecordClass, Sealed

_OVERHEAD_BYTES = 200
"""What a record takes in memory beside its bytes, so that empty ones fill a ring too."""


class Draft(NamedTuple):
    """One of them."""

    place: int
    kind: RecordClass
    key: int
    blob: bytes

    @property
    def sealed(self) -> Sealed:
        """What was sealed, as it is read from a disk."""
        return Sealed(self.key, self.blob)

    @property
    def size_bytes(self) -> int:
        """What it takes in a ring."""
        return len(self.blob) + _OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Batch:
    """Many, in the order of their places."""

    places: Sequence[int]
    kinds: Sequence[RecordClass]
    keys: Sequence[int]
    blobs: Sequence[bytes]

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> "Batch":
        """Those that were told apart."""
        return cls(*zip(*drafts, strict=True)) if drafts else cls((), (), (), ())

    def by_kind(self) -> dict[RecordClass, "Batch"]:
        """Each class of it; most batches are of one."""
        if not self.kinds or self.kinds.count(self.kinds[0]) == len(self.kinds):
            return dict.fromkeys(self.kinds[:1], self)
        return {kind: self._of_kind(kind) for kind in sorted(set(self.kinds))}

    def _of_kind(self, kind: RecordClass) -> "Batch":
        alike = [one is kind for one in self.kinds]
        return Batch(
            list(compress(self.places, alike)),
            list(compress(self.kinds, alike)),
            list(compress(self.keys, alike)),
            list(compress(self.blobs, alike)),
        )

    def drafts(self) -> list[Draft]:
        """Each by itself."""
        columns = zip(self.places, self.kinds, self.keys, self.blobs, strict=True)
        return list(starmap(Draft, columns))

    def __len__(self) -> int:
        return len(self.places)
