"""What the last steps of a signal were like: whole, constant, and how far it rose."""

from collections import deque
from itertools import islice
from typing import NamedTuple


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

    __slots__ = ("_steps",)

    def __init__(self, steps_max: int) -> None:
        """Remember so many steps."""
        self._steps: deque[tuple[bool, float, float, float]] = deque(maxlen=steps_max)

    def __len__(self) -> int:
        """How many steps are remembered."""
        return len(self._steps)

    def add(self, whole: list[bool], values: list[float], rise: float) -> None:
        """Take a step."""
        self._steps.append((all(whole), min(values), max(values), rise))

    def last(self, steps: int) -> Stretch:
        """The last steps, as many of them as there are."""
        recent = list(islice(reversed(self._steps), max(1, steps)))
        return Stretch(
            whole=all(one[0] for one in recent),
            constant=min(one[1] for one in recent) == max(one[2] for one in recent),
            rise=max(one[3] for one in recent),
        )
