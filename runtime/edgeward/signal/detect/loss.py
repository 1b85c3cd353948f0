"""How a pulse was lost: on the finger, or because the sensor left it.

Rules:
1. The light falls and rises with the pulse only so fast. A change between two values more than
   `JUMP` times as steep as any in the same direction within `_LOOK_BACK_S` before it is a step: the
   sensor moved, or left. Steps in both directions are motion, and tell nothing about the loss.
2. A finger without a pulse still breathes, drains and drifts, all of it slowly. When at least half
   of the power of what is left is noise without any memory, the sensor meets no finger.
3. After a pulse that ended with a step alone, nothing can be said: the sensor may have slipped.

A pulse that ends in neither way ended on the finger. The share of rule 2 is 1 for white noise, and
a few hundredths for the finger of a simulated patient without a heartbeat.
"""

from collections import deque
from enum import Enum

import numpy as np

JUMP = 2.0
_LOOK_BACK_S = 5.0
_WHITE_SHARE = 0.5


class Loss(Enum):
    """How a pulse was lost."""

    ON_FINGER = 0
    WITH_A_STEP = 1
    SENSOR_OFF = 2


class LossWatch:
    """Watches the values of a thinned signal for how they change."""

    __slots__ = ("_falls", "_left", "_now", "_rises", "_steps", "_value")

    def __init__(self, rate_hz: float, step_values: int, left_s: float) -> None:
        """Begin with nothing seen; values come in steps of so many.

        What is left of a pulse is measured over `left_s`.
        """
        steps = round(_LOOK_BACK_S * rate_hz / step_values)
        self._rises: deque[float] = deque(maxlen=steps)
        self._falls: deque[float] = deque(maxlen=steps)
        self._left: deque[float] = deque(maxlen=round(left_s * rate_hz))
        self._value: float | None = None
        self._now = 0
        self._steps: dict[bool, int] = {}  # upward or not, and where the last one was

    def beat(self, foot: float) -> None:
        """There is a pulse: no step before its foot took it away."""
        self._steps = {upward: at for upward, at in self._steps.items() if at >= foot}

    def push(self, values: list[float], whole: list[bool], *, pulse: bool) -> None:
        """Take a step; `pulse` says that beats were going on until now."""
        self._now += len(values)
        if not all(whole):
            self._value = None
            self._left.clear()
            return
        self._left.extend(values)
        changes = np.diff(values, prepend=values[0] if self._value is None else self._value)
        self._value = values[-1]
        for changed, upward in ((changes, True), (-changes, False)):
            known = self._rises if upward else self._falls
            steepest = float(changed.max(initial=0.0))
            if pulse and len(known) == known.maxlen and steepest > JUMP * max(known):
                self._steps[upward] = self._now
            known.append(steepest)

    def how(self) -> Loss:
        """How the pulse that is no longer seen was lost."""
        if self._white():
            return Loss.SENSOR_OFF
        return Loss.WITH_A_STEP if len(self._steps) == 1 else Loss.ON_FINGER

    def _white(self) -> bool:
        """Rule 2: what two neighbours differ, held against what all differ."""
        left = np.array(self._left)
        if len(left) < (self._left.maxlen or 0):
            return False
        spread = float(left.var())
        differ = float(np.mean(np.diff(left) ** 2)) / 2
        return spread > 0 and differ >= _WHITE_SHARE * spread
