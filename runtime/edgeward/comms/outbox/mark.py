"""What was acknowledged last, beside the database: a damaged write is no write that was cut.

After each commit a few bytes say how many records of each class were accepted in all. They cost no
sync. Where the database tells less than they do, what it lost was on the disk: it is salvaged, and
what is missing is told. Where the power took them with it, they tell too little, and are not needed
for anything that was written before the last transaction.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from edgeward.comms.outbox.tally import Tally
from edgeward.comms.record import Epoch, RecordClass
from edgeward.ports import DatabaseFile

_KINDS = tuple(RecordClass)
_FORM = struct.Struct(f">4sI8sQ{len(_KINDS)}Q")
_SUM = struct.Struct(">I")
_MAGIC = b"EWM1"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an outbox had come."""

    epoch: Epoch
    sequence: int
    """The last one that was drawn in it."""
    accepted: Mapping[RecordClass, int]

    def is_ahead_of(self, tallies: Mapping[RecordClass, Tally]) -> bool:
        """Whether more was acknowledged than these figures know of."""
        return any(count > tallies[kind].accepted for kind, count in self.accepted.items())

    def covers(self, ordinal: int, sequence: int) -> bool:
        """Whether it was written when this record had been accepted, or later."""
        return (ordinal, sequence) <= (self.epoch.ordinal, self.sequence)


def mark_bytes(epoch: Epoch, sequence: int, tallies: Mapping[RecordClass, Tally]) -> bytes:
    """A mark of how far an outbox has come, as it lies beside the database."""
    counts = [tallies[kind].accepted for kind in _KINDS]
    body = _FORM.pack(_MAGIC, epoch.ordinal, epoch.token, sequence, *counts)
    return body + _SUM.pack(zlib.crc32(body))


def read_mark(file: DatabaseFile) -> Mark | None:
    """What lies beside a database; None where nothing does, or it is not what was written.

    Raises:
        StoreError: it cannot be read.
    """
    data = file.marked()
    body, told = data[: _FORM.size], data[_FORM.size : _FORM.size + _SUM.size]
    if len(told) < _SUM.size or _SUM.pack(zlib.crc32(body)) != told:
        return None
    magic, ordinal, token, sequence, *counts = _FORM.unpack(body)
    if magic != _MAGIC:
        return None
    return Mark(Epoch(ordinal, token), sequence, dict(zip(_KINDS, counts, strict=True)))
