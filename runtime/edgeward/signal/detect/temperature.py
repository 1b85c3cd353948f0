"""Body temperature, told by a thermometer as a number in degrees Celsius.

Rules, beyond those of `numeric`:
1. A living patient's core lies between 25 and 45 degrees. What is colder is the air of the room.
2. A body does not change by `UNSETTLED_CEL` within `UNSETTLED_S`; a probe that is put on or falls
   off does. While a value differs so much from that of a minute before, it is not the body's: a
   rise is learning, a fall is a lead off. Rewarming and malignant hyperthermia are far slower.
3. Tenths of a degree may stand still for hours. Finer values tremble: half an hour is stuck.
"""

from collections import deque
from math import inf

from edgeward.signal.detect.numeric import NumberRules, NumericDetector
from edgeward.signal.findings import Finding, Reading, Reason, Vital
from edgeward.signal.ring import Mask, Samples

UNSETTLED_CEL = 2.0
UNSETTLED_S = 60
RULES = NumberRules(
    Vital.TEMPERATURE,
    low=25.0,
    high=45.0,
    jump=UNSETTLED_CEL,
    jump_per_s=UNSETTLED_CEL / UNSETTLED_S,
    stale_s=30.0,
    stuck_s=inf,
    fine_stuck_s=1800.0,
    grain=0.1,
)


class TemperatureDetector(NumericDetector):
    """Readings of the temperature."""

    __slots__ = ("_minute",)

    def __init__(self, rate_hz: int) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is not accepted.
        """
        super().__init__(rate_hz, RULES)
        self._minute: deque[tuple[int, float]] = deque()

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        return [
            self._settled(one) if isinstance(one, Reading) else one
            for one in super().push(samples, valid)
        ]

    def _settled(self, told: Reading) -> Reading:
        """Rule 2."""
        if told.value is None:
            return told
        minute = self._minute
        minute.append((told.at, told.value))
        while minute[0][0] < told.at - UNSETTLED_S * self._rate_hz:
            minute.popleft()
        values = [value for _, value in minute]
        if told.value - min(values) > UNSETTLED_CEL:
            return Reading(told.vital, None, told.at, Reason.LEARNING)
        if max(values) - told.value > UNSETTLED_CEL:
            return Reading(told.vital, None, told.at, Reason.LEAD_OFF)
        return told
