"""A slow signal told at a rate that suits it: means of so many samples, each with its last index.

What a pulse, a breath or a pressure wave shows lies below 20 Hz; at 1000 samples a second there is
nothing more to see. A mean of neighbours also takes away what would fold into the slow signal.

Rules:
1. The places where means begin depend on the sample index alone, so it does not matter how blocks
   are cut.
2. A mean with one invalid sample, or one that is no number, is invalid: it reads as 0 and False.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

_STEP_S = 0.1


class Thin:
    """Means of `factor` samples of one channel."""

    __slots__ = ("_steps", "factor", "rate_hz", "step_samples")

    def __init__(self, rate_hz: int, wanted_hz: int) -> None:
        """Thin to `wanted_hz` or a little more; a slower signal stays as it is.

        Raises:
            ValueError: a rate is not positive.
        """
        if rate_hz < 1 or wanted_hz < 1:
            raise ValueError(f"found {rate_hz} Hz to {wanted_hz} Hz; accepted: 1 or more each")
        self.factor = max(1, rate_hz // wanted_hz)
        """Samples in a mean."""
        self.rate_hz = rate_hz / self.factor
        """Means a second."""
        self.step_samples = self.factor * max(1, int(_STEP_S * self.rate_hz))
        """How far the means may lie behind the samples."""
        self._steps = Steps(self.step_samples)

    def push(self, samples: Samples, valid: Mask) -> Iterator[tuple[int, list[float], list[bool]]]:
        """Each step that is complete: its first sample, its means, and which of them are valid."""
        sound = valid & np.isfinite(samples)
        for first, step, mask in self._steps.push(samples, sound):
            means: NDArray[np.float64] = step.reshape(-1, self.factor).mean(
                axis=1, dtype=np.float64
            )
            whole = np.logical_and.reduce(mask.reshape(-1, self.factor), axis=1)
            means[~whole] = 0.0
            yield first, list(means.tolist()), [bool(one) for one in whole]
