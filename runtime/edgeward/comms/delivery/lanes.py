"""What goes into the next batch: alarms, then live records, and a backlog that is never starved."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeward.comms.delivery.source import Source
from edgeward.comms.delivery.suspects import Suspects
from edgeward.comms.record import Identity, Queued, RecordClass
from edgeward.comms.wire import HEAD

ALARMS = frozenset({RecordClass.ALARM})
OTHERS = frozenset(RecordClass) - ALARMS


@dataclass(frozen=True, slots=True)
class Room:
    """What a batch may hold."""

    records: int
    bytes: int

    def less(self, taken: Sequence[Queued]) -> "Room":
        """What is left beside these."""
        return Room(self.records - len(taken), self.bytes - size_of(taken))


def size_of(records: Sequence[Queued]) -> int:
    """Their bytes on the wire."""
    return sum(HEAD.size + len(one.sealed.blob) for one in records)


class Lanes:
    """Chooses from a queue in which everything up to `boundary` was accepted before the link."""

    __slots__ = ("_skipped", "_source", "boundary")

    def __init__(self, source: Source, skipped: Suspects) -> None:
        """Choose from this queue; what is in `skipped` at the time is passed over."""
        self._source = source
        self._skipped = skipped
        self.boundary = source.newest()

    def alarms(self, room: Room) -> list[Queued]:
        """Alarms: what is new before what waited."""
        chosen = self._live(ALARMS, room)
        return chosen + self._historical(ALARMS, room.less(chosen), first=not chosen)

    def others(self, room: Room, share: float, *, live: bool) -> list[Queued]:
        """The rest: live records, where they may go already, and at least a share of backlog."""
        backlog = self._historical(OTHERS, room, first=True)
        if not live:
            return backlog
        fresh = self._live(OTHERS, room)
        kept = Room(_part(room.records, share), _part(room.bytes, share))
        # Its part, and no more than there is of it; what live records leave is its too.
        owed = _fitting(backlog, kept, first=not fresh)
        fresh = _fitting(fresh, room.less(owed), first=not owed)
        return fresh + _fitting(backlog, room.less(fresh), first=not fresh)

    def waits(self, kinds: frozenset[RecordClass]) -> bool:
        """Whether any live record of these classes waits."""
        return bool(self._live(kinds, Room(1, 0)))

    def _live(self, kinds: frozenset[RecordClass], room: Room) -> list[Queued]:
        return self._take(kinds, room, self.boundary, None, first=True)

    def _historical(
        self, kinds: frozenset[RecordClass], room: Room, *, first: bool
    ) -> list[Queued]:
        return self._take(kinds, room, None, self.boundary, first=first)

    def _take(
        self, kinds: frozenset[RecordClass], room: Room, after: Identity | None,
        through: Identity | None, *, first: bool,
    ) -> list[Queued]:  # fmt: skip
        """From the head of the queue; `first` takes one record whatever its size."""
        if room.records <= 0 or (room.bytes <= 0 and not first):
            return []
        found = self._source.queued(
            kinds, records_max=room.records + len(self._skipped), bytes_max=max(room.bytes, 1),
            after=after, through=through, live_after=self.boundary,
        )  # fmt: skip
        return _fitting(
            [one for one in found if one.identity not in self._skipped], room, first=first
        )


def _part(whole: int, share: float) -> int:
    return max(1, round(whole * share))


def _fitting(records: Sequence[Queued], room: Room, *, first: bool) -> list[Queued]:
    """As many as fit, in order; `first` lets one pass that alone is larger."""
    chosen: list[Queued] = []
    left = room.bytes
    for one in records[: max(room.records, 0)]:
        left -= size_of([one])
        if left < 0 and not (first and not chosen):
            break
        chosen.append(one)
    return chosen
