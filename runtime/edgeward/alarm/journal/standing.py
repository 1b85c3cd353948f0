"""What of an entry stands: how dearly it is kept, and whether it must outlive old segments."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from edgeward.alarm.change import What
from edgeward.alarm.journal.slots import Rank
from edgeward.alarm.vocabulary import Priority

Entry = dict[str, Any]

_RANKS = {Priority.LOW.value: Rank.LOW, Priority.MEDIUM.value: Rank.MEDIUM}
_OVER = (What.ENDED.value, What.RESET.value)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry, as it was recorded."""

    seq: int
    """Its number: counts what was recorded on this device, what was lost included."""
    at_ns: int
    """On the monotonic clock of its time."""
    wall_ns: int
    entry: Entry

    def to_dict(self) -> dict[str, Any]:
        """What a line holds of it."""
        return {
            "seq": self.seq,
            "at_ns": self.at_ns,
            "wall_ns": self.wall_ns,
            "entry": self.entry,
        }


@dataclass(frozen=True, slots=True)
class Stands:
    """What an entry is the newest word on."""

    key: str
    over: bool = False
    """Nothing stands there any more."""
    start: bool = False
    """It divides what is before it from what is after it: two with nothing between are one."""


StandingOf = Callable[[Entry], Stands | None]
"""What an entry is the newest word on; None when nothing rests on it."""


def rank_of(entry: Entry) -> Rank:
    """The rank of the alarm it is about, or of its own `priority`.

    What names none, such as a pause or a limit, is kept like a HIGH one: it decides about those.
    """
    alarm = entry.get("alarm")
    holder = alarm if isinstance(alarm, dict) else entry
    priority = holder.get("priority")
    return _RANKS.get(priority, Rank.HIGH) if isinstance(priority, str) else Rank.HIGH


def alarm_standing(entry: Entry) -> Stands | None:
    """What an `AlarmChange` is the newest word on, by the rules of `alarm.system.state`."""
    what, patient = entry.get("what"), entry.get("patient")
    alarm, scope, given = (entry.get(name) for name in ("alarm", "scope", "given"))
    if what == What.STARTED.value:
        return Stands(f"start {entry.get('epoch')}", start=True)
    if isinstance(alarm, dict):
        key = f"alarm {alarm.get('condition')} of {alarm.get('patient')!r}"
        return Stands(key, over=what in _OVER)
    if isinstance(scope, dict) or what == What.DISCHARGED.value:
        return Stands(f"scope of {patient!r}", over=what == What.DISCHARGED.value)
    if isinstance(given, dict):
        silent = given.get("audible") is None and given.get("visible") is None
        return Stands(f"given for {patient!r}", over=silent)
    return None


class Standings:
    """The newest entry on everything that is not over; folded from the entries in order."""

    __slots__ = ("_kept", "_most", "_standing_of", "_starts")

    def __init__(self, standing_of: StandingOf, most: int) -> None:
        """Nothing stands yet; keep at most so many, and give up the oldest where there are more."""
        self._standing_of = standing_of
        self._most = most
        self._kept: dict[str, Recorded] = {}
        self._starts: set[str] = set()

    def fold(self, entries: Iterable[Recorded]) -> None:
        """Take entries in, in order."""
        for one in entries:
            told = self._standing_of(one.entry)
            if told is None:
                continue
            self._kept.pop(told.key, None)
            if told.start:
                self._starts.add(told.key)
            if not told.over:
                self._kept[told.key] = one
            if told.start or len(self._kept) > self._most:
                self._drop_starts()
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def ordered(self) -> tuple[Recorded, ...]:
        """What stands, the oldest word first."""
        self._drop_starts()
        return tuple(self._kept.values())

    def with_more(self, entries: Iterable[Recorded]) -> "Standings":
        """Another one that has taken in these entries too."""
        other = Standings(self._standing_of, self._most)
        other._kept, other._starts = dict(self._kept), set(self._starts)
        other.fold(entries)
        return other

    def _drop_starts(self) -> None:
        """Of starts with nothing between them, only the newest says anything."""
        for key, following in pairwise(list(self._kept)):
            if key in self._starts and following in self._starts:
                del self._kept[key]
                self._starts.discard(key)
