"""The tail of a sample beyond its largest value, from the largest values of its blocks.

The second estimate beside peaks over a threshold (`extremes`): it rests on other values and another
limit, so what both say is worth more than either. Rules, beside those of `tails`:

1. Blocks follow each other, all of one length and at least 20 values long; 50 to 100 of them. The
   last takes what is left over, which can only make its maximum larger.
2. Their maxima must follow a generalised extreme value distribution. Where its shape cannot be told
   from zero it is taken for a Gumbel one.
3. No shape is taken to be below zero, and the bound is the largest quantile of all distributions
   that likelihood does not rule out, at half the error, as in `extremes` and for its reasons. A
   Gumbel one is the most likely then, and those beside it still count for the bound.
4. A tail that may have no finite variance is refused.
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

BLOCKS_MIN: Final = 50
BLOCKS_MAX: Final = 100
"""Beyond that, longer blocks are worth more than further ones: their maxima are nearer a limit."""
BLOCK_VALUES_MIN: Final = 20
SHAPE_LEVEL: Final = 0.05
"""Of the test whether a shape can be told from zero."""
_FLAT: Final = 1e-6
"""A shape nearer to zero than this is computed as zero."""


def fit_maxima(
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
    reason = out_of_reach(values, exceedance, BLOCKS_MIN * BLOCK_VALUES_MIN)
    if reason:
        return TailRefused(reason)
    length = max(BLOCK_VALUES_MIN, math.ceil(len(values) / BLOCKS_MAX))
    maxima = np.sort(_maxima(values, length))
    count = len(maxima)
    reason = tied(maxima, count, f"the {count} maxima") or dependence(
        values, values > np.quantile(values, 1 - TAIL_SHARE)
    )
    if reason:
        return TailRefused(reason)
    fit = _p_value(maxima, seed)
    if fit < FIT_LEVEL:
        return TailRefused(f"no extreme value distribution fits the maxima: p = {fit:.3f}")
    family = _Family.of(maxima)
    shape_upper = family.shape_upper(drop(1 - confidence))
    if shape_upper >= SHAPE_MAX:
        return TailRefused(
            f"the shape may be {shape_upper:.2f}; from {SHAPE_MAX:g} on the tail is too heavy"
        )
    shape, location, scale = family.most_likely()
    reduced = -math.log(-length * math.log1p(-exceedance))
    name = "Gumbel" if shape == 0.0 else "generalised extreme value"
    return TailBound(
        bound_ms=family.bound(reduced, drop((1 - confidence) / 2)),
        quantile_ms=location + scale * float(_growth(np.array(shape), reduced)),
        xi=shape,
        scale_ms=scale,
        location_ms=location,
        fitted=count,
        n=len(values),
        p_value=fit,
        method=f"{name} distribution of the maxima of {count} blocks of {length} values, not"
        f" lighter than Gumbel; {confidence:.0%} likelihood bound",
    )


def _maxima(values: Values, length: int) -> Values:
    """Rule 1."""
    starts = np.arange(len(values) // length) * length
    largest: Values = np.maximum.reduceat(values, starts)
    return largest


def _growth(shapes: Values, reduced: float) -> Values:
    """How many scales a quantile lies from the location; `reduced` is its Gumbel variate."""
    curved = np.maximum(np.abs(shapes), _FLAT)
    found: Values = np.where(shapes == 0.0, reduced, np.expm1(curved * reduced) / curved)
    return found


def _p_value(maxima: Values, seed: int) -> float:
    """How often a sample of the fitted distribution lies as far from its own fit."""
    rows = maxima[np.newaxis, :]
    shape, location, scale = (float(found[0, 0]) for found in _moments_fit(rows))
    draws = -np.log(np.random.default_rng(seed).exponential(size=(SIMULATIONS, len(maxima))))
    simulated = np.sort(np.expm1(shape * draws) / shape, axis=1)
    return p_value(float(_distances(rows)[0]), _distances(location + scale * simulated))


def _moments_fit(rows: Values) -> tuple[Values, Values, Values]:
    """Shape, location and scale of each sorted row, by L-moments after Hosking (1985)."""
    size = rows.shape[1]
    rank = np.arange(size)
    first = rows.mean(axis=1, keepdims=True)
    weighted = (rows * (rank / (size - 1))).mean(axis=1, keepdims=True)
    twice = rank * (rank - 1) / ((size - 1) * (size - 2))
    second = 2 * weighted - first
    third = 6 * (rows * twice).mean(axis=1, keepdims=True) - 6 * weighted + first
    near = 2 / (3 + third / second) - math.log(2) / math.log(3)
    shape = -(7.8590 * near + 2.9554 * near**2)
    shape = np.where(np.abs(shape) < _FLAT, _FLAT, shape)
    gamma = np.vectorize(math.gamma, otypes=[float])(1 - np.minimum(shape, 0.99))
    scale = second * shape / ((2**shape - 1) * gamma)
    return shape, first - scale * (gamma - 1) / shape, scale


def _distances(rows: Values) -> Values:
    """Anderson and Darling's distance of each sorted row from the distribution fitted to it."""
    shape, location, scale = _moments_fit(rows)
    inside = np.maximum(1 + shape * (rows - location) / scale, 1e-12)
    log_below = -np.exp(np.clip(-np.log(inside) / shape, -27.0, math.log(30.0)))
    return anderson_darling(log_below, np.log(-np.expm1(log_below)))


