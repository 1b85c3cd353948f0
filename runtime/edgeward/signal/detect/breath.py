"""Breaths in the slow signal of a chest, told apart from the heart that beats in it.

Rules:
1. A swing is a rise and a fall by at least a threshold each. A breath is a swing of at least half
   of the usual height, the median of the last twelve. What the heart makes of the signal is lower.
2. The usual height is learnt from four swings in a row that are alike, each at least half as high
   as what the signal spans in 15 s: the heart between two breaths is not taken for breaths.
3. In an apnea nothing is left but the heart, so the threshold does not sink with the signal. Lower
   swings become breaths only when four in a row are alike and `SLOW_S` or more apart: so slow beats
   no heart that is not told of anyway.
4. A swing of three times the usual height is a movement, and no breath; four alike in a row are
   another gain.
5. A breath is told when the signal has fallen by the threshold after its top.
6. Who breathes fast breathes evenly; swings that are fast and uneven are noise. (In the recordings
   at hand the intervals of breaths differ by a tenth of their mean; those of noise, by a half.)
"""

from collections import deque
from statistics import median
from typing import NamedTuple

from edgeward.signal.detect.averaging import Averaging

SLOW_S = 2.0
AVERAGED_S = 30.0
INTERVAL_MAX_S = 16.0
"""Four breaths a minute, and a little."""
_DEEP, _SHALLOW = 0.5, 0.2
_MOVEMENT = 3.0
_ALIKE = 2.5
_AGREEING = 4
_USUAL = 12
_SPAN_S = 15.0
_FAST, _FAST_UNEVENNESS = 40.0, 0.3
_SMOOTH_S = 0.2


class Swing(NamedTuple):
    """A rise and a fall: where its top is, and how high it rose."""

    top: int
    height: float


class Swings:
    """Finds swings higher than `threshold`; without one there are none."""

    __slots__ = ("_extreme", "_extreme_at", "_lowest", "_rising", "threshold")

    def __init__(self) -> None:
        """Begin without a threshold."""
        self.threshold = 0.0
        self.restart()

    def restart(self) -> None:
        """Forget what has begun."""
        self._rising = False
        self._extreme: float | None = None
        self._extreme_at = 0
        self._lowest = 0.0

    def push(self, at: int, value: float) -> Swing | None:
        """Take the next value; the swing that ends with it."""
        if self._extreme is None:
            self._extreme = value
        if self._rising:
            return self._on_rise(at, value, self._extreme)
        if value < self._extreme:
            self._extreme = value
        elif value - self._extreme > self.threshold > 0:
            self._lowest, self._rising = self._extreme, True
            self._extreme, self._extreme_at = value, at
        return None

    def _on_rise(self, at: int, value: float, highest: float) -> Swing | None:
        if value >= highest:
            self._extreme, self._extreme_at = value, at
        elif highest - value > self.threshold:
            self._rising, self._extreme = False, value
            return Swing(self._extreme_at, highest - self._lowest)
        return None


