"""A sample reduced to what a reader needs: extremes, percentiles, mean and a histogram."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeward_harness.measure.acceptance import quantile

BINS = 48
"""Bins of a histogram; logarithmic, because delays have long tails."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The shape of a sample. `edges` has one value more than `counts`; all in the sample's unit."""

    n: int
    minimum: float
    p50: float
    p90: float
    p99: float
    maximum: float
    mean: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record."""
        return {
            "min": self.minimum,
            "p50": self.p50,
            "p90": self.p90,
            "p99": self.p99,
            "max": self.maximum,
            "mean": self.mean,
            "histogram": {"edges": list(self.edges), "counts": list(self.counts)},
        }


def describe(values: Sequence[float]) -> Distribution:
    """Reduce a non-empty sample.

    Raises:
        ValueError: the sample is empty.
    """
    if not values:
        raise ValueError("an empty sample has no distribution")
    ordered = sorted(values)
    edges = _edges(ordered[0], ordered[-1])
    return Distribution(
        n=len(ordered),
        minimum=ordered[0],
        p50=quantile(ordered, 0.50),
        p90=quantile(ordered, 0.90),
        p99=quantile(ordered, 0.99),
        maximum=ordered[-1],
        mean=math.fsum(ordered) / len(ordered),
        edges=edges,
        counts=_counts(ordered, edges),
    )


def _edges(low: float, high: float) -> tuple[float, ...]:
    if low <= 0.0 or high <= low:
        width = (high - low) / BINS or 1.0
        return tuple(low + width * step for step in range(BINS + 1))
    ratio = (high / low) ** (1.0 / BINS)
    return (*(min(high, low * ratio**step) for step in range(BINS)), high)


def _counts(ordered: Sequence[float], edges: Sequence[float]) -> tuple[int, ...]:
    counts = [0] * (len(edges) - 1)
    place = 0
    for value in ordered:
        while place < len(counts) - 1 and value >= edges[place + 1]:
            place += 1
        counts[place] += 1
    return tuple(counts)
