"""The tail of a distribution: a generalised Pareto law fitted to what lies over a threshold.

The shape is the law's xi: below 0 there is an end, at 0 the tail is exponential, above it is heavy.
Fit by Zhang and Stephens (2009), which exists for every sample and needs no iteration; goodness of
fit by Anderson and Darling's statistic, which weighs the tail, against samples drawn from the fit
itself and fitted again. numpy only: a wearable has nothing more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
"""One sample in each row, ascending."""
_AT_ONCE = 50
_EXPONENTIAL = 1e-9
"""Shapes nearer to 0 than this are taken to be 0."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Shapes and scales, one of each for every row."""

    shape: NDArray[np.float64]
    scale: NDArray[np.float64]


def fit(rows: Rows) -> Fit:
    """Zhang and Stephens' estimate for each row; every value must be above 0."""
    count = rows.shape[1]
    grid = 20 + int(count**0.5)
    steps = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / 3
    quarter = rows[:, int(count / 4 + 0.5) - 1, None]
    theta = _off_zero(1 / rows[:, -1:] + steps / quarter)
    shapes = np.log1p(-theta[:, :, None] * rows[:, None, :]).mean(axis=2)
    likelihood = count * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    chosen = _off_zero((theta * weights).sum(axis=1) / weights.sum(axis=1))
    shape: NDArray[np.float64] = np.log1p(-chosen[:, None] * rows).mean(axis=1)
    return Fit(shape, -shape / chosen)


def anderson_darling(rows: Rows, fitted: Fit) -> NDArray[np.float64]:
    """How far each row is from its own fit."""
    count = rows.shape[1]
    ratio = _off_zero(fitted.shape / fitted.scale)[:, None]
    survival = -np.log1p(ratio * rows) / _off_zero(fitted.shape)[:, None]
    below = np.log(np.maximum(-np.expm1(survival), 1e-300))
    weights = 2 * np.arange(1, count + 1) - 1
    summed: NDArray[np.float64] = ((below + survival[:, ::-1]) * weights).sum(axis=1)
    off: NDArray[np.float64] = -count - summed / count
    return off


def drawn(shape: float, scale: float, size: tuple[int, int], seed: int) -> Rows:
    """Rows drawn from one law."""
    exponential = np.random.default_rng(seed).standard_exponential(size)
    rows = _stretched(exponential, shape, scale)
    rows.sort(axis=1)
    return np.maximum(rows, np.finfo(np.float64).tiny)


def over(fitted: Fit, share: float) -> NDArray[np.float64]:
    """What at most this share of the values above the threshold exceeds, for each row.

    A shape below 0 is taken for 0: that a tail has an end was never measured.
    """
    exponential = np.array(-np.log(share))
    pairs = zip(np.maximum(fitted.shape, 0.0), fitted.scale, strict=True)
    return np.array([_stretched(exponential, float(shape), float(scale)) for shape, scale in pairs])


def bootstrap(fitted: Fit, count: int, rows: int, seed: int) -> tuple[Fit, NDArray[np.float64]]:
    """Rows drawn from the (first) fit and fitted again: their fits, and how far each row is off."""
    size = (rows, count)
    samples = drawn(float(fitted.shape[0]), float(fitted.scale[0]), size, seed)
    parts = [samples[at : at + _AT_ONCE] for at in range(0, rows, _AT_ONCE)]
    fits = [fit(part) for part in parts]
    off = [anderson_darling(part, each) for part, each in zip(parts, fits, strict=True)]
    again = Fit(
        np.concatenate([each.shape for each in fits]), np.concatenate([each.scale for each in fits])
    )
    return again, np.concatenate(off)


def _stretched(exponential: NDArray[np.float64], shape: float, scale: float) -> Rows:
    """Standard exponential values as values of the law."""
    if abs(shape) < _EXPONENTIAL:
        return scale * exponential
    stretched: Rows = scale * np.expm1(shape * exponential) / shape
    return stretched


def _off_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, none of them so near to 0 that dividing by it fails."""
    tiny = np.finfo(np.float64).tiny ** 0.5
    return np.where(np.abs(values) < tiny, tiny, values)
