"""A rate from the intervals of the last seconds: one rule, disclosed, for pulse and breath.

Rules:
1. The rate is the mean of the intervals that ended within the last `averaged_s`, without the
   shortest and the longest when there are five or more. They must fill half of that time, or there
   is no rate.
2. A rate, of the heart as well, is a whole number a minute. So what is shown is what limits judge:
   a rate that is shown as its limit does not lie beyond it.
3. A beat that comes too early to fill the vessels makes hardly a wave, and a pause follows it: an
   interval of about twice the middle one. Where asked to, such an interval counts as the two that
   it is, as long as at most one in three is one: more of them are what the rate is.
"""

from collections import deque
from math import floor
from statistics import fmean, median, pstdev

_FILLED = 0.5
_TRIMMED_FROM = 5
_UNEVEN_FROM = 3
_TWICE = (1.75, 2.25)
_TWICE_SHARE = 0.34


def per_minute(rate_hz: float, interval: float) -> float:
    """The rate of beats or breaths so many samples apart (rule 2)."""
    return float(floor(60 * rate_hz / interval + 0.5))


class Averaging:
    """The last intervals, in samples of one signal."""

    __slots__ = ("_averaged", "_intervals", "_rate_hz", "_skipping")

    def __init__(self, averaged_s: float, rate_hz: float, *, skipping: bool = False) -> None:
        """Begin without an interval; `skipping` says that a beat may be left out (rule 3)."""
        self._skipping = skipping
        self._rate_hz = rate_hz
        self._averaged = averaged_s * rate_hz
        self._intervals: deque[tuple[float, float]] = deque()

    def note(self, end: float, interval: float) -> None:
        """An interval ended here."""
        self._intervals.append((end, interval))

    def forget(self) -> None:
        """What was noted is no longer true."""
        self._intervals.clear()

    def count(self, now: float) -> int:
        """How many intervals count at this moment."""
        while self._intervals and self._intervals[0][0] < now - self._averaged:
            self._intervals.popleft()
        return len(self._intervals)

    def unevenness(self, now: float) -> float:
        """The standard deviation of the intervals, as a share of their mean; 0 below three."""
        if self.count(now) < _UNEVEN_FROM:
            return 0.0
        lengths = [length for _, length in self._intervals]
        return pstdev(lengths) / fmean(lengths)

    def per_minute(self, now: float) -> float | None:
        """The rate at this moment; None where there is none (rule 1)."""
        self.count(now)
        lengths = sorted(length for _, length in self._intervals)
        if sum(lengths) < _FILLED * self._averaged:
            return None
        if self._skipping:
            lengths = _filled_in(lengths)
        if len(lengths) >= _TRIMMED_FROM:
            lengths = lengths[1:-1]
        return per_minute(self._rate_hz, fmean(lengths))


def _filled_in(lengths: list[float]) -> list[float]:
    """The same in order, with those that hold a beat that was not seen cut in two (rule 3)."""
    low, high = (share * median(lengths) for share in _TWICE)
    twice = [one for one in lengths if low <= one <= high]
    if len(twice) > _TWICE_SHARE * len(lengths):
        return lengths
    others = [one for one in lengths if not low <= one <= high]
    return sorted([*others, *(one / 2 for one in twice for _ in range(2))])
