"""The tail of a sample beyond its largest value, from its peaks over a threshold.

An order statistic says nothing about delays rarer than the sample is long. Peaks over a threshold
do, if they follow a generalised Pareto distribution. Rules, beside those of `tails`:

1. The threshold leaves the upper tenth of the sample above it, but no more than 500 values; fewer
   than 100 are refused.
2. A shape below zero would say that delays have an upper end. No sample shows that, so the bound
   takes no tail to be lighter than an exponential one.
3. The bound is the largest quantile of all tails, and of all rates of crossing the threshold, that
   profile likelihood does not rule out, at half the error that the confidence leaves: refusing
   samples that look heavy keeps those that look too light, which takes the other half.
4. A tail that may have no finite variance is refused.

What holds: the bound covers the true quantile about as often as its confidence says when the tail
above the threshold is near a generalised Pareto one, and more often for lighter tails. A mode so
rare that the sample never met it is beyond any statistics.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeward_harness.measure.tails import (
    FIT_LEVEL,
    SHAPE_MAX,
    SIMULATIONS,
    TAIL_SHARE,
    TailBound,
    TailRefused,
    Values,
    anderson_darling,
    check_arguments,
    dependence,
    drop,
    out_of_reach,
    p_value,
    tied,
)

EXCEEDANCES_MIN: Final = 100
EXCEEDANCES_MAX: Final = 500
"""More would reach further into the body of the distribution without telling more of its tail."""


def fit_tail(
    values_ms: Sequence[float], *, exceedance: float, confidence: float = 0.95, seed: int
) -> TailBound | TailRefused:
    """Bound the delay that a share `exceedance` of all delays is beyond.

    The values are taken in the order in which they were measured. The seed is that of the
    simulations behind the p-value of the fit; the same seed gives the same answer.

    Raises:
        ValueError: a value is NaN, or a share or the confidence is out of its range.
    """
    values = np.asarray(values_ms, dtype=np.float64)
    check_arguments(values, exceedance, confidence)
    n = len(values)
    count = min(int(n * TAIL_SHARE), EXCEEDANCES_MAX)
    reason = out_of_reach(values, exceedance, math.ceil(EXCEEDANCES_MIN / TAIL_SHARE))
    if reason:
        return TailRefused(reason)
    threshold = float(np.sort(values)[n - count - 1])
    above = values > threshold
    excess = np.sort(values[above]) - threshold
    reason = tied(excess, count, f"the upper {count}") or dependence(values, above)
    if reason:
        return TailRefused(reason)
    fit = _p_value(excess, seed)
    if fit < FIT_LEVEL:
        return TailRefused(f"no generalised Pareto tail fits: p = {fit:.3f}")
    tails = _Tails.of(excess, n)
    shape_upper = tails.shape_upper(drop(1 - confidence))
    if shape_upper >= SHAPE_MAX:
        return TailRefused(
            f"the shape may be {shape_upper:.2f}; from {SHAPE_MAX:g} on the tail is too heavy"
        )
    quantile, bound = tails.quantiles(exceedance, drop((1 - confidence) / 2))
    return TailBound(
        bound_ms=threshold + bound,
        quantile_ms=threshold + quantile,
        xi=tails.shape,
        scale_ms=tails.scale,
        location_ms=threshold,
        fitted=count,
        n=n,
        p_value=fit,
        method=f"generalised Pareto tail of the upper {count} of {n} values, not lighter than"
        f" exponential; {confidence:.0%} profile likelihood bound",
    )


def _p_value(excess: Values, seed: int) -> float:
    """How often a sample of the fitted distribution lies as far from its own fit."""
    rows = excess[np.newaxis, :]
    distance = float(_distances(rows)[0])
    shape, scale = (float(found[0, 0]) for found in _moments_fit(rows))
    draws = np.random.default_rng(seed).exponential(size=(SIMULATIONS, len(excess)))
    simulated = np.sort(draws if shape == 0.0 else np.expm1(shape * draws) / shape, axis=1)
    return p_value(distance, _distances(simulated * scale))


def _moments_fit(rows: Values) -> tuple[Values, Values]:
    """Shape and scale of each row, which is sorted, by probability-weighted moments."""
    size = rows.shape[1]
    mean = rows.mean(axis=1, keepdims=True)
    weighted = (rows * (np.arange(size)[::-1] / (size - 1))).mean(axis=1, keepdims=True)
    rest = mean - 2 * weighted
    return 2 - mean / rest, 2 * mean * weighted / rest


def _distances(rows: Values) -> Values:
    """Anderson and Darling's distance of each sorted row from the distribution fitted to it."""
    shape, scale = _moments_fit(rows)
    shape = np.where(np.abs(shape) < 1e-9, 1e-9, shape)
    inside = np.maximum(1 + shape * rows / scale, 1e-12)
    log_above = np.clip(-np.log(inside) / shape, -30.0, -1e-12)
    return anderson_darling(np.log(-np.expm1(log_above)), log_above)


