"""Which waves are beats, and the rate of those that are.

Rules:
1. Heights and shapes are compared with each other only, so no unit and no gain matters.
2. `AGREEING` waves in a row that look alike begin a chain. A wave that does not look like the chain
   is a disturbance: it breaks the run of intervals, and several in a row end the chain.
3. A low wave soon after a beat is the second wave of the same beat (the dicrotic one). The later
   the next beat is due, the lower it may be.
4. The rate is that of `averaging` over `AVERAGED_S`, when there are at least two intervals for each
   disturbance. A wave as high as a beat, and too soon after one, is a disturbance too: a pulse
   faster than can be counted has no rate, rather than half of it.
5. Without a beat for three seconds, or for three usual intervals, the chain has ended. The first
   wave of the next one may stand apart, as after a standstill, when the first is higher than those
   that follow and hides them: an interval `_APART` times the middle one of those that begin a
   chain is not one from beat to beat, and counts for nothing.
6. What is left when a pulse has ended trembles on, and by chance some of it looks alike. So waves
   lower than `QUIET` of what the pulse was begin a chain only when `_LOW_AGREEING` agree and come
   evenly, and a chain that has become so low ends when it is uneven: a pulse that has become weak
   is found again and followed, and no other. What the pulse was is the highest usual height, of
   which half is forgotten in `_FORGET_S` of beats.

The shares were chosen on the even half of the recordings at hand, where the result hardly depends
on them, and so that noise alone makes no chain.
"""

from collections import deque
from itertools import pairwise
from statistics import median

import numpy as np

from edgeward.signal.detect.averaging import Averaging
from edgeward.signal.detect.wave import Shape, Wave

AGREEING = 5
_LOW_AGREEING = 8
_FORGET_S = 30.0
_EVEN = 1.3
_FADED_EVEN = 1.5
"""Without the shortest and the longest."""
_APART = 1.7
QUIET = 0.25
"""Of the usual height: what stays below it is hardly a pulse."""
AVERAGED_S = 12.0
"""Some twelve intervals, as monitors average. Chosen on the even half of the recordings."""
INTERVAL_MIN_S, INTERVAL_MAX_S = 0.17, 3.2
"""350 and 19 beats a minute."""
_AGREE = 0.95
"""Correlation with the mean shape, of those that begin a chain."""
_ALIKE = 0.85
"""Correlation with the shape of the chain."""
_HEIGHTS_APART = 2.5
_EARLY, _EARLY_HEIGHT = 0.5, 0.75
_DUE, _BEFORE_DUE_HEIGHT, _DUE_HEIGHT = 0.65, 0.4, 0.15
"""A wave before so much of the usual interval needs so much of the usual height."""
_STRANGE_MAX = 5
_DISTURBED = 0.5
_LEARN_S = 3.0
_LEARN_SHARE = 0.5
"""Of the highest wave of the last seconds: what is lower is no beat while a chain is sought."""
_SHAPE_SHARE = 0.1
_USUAL = 8
"""Beats whose medians are what is usual."""


