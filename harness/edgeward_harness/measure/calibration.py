"""How sure answers are of themselves, against how often they are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.measure.clusters import CLUSTERS_MIN, Counts, lower_bound
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict

BINS: Final = 10
METHOD: Final = f"calibration error in {BINS} bins, upper bound with patients resampled"


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure one answer was of itself, and whether it was right."""

    patient: str
    confidence: float
    right: bool


def calibration_error(answers: Sequence[Sureness]) -> float:
    """The expected calibration error: how far, on the mean, being sure is from being right.

    Answers go into ten bins of equal width by how sure they are; the distance of a bin's mean
    confidence from its share of right answers counts with its share of all answers.
    """
    table = _table(answers)
    return float(_error(table.sum(0)))


def judge_calibration(answers: Sequence[Sureness], most: float, detail: str = "") -> Judgement:
    """Accept when the upper bound of the calibration error is at most so much.

    An error is never below 0, so that of resampled patients is rather too great than too small.
    """
    expected = f"expected calibration error at most {most:g}"
    table = _table(answers)
    better = lower_bound(table, lambda sums: -_error(sums), CONFIDENCE)
    if better is None:
        return Judgement(
            Verdict.CANNOT_JUDGE, "1", len(answers), METHOD, expected, "too few patients",
            CONFIDENCE, most, note=f"{len(table)} patients; at least {CLUSTERS_MIN} are needed",
        )  # fmt: skip
    return Judgement(
        verdict=Verdict.PASSED if -better <= most else Verdict.FAILED,
        unit="1",
        n=len(answers),
        method=METHOD,
        confidence=CONFIDENCE,
        expected=expected,
        limit=most,
        observed=float(_error(table.sum(0))),
        bound=-better,
        note=detail,
    )


def _table(answers: Sequence[Sureness]) -> Counts:
    """For each patient: by bin what was too sure, and how many answers there are."""
    place = {name: at for at, name in enumerate(sorted({one.patient for one in answers}))}
    table: NDArray[np.float64] = np.zeros((len(place), BINS + 1))
    for one in answers:
        at = min(int(one.confidence * BINS), BINS - 1)
        table[place[one.patient], at] += one.confidence - one.right
        table[place[one.patient], BINS] += 1
    return table


def _error(sums: Counts) -> Counts:
    """Of rows of summed tables."""
    error: Counts = np.abs(sums[..., :BINS]).sum(-1) / sums[..., BINS]
    return error
