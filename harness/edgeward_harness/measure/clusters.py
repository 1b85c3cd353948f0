"""Figures over patients: what one patient did is no news about the next beat of the same patient.

Rules:
1. Beats, alarms and windows of one patient belong together. A bound resamples *patients*, with all
   that is theirs, and never single beats (bootstrap by clusters, percentile interval).
2. A share is moreover never bounded more tightly than if all of it were independent (Clopper and
   Pearson): where no patient shows a failure, resampling alone would promise perfection.
3. Fewer than ten patients have no bound: the resampled ones would be too much alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.measure.acceptance import rate_upper_bound

CLUSTERS_MIN: Final = 10
RESAMPLES: Final = 10_000
SEED: Final = 20_150_801
"""The same patients always have the same bound."""

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], Counts]
"""From rows of summed counts to one figure each; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many were right, in one patient."""

    name: str
    right: float
    total: float

    @property
    def value(self) -> float | None:
        """The share; None where there was nothing to be right about."""
        return self.right / self.total if self.total else None


def pooled(shares: Sequence[Share]) -> Share:
    """All patients as one."""
    return Share("all", sum(one.right for one in shares), sum(one.total for one in shares))


def share_lower_bound(shares: Sequence[Share], confidence: float) -> float | None:
    """The lower bound of the pooled share (rules 1 and 2); None for too few patients (rule 3)."""
    counts = np.array([(one.right, one.total) for one in shares if one.total], dtype=np.float64)
    resampled = lower_bound(counts, lambda sums: sums[..., 0] / sums[..., 1], confidence)
    if resampled is None:
        return None
    right, total = counts.sum(axis=0)
    independent = 1.0 - rate_upper_bound(round(total - right), round(total), confidence)
    return min(resampled, independent)


def lower_bound(counts: Counts, statistic: Statistic, confidence: float) -> float | None:
    """The lower bound of a figure of counts, one row a patient (rule 1).

    None for too few patients (rule 3), or where a resampled set has no figure at all.
    """
    if len(counts) < CLUSTERS_MIN:
        return None
    rng = np.random.default_rng(SEED)
    even = np.full(len(counts), 1.0 / len(counts))
    drawn = rng.multinomial(len(counts), even, size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = statistic(drawn @ counts)
    if not np.isfinite(figures).all():
        figures = figures[np.isfinite(figures)]
        if len(figures) < confidence * RESAMPLES:
            return None
    return float(np.quantile(figures, 1.0 - confidence, method="lower"))
