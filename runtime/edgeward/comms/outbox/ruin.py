"""What was read of a damaged database, before any of it is believed.

No two tables have rows that look alike, so a row says by itself of which one it is.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from edgeward.comms.outbox.gaps import Lost, lost_at
from edgeward.comms.outbox.pages import Found, Pages
from edgeward.comms.outbox.place import class_of
from edgeward.comms.outbox.tally import Tally
from edgeward.comms.record import Epoch, RecordClass
from edgeward.errors import DamagedError
from edgeward.ports import Value

T = TypeVar("T")
_TOKEN_BYTES = 8
_CLASSES = frozenset(map(int, RecordClass))


@dataclass(frozen=True, slots=True)
class Key:
    """A data key as it was found."""

    subject: bytes | None
    ring: int
    wrapped: bytes


@dataclass(slots=True)
class Ruin:
    """The rows, by table."""

    records: dict[RecordClass, list[tuple[int, int, Found]]]
    """Place, count in its class, and where it lies."""
    keys: dict[int, list[Key]] = field(default_factory=dict)
    """Each as often as it was found otherwise: which one is right, its records show."""
    epochs: dict[int, list[bytes]] = field(default_factory=dict)
    """The same."""
    tallies: dict[RecordClass, Tally] = field(default_factory=dict)
    gaps: set[Lost] = field(default_factory=set)
    erased: set[bytes] = field(default_factory=set)
    """Subjects whose records were being removed, as every copy of their keys says."""

    def believe(self, epoch: Epoch) -> None:
        """Take this for the token of an epoch, before any other that was found."""
        others = [token for token in self.epochs.get(epoch.ordinal, []) if token != epoch.token]
        self.epochs[epoch.ordinal] = [epoch.token, *others]


def read_ruin(pages: Pages) -> Ruin:
    """Read every row that can be read."""
    ruin = Ruin({kind: [] for kind in RecordClass})
    spared: set[bytes] = set()
    for found, number, row in pages.rows():
        match row:
            case [None, int(nth), int(), bytes()] if (kind := class_of(number)) and number > 0:
                ruin.records[kind].append((number, nth, found))
            case [None, bytes(token)] if len(token) == _TOKEN_BYTES:
                _add_new(ruin.epochs.setdefault(number, []), token)
            case [None, None | bytes() as subject, int(ring), bytes(wrapped), int(erased)]:
                if subject is not None:
                    (ruin.erased if erased == 1 else spared).add(subject)
                _add_new(ruin.keys.setdefault(number, []), Key(subject, ring, wrapped))
            case [None, int(), int(), int(), int(), int()] if number in _CLASSES:
                ruin.tallies.setdefault(RecordClass(number), Tally(*_integers(row)))
            case [None, int(), int(), str(reason), int(), int(), int()]:
                _read_gap(ruin, reason, *_integers(row))
            case _:
                pass  # of another table, or of none
    ruin.erased -= spared
    for found_records in ruin.records.values():
        found_records.sort(key=lambda record: record[0])
    return ruin


def _integers(fields: Iterable[Value]) -> list[int]:
    return [one for one in fields if isinstance(one, int)]


def _add_new(found: list[T], one: T) -> None:
    if one not in found:
        found.append(one)


def _read_gap(ruin: Ruin, reason: str, *numbers: int) -> None:
    ordinal, kind, first, last, count = numbers
    with contextlib.suppress(DamagedError):
        ruin.gaps.add(lost_at(ordinal, kind, first, last, count, reason))
