"""The tail of a sample beyond its largest value, where an extrapolation can be answered for.

An order statistic says nothing about delays rarer than the sample is long. Peaks over a threshold
do, if they follow a generalised Pareto distribution. Rules:

1. The threshold leaves the upper tenth of the sample above it, but no more than 500 values; fewer
   than 100 are refused.
2. Values must be independent, finite and not coarsely rounded, and the distribution must fit:
   Anderson and Darling's distance, its p-value by simulation with the shape fitted again each time.
3. A shape below zero would say that delays have an upper end. No sample shows that, so the bound
   takes no tail to be lighter than an exponential one.
4. The bound is the largest quantile of all tails, and of all rates of crossing the threshold, that
   profile likelihood does not rule out, at half the error that the confidence leaves: refusing
   samples that look heavy keeps those that look too light, which takes the other half.
5. A tail that may have no finite variance is refused, and so is a quantile more than a hundred
   times rarer than the sample is long.

What holds: the bound covers the true quantile about as often as its confidence says when the tail
above the threshold is near a generalised Pareto one, and more often for lighter tails. A mode so
rare that the sample never met it is beyond any statistics.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TAIL_SHARE: Final = 0.10
EXCEEDANCES_MIN: Final = 100
EXCEEDANCES_MAX: Final = 500
"""More would reach further into the body of the distribution without telling more of its tail."""
SHAPE_MAX: Final = 0.5
"""From this shape on a distribution has no finite variance."""
REACH_MAX: Final = 100.0
"""How many times the length of the sample one exceedance may be rare."""
DISTINCT_SHARE_MIN: Final = 0.9
"""Of the values above the threshold; fewer come from a clock or a scheduler, not from a tail."""
FIT_LEVEL: Final = 0.05
INDEPENDENCE_LEVEL: Final = 0.01
"""Of each of the three tests of independence."""
_SIMULATIONS: Final = 299

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TailBound:
    """The quantile that one value in many exceeds, and its upper confidence bound."""

    bound_ms: float
    quantile_ms: float
    """The most likely value; no promise is accepted on it."""
    xi: float
    """The shape that fits best, of those not lighter than exponential."""
    scale_ms: float
    threshold_ms: float
    exceedances: int
    n: int
    p_value: float
    """Of the fit."""
    method: str

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TailRefused:
    """Why the sample bears no extrapolation."""

    reason: str

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record."""
        return {"refused": self.reason}


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
    _check(values, exceedance, confidence)
    n = len(values)
    count = min(int(n * TAIL_SHARE), EXCEEDANCES_MAX)
    reason = _unfit(values, count, exceedance)
    if reason:
        return TailRefused(reason)
    threshold = float(np.sort(values)[n - count - 1])
    above = values > threshold
    excess = np.sort(values[above]) - threshold
    reason = _tied(excess, count) or _dependence(values, above)
    if reason:
        return TailRefused(reason)
    p_value = _p_value(excess, seed)
    if p_value < FIT_LEVEL:
        return TailRefused(f"no generalised Pareto tail fits: p = {p_value:.3f}")
    tails = _Tails.of(excess, n)
    shape_upper = tails.shape_upper(_drop(1 - confidence))
    if shape_upper >= SHAPE_MAX:
        return TailRefused(
            f"the shape may be {shape_upper:.2f}; from {SHAPE_MAX:g} on the tail is too heavy"
        )
    quantile, bound = tails.quantiles(exceedance, _drop((1 - confidence) / 2))
    return TailBound(
        bound_ms=threshold + bound,
        quantile_ms=threshold + quantile,
        xi=tails.shape,
        scale_ms=tails.scale,
        threshold_ms=threshold,
        exceedances=count,
        n=n,
        p_value=p_value,
        method=f"generalised Pareto tail of the upper {count} of {n} values, not lighter than"
        f" exponential; {confidence:.0%} profile likelihood bound",
    )


