"""The movement of a chest made for a test: a breath at each given second, and a heart in it."""

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Samples


def breath_wave(
    tops_s: NDArray[np.float64],
    seconds: float,
    rate_hz: int,
    heights: NDArray[np.float64] | float = 1.0,
) -> Samples:
    """A smooth hill around each top, as wide as the breaths are apart, 3 s at most."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    out = np.zeros(len(time))
    each = np.broadcast_to(np.asarray(heights, float), tops_s.shape)
    gaps = np.diff(tops_s, append=tops_s[-1] + 3.0)
    for top, height, gap in zip(tops_s, each, gaps, strict=True):
        half = min(gap, 3.0) / 2
        inside = np.abs(time - top) < half
        out[inside] += height * (1 + np.cos(np.pi * (time[inside] - top) / half)) / 2
    return out.astype(np.float32)


def heart_in(samples: int, rate_hz: int, rate_per_min: float, share: float) -> Samples:
    """What a heart makes of the signal, peak to peak."""
    time = np.arange(samples) / rate_hz
    return (share / 2 * np.sin(2 * np.pi * rate_per_min / 60 * time)).astype(np.float32)
