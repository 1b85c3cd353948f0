"""Whether a beat is like the patient's own: its shape, its width and when it came.

Rules:
1. The *usual shape* is the mean of beats that look alike. It is learned from the first ten: from
   the largest group of them that do, and at least half. Until then nothing is said of a beat.
2. A beat unlike the usual shape, or far wider, is ventricular when it came early or is wide. What
   came in time and is no wider, or early and of the usual shape, is not.
3. Usual beats carry the shape on. When most of the last beats were unlike it, yet like each other
   and not fast, the patient's shape has changed: it is learned again.
"""

from collections import deque
from dataclasses import dataclass
from statistics import median

import numpy as np

from edgeward.signal.detect.qrs.front import Values
from edgeward.signal.findings import BeatClass

AROUND_S = 0.1
"""What of the wave is a shape, to either side of the complex."""
_LEARN_FROM = 10
_LEARN_LEAST = 5
_ALIKE, _LIKE = 0.9, 0.85
SHIFTS = 3
_CARRY = 0.1
_WIDER, _WIDE_MS = 1.3, 130.0
_EARLY = 0.87
_USUAL = 8
_FOREIGN = 30
_SLOW_S = 0.6


@dataclass(frozen=True, slots=True)
class Complex:
    """What of a beat is compared."""

    wave: Values
    """With `SHIFTS` more moments on either side than a shape has."""
    width_ms: float
    interval_s: float | None


class Shapes:
    """Judges the beats of one patient."""

    __slots__ = ("_foreign", "_intervals", "_met", "_shape", "_widths")

    def __init__(self) -> None:
        """Begin knowing none."""
        self._met: list[Complex] = []
        self._shape: Values | None = None
        self._widths: deque[float] = deque(maxlen=_USUAL)
        self._intervals: deque[float] = deque(maxlen=_USUAL)
        self._foreign: deque[Complex] = deque(maxlen=_FOREIGN)

    def judge(self, beat: Complex) -> BeatClass:
        """The class of the next beat."""
        early = self._early(beat)
        if self._shape is None:
            self._note(beat.interval_s)
            self._meet(beat)
            return BeatClass.UNKNOWN
        likeness, shape = _best(self._shape, beat.wave)
        wide = beat.width_ms > _WIDER * median(self._widths)
        if likeness >= _LIKE and not (wide and beat.width_ms > _WIDE_MS and early):
            self._carry(shape, beat)
            return BeatClass.NORMAL
        self._estrange(beat)
        if not early:
            self._note(beat.interval_s)
        return BeatClass.VENTRICULAR if early or wide else BeatClass.NORMAL

    def _early(self, beat: Complex) -> bool:
        if beat.interval_s is None or len(self._intervals) < 3:
            return False
        return beat.interval_s < _EARLY * median(self._intervals)

    def _note(self, interval_s: float | None) -> None:
        if interval_s is not None:
            self._intervals.append(interval_s)

    def _carry(self, shape: Values, beat: Complex) -> None:
        assert self._shape is not None
        carried = self._shape + _CARRY * shape
        self._shape = carried / np.linalg.norm(carried)
        self._widths.append(beat.width_ms)
        self._note(beat.interval_s)
        if self._foreign:
            self._foreign.popleft()

    def _estrange(self, beat: Complex) -> None:
        """Rule 3."""
        self._foreign.append(beat)
        if len(self._foreign) < _FOREIGN:
            return
        intervals = [one.interval_s for one in self._foreign if one.interval_s is not None]
        if intervals and median(intervals) < _SLOW_S:
            return
        self._shape = None
        self._met = []

    def _meet(self, beat: Complex) -> None:
        """Rule 1."""
        self._met = [*self._met[1 - _LEARN_FROM :], beat]
        if len(self._met) < _LEARN_FROM:
            return
        groups = [self._group(one) for one in self._met]
        largest = max(groups, key=len)
        if len(largest) < _LEARN_LEAST:
            return
        total = np.sum([shape for shape, _ in largest], axis=0)
        self._shape = total / np.linalg.norm(total)
        self._widths.extend(width for _, width in largest)
        self._foreign.clear()

    def _group(self, beat: Complex) -> list[tuple[Values, float]]:
        middle = _unit(beat.wave[SHIFTS:-SHIFTS])
        found = [(_best(middle, one.wave), one.width_ms) for one in self._met]
        return [(shape, width) for (likeness, shape), width in found if likeness >= _ALIKE]


def _unit(wave: Values) -> Values:
    level: Values = wave - wave.mean()
    length = float(np.linalg.norm(level))
    return level / length if length else level


def _best(shape: Values, wave: Values) -> tuple[float, Values]:
    """How like, at most, when moved a little; and the wave there."""
    tries = [_unit(wave[first : first + len(shape)]) for first in range(2 * SHIFTS + 1)]
    likeness = [float(shape @ one) for one in tries]
    best = max(range(len(tries)), key=likeness.__getitem__)
    return likeness[best], tries[best]