def _drop(error: float) -> float:
    """How far behind the best a log-likelihood may be, for a one-sided bound with this error."""
    return NormalDist().inv_cdf(1 - error) ** 2 / 2


def _check(values: Values, exceedance: float, confidence: float) -> None:
    faults = []
    if values.ndim != 1 or np.isnan(values).any():
        faults.append("values_ms: expected a row of numbers without NaN")
    if not 0.0 < exceedance < TAIL_SHARE / 2:
        faults.append(f"exceedance: {exceedance}, expected above 0 and below {TAIL_SHARE / 2:g}")
    if not 0.5 < confidence < 1.0:
        faults.append(f"confidence: {confidence}, expected above 0.5 and below 1")
    if faults:
        raise ValueError("; ".join(faults))


def _unfit(values: Values, count: int, exceedance: float) -> str:
    """Why nothing can be fitted to this many values; empty if something can."""
    if count < EXCEEDANCES_MIN:
        least = math.ceil(EXCEEDANCES_MIN / TAIL_SHARE)
        return f"{len(values)} values are too few, at least {least} are needed"
    missing = int(np.isinf(values).sum())
    if missing:
        return f"{missing} of {len(values)} never came"
    if REACH_MAX * exceedance * len(values) < 1:
        least = math.ceil(1 / (REACH_MAX * exceedance))
        return (
            f"one in {1 / exceedance:.3g} is too rare for {len(values)} values,"
            f" at least {least} are needed"
        )
    return ""


def _tied(excess: Values, count: int) -> str:
    distinct = len(np.unique(excess))
    if distinct >= DISTINCT_SHARE_MIN * count and len(excess) == count:
        return ""
    return f"only {distinct} distinct values lie in the upper {count}: they are tied or rounded"


def _dependence(values: Values, above: NDArray[np.bool_]) -> str:
    """Which test says that the values depend on those before them; empty if none does."""
    limit = NormalDist().inv_cdf(1 - INDEPENDENCE_LEVEL / 2)
    high = values > np.median(values)
    if abs(_changes_z(high)) > limit:
        return "the values are not independent: their runs about the median are no chance"
    if -_changes_z(above) > limit:
        return "the values are not independent: the longest of them come in clusters"
    n, count = len(values), int(above.sum())
    middle_sd = math.sqrt((n + 1) * (n - count) / (12 * count))
    if abs(float(np.flatnonzero(above).mean()) - (n - 1) / 2) > limit * middle_sd:
        return "the values are not independent: the longest of them have a trend"
    return ""


def _changes_z(marks: NDArray[np.bool_]) -> float:
    """Wald and Wolfowitz's number of runs, in standard deviations from what chance gives."""
    n, ones = len(marks), int(marks.sum())
    pairs = 2 * ones * (n - ones)
    if not pairs:
        return -math.inf
    runs = 1 + int(np.count_nonzero(marks[1:] != marks[:-1]))
    variance = pairs * (pairs - n) / (n * n * (n - 1))
    return (runs - 1 - pairs / n) / math.sqrt(variance)


def _p_value(excess: Values, seed: int) -> float:
    """How often a sample of the fitted distribution lies as far from its own fit."""
    rows = excess[np.newaxis, :]
    distance = _distances(rows)[0]
    shape, scale = (float(found[0, 0]) for found in _moments_fit(rows))
    draws = np.random.default_rng(seed).exponential(size=(_SIMULATIONS, len(excess)))
    simulated = np.sort(draws if shape == 0.0 else np.expm1(shape * draws) / shape, axis=1)
    worse = int((_distances(simulated * scale) >= distance).sum())
    return (worse + 1) / (_SIMULATIONS + 1)


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
    size = rows.shape[1]
    weights = (2 * np.arange(1, size + 1) - 1) / size
    log_below = np.log(-np.expm1(log_above))
    total: Values = -size - ((log_below + log_above[:, ::-1]) * weights).sum(axis=1)
    return total


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
