"""One thing that can be wrong with a channel, judged step by step, and told with hysteresis.

Rules:
1. A check judges a step: wrong (True), right (False), or not to be judged (None), which changes
   nothing: what was wrong stays wrong until it is seen to be right.
2. A defect begins when so many of the last judged steps are wrong, and ends when so many in a row
   are right. Both are counted in steps, so they lie a bounded time behind the signal.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.ring import Mask

Values = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Step:
    """A stretch of a channel; good while it is judged."""

    first: int
    """Index of its first sample."""
    samples: Values
    """What is missing holds the last value before it."""
    valid: Mask
    missing: int
    """How many are not valid."""

    @property
    def sound(self) -> Values:
        """Only what is valid."""
        return self.samples if not self.missing else self.samples[self.valid]


class Check(Protocol):
    """Judges each step of a channel, in order."""

    def judge(self, step: Step) -> bool | None:
        """Rule 1."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something must be wrong, or right, before it is told; in judged steps."""

    wrong: int
    """So many wrong ones ..."""
    among: int
    """... among the last so many begin a defect."""
    right: int
    """So many right ones in a row end it."""
    back: int = 0
    """How many steps before its first wrong step the signal began to be wrong."""


class Watch:
    """A check, and whether its defect is present."""

    __slots__ = ("_check", "_first_right", "_patience", "_right", "_wrong", "defect", "present")

    def __init__(self, defect: Reason, check: Check, patience: Patience) -> None:
        """Begin with nothing wrong."""
        self.defect = defect
        self.present = False
        self._check = check
        self._patience = patience
        self._wrong: deque[int | None] = deque(maxlen=patience.among)  # where wrong steps begin
        self._right = 0
        self._first_right = 0

    def take(self, step: Step) -> DefectChange | None:
        """Judge a step; the defect's beginning or end if this is where it becomes known."""
        verdict = self._check.judge(step)
        if verdict is None:
            return None
        length = len(step.samples)
        if verdict:
            self._right = 0
            self._wrong.append(max(0, step.first - self._patience.back * length))
        else:
            self._wrong.append(None)
            self._first_right = self._first_right if self._right else step.first
            self._right += 1
        return self._changed(step.first + length - 1)

    def _changed(self, at: int) -> DefectChange | None:
        """Rule 2."""
        wrong = [one for one in self._wrong if one is not None]
        if not self.present and len(wrong) >= self._patience.wrong:
            self.present = True
            return DefectChange(self.defect, present=True, since=wrong[0], at=at)
        if self.present and self._right >= self._patience.right:
            self.present = False
            self._wrong.clear()
            return DefectChange(self.defect, present=False, since=self._first_right, at=at)
        return None
