"""A channel in which the heart can be seen to beat, apart from the lead that raised a sign."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

KEPT_BEATS = 256
"""Of each witness. What is looked at holds 140 of the fastest heart; the others may have been told
after the instant that is judged, and must not drive out what was known then."""
LONG_AGO_NS = 60_000_000_000
_FEWEST = 3


class Kind(StrEnum):
    """What a witness watches."""

    PULSE = "pulse"
    """Pressure or light: the heart moves blood."""
    LEAD = "lead"
    """Another ECG lead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One beat of a witness."""

    at_ns: int
    known_ns: int
    height: float


@dataclass(frozen=True, slots=True)
class Course:
    """How the beats of a witness ran through an interval."""

    beats: int
    gap_max_s: float
    """The longest time without a beat, to the ends of the interval too."""
    usual_s: float
    """The median of the intervals."""
    shortest: float
    longest: float
    """Intervals, as shares of the usual one."""
    lowest: float
    """The lowest beat, as a share of the median height."""

    @property
    def per_min(self) -> float:
        """The rate."""
        return 60 / self.usual_s


class Witness:
    """The last beats of one channel, and when it could not be read."""

    __slots__ = ("_beats", "_unread_ns", "kind", "lag_ns", "name")

    def __init__(self, name: str, kind: Kind, lag_ns: int) -> None:
        """Begin with nothing seen."""
        self.name = name
        self.kind = kind
        self.lag_ns = lag_ns
        self._beats: deque[Seen] = deque(maxlen=KEPT_BEATS)
        self._unread_ns: deque[tuple[int, int]] = deque(maxlen=KEPT_BEATS)

    def beat(self, at_ns: int, known_ns: int, height: float) -> None:
        """A beat, in the order of `known_ns`."""
        self._beats.append(Seen(at_ns, known_ns, height))

    def last_ns(self, now_ns: int) -> int:
        """When the last beat was that is known now; long ago without any."""
        for one in reversed(self._beats):
            if one.known_ns <= now_ns:
                return one.at_ns
        return now_ns - LONG_AGO_NS

    def unread(self, first_ns: int, end_ns: int) -> None:
        """The channel could not be read, or was of poor quality, in this time."""
        self._unread_ns.append((first_ns, end_ns))

    @property
    def kept(self) -> int:
        """How much is remembered."""
        return len(self._beats) + len(self._unread_ns)

    def readable(self, first_ns: int, end_ns: int) -> bool:
        """Whether it could be read throughout."""
        return all(end <= first_ns or begin >= end_ns for begin, end in self._unread_ns)

    def course(self, first_ns: int, now_ns: int) -> Course | None:
        """What was known at `now_ns` of the time from `first_ns` on; None with too few beats."""
        end_ns = max(first_ns, now_ns - self.lag_ns)
        seen = [
            one for one in self._beats if one.known_ns <= now_ns and first_ns <= one.at_ns <= now_ns
        ]
        if len(seen) < _FEWEST or not self.readable(first_ns, end_ns):
            return None
        places = [one.at_ns for one in seen]
        steps = [(b - a) / 1e9 for a, b in pairwise(places)]
        usual_s = median(steps)
        if usual_s <= 0:
            return None
        height = median(one.height for one in seen)
        edges = [(places[0] - first_ns) / 1e9, (end_ns - places[-1]) / 1e9]
        return Course(
            beats=len(seen),
            gap_max_s=max(*steps, *edges),
            usual_s=usual_s,
            shortest=min(steps) / usual_s,
            longest=max(steps) / usual_s,
            lowest=min(one.height for one in seen) / height if height > 0 else 0.0,
        )
