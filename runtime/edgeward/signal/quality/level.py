"""Checks of the values themselves: missing, impossible, at rest, cut off, never changing."""

from collections import deque
from typing import NamedTuple

import numpy as np

from edgeward.signal.quality.check import Step, Values

MISSING_SHARE = 0.15
"""A step of which more is missing is wrong."""
IMPOSSIBLE_SHARE = 0.1
"""As with missing. A pace pulse, beyond any range and 2 ms long, stays below it."""


class Missing:
    """Samples that did not come, were marked invalid, or are no numbers."""

    def judge(self, step: Step) -> bool:
        """Whether too many are missing."""
        return step.missing > MISSING_SHARE * len(step.samples)


class Impossible:
    """Values that no living body shows: another unit than was said, say."""

    def __init__(self, low: float, high: float) -> None:
        """What is from low to high is possible."""
        self._low, self._high = low, high

    def judge(self, step: Step) -> bool | None:
        """Whether too many are beyond the range."""
        sound = step.sound
        if not len(sound):
            return None
        beyond = (sound < self._low) | (sound > self._high)
        return int(np.count_nonzero(beyond)) > IMPOSSIBLE_SHARE * len(sound)


class _Extremes(NamedTuple):
    low: float
    high: float


class Range:
    """The lowest and highest valid value of the last steps, and of the steps before those."""

    __slots__ = ("_before", "_last", "high", "low")

    def __init__(self, steps: int, before_steps: int) -> None:
        """Look back over so many steps, and over so many before them."""
        self._last: deque[_Extremes | None] = deque(maxlen=steps)
        self._before: deque[_Extremes | None] = deque(maxlen=before_steps)
        self.low = self.high = 0.0

    def take(self, step: Step) -> bool:
        """Add a step; whether all steps looked at have values."""
        if len(self._last) == self._last.maxlen:
            self._before.append(self._last[0])
        sound = step.sound
        whole = len(sound) > len(step.samples) // 2
        self._last.append(_Extremes(float(sound.min()), float(sound.max())) if whole else None)
        known = [one for one in self._last if one is not None]
        if len(known) < (self._last.maxlen or 0):
            return False
        self.low = min(one.low for one in known)
        self.high = max(one.high for one in known)
        return True

    def before(self) -> tuple[float, float]:
        """The lowest and highest value of the steps before; those of the last ones without any.

        Looked for only when somebody asks: a living signal is hardly ever at rest.
        """
        past = [one for one in self._before if one is not None]
        low = min((one.low for one in past), default=self.low)
        return low, max((one.high for one in past), default=self.high)


class AtRest:
    """No movement where a living signal always has some: at the end of the range, or elsewhere.

    At the end of the range is: as far out as `far`, or as far as anything has been in the last
    minute while that was far from the middle. There, nothing is connected.
    """

    def __init__(
        self, steps: int, minute_steps: int, still: float, far: float, *, ends: bool
    ) -> None:
        """Look for what is still at the ends (`ends`), or elsewhere."""
        self._range = Range(steps, minute_steps)
        self._still, self._far, self._ends = still, far, ends

    def judge(self, step: Step) -> bool | None:
        """Whether the last steps are still."""
        if not self._range.take(step):
            return None
        if self._range.high - self._range.low > self._still:
            return False
        return self._at_end() is self._ends

    def _at_end(self) -> bool:
        level = (self._range.low + self._range.high) / 2
        low, high = self._range.before()
        away = max(abs(level - low), abs(level - high))
        outermost = level >= high or level <= low
        return abs(level) >= self._far or (outermost and away >= self._far)


class Clipping:
    """Much of the last seconds is held at the highest or lowest value, after a steep way there.

    A slow top also stays on one value for a while; the way there is one unit of the converter.
    Beats whose tips are cut off are clipped too, though they can still be counted.
    """

    SHARE = 0.02
    """Of the time."""
    EDGE_UNITS = 4
    EDGE_SHARE = 0.01

    def __init__(self, range_steps: int, steps: int, run_samples: int) -> None:
        """Find the ends of the range in so many steps, and count in so many.

        `run_samples` of one value are a run.
        """
        self._range = Range(range_steps, 1)
        self._run = max(3, run_samples)
        self._tail: Values = np.empty(0)
        self._unit = np.inf  # the smallest difference ever seen
        self._clipped: deque[int] = deque(maxlen=steps)

    def judge(self, step: Step) -> bool | None:
        """Whether too much of the last steps is clipped."""
        if not self._range.take(step) or step.missing:  # what is missing is held, not clipped
            self._tail = np.empty(0)
            return None
        values = np.concatenate([self._tail, step.samples])
        self._tail = values[-self._run - 1 :].copy()
        moves = np.abs(np.diff(values))
        if (moves > 0).any():
            self._unit = min(self._unit, float(moves[moves > 0].min()))
        held = moves == 0
        few = int(np.count_nonzero(held)) < self._run - 1
        count = 0 if few else min(self._count(values, moves, held), len(step.samples))
        self._clipped.append(count)
        return sum(self._clipped) > self.SHARE * (self._clipped.maxlen or 0) * len(step.samples)

    def _count(self, values: Values, moves: Values, held: Values) -> int:
        """How many values are in clipped runs."""
        high, low = self._range.high, self._range.low
        edge = max(self.EDGE_UNITS * self._unit, self.EDGE_SHARE * (high - low))
        ends = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
        clipped = 0
        for first, last in zip(ends[0::2], ends[1::2], strict=True):
            length = int(last - first) + 1
            if length < self._run or low < values[first] < high:
                continue
            into = moves[first - 1] if first else 0.0
            out = moves[last] if last < len(moves) else 0.0
            if max(into, out) >= edge:
                clipped += length
        return clipped


class Stuck:
    """One value for longer than a living value stays."""

    def __init__(self, steps: int) -> None:
        """So many steps are too long."""
        self._steps = steps
        self._value: Values | None = None
        self._same = 0

    def judge(self, step: Step) -> bool | None:
        """Whether the value has stayed for too long."""
        sound = step.sound
        if not len(sound):
            return None
        same = self._value is not None and bool((sound == self._value).all())
        self._same = self._same + 1 if same else 0
        self._value = sound[-1].copy() if sound.ndim > 1 else sound[-1:].copy()
        return self._same >= self._steps
