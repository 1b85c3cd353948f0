"""Beats that look alike, put together: the families of one patient.

Rules:
1. Shapes are compared by correlation, moved against each other by `SHIFTS` moments at most: neither
   height nor level counts.
2. A beat joins the family it is most like, if it is like enough; or it founds one. Of more than
   `_FAMILIES` the smallest goes that was met longest ago; never a usual one.
"""

from collections import deque
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.detect.qrs.front import Values

AROUND_S = 0.1
"""What of the wave is a shape, to either side of the complex."""
SHIFTS = 3
_CARRY = 0.1
_FAMILIES = 10
_FEW = 4
_LEAST_AREA = 1e-3
_INTERVALS, _EARLINESS = 8, 12


class Outline:
    """What of a beat is compared."""

    __slots__ = ("area", "quickness", "tries")

    def __init__(self, wave: Values) -> None:
        """Look at a wave with `SHIFTS` more moments on either side than a shape has."""
        count = len(wave) - 2 * SHIFTS
        shape = wave[SHIFTS:-SHIFTS]
        smooth = (shape[:-2] + 2 * shape[1:-1] + shape[2:]) / 4
        steps, level = smooth[1:] - smooth[:-1], smooth - smooth.sum() / len(smooth)
        power = float(level @ level)
        per_s = count / (2 * AROUND_S)
        self.quickness = max(1.0, per_s * (float(steps @ steps) / power) ** 0.5) if power else 1.0
        """How fast it moves for its size, 1/s: a wide complex is slow. Noise hardly counts."""
        middle = np.sort(shape)[count // 2]
        self.area = max(_LEAST_AREA, float(np.abs(shape - middle).sum()) / count)
        """Mean distance from its level, in mV."""
        moved = wave[_moved(count)]
        moved -= moved.sum(axis=1, keepdims=True) / count
        lengths = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        lengths[lengths == 0] = 1.0
        self.tries: Values = moved / lengths[:, None]
        """The shape, moved each way, of mean 0 and length 1."""


@cache
def _moved(count: int) -> NDArray[np.int64]:
    """The places of a shape in a wave, moved each way."""
    return np.arange(2 * SHIFTS + 1)[:, None] + np.arange(count)


class Family:
    """One of them."""

    __slots__ = ("area", "beats", "earliness", "evidence", "intervals", "quickness", "shape",
                 "usual")  # fmt: skip

    def __init__(self, outline: Outline) -> None:
        """Begin with one beat."""
        self.shape = outline.tries[SHIFTS]
        self.quickness = outline.quickness
        self.area = outline.area
        self.beats = 1
        self.usual = False
        """Whether it is the patient's own, and not ventricular."""
        self.evidence = 0.0
        """Of being ventricular, as a mean of its beats; above 0 for."""
        self.intervals: deque[float] = deque(maxlen=_INTERVALS)
        """Seconds before each of its last beats."""
        self.earliness: deque[float] = deque(maxlen=_EARLINESS)
        """The same as logarithms of shares of the usual interval."""

    def take(self, outline: Outline, moved: int) -> None:
        """One more beat, that is most like it when moved so."""
        carried = self.shape + _CARRY * outline.tries[moved]
        self.shape = carried / float(carried @ carried) ** 0.5
        self.beats += 1
        share = max(_CARRY, 1 / self.beats)
        self.quickness += share * (outline.quickness - self.quickness)
        self.area += share * (outline.area - self.area)


class Likeness(NamedTuple):
    """How like a beat is to one family, and how it is moved then."""

    family: Family
    value: float
    moved: int


class Families:
    """All of them; the one met last comes last."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        """Begin with none."""
        self.known: list[Family] = []

    def compare(self, outline: Outline) -> list[Likeness]:
        """A beat with each family."""
        if not self.known:
            return []
        alike = np.array([one.shape for one in self.known]) @ outline.tries.T
        best = alike.argmax(axis=1)
        values = alike[np.arange(len(best)), best].tolist()
        return [Likeness(*each) for each in zip(self.known, values, best.tolist(), strict=True)]

    def join(self, outline: Outline, alike: list[Likeness], enough: float) -> Family:
        """Rule 2."""
        nearest = max(alike, key=lambda one: one.value, default=None)
        if nearest is not None and nearest.value >= enough:
            found = nearest.family
            found.take(outline, nearest.moved)
            self.known.remove(found)
        else:
            found = Family(outline)
            if len(self.known) == _FAMILIES:
                others = [one for one in self.known if not one.usual]
                self.known.remove(min(others, key=lambda one: min(one.beats, _FEW)))
        self.known.append(found)
        return found
