"""Pressures that a cuff measures now and then: systolic, diastolic and mean, in that order.

Rules, beyond those of `numeric`:
1. A second without a measurement is an invalid sample. The channel goes on meanwhile, so that a
   cuff that rests is told from one whose sender is gone.
2. Three numbers that do not lie in their order, systolic over mean over diastolic, are no
   measurement: all three are out of range.
3. A number stays good for `CUFF_GOOD_S`; its age is the time since its sample. What is told without
   a number is told once, not again each second.
"""

import numpy as np

from edgeward.signal.detect.pressure import PressureNumberDetector
from edgeward.signal.findings import Finding, Reading, Reason, Vital
from edgeward.signal.ring import Mask, Samples

AXES = (Vital.PRESSURE_SYSTOLIC, Vital.PRESSURE_DIASTOLIC, Vital.PRESSURE_MEAN)
"""The values of a sample."""
CUFF_GOOD_S = 900.0
"""Cuffs measure every quarter of an hour, or more often."""
_IMPOSSIBLE = -1.0


class CuffDetector:
    """Readings of the three pressures of a cuff. Lag: none at 1 Hz, at most a second."""

    __slots__ = ("_detectors", "_reasons")

    def __init__(self, rate_hz: int, good_s: float = CUFF_GOOD_S) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate or the age is not accepted.
        """
        self._detectors = [PressureNumberDetector(rate_hz, vital, good_s) for vital in AXES]
        self._reasons: dict[Vital, Reason | None] = {}

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, three values each, and tell what they make known."""
        whole = valid & np.isfinite(samples).all(axis=1)
        systolic, diastolic, mean = samples.T
        with np.errstate(invalid="ignore"):
            ordered = (systolic > mean) & (mean > diastolic)  # rule 2
        values = np.where((whole & ~ordered)[:, None], np.float32(_IMPOSSIBLE), samples)
        of_each = [
            one.push(column, whole) for one, column in zip(self._detectors, values.T, strict=True)
        ]
        found = sorted((one for told in of_each for one in told), key=lambda one: one.at)
        return [one for one in found if self._news(one)]

    def _news(self, found: Finding) -> bool:
        """Rule 3."""
        if not isinstance(found, Reading):
            return True
        known = self._reasons.get(found.vital)
        self._reasons[found.vital] = found.reason
        return found.value is not None or found.reason is not known
