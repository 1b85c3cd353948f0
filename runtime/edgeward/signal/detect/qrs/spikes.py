"""An ECG without pace pulses, and without what a front end makes of them afterwards.

A pulse of 2 ms, smoothed by a front end, shows in some 6 ms: in one or two samples of a slow
signal. Then the front end recovers, for 20 ms and more, with a small share of its height; that may
be far higher than a complex, and as wide.

Rules:
1. A *pulse* stands out within 6 ms, or two samples, from what lies before and after it, by far more
   than that changes. What jumps by more than the heart can make in one sample is one as well, and
   taken for as high as they come: it may have been cut off.
2. A pulse is taken out: the signal stays at its level. For 30 ms from there, a fifth of its height
   is taken from what differs from that level; then quickly less. A complex that is higher is still
   there, for it begins with a pulse or comes after one.
3. No pulse is told by samples that are invalid.
"""

from functools import cache
from math import ceil, copysign, exp, log
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Mask

Values = NDArray[np.float64]

_PULSE_S = 0.006
_SAMPLES_LEAST = 2
_LEVEL = 5
"""Samples that tell the level before a jump."""
_HEIGHT_LEAST_MV, _JUMP_LEAST_MV = 0.05, 0.02
_SAME, _OTHER = 5.0, 3.0
"""Times what surrounds a pulse goes to its own side of the level: a narrow complex rises within
more samples than a pulse; and to the other side, on which a front end recovers."""
_JUMP_MV, _HIGHEST_MV = 5.0, 500.0
_SHARE, _SHARE_S, _FADE_S = 0.2, 0.03, 0.004
_NOTHING_MV = 0.005


class Spikes:
    """Takes them out, `delay` samples behind."""

    __slots__ = (
        "_age",
        "_before",
        "_height",
        "_level",
        "_pulse",
        "_rate_hz",
        "_samples",
        "_valid",
        "delay",
    )

    def __init__(self, rate_hz: int) -> None:
        """Begin at sample 0."""
        self._rate_hz = rate_hz
        self._pulse = max(_SAMPLES_LEAST, ceil(_PULSE_S * rate_hz))
        """Samples of a pulse, and of what is looked at on either side."""
        self._before = self._pulse + _LEVEL
        self.delay = 2 * self._pulse + 1
        """Samples."""
        self._samples: Values = np.zeros(self._before + self.delay)
        self._valid = np.zeros(self._before + self.delay, np.bool_)
        self._level = self._height = 0.0
        self._age: int | None = None
        """Samples since a pulse, while it matters."""

    def push(self, samples: NDArray[np.float32], valid: Mask) -> Values:
        """The samples that came `delay` before these."""
        known = np.concatenate([self._samples, samples])
        sound = np.concatenate([self._valid, valid])
        self._samples, self._valid = known[len(samples) :], sound[len(samples) :]
        first = self._before
        clean = known[first : first + len(samples)]
        found = self._found(known) if self._may_hold(known) else []
        if self._age is None and not found:
            return clean
        clean, begun = clean.copy(), 0
        for place, height in found:
            if sound[place - self._pulse : place + 2 * self._pulse].all():
                self._pass(clean[begun : max(begun, place - 1 - first)])
                begun = max(begun, place - 1 - first)
                self._begin(known[place - _LEVEL : place], height)
        self._pass(clean[begun:])
        return clean

    def _may_hold(self, known: Values) -> bool:
        """Whether it is worth to look for pulses, which costs more than all else done to a step.

        What stands out from either side is higher than the samples a pulse's length away from it,
        or lower than both.
        """
        pulse, first = self._pulse, self._before
        jump = np.maximum.reduce(np.abs(known[first + 1 :] - known[first:-1]))
        if jump <= _JUMP_LEAST_MV or jump > _JUMP_MV:
            return bool(jump > _JUMP_MV)
        change = known[first + 1 :] - known[first + 1 - pulse : -pulse]
        before, after = change[:-pulse], change[pulse:]
        apart = np.maximum(np.minimum(before, -after), np.minimum(-before, after))
        return bool(np.maximum.reduce(apart) > _HEIGHT_LEAST_MV)

    def _found(self, known: Values) -> list[tuple[int, float]]:
        """Rule 1: where pulses begin, and how high they are."""
        pulse, first = self._pulse, self._before + 1
        count = len(known) - self._before - self.delay
        runs = known[first - pulse + _runs(count + 2 * pulse, pulse)]
        high, low = runs.max(axis=0), runs.min(axis=0)
        before, here, after = (slice(part * pulse, part * pulse + count) for part in range(3))
        level = np.add.reduce(runs[:, before]) / pulse
        over = np.maximum(high[before], high[after])
        under = np.minimum(low[before], low[after])
        up = _stands(high[here] - over, over - level, level - under)
        down = _stands(under - low[here], level - under, over - level)
        height = np.maximum(up, down)
        jumps = np.abs(known[first : first + count] - known[first - 1 : first - 1 + count])
        height = np.where((jumps > _JUMP_MV) | (height > _JUMP_MV), _HIGHEST_MV, height)
        places = np.flatnonzero(height)
        return [(first + place, float(height[place])) for place in places.tolist()]

    def _begin(self, before: Values, height: float) -> None:
        if self._age is None:
            self._level, self._height, self._age = median(before.tolist()), height, 0
        elif self._age <= self._pulse + 2:
            self._height = max(self._height, height)

    def _pass(self, clean: Values) -> None:
        """Rule 2, in place."""
        if self._age is None or not len(clean):
            return
        fades_s = _FADE_S * log(max(1.0, _SHARE * self._height / _NOTHING_MV))
        ends = ceil((_SHARE_S + fades_s) * self._rate_hz) + self._pulse
        count = min(len(clean), ends - self._age)
        for place in range(count):
            clean[place] = self._without(float(clean[place]), self._age + place)
        self._age = None if self._age + count >= ends else self._age + count

    def _without(self, value: float, age: int) -> float:
        past = age - self._pulse - 1
        if past < 0:
            return self._level
        late_s = max(0.0, past / self._rate_hz - _SHARE_S)
        share_mv = _SHARE * self._height * exp(-late_s / _FADE_S)
        apart = value - self._level
        return self._level + copysign(max(0.0, abs(apart) - share_mv), apart)


def _stands(height: Values, same: Values, other: Values) -> Values:
    """The heights of those that stand out of what surrounds them, on the same and other side."""
    stands = (height > _SAME * same) & (height > _OTHER * other) & (height > _HEIGHT_LEAST_MV)
    return np.where(stands, height, 0.0)


@cache
def _runs(count: int, samples: int) -> NDArray[np.int64]:
    """The places of so many samples from each place on: cheaper to look up than a view to make."""
    return np.arange(samples)[:, None] + np.arange(count)
