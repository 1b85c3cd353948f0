"""Numbers that a sensor tells by itself, such as a saturation: which can be believed, and how long.

Rules:
1. Time goes in seconds of the channel. In a second in which a value came, a reading is told with
   its last sample, so the age of a value is the time since its `at`. The value is the median of
   those that came.
2. A value stays good for `stale_s`. From then on each second is told as stale, until one comes.
   Before the first value each second is told as missing.
3. What lies outside `low .. high` is no value. Of a second in which only such came: out of range.
4. A jump that no body makes, more than `jump` and `jump_per_s` for each second since the last good
   value, is not believed at once. When `CONFIRMED` seconds with values in a row agree with each
   other it was real: to hold back a value for good would hide what matters most.
5. The same value for `stuck_s` is stuck: sensors tremble. At or above `stuck_below` nothing is:
   there the range ends, and a healthy body stays there. A value finer than `grain` trembles more,
   so `fine_stuck_s` is enough.
"""

from dataclasses import dataclass
from math import inf, isinf
from statistics import median

import numpy as np

from edgeward.signal.findings import Finding, Reading, Reason, Vital
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

CONFIRMED = 3
_GRAIN_SHARE = 1e-3
RATES_HZ = (1, 100)


@dataclass(frozen=True, slots=True)
class NumberRules:
    """What can be believed of one vital."""

    vital: Vital
    low: float
    high: float
    jump: float
    jump_per_s: float
    stale_s: float
    stuck_s: float
    fine_stuck_s: float
    grain: float
    stuck_below: float = inf


class NumericDetector:
    """Readings of one vital that a sensor tells as numbers. Lag: at most a second."""

    __slots__ = (
        "_good",
        "_good_at",
        "_moved_at",
        "_pending",
        "_rate_hz",
        "_rules",
        "_same",
        "_second",
        "_steps",
    )

    def __init__(self, rate_hz: int, rules: NumberRules) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is not accepted.
        """
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            low, high = RATES_HZ
            raise ValueError(f"rate_hz: found {rate_hz!r}; accepted: {low} to {high}")
        self._rate_hz = rate_hz
        self._rules = rules
        self._steps = Steps(rate_hz)
        self._second = 0
        self._good: float | None = None
        self._good_at = 0
        self._same: float | None = None
        self._moved_at = 0
        self._pending: list[float] = []

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        found: list[Finding] = []
        for first, values, mask in self._steps.push(samples, valid & np.isfinite(samples)):
            self._second += 1
            # six figures: what a float32 cannot hold is no tremor
            came = [float(f"{value:.6g}") for value in values[mask]]
            told = self._judge(came)
            if told is not None:
                value, reason = told
                at = first + self._rate_hz - 1
                found.append(Reading(self._rules.vital, value, at, reason))
        return found

    def _judge(self, came: list[float]) -> tuple[float | None, Reason | None] | None:
        """What a second says: a value, or a reason; None for nothing new."""
        rules = self._rules
        possible = [value for value in came if rules.low <= value <= rules.high]
        if not possible:
            if came:
                self._pending.clear()
                return None, Reason.OUT_OF_RANGE
            return self._nothing()
        value = median(possible)
        if not self._believed(value):
            return None, Reason.OUT_OF_RANGE
        self._good, self._good_at = value, self._second
        if value != self._same:
            self._same, self._moved_at = value, self._second
        return (None, Reason.STUCK) if self._stuck(value) else (value, None)

    def _nothing(self) -> tuple[None, Reason] | None:
        """Rule 2."""
        if self._good is None:
            return None, Reason.MISSING
        return (None, Reason.STALE) if self._age_s() >= self._rules.stale_s else None

    def _age_s(self) -> int:
        return self._second - self._good_at

    def _believed(self, value: float) -> bool:
        """Rule 4."""
        if self._good is None or self._age_s() > self._rules.stale_s or self._near(value):
            self._pending.clear()
            return True
        rules = self._rules
        self._pending = [
            one
            for one in self._pending
            if abs(one - value) <= rules.jump + CONFIRMED * rules.jump_per_s
        ]
        self._pending.append(value)
        if len(self._pending) < CONFIRMED:
            return False
        self._pending.clear()
        return True

    def _near(self, value: float) -> bool:
        allowed = self._rules.jump + self._rules.jump_per_s * self._age_s()
        return self._good is not None and abs(value - self._good) <= allowed

    def _stuck(self, value: float) -> bool:
        """Rule 5."""
        rules = self._rules
        if value >= rules.stuck_below:
            return False
        steps = value / rules.grain
        fine = abs(steps - round(steps)) > _GRAIN_SHARE
        limit_s = rules.fine_stuck_s if fine else rules.stuck_s
        return not isinf(limit_s) and self._second - self._moved_at >= limit_s
