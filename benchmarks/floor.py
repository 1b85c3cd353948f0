"""The least that anything does which listens to a signal: one band-pass of each block.

Seconds of a processor say as much about the host as about what ran on it. So they are shown beside
those that this took, in the same run.
"""

import numpy as np
from numpy.typing import NDArray

_KERNEL_S, _TAPS_LEAST = 0.1, 3


class BandPass:
    """Filters one channel."""

    def __init__(self, rate_hz: int) -> None:
        """Begin with silence."""
        self._kernel = np.hanning(max(_TAPS_LEAST, round(_KERNEL_S * rate_hz)))
        self._known = np.zeros(len(self._kernel) - 1)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """The next block, whatever its axes."""
        known = np.concatenate([self._known, samples.ravel()])
        self._known = known[1 - len(self._kernel) :]
        return np.correlate(known, self._kernel, "valid")