class BreathFinder:
    """Breaths in values that come one by one."""

    __slots__ = (
        "_averaging",
        "_deep",
        "_first",
        "_heights",
        "_last",
        "_linked",
        "_moved",
        "_now",
        "_rate_hz",
        "_shallow",
        "_slow",
        "_smooth",
        "_span",
        "moving",
    )

    def __init__(self, rate_hz: float) -> None:
        """Begin with nothing learnt."""
        self._rate_hz = rate_hz
        self._now = -1
        self._deep, self._shallow = Swings(), Swings()
        self._smooth: deque[float] = deque(maxlen=max(1, round(_SMOOTH_S * rate_hz)))
        self._span: deque[float] = deque(maxlen=round(_SPAN_S * rate_hz))
        self._averaging = Averaging(AVERAGED_S, rate_hz)
        self._heights: deque[float] = deque(maxlen=_USUAL)
        self._first: list[Swing] = []
        self._slow: list[Swing] = []
        self._moved: list[Swing] = []
        self._last: int | None = None
        self._linked = False
        self.moving = False
        """The last value ended a movement."""

    @property
    def height(self) -> float | None:
        """The usual height; None before it is learnt."""
        return median(self._heights) if self._heights else None

    @property
    def last(self) -> int | None:
        """The top of the last breath; None before the first."""
        return self._last

    def per_minute(self, now: float) -> float | None:
        """The rate at this moment."""
        return self._averaging.per_minute(now)

    def noisy(self, now: float) -> bool:
        """Rule 6."""
        rate = self.per_minute(now)
        return (
            rate is not None and rate > _FAST and self._averaging.unevenness(now) > _FAST_UNEVENNESS
        )

    def lose(self) -> None:
        """The next value did not come: what has begun is forgotten."""
        self._now += 1
        self.moving = False
        if self._smooth:
            self._interrupt()

    def forget(self) -> None:
        """The sensor may have been put on anew: learn again."""
        self._heights.clear()
        self._interrupt()
        self._averaging.forget()
        self._last = None

    def push(self, value: float) -> bool:
        """Take the next value; whether it ends a breath."""
        self._now += 1
        self.moving = False
        self._smooth.append(value)
        value = sum(self._smooth) / len(self._smooth)
        usual = self.height
        if usual is None:
            return self._learn(value)
        self._deep.threshold = _DEEP * usual
        self._shallow.threshold = _SHALLOW * usual
        deep = self._deep.push(self._now, value)
        shallow = self._shallow.push(self._now, value)
        if deep is not None:
            return self._take(deep, usual)
        return shallow is not None and shallow.height < _DEEP * usual and self._take_slow(shallow)

    def _interrupt(self) -> None:
        self._smooth.clear()
        self._span.clear()
        self._deep.restart()
        self._shallow.restart()
        self._first, self._slow, self._moved = [], [], []
        self._linked = False

    def _learn(self, value: float) -> bool:
        """Rule 2."""
        span = self._span
        known = len(span) == span.maxlen
        span.append(value)
        if len(span) != span.maxlen:
            return False
        self._deep.threshold = _DEEP * (max(span) - min(span))
        new = [value] if known else list(span)
        began = False
        for at, one in enumerate(new, self._now - len(new) + 1):
            swing = self._deep.push(at, one)
            if swing is not None and began:
                self._count(swing)
            elif swing is not None:
                self._first = [*self._first, swing][-_AGREEING:]
                began = self._begin(self._first)
        return began

    def _begin(self, swings: list[Swing]) -> bool:
        """Whether breaths of another height begin with these swings."""
        if len(swings) < _AGREEING or not _alike(swings):
            return False
        self._heights.clear()
        self._linked = False
        for swing in swings:
            self._count(swing)
        self._first, self._slow, self._moved = [], [], []
        return True

    def _take(self, swing: Swing, usual: float) -> bool:
        """Rules 1 and 4."""
        self._slow = []
        if swing.height > _MOVEMENT * usual:
            self.moving = True
            self._linked = False
            self._moved = [*self._moved, swing][-_AGREEING:]
            return self._begin(self._moved)
        self._moved = []
        self._count(swing)
        return True

    def _take_slow(self, swing: Swing) -> bool:
        """Rule 3."""
        apart = SLOW_S * self._rate_hz
        if self._slow and swing.top - self._slow[-1].top < apart:
            self._slow = []
        self._slow = [*self._slow, swing][-_AGREEING:]
        return self._begin(self._slow)

    def _count(self, swing: Swing) -> None:
        interval = swing.top - (self._last or 0)
        if self._linked and 0 < interval <= INTERVAL_MAX_S * self._rate_hz:
            self._averaging.note(swing.top, interval)
        self._heights.append(swing.height)
        self._last = swing.top
        self._linked = True


def _alike(swings: list[Swing]) -> bool:
    heights = [one.height for one in swings]
    return max(heights) <= _ALIKE * min(heights)