@dataclass(frozen=True, slots=True)
class _Family:
    """The likelihood of distributions of maxima, on a grid of shape, slant and location.

    The slant is the scale less shape times location. For one shape and slant the maxima enter the
    likelihood through two sums alone, whatever the location, so the grid costs next to nothing.
    All is in units of the Gumbel distribution that has the mean and the spread of the maxima.
    """

    shapes: Values
    locations: Values
    scales: Values
    behind: Values
    """How far each log-likelihood is behind the best."""
    origin: float
    unit: float

    @classmethod
    def of(cls, maxima: Values) -> "_Family":
        unit = float((maxima * (2 * np.arange(len(maxima)) / (len(maxima) - 1) - 1)).mean())
        unit /= math.log(2)
        origin = float(maxima.mean()) - np.euler_gamma * unit
        shapes = np.linspace(0.0, 1.0, 51)[:, np.newaxis, np.newaxis]
        slants = np.geomspace(0.25, 2.5, 81)[:, np.newaxis]
        locations = np.linspace(-0.9, 0.9, 73)
        scales = slants + shapes * locations
        likelihood = _log_likelihood((maxima - origin) / unit, shapes, slants, locations)
        behind = likelihood.max() - likelihood
        return cls(shapes, locations, scales, behind, float(origin), unit)

    def shape_upper(self, drop_max: float) -> float:
        """The heaviest shape that is not ruled out."""
        possible = (self.behind <= drop_max).any(axis=(1, 2))
        return float(self.shapes[:, 0, 0][possible].max())

    def most_likely(self) -> tuple[float, float, float]:
        """Rule 2: shape, location and scale."""
        flat = self.behind[0].min() <= drop(SHAPE_LEVEL)
        among = self.behind[:1] if flat else self.behind
        shape, slant, location = np.unravel_index(int(among.argmin()), among.shape)
        return (
            float(self.shapes[shape, 0, 0]),
            self.origin + self.unit * float(self.locations[location]),
            self.unit * float(self.scales[shape, slant, location]),
        )

    def bound(self, reduced: float, drop_max: float) -> float:
        """Rule 3."""
        quantiles = self.locations + self.scales * _growth(self.shapes, reduced)
        return self.origin + self.unit * float(quantiles[self.behind <= drop_max].max())


def _log_likelihood(maxima: Values, shapes: Values, slants: Values, locations: Values) -> Values:
    """Of each shape, slant and location; minus infinity where a maximum could not be."""
    curved = np.maximum(shapes, _FLAT)
    inside = slants + curved * maxima
    scales = slants + shapes * locations
    possible = (inside.min(axis=2, keepdims=True) > 0) & (scales > 0)
    logs = np.log(np.maximum(inside, 1e-12)) / curved
    middle = np.log(np.maximum(slants + curved * locations, 1e-12)) / curved
    least = logs.min(axis=2, keepdims=True)
    decays = np.exp(np.minimum(middle - least, 700.0)) * np.exp(least - logs).sum(
        axis=2, keepdims=True
    )
    variates = logs.sum(axis=2, keepdims=True) - len(maxima) * middle
    count_scales = len(maxima) * np.log(np.where(possible, scales, 1.0))
    found: Values = np.where(possible, -count_scales - (1 + shapes) * variates - decays, -np.inf)
    return found
