"""The bound from block maxima, where quantiles are known, where it is refused, beside the other."""

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward_harness.measure.block_maxima import fit_maxima
from edgeward_harness.measure.extremes import fit_tail
from edgeward_harness.measure.tails import TailBound, TailRefused, reconciled

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
RARE = 1e-4
_HIGH = -math.log(-math.log1p(-RARE))
KNOWN: list[tuple[Draw, float]] = [
    (lambda chance, n: chance.gumbel(10.0, 2.0, size=n), 10 + 2 * _HIGH),
    (lambda chance, n: np.expm1(0.1 * chance.gumbel(size=n)) / 0.1, math.expm1(0.1 * _HIGH) / 0.1),
    (lambda chance, n: chance.exponential(size=n), -math.log(RARE)),
    (lambda chance, n: chance.uniform(size=n), 1 - RARE),
    (
        lambda chance, n: np.exp(0.5 * chance.normal(size=n)),
        math.exp(0.5 * NormalDist().inv_cdf(1 - RARE)),
    ),
]


def _fit(draw: Draw, seed: int) -> TailBound | TailRefused:
    values = draw(np.random.default_rng(seed), 2000)
    return fit_maxima(values.tolist(), exceedance=RARE, seed=seed)


def _bounds(draw: Draw, repetitions: int) -> list[TailBound]:
    found = (_fit(draw, seed) for seed in range(repetitions))
    return [one for one in found if isinstance(one, TailBound)]


@pytest.mark.parametrize(("draw", "truth"), KNOWN)
def test_the_bound_covers_the_quantile_of_a_known_tail(draw: Draw, truth: float) -> None:
    bounds = _bounds(draw, 10)
    assert len(bounds) >= 7
    assert sum(one.bound_ms >= truth for one in bounds) >= 0.9 * len(bounds)


@pytest.mark.slow
@pytest.mark.parametrize(("draw", "truth"), KNOWN)
def test_the_bound_covers_as_often_as_it_says(draw: Draw, truth: float) -> None:
    bounds = _bounds(draw, 300)
    assert len(bounds) >= 225
    assert sum(one.bound_ms >= truth for one in bounds) >= 0.93 * len(bounds)


def test_the_quantile_of_gumbel_maxima_is_found_and_the_bound_is_of_use() -> None:
    draw, truth = KNOWN[0]
    bounds = _bounds(draw, 20)
    assert np.median([one.quantile_ms for one in bounds]) == pytest.approx(truth, rel=0.1)
    assert np.median([one.bound_ms for one in bounds]) < 1.6 * truth


def test_a_shape_that_cannot_be_told_from_zero_is_taken_for_gumbel() -> None:
    gumbel = _fit(KNOWN[0][0], 0)
    heavy = _fit(lambda chance, n: np.expm1(0.25 * chance.exponential(size=n)) / 0.25, 1)
    assert isinstance(gumbel, TailBound)
    assert isinstance(heavy, TailBound)
    assert (gumbel.xi, gumbel.method[:6]) == (0.0, "Gumbel")
    assert heavy.xi > 0.1
    assert "generalised extreme value" in heavy.method


_CHANCE = np.random.default_rng(7)
_PLAIN = _CHANCE.exponential(size=2001)
_FEW = _CHANCE.uniform(size=2001) < 0.03


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (_PLAIN[:999], "too few"),
        (np.full(2000, 3.0), "only 1 distinct"),
        (_PLAIN.round(1), "tied or rounded"),
        (np.append(_PLAIN, math.inf), "never came"),
        (np.sort(_PLAIN), "not independent"),
        (np.maximum(_PLAIN[1:], _PLAIN[:-1]), "not independent"),
        (np.where(_FEW, 50 + _PLAIN, _PLAIN), "no extreme value distribution fits"),
        (_CHANCE.pareto(1.0, size=2000), "too heavy"),
    ],
)
def test_what_bears_no_extrapolation_is_refused(values: NDArray[np.float64], why: str) -> None:
    found = fit_maxima(values.tolist(), exceedance=RARE, seed=1)
    assert isinstance(found, TailRefused)
    assert why in found.reason


@pytest.mark.parametrize(
    ("n", "blocks", "length"), [(1000, 50, 20), (1019, 50, 20), (5001, 98, 51)]
)
def test_blocks_are_of_one_length_and_hold_every_value(n: int, blocks: int, length: int) -> None:
    values = np.random.default_rng(3).gumbel(size=n)
    found = fit_maxima(values.tolist(), exceedance=RARE, seed=1)
    assert isinstance(found, TailBound)
    assert found.fitted == blocks
    assert f"{blocks} blocks of {length} values" in found.method
    values[-1] = 1e9
    assert isinstance(fit_maxima(values.tolist(), exceedance=RARE, seed=1), TailRefused)


def test_all_bad_arguments_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"values_ms.*exceedance.*confidence"):
        fit_maxima([math.nan], exceedance=0.5, confidence=1.0, seed=1)


def _both(draw: Draw, n: int) -> tuple[TailBound | TailRefused, TailBound | TailRefused]:
    values = draw(np.random.default_rng(5), n).tolist()
    return (
        fit_tail(values, exceedance=RARE, seed=1),
        fit_maxima(values, exceedance=RARE, seed=1),
    )


def test_two_methods_that_agree_stay_as_they_are() -> None:
    fits = _both(lambda chance, n: chance.exponential(size=n), 2000)
    assert all(isinstance(one, TailBound) for one in fits)
    assert reconciled(*fits) == fits


def test_two_methods_that_contradict_each_other_are_both_refused() -> None:
    fits = _both(lambda chance, n: chance.uniform(size=n), 5000)
    assert all(isinstance(one, TailBound) for one in fits)
    for pair in (fits, fits[::-1]):
        found = reconciled(*pair)
        assert all(isinstance(one, TailRefused) for one in found)
        assert "contradict each other" in str(found[0])
        assert "Gumbel distribution" in str(found[0])
        assert "Pareto tail" in str(found[0])


def test_the_edge_of_contradiction_is_the_bound_of_the_lower() -> None:
    lower = _fit(KNOWN[0][0], 0)
    assert isinstance(lower, TailBound)
    at_edge = replace(lower, quantile_ms=lower.bound_ms, bound_ms=2 * lower.bound_ms)
    beyond = replace(at_edge, quantile_ms=lower.bound_ms * 1.001)
    assert reconciled(lower, at_edge) == (lower, at_edge)
    assert isinstance(reconciled(lower, beyond)[0], TailRefused)


def test_a_refusal_of_one_method_leaves_the_other() -> None:
    bound, refused = _fit(KNOWN[0][0], 0), TailRefused("too few")
    assert reconciled(bound, refused) == (bound, refused)
