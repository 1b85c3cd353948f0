"""What each kind of rule calls bad and good, sample by sample.

Each kind has two ways to the same marks: `marks` for any samples, and `quiet`, which costs a few
comparisons where the lowest and the highest value of a block tell that nothing can begin or end.
`quiet` says no rather than err; the state is the same after either.
"""

from itertools import pairwise
from typing import Protocol

import numpy as np

from edgeward.process.rules.detector import Detector, Places, Values, run_lengths
from edgeward.process.rules.rule import Band, Follows, Shape, Side
from edgeward.signal.windows import Mask


class Marks(Protocol):
    """The state of one kind of rule between blocks."""

    def quiet(self, low: float, high: float, count: int, detector: Detector) -> bool:
        """Take so many valid samples within these values if none of them can decide anything."""
        ...

    def marks(self, values: Values, breaks: Places) -> tuple[Mask, Mask]:
        """Take these values; which are bad and which are good."""
        ...


class LevelMarks:
    """Over one limit is bad, under the other is good; or the other way round."""

    __slots__ = ("_above", "_high", "_low")

    def __init__(self, side: Side, low: float, high: float) -> None:
        """Mark by these limits."""
        self._above = side is Side.ABOVE
        self._low, self._high = low, high

    def quiet(self, low: float, high: float, count: int, detector: Detector) -> bool:  # noqa: ARG002 - part of the interface
        """Nothing bad while nothing is raised, or nothing good while something is."""
        watches_low = detector.active is self._above
        quiet = low >= self._low if watches_low else high <= self._high
        if quiet:  # the count that could have decided ends; the other decides nothing
            detector.bad = detector.good = 0
        return quiet

    def marks(self, values: Values, breaks: Places) -> tuple[Mask, Mask]:  # noqa: ARG002 - part of the interface
        """Compare each value with both limits."""
        over, under = values > self._high, values < self._low
        return (over, under) if self._above else (under, over)


def inside(values: Values, band: Band) -> Mask:
    """Which values lie in a band."""
    return (values >= band.least) & (values <= band.most)


def _calm(count: int, detector: Detector) -> bool:
    """Take so many samples without an occurrence, all good, if that does not end the condition."""
    if detector.active and detector.good + count >= detector.clear_at:
        return False
    detector.bad = 0
    detector.good += count
    return True


class FollowsMarks:
    """An occurrence is bad, everything else is good."""

    __slots__ = ("_age", "_rule")

    def __init__(self, rule: Follows) -> None:
        """Wait for the first of the two."""
        self._rule = rule
        self._age = self._too_old
        """Samples since the last one in the first band, counting that one's own step."""

    @property
    def _too_old(self) -> int:
        return self._rule.within_samples + 1

    def quiet(self, low: float, high: float, count: int, detector: Detector) -> bool:
        """Neither band is touched."""
        for band in (self._rule.first, self._rule.then):
            if high >= band.least and low <= band.most:
                return False
        if not _calm(count, detector):
            return False
        self._age = min(self._age + count, self._too_old)
        return True

    def marks(self, values: Values, breaks: Places) -> tuple[Mask, Mask]:
        """Look back from each sample in the second band to the last one in the first."""
        places = np.arange(len(values))
        first, then = inside(values, self._rule.first), inside(values, self._rule.then)
        oldest = -self._too_old
        last = np.where(first, places, oldest)
        before = np.maximum.accumulate(np.concatenate(([-self._age], last)))
        begun = np.full(len(values), oldest)
        begun[breaks] = breaks
        begun = np.maximum.accumulate(begun)
        soon = before[:-1] >= places - self._rule.within_samples
        occurs = then & soon & (before[:-1] >= begun)
        if len(values):
            latest = int(before[-1]) if before[-1] >= begun[-1] else oldest
            self._age = min(len(values) - latest, self._too_old)
        return occurs, ~occurs


class ShapeMarks:
    """A shape that is complete is bad, everything else is good."""

    __slots__ = ("_bands", "_begun", "_phases", "_runs")

    def __init__(self, rule: Shape) -> None:
        """Wait for the first phase."""
        self._phases = rule.phases
        self._bands = tuple((phase.band.least, phase.band.most) for phase in rule.phases)
        self._runs = [0] * len(self._phases)
        """For each phase, how many samples in a row have been in its band."""
        self._begun = [False] * len(self._phases)
        """Whether that stay began where the phase before it ended in time."""

    def quiet(self, low: float, high: float, count: int, detector: Detector) -> bool:
        """The signal stays in and out of the same bands, and the last stay decides nothing."""
        runs = self._runs
        for (least, most), run in zip(self._bands, runs, strict=True):
            stays = run and least <= low and high <= most
            apart = not run and (high < least or low > most)
            if not (stays or apart):
                return False
        if self._begun[-1] and runs[-1] < self._phases[-1].min_samples <= runs[-1] + count:
            return False
        if not _calm(count, detector):
            return False
        self._runs = [run and run + count for run in runs]
        return True

    def marks(self, values: Values, breaks: Places) -> tuple[Mask, Mask]:
        """Phase by phase: each stay, and whether it began where the one before it ended in time."""
        if not len(values):
            none = np.zeros(0, dtype=np.bool_)
            return none, none
        stays = [inside(values, phase.band) for phase in self._phases]
        runs = [run_lengths(stay, breaks, run) for stay, run in zip(stays, self._runs, strict=True)]
        begun = [stays[0]]
        for phase, (earlier, later) in enumerate(pairwise(runs)):
            ended = begun[phase] & self._in_time(phase, earlier)
            was_ended = (
                self._begun[phase] and self._in_time(phase, np.array([self._runs[phase]]))[0]
            )
            entered = np.concatenate(([bool(was_ended)], ended[:-1]))
            entered[breaks] = False
            starts = np.arange(len(values)) - later + 1
            here = entered[np.clip(starts, 0, len(values) - 1)]
            inherited = np.where(starts < 0, self._begun[phase + 1], here)
            begun.append(stays[phase + 1] & inherited)
        occurs = begun[-1] & (runs[-1] == self._phases[-1].min_samples)
        self._runs = [int(each[-1]) for each in runs]
        self._begun = [bool(each[-1]) for each in begun]
        return occurs, ~occurs

    def _in_time(self, phase: int, runs: Places) -> Mask:
        """Which stays have lasted long enough for the phase, and not too long."""
        of = self._phases[phase]
        enough: Mask = runs >= of.min_samples
        return enough if of.max_samples is None else enough & (runs <= of.max_samples)