class Chain:
    """Beats that look alike, one after the other."""

    __slots__ = (
        "_averaging",
        "_disturbed",
        "_first",
        "_heights",
        "_last",
        "_linked",
        "_rate_hz",
        "_recent",
        "_shape",
        "_strange",
        "_usual",
        "_was",
        "going",
    )

    def __init__(self, rate_hz: float) -> None:
        """Begin without a beat; `rate_hz` is that of the thinned signal."""
        self._rate_hz = rate_hz
        self._heights: deque[float] = deque(maxlen=_USUAL)
        self._usual: deque[float] = deque(maxlen=_USUAL)
        self._averaging = Averaging(AVERAGED_S, rate_hz, skipping=True)
        self._recent: deque[Wave] = deque()
        self._first: list[Wave] = []
        self._shape: Shape = np.zeros(0)
        self._was = 0.0
        self._last = 0.0
        self._linked = False
        self._strange = 0
        self._disturbed: deque[float] = deque()
        self.going = False
        """A chain has begun and not ended."""

    @property
    def height(self) -> float | None:
        """What the height of a beat was (rule 6), also after a chain; None before the first."""
        return self._was if self._heights else None

    @property
    def floor(self) -> float:
        """What is lower cannot be a beat."""
        return _DUE_HEIGHT / 2 * median(self._heights) if self.going else 0.0

    @property
    def last(self) -> float | None:
        """The foot of the last beat; None before the first."""
        return self._last if self._heights else None

    def lose(self) -> None:
        """A part of the signal did not come: the next interval is unknown."""
        self._linked = False
        self._first.clear()

    def take(self, wave: Wave) -> bool:
        """Whether this wave is a beat."""
        if not self.going:
            return self._seek(wave)
        interval = wave.foot - self._last
        high = self._high_enough(wave, interval)
        if interval < INTERVAL_MIN_S * self._rate_hz:
            if high:
                self._disturbed.append(wave.foot)
            return False
        if not high:
            return False
        alike = float(self._shape @ wave.shape) >= _ALIKE
        if not alike or wave.height > _HEIGHTS_APART * median(self._heights):
            self._refuse(wave)
            return False
        self._accept(wave, interval)
        if self._faded():
            self._end()
        return self.going

    def rate(self, now: float) -> float | None:
        """Beats a minute (rule 4) at this moment, in thinned samples."""
        while self._disturbed and self._disturbed[0] < now - AVERAGED_S * self._rate_hz:
            self._disturbed.popleft()
        if len(self._disturbed) > _DISTURBED * self._averaging.count(now):
            return None
        return self._averaging.per_minute(now)

    def age(self, now: float) -> None:
        """Rule 5."""
        if self.going and now - self._last > 3 * max(self._rate_hz, median(self._usual)):
            self._end()

    def _end(self) -> None:
        self.going = False
        self._linked = False
        self._recent.clear()
        self._first.clear()

    def _high_enough(self, wave: Wave, interval: float) -> bool:
        """Rule 3."""
        due = interval / median(self._usual)
        share = _EARLY_HEIGHT if due < _EARLY else _BEFORE_DUE_HEIGHT if due < _DUE else _DUE_HEIGHT
        return wave.height >= share * median(self._heights)

    def _refuse(self, wave: Wave) -> None:
        self._linked = False
        self._strange += 1
        self._disturbed.append(wave.foot)
        if self._strange >= _STRANGE_MAX:
            self._end()

    def _accept(self, wave: Wave, interval: float) -> None:
        shape = self._shape + _SHAPE_SHARE * wave.shape
        self._shape = shape / np.linalg.norm(shape)
        self._heights.append(wave.height)
        forgotten = 0.5 ** (interval / (_FORGET_S * self._rate_hz))
        self._was = max(median(self._heights), self._was * forgotten)
        if self._linked and interval <= INTERVAL_MAX_S * self._rate_hz:
            self._note(wave.foot, interval)
        self._last = wave.foot
        self._linked = True
        self._strange = 0

    def _note(self, foot: float, interval: float) -> None:
        self._averaging.note(foot, interval)
        self._usual.append(interval)

    def _seek(self, wave: Wave) -> bool:
        """Rule 2: whether a chain begins with this wave and those before."""
        self._recent.append(wave)
        while self._recent[0].known < wave.known - _LEARN_S * self._rate_hz:
            self._recent.popleft()
        needed = _LEARN_SHARE * max(one.height for one in self._recent)
        apart = INTERVAL_MIN_S * self._rate_hz
        if wave.height < needed or (self._first and wave.foot - self._first[-1].foot < apart):
            return False
        self._first = [one for one in self._first if one.height >= needed][1 - _LOW_AGREEING :]
        self._first.append(wave)
        count = _LOW_AGREEING if self._low(wave) else AGREEING
        if len(self._first) >= count and self._agree(self._first[-count:]):
            self._begin(self._first[-count:])
        return self.going

    def _low(self, wave: Wave) -> bool:
        """Whether this wave is as low as what is left when a pulse has ended."""
        return wave.height < QUIET * self._was

    def _faded(self) -> bool:
        """Whether a chain has become so low and so uneven that it is none any more (rule 6)."""
        gaps = sorted(self._usual)[1:-1]
        low = median(self._heights) < QUIET * self._was
        return low and len(gaps) > 1 and gaps[-1] > _FADED_EVEN * gaps[0]

    def _agree(self, waves: list[Wave]) -> bool:
        """Rules 2 and 6."""
        shape = np.sum([one.shape for one in waves], axis=0)
        shape /= np.linalg.norm(shape)
        heights = [one.height for one in waves]
        gaps = np.diff([one.foot for one in waves])
        self._shape = shape
        even = self._low(waves[-1]) is False or max(gaps) <= _EVEN * min(gaps)
        return bool(
            even
            and min(float(shape @ one.shape) for one in waves) >= _AGREE
            and max(heights) <= _HEIGHTS_APART * min(heights)
            and max(gaps) <= INTERVAL_MAX_S * self._rate_hz
        )

    def _begin(self, waves: list[Wave]) -> None:
        self.going = True
        self._heights.clear()
        self._usual.clear()
        self._last = waves[0].foot
        self._heights.append(waves[0].height)
        gaps = [after.foot - one.foot for one, after in pairwise(waves)]
        for wave, gap in zip(waves[1:], gaps, strict=True):
            self._linked = gap < _APART * median(gaps)
            self._accept(wave, gap)
        self._first = []