@dataclass(frozen=True, slots=True)
class _Tails:
    """The likelihood of tails, on a grid of shape and scale."""

    shapes: Values
    scales: Values
    behind: Values
    """How far the log-likelihood of each shape (row) and scale (column) is behind the best."""
    count: int
    n: int

    @classmethod
    def of(cls, excess: Values, n: int) -> "_Tails":
        mean = float(excess.mean())
        shapes, scales = np.linspace(0.0, 1.0, 101), np.geomspace(0.2, 2.5, 401)
        likelihood = _log_likelihood(excess / mean, shapes, scales)
        return cls(shapes, scales * mean, likelihood.max() - likelihood, len(excess), n)

    @property
    def _best(self) -> tuple[int, int]:
        row, column = divmod(int(self.behind.argmin()), self.behind.shape[1])
        return row, column

    @property
    def shape(self) -> float:
        return float(self.shapes[self._best[0]])

    @property
    def scale(self) -> float:
        return float(self.scales[self._best[1]])

    def shape_upper(self, drop: float) -> float:
        return float(self.shapes[(self.behind <= drop).any(axis=1)].max())

    def quantiles(self, exceedance: float, drop: float) -> tuple[float, float]:
        """Above the threshold: the most likely quantile, and the largest not further behind."""
        rate = self.count / self.n
        best = self._excess_at(exceedance, rate)[self._best]
        bound = 0.0
        spread = math.sqrt(2 * drop * rate * (1 - rate) / self.n)
        for step in np.linspace(0.0, 1.0, 11):
            crossing = rate + float(step) * spread
            left = drop - self.n * _rate_behind(rate, crossing)
            possible = self._excess_at(exceedance, crossing)[self.behind <= left]
            bound = max(bound, float(possible.max(initial=0.0)))
        return float(best), bound

    def _excess_at(self, exceedance: float, rate: float) -> Values:
        distance = math.log(rate / exceedance)
        shapes = np.maximum(self.shapes, 1e-9)
        growth: Values = np.expm1(shapes * distance) / shapes
        return growth[:, np.newaxis] * self.scales


def _rate_behind(seen: float, rate: float) -> float:
    """How far the log-likelihood of a rate is behind that of the rate seen, for each value."""
    return seen * math.log(seen / rate) + (1 - seen) * math.log((1 - seen) / (1 - rate))


def _log_likelihood(excess: Values, shapes: Values, scales: Values) -> Values:
    """Of each shape (row) and scale (column); excesses are in units of their mean.

    The sum of logarithms depends on the ratio of shape and scale alone, so it is tabulated.
    """
    count = len(excess)
    ratios = np.geomspace(shapes[1] / scales[-1], shapes[-1] / scales[0], 600)
    sums = np.array([np.log1p(ratio * excess).sum() for ratio in ratios])
    wanted = shapes[1:, np.newaxis] / scales
    heavy = -(1 + 1 / shapes[1:, np.newaxis]) * np.interp(wanted, ratios, sums)
    exponential = -excess.sum() / scales
    found: Values = np.vstack([exponential, heavy]) - count * np.log(scales)
    return found
