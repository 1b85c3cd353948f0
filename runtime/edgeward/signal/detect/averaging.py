"""A rate from the intervals of the last seconds: one rule, disclosed, for pulse and breath.

The rate is the mean of the intervals that ended within the last `averaged_s`, without the shortest
and the longest when there are five or more. They must fill half of that time, or there is no rate.
"""

from collections import deque
from statistics import fmean, pstdev

_FILLED = 0.5
_TRIMMED_FROM = 5
_UNEVEN_FROM = 3


class Averaging:
    """The last intervals, in samples of one signal."""

    __slots__ = ("_averaged", "_intervals", "_rate_hz")

    def __init__(self, averaged_s: float, rate_hz: float) -> None:
        """Begin without an interval."""
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
        """The rate at this moment."""
        self.count(now)
        lengths = sorted(length for _, length in self._intervals)
        if sum(lengths) < _FILLED * self._averaged:
            return None
        if len(lengths) >= _TRIMMED_FROM:
            lengths = lengths[1:-1]
        return 60 * self._rate_hz * len(lengths) / sum(lengths)
