"""How much a figure changes over a run: a slope that outliers do not move, with its bounds.

Neighbouring latencies resemble each other, and so does memory from one reading to the next. So the
series is cut into stretches of equal length, each stands for itself by its median, and the slope is
that of Theil and Sen over the stretches, with Sen's distribution-free bounds. What must hold for
them is that stretches, not single values, are independent: true where what connects neighbours is
forgotten within a stretch, a twentieth of the run. The shape of the noise does not matter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import NormalDist, median

STRETCHES = 20
STRETCHES_MIN = 8
"""Fewer bear no bound: the widest one that eight allow has 95 % confidence."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The slope of a series; the bounds hold one by one with the stated confidence."""

    slope_per_value: float
    lower: float
    upper: float
    n: int
    """Values that the slope was taken over."""
    confidence: float

    @property
    def change(self) -> float:
        """What the figure has changed by from the first value to the last."""
        return self.slope_per_value * (self.n - 1)

    @property
    def change_lower(self) -> float:
        """The lower bound of that change."""
        return self.lower * (self.n - 1)

    @property
    def change_upper(self) -> float:
        """The upper bound of that change."""
        return self.upper * (self.n - 1)


def drift(values: Sequence[float], *, confidence: float = 0.95, skip: int = 0) -> Drift:
    """The slope of values in the order in which they were taken, without the first `skip`.

    Raises:
        ValueError: too few are left, one is not a finite number, or the confidence is none.
    """
    kept = [float(value) for value in values[skip:]]
    if len(kept) < STRETCHES_MIN or skip < 0:
        raise ValueError(
            f"{len(kept)} values after {skip} skipped; accepted: {STRETCHES_MIN} or more"
        )
    if not all(map(math.isfinite, kept)):
        raise ValueError("a value is not a finite number: what never came has no drift")
    if not 0.5 < confidence < 1:
        raise ValueError(f"a confidence of {confidence}; accepted: above 0.5, below 1")
    count = min(STRETCHES, len(kept))
    edges = [len(kept) * number // count for number in range(count + 1)]
    points = [((low + high - 1) / 2, median(kept[low:high])) for low, high in pairwise(edges)]
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2))
    lower, upper = _ranks(count, confidence)
    return Drift(median(slopes), slopes[lower], slopes[upper], len(kept), confidence)


def _ranks(count: int, confidence: float) -> tuple[int, int]:
    """The places of both bounds among the ascending slopes (Sen 1968), on the safe side."""
    pairs = count * (count - 1) // 2
    variance = count * (count - 1) * (2 * count + 5) / 18
    spread = NormalDist().inv_cdf(confidence) * math.sqrt(variance)
    lower = max(0, math.floor((pairs - spread) / 2) - 1)
    return lower, pairs - 1 - lower
