"""The wave around a beat at one rate, whatever rate it was sampled with.

Rules:
1. The wave runs from `BEFORE_S` to `AFTER_S` around the beat in steps of 8 ms, each a mean under a
   triangle of 16 ms to either side: hum of 50 and 60 Hz is next to nothing in it.
2. It is of no use unless all of it was valid: what did not come is not filled in.
3. Its level is its median. Nothing else is taken away, so that no filter rings into a neighbour.
"""

from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Mask, Ring, Samples

POINTS_HZ = 125
BEFORE_S, AFTER_S = 0.36, 0.52
MIDDLE = round(BEFORE_S * POINTS_HZ)
"""The point of the beat itself."""
POINTS = MIDDLE + round(AFTER_S * POINTS_HZ) + 1
_TRIANGLE_S = 0.016

Values = NDArray[np.float64]


class Cutter:
    """Remembers the last samples of one channel, and cuts waves out of them."""

    __slots__ = ("_after", "_before", "_ring", "_weights")

    def __init__(self, rate_hz: int, kept_s: float) -> None:
        """Expect sample 0; remember at least so many seconds before the newest one."""
        self._before = ceil((BEFORE_S + _TRIANGLE_S) * rate_hz)
        self._after = ceil((AFTER_S + _TRIANGLE_S) * rate_hz)
        self._weights = _weights(rate_hz, self._before, self._after)
        self._ring = Ring(ceil(kept_s * rate_hz) + self._before + self._after)

    @property
    def after_samples(self) -> int:
        """Samples after a beat that its wave needs."""
        return self._after

    def push(self, samples: Samples, valid: Mask) -> None:
        """The next samples."""
        self._ring.push(samples, valid)

    def whole(self, first: int, end: int) -> bool:
        """Whether all of these samples came, and are still remembered."""
        if first < self._ring.end - self._ring.reach or end > self._ring.end:
            return False
        return self._ring.view(first, end)[2] == end - first

    def cut(self, sample: int) -> Values | None:
        """The wave around a sample, in the unit of the channel; None by rule 2."""
        first, end = sample - self._before, sample + self._after + 1
        if not self.whole(first, end):
            return None
        samples = self._ring.view(first, end)[0]
        wave: Values = self._weights @ samples.astype(np.float64)
        return wave - float(np.sort(wave)[POINTS // 2])


@lru_cache
def _weights(rate_hz: int, before: int, after: int) -> Values:
    """Rule 1, as one matrix; channels of one rate share it."""
    at_s = np.arange(-before, after + 1) / rate_hz
    middle_s = (np.arange(POINTS) - MIDDLE) / POINTS_HZ
    weights = np.maximum(0.0, 1.0 - np.abs(at_s - middle_s[:, None]) / _TRIANGLE_S)
    weights /= weights.sum(axis=1, keepdims=True)
    weights.setflags(write=False)
    result: Values = weights
    return result
