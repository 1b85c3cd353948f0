"""Waves in a thinned signal of pressure or of light: each rise that falls off again.

Rules:
1. The rise at a moment is how far the signal lies above its lowest value of the last `REACH_S`.
   What drifts slowly, as with breathing or posture, hardly shows in it.
2. A wave is there when the rise has fallen to half of its highest value. One that takes longer than
   `RAMP_S` is no wave of a pulse.
3. The foot of a wave is where the line through a quarter and three quarters of its rise meets the
   lowest value before it: the place that noise moves least.
4. The shape is read between the values, so that a wave looks the same wherever it was sampled: a
   steep rise lasts two or three values, and in whole ones no two waves of a fast heart are alike.
5. A wave is told `LAG_S` after its foot at the latest.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REACH_S = 0.2
RAMP_S = 0.5
_BEFORE_S = 0.1
_AFTER_S = 0.2
"""Of the shape, about the middle of the rise."""
_FELL = 0.5
_LINE_LOW, _LINE_HIGH = 0.25, 0.75
LAG_S = 1.0
"""A ramp, and twice the reach; rounded up."""
_KEPT_S = 1.5

Shape = NDArray[np.float64]
"""A wave around the middle of its rise, with mean 0 and length 1."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One rise, in samples of the thinned signal."""

    foot: float
    top: int
    known: int
    height: float
    low: float
    """The lowest value before the rise."""
    high: float
    """The value at the top."""
    shape: Shape


class WaveFinder:
    """Finds waves higher than `floor` in values that come one by one."""

    __slots__ = (
        "_after",
        "_before",
        "_kept",
        "_low",
        "_now",
        "_open",
        "_ramp",
        "_reach",
        "_top",
        "_top_at",
        "_up",
        "_up_at",
        "floor",
        "rise",
    )

    def __init__(self, rate_hz: float) -> None:
        """Begin with nothing seen, and with no floor."""
        self._reach = max(2, round(REACH_S * rate_hz))
        self._ramp = round(RAMP_S * rate_hz)
        self._before = round(_BEFORE_S * rate_hz)
        self._after = round(_AFTER_S * rate_hz)
        self._kept: deque[float] = deque(maxlen=round(_KEPT_S * rate_hz))
        self.floor = 0.0
        """Waves that are not higher are not told."""
        self.rise = 0.0
        """The rise at the last value."""
        self._now = -1
        self._open: deque[tuple[int, float, float, float]] = deque()
        self._restart()

    def _restart(self) -> None:
        self._kept.clear()
        self._open.clear()
        self._up = False
        self._up_at = self._top_at = 0
        self._top = self._low = self.rise = 0.0

    def lose(self) -> None:
        """The next value did not come: what has begun is forgotten."""
        self._now += 1
        if self._kept:
            self._restart()

    def push(self, value: float) -> Wave | None:
        """Take the next value; the wave that is complete with it."""
        self._now += 1
        kept = self._kept
        kept.append(value)
        count = len(kept)
        lowest = min(kept[k] for k in range(max(0, count - self._reach), count))
        self.rise = value - lowest
        self._follow(self.rise)
        if self._open and self._now >= self._open[0][1] + self._after + 1:
            return self._wave(*self._open.popleft())
        return None

    def _follow(self, rise: float) -> None:
        """Rule 2."""
        if not self._up:
            if rise <= self._low:
                self._low = rise
            elif rise > 2 * self._low:
                self._up, self._up_at = True, self._now
                self._top, self._top_at = rise, self._now
        elif self._now - self._up_at > self._ramp + self._reach:
            self._up, self._low = False, rise
        elif rise > self._top:
            self._top, self._top_at = rise, self._now
        elif rise < _FELL * self._top:
            if self._top > self.floor and self._top_at - self._up_at <= self._ramp:
                self._end_wave()
            self._up, self._low = False, rise

    def _end_wave(self) -> None:
        """What rises from half of the height on is there; what follows it is waited for."""
        first = self._now - len(self._kept) + 1
        low = self._kept[self._top_at - first] - self._top
        middle = self._crossing(first, low + self._top / 2)
        if middle is not None and middle - self._before >= first:
            foot = self._foot(first, low, middle)
            self._open.append((self._top_at, middle, foot, self._top))

    def _crossing(self, first: int, level: float) -> float | None:
        """Where the signal last came above a level on its way to the top."""
        kept = self._kept
        for at in range(self._top_at, max(self._top_at - self._reach, first), -1):
            here, before = kept[at - first], kept[at - first - 1]
            if before < level <= here:
                return at - (here - level) / (here - before)
        return None

    def _foot(self, first: int, low: float, middle: float) -> float:
        """Rule 3."""
        share = (_LINE_HIGH - _LINE_LOW) / _LINE_LOW
        upper = self._crossing(first, low + _LINE_HIGH * self._top)
        lower = self._crossing(first, low + _LINE_LOW * self._top)
        if upper is None or lower is None:
            return middle
        return max(lower - (upper - lower) / share, self._top_at - 2.0 * self._reach)

    def _wave(self, top: int, middle: float, foot: float, height: float) -> Wave | None:
        first = self._now - len(self._kept) + 1
        begin = int(middle) - self._before - first
        if begin < 0:
            return None
        count = self._before + self._after + 1
        around = np.array([self._kept[k] for k in range(begin, begin + count + 1)])
        share = middle - int(middle)
        values = around[:-1] + share * np.diff(around)
        values -= values.mean()
        length = float(np.linalg.norm(values))
        high = self._kept[top - first]
        return Wave(foot, top, self._now, height, high - height, high, values / length)
