"""Steps laid out in time, marks that come part by part, and values that go in straight lines."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Marks = NDArray[np.void]
"""Rows in order of their `time_s`."""
PART_S = 60.0
"""Long steps are worked out in parts of this length, counted from their begin."""


class _Timed(Protocol):
    @property
    def seconds(self) -> float: ...


class _Ends(_Timed, Protocol):
    @property
    def ends(self) -> tuple[tuple[float, float], ...]: ...


Step = TypeVar("Step", bound=_Timed)


def placed(steps: Sequence[Step]) -> Iterator[tuple[Step, float, float]]:
    """Each step with its begin and its end."""
    start_s = 0.0
    for step in steps:
        yield step, start_s, start_s + step.seconds
        start_s += step.seconds


def parts(start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """A stretch in parts that depend on the stretch alone."""
    count = max(1, int(np.ceil((end_s - start_s) / PART_S)))
    for part in range(count):
        yield start_s + part * PART_S, min(end_s, start_s + (part + 1) * PART_S)


class Course:
    """One value that goes in straight lines, step by step, and stays where it ended."""

    def __init__(self, steps: Sequence[_Ends], which: int = 0) -> None:
        """Take the value of this place in the ends of each step."""
        spans = list(placed(steps))
        self._starts = np.array([start for _, start, _ in spans])
        self._lengths = np.array([end - start for _, start, end in spans])
        self._from = np.array([step.ends[which][0] for step, _, _ in spans])
        self._to = np.array([step.ends[which][1] for step, _, _ in spans])

    def at(self, times_s: F64) -> F64:
        """The value at these instants."""
        place = np.maximum(np.searchsorted(self._starts, times_s, side="right") - 1, 0)
        share = np.clip((times_s - self._starts[place]) / self._lengths[place], 0.0, 1.0)
        value: F64 = self._from[place] + share * (self._to[place] - self._from[place])
        return value


class Rolling:
    """Marks as they come, with those that were asked for and are not yet past."""

    def __init__(self, coming: Iterator[tuple[float, Marks]], dtype: "np.dtype[Any]") -> None:
        """Take pairs: until when marks are known, and the new ones."""
        self._coming = coming
        self._marks = np.zeros(0, dtype)
        self._until_s = -np.inf

    def window(self, first_s: float, end_s: float) -> Marks:
        """The marks from `first_s` on and before `end_s`; earlier ones are forgotten."""
        while self._until_s < end_s:
            self._until_s, new = next(self._coming, (np.inf, self._marks[:0]))
            self._marks = np.concatenate([self._marks, new])
        times = self._marks["time_s"]
        low, high = np.searchsorted(times, [first_s, end_s])
        self._marks = self._marks[low:]
        return self._marks[: high - low]
