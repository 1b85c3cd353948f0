"""Sends a trend when it has moved, when its validity changes, and at least once in a while.

Rules:
1. Whoever holds the last point that was sent is never farther from a valid sample than the
   deadband, exactly: where rounding could hide a difference, it is computed without rounding.
2. Two points lie no farther apart than the heartbeat, as long as samples come at their interval:
   one is sent early if the next might be too late. Where none comes, `silence` sends that nothing
   is known, so that nobody holds a value for longer than that.
3. Every change between valid and invalid is sent. What is NaN or infinite is invalid.
4. It takes samples of trends and nothing else. Events and alarms have another type, are refused,
   and are never filtered.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from edgeward.errors import StreamError


@dataclass(frozen=True, slots=True)
class TrendSample:
    """One value of one trend of one patient; never an event, never an alarm."""

    at_ns: int
    """On the monotonic clock."""
    value: float
    valid: bool = True


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """What is sent of a trend: its value from this moment on; None where it is not known."""

    at_ns: int
    value: float | None


@dataclass(frozen=True, slots=True)
class DeadbandRule:
    """What may be left out of one signal."""

    deadband: float
    """In the unit of the signal; 0 leaves out what does not change at all."""
    heartbeat_ns: int
    """The longest time between two points."""
    interval_ns: int
    """The longest time between two samples."""

    def __post_init__(self) -> None:
        """Refuse what promises nothing."""
        if not (isfinite(self.deadband) and self.deadband >= 0):
            raise StreamError(f"found the deadband {self.deadband}; accepted: 0 or more, finite")
        if not 0 < self.interval_ns <= self.heartbeat_ns:
            raise StreamError(
                f"found samples every {self.interval_ns} ns and points every {self.heartbeat_ns}"
                " ns; accepted: an interval above 0, and a heartbeat that is not shorter"
            )


class TrendFilter:
    """The filter of one signal of one patient; another patient has another one."""

    __slots__ = ("_last", "_rule", "_sampled_ns")

    def __init__(self, rule: DeadbandRule) -> None:
        """Begin with nothing sent."""
        self._rule = rule
        self._last: TrendPoint | None = None
        self._sampled_ns: int | None = None

    def push(self, sample: TrendSample) -> TrendPoint | None:
        """What has to be sent because of a sample.

        Raises:
            StreamError: it is no sample of a trend, or not later than the last one.
        """
        if not isinstance(sample, TrendSample):
            raise StreamError(
                f"found {type(sample).__name__}; accepted: a sample of a trend: nothing else is"
                " ever filtered"
            )
        self._check_time(sample.at_ns)
        self._sampled_ns = sample.at_ns
        known = sample.valid and isfinite(sample.value)
        return self._sent(sample.at_ns, sample.value if known else None)

    def silence(self, now_ns: int) -> TrendPoint | None:
        """What has to be sent because no sample has come until now."""
        if self._last is None or self._last.value is None or self._sampled_ns is None:
            return None
        if now_ns - self._sampled_ns <= self._rule.interval_ns:
            return None
        self._last = TrendPoint(max(now_ns, self._last.at_ns), None)
        self._sampled_ns = self._last.at_ns
        return self._last

    def _sent(self, at_ns: int, value: float | None) -> TrendPoint | None:
        last = self._last
        if last is not None and not self._due(last, at_ns) and self._near(last.value, value):
            return None
        self._last = TrendPoint(at_ns, value)
        return self._last

    def _due(self, last: TrendPoint, at_ns: int) -> bool:
        """Rule 2."""
        return at_ns + self._rule.interval_ns - last.at_ns > self._rule.heartbeat_ns

    def _near(self, sent: float | None, value: float | None) -> bool:
        """Rule 1; a rounded difference never passes the deadband without reaching it."""
        if sent is None or value is None:
            return sent is value
        apart, deadband = abs(value - sent), self._rule.deadband
        if apart == deadband:
            return abs(Fraction(value) - Fraction(sent)) <= Fraction(deadband)
        return apart < deadband

    def _check_time(self, at_ns: int) -> None:
        if self._sampled_ns is not None and at_ns <= self._sampled_ns:
            raise StreamError(
                f"found a sample at {at_ns} ns; accepted: one after {self._sampled_ns} ns"
            )


def held(points: Sequence[TrendPoint], at_ns: int, rule: DeadbandRule) -> float | None:
    """What a receiver knows of a trend at one moment; None for nothing.

    Args:
        points: what was sent, in order.
        at_ns: the moment, on the device's monotonic clock.
        rule: of this signal.
    """
    place = bisect_right(points, at_ns, key=lambda point: point.at_ns)
    if not place or at_ns - points[place - 1].at_ns > rule.heartbeat_ns:
        return None
    return points[place - 1].value
