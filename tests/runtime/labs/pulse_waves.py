"""Pulse waves made for a test: a wave at each given second, of a given height."""

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Samples

RISE_S = 0.05
TOP_S = 0.12
"""From the foot to the top."""
_SECOND_AFTER_S = 0.2
_SECOND_SHARE = 0.35
"""The dicrotic wave."""


def beat_times(seconds: float, rate_per_min: float) -> NDArray[np.float64]:
    """The feet of a regular pulse."""
    return np.arange(0.3, seconds, 60 / rate_per_min)


def pulse_wave(
    feet_s: NDArray[np.float64],
    seconds: float,
    rate_hz: int,
    heights: NDArray[np.float64] | float = 1.0,
    second_share: float = _SECOND_SHARE,
) -> Samples:
    """A wave with its top `TOP_S` after each foot, narrower the faster they come."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    out = np.zeros(len(time))
    each = np.broadcast_to(np.asarray(heights, float), feet_s.shape)
    gaps = np.diff(feet_s, append=feet_s[-1] + 1.0)
    for foot, height, gap in zip(feet_s, each, gaps, strict=True):
        fit = min(1.0, gap / 0.5)
        for share, after, width in (
            (1.0, TOP_S, RISE_S),
            (second_share, TOP_S + _SECOND_AFTER_S, 1.4 * RISE_S),
        ):
            centre, wide = foot + after * fit, width * fit
            low = max(0, round((centre - 5 * wide) * rate_hz))
            high = min(len(time), round((centre + 5 * wide) * rate_hz))
            part = time[low:high]
            out[low:high] += share * height * np.exp(-((part - centre) ** 2) / (2 * wide**2))
    return out.astype(np.float32)


def noise(samples: int, share: float, seed: int = 1) -> Samples:
    """White noise of this standard deviation."""
    return (share * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)
