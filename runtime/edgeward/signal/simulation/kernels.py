"""Many bells drawn into one signal at once."""

import numpy as np

from edgeward.signal.simulation.lane import F64

_REACH_SIGMAS = 5.0  # beyond, a bell is below 4 millionths of its height


def gaussians(out: F64, rate_hz: int, centres_s: F64, heights: F64, widths_s: F64) -> None:
    """Add a bell for each centre (in seconds from the first sample), of that height and width.

    A width is one standard deviation. What lies outside the signal is cut off.
    """
    if not len(centres_s):
        return
    count = len(out)
    half = int(np.ceil(_REACH_SIGMAS * float(np.max(widths_s)) * rate_hz))
    middle = np.rint(centres_s * rate_hz).astype(np.int64)
    near = (middle > -half) & (middle < count + half)
    middle, centres, height, width = (
        middle[near], centres_s[near], heights[near], widths_s[near],
    )  # fmt: skip
    place = middle[:, None] + np.arange(-half, half + 1)
    away = (place / rate_hz - centres[:, None]) / width[:, None]
    value = height[:, None] * np.exp(-0.5 * away * away)
    padded = np.bincount((place + 2 * half).ravel(), value.ravel(), minlength=count + 4 * half + 2)
    out += padded[2 * half : 2 * half + count]
