"""The tail bound against distributions whose quantiles are known, and what it must refuse."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward_harness.measure.extremes import fit_tail
from edgeward_harness.measure.tails import TailBound, TailRefused

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
RARE = 1e-4
KNOWN: list[tuple[Draw, float]] = [
    (lambda chance, n: chance.exponential(size=n), -math.log(RARE)),
    (lambda chance, n: chance.uniform(size=n), 1 - RARE),
    (lambda chance, n: np.expm1(0.2 * chance.exponential(size=n)) / 0.2, (RARE**-0.2 - 1) / 0.2),
    (
        lambda chance, n: np.exp(0.5 * chance.normal(size=n)),
        math.exp(0.5 * NormalDist().inv_cdf(1 - RARE)),
    ),
]


def _covered(draw: Draw, truth: float, repetitions: int) -> tuple[int, int]:
    found = [
        fit_tail(draw(np.random.default_rng(seed), 2000).tolist(), exceedance=RARE, seed=seed)
        for seed in range(repetitions)
    ]
    bounds = [one.bound_ms for one in found if isinstance(one, TailBound)]
    return sum(bound >= truth for bound in bounds), len(bounds)


@pytest.mark.parametrize(("draw", "truth"), KNOWN)
def test_the_bound_covers_the_quantile_of_a_known_tail(draw: Draw, truth: float) -> None:
    covered, answers = _covered(draw, truth, 20)
    assert answers >= 15
    assert covered >= 0.9 * answers


@pytest.mark.slow
@pytest.mark.parametrize(("draw", "truth"), KNOWN)
def test_the_bound_covers_as_often_as_it_says(draw: Draw, truth: float) -> None:
    covered, answers = _covered(draw, truth, 400)
    assert answers >= 300
    assert covered >= 0.93 * answers


_CHANCE = np.random.default_rng(7)
_PLAIN = _CHANCE.exponential(size=2000)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (_PLAIN[:999], "too few"),
        (_PLAIN.round(1), "tied or rounded"),
        (np.append(_PLAIN, math.inf), "never came"),
        (_PLAIN * np.linspace(1, 3, 2000), "not independent"),
        (np.sort(_PLAIN), "not independent"),
        (np.where(_CHANCE.uniform(size=2000) < 0.03, 50 + _PLAIN, _PLAIN), "fits|too heavy"),
        (_CHANCE.pareto(1.0, size=2000), "too heavy"),
    ],
)
def test_what_bears_no_extrapolation_is_refused(values: NDArray[np.float64], why: str) -> None:
    found = fit_tail(values.tolist(), exceedance=RARE, seed=1)
    assert isinstance(found, TailRefused)
    assert any(word in found.reason for word in why.split("|"))


def test_a_quantile_far_beyond_the_sample_is_refused() -> None:
    found = fit_tail(_PLAIN.tolist(), exceedance=1e-6, seed=1)
    assert isinstance(found, TailRefused)
    assert "too rare" in found.reason


def test_all_bad_arguments_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"values_ms.*exceedance.*confidence"):
        fit_tail([math.nan], exceedance=0.5, confidence=1.0, seed=1)
