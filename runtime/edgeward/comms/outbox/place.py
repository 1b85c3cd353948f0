"""One whole number for where a record stands: its epoch, its sequence and its class.

It is the key of its row, so that each table is in the order of delivery by itself, a new record is
always put at the end, and a row that is found alone on a damaged disk says whose it is.
"""

from edgeward.comms.record import RecordClass

_CLASS_BITS, _SEQUENCE_BITS, _ORDINAL_BITS = 3, 36, 24
SEQUENCE_MAX = (1 << _SEQUENCE_BITS) - 1
"""A thousand records a second for two years without a restart."""
ORDINAL_MAX = (1 << _ORDINAL_BITS) - 1
"""A restart every minute for thirty years."""
PLACES_A_SEQUENCE = 1 << _CLASS_BITS
CLASS_MASK = (1 << _CLASS_BITS) - 1
_ORDINAL_SHIFT = _CLASS_BITS + _SEQUENCE_BITS


def place_of(ordinal: int, sequence: int, kind: int) -> int:
    """Where a record stands."""
    return ordinal << _ORDINAL_SHIFT | sequence << _CLASS_BITS | kind


def last_place(ordinal: int, sequence: int) -> int:
    """A place behind every record up to this one, and before every later one."""
    return ordinal << _ORDINAL_SHIFT | sequence << _CLASS_BITS | CLASS_MASK


def span_of(ordinal: int) -> tuple[int, int]:
    """Places before the first and behind the last record of an epoch."""
    return ordinal << _ORDINAL_SHIFT, last_place(ordinal, SEQUENCE_MAX)


def ordinal_of(place: int) -> int:
    """Of which opening a record is."""
    return place >> _ORDINAL_SHIFT


def sequence_of(place: int) -> int:
    """Which record of its opening it is."""
    return place >> _CLASS_BITS & SEQUENCE_MAX


def class_of(place: int) -> RecordClass | None:
    """Its class, or None when no record can stand there."""
    code = place & CLASS_MASK
    return RecordClass(code) if code in RecordClass._value2member_map_ else None
