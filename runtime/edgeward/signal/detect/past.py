"""What the last steps of a signal were like: whole, constant, and how far it rose.

What did not come, and what stood still at one value for `FLAT_STEPS`, is no evidence of anything:
what is to be seen over some time must be seen after it, from its end on.
"""

from collections import deque
from itertools import islice
from typing import NamedTuple

FLAT_STEPS = 30
"""Of 0.1 s. A coarse converter may show one value for as long as a breath is held."""


class Stretch(NamedTuple):
    """Some time of a signal."""

    whole: bool
    """Every sample came."""
    constant: bool
    """All samples have one value: nothing living does that."""
    rise: float
    """The most it rose."""


class Past:
    """The last steps of a signal."""

    __slots__ = ("_same", "_steps", "_value", "evidence")

    def __init__(self, steps_max: int) -> None:
        """Remember so many steps."""
        self._steps: deque[tuple[bool, float, float, float]] = deque(maxlen=steps_max)
        self._value: float | None = None
        self._same = 0
        self.evidence = 0
        """Steps since the last one that did not come, or that ended a stretch at one value."""

    def __len__(self) -> int:
        """How many steps are remembered."""
        return len(self._steps)

    def add(self, whole: list[bool], values: list[float], rise: float) -> None:
        """Take a step."""
        low, high = min(values), max(values)
        self._steps.append((all(whole), low, high, rise))
        self._same = self._same + 1 if low == high == self._value else 0
        self._value = high
        alive = all(whole) and self._same < FLAT_STEPS
        self.evidence = self.evidence + 1 if alive else 0

    def last(self, steps: int) -> Stretch:
        """The last steps, as many of them as there are."""
        recent = list(islice(reversed(self._steps), max(1, steps)))
        return Stretch(
            whole=all(one[0] for one in recent),
            constant=min(one[1] for one in recent) == max(one[2] for one in recent),
            rise=max(one[3] for one in recent),
        )
