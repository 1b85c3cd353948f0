"""Oxygen saturation, told by an oximeter as a number.

Rules, beyond those of `numeric`:
1. 100 is a normal value like any other. A patient who is given oxygen stays there for hours: in the
   recordings at hand a quarter of all seconds are exactly 100. So 100 is never stuck.
2. Nothing below 1 can be measured: 0 is what a probe in the air gives.
3. Blood does not lose 8 % within a second and then 2 % in each further one, not even without any
   breath; a probe that slips shows it. A fall that stays is believed in its third second.
4. Whole percents may stand still for long: of 27 patients one showed 93 for all of 8 minutes. An
   hour of one whole value below 100 is stuck; with decimals, which tremble, ten minutes are.
"""

from edgeward.signal.detect.numeric import NumberRules, NumericDetector
from edgeward.signal.findings import Vital

STALE_S = 30.0
RULES = NumberRules(
    Vital.SPO2,
    low=1.0,
    high=100.0,
    jump=8.0,
    jump_per_s=2.0,
    stale_s=STALE_S,
    stuck_s=3600.0,
    fine_stuck_s=600.0,
    grain=1.0,
    stuck_below=100.0,
)


class Spo2Detector(NumericDetector):
    """Readings of the saturation, in percent."""

    __slots__ = ()

    def __init__(self, rate_hz: int) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is not accepted.
        """
        super().__init__(rate_hz, RULES)
