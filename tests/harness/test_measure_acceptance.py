"""The statistics against brute force, published sizes and simulation."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.measure.acceptance import (
    binomial_cdf,
    percentile_rank,
    percentile_upper_bound,
    quantile,
    rate_upper_bound,
    zero_failure_trials,
)
from edgeward_harness.measure.distribution import describe


@pytest.mark.parametrize("trials", [1, 7, 40])
@pytest.mark.parametrize("rate", [0.01, 0.5, 0.93])
def test_binomial_cdf_equals_the_plain_sum(trials: int, rate: float) -> None:
    for successes in range(trials + 1):
        plain = sum(
            math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
            for k in range(successes + 1)
        )
        assert binomial_cdf(successes, trials, rate) == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize(
    ("rate", "confidence", "trials"),
    [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.001, 0.95, 2995), (0.001, 0.99, 4603)],
)
def test_zero_failure_sizes_are_the_published_ones(
    rate: float, confidence: float, trials: int
) -> None:
    assert zero_failure_trials(rate, confidence) == trials
    assert rate_upper_bound(0, trials, confidence) <= rate
    assert rate_upper_bound(0, trials - 1, confidence) > rate


def test_a_percentile_has_no_bound_below_its_smallest_sample() -> None:
    assert percentile_rank(298, 0.99, 0.95) is None
    assert percentile_rank(299, 0.99, 0.95) == 299
    assert percentile_upper_bound([], 0.5, 0.95) is None


def test_the_percentile_bound_covers_as_often_as_it_says() -> None:
    """In 2000 samples of a known distribution the true percentile is below the bound."""
    chance = random.Random(20)
    covered = 0
    for _ in range(2000):
        bound = percentile_upper_bound([chance.expovariate(1.0) for _ in range(320)], 0.99, 0.95)
        assert bound is not None
        covered += bound >= -math.log(0.01)
    # Order statistics are discrete, so coverage is at least 95 %; 1870 is far below chance.
    assert covered >= 1870


def test_the_rate_bound_solves_its_own_equation() -> None:
    for failures, trials in [(0, 10), (3, 50), (49, 50)]:
        bound = rate_upper_bound(failures, trials, 0.95)
        assert binomial_cdf(failures, trials, bound) == pytest.approx(0.05, abs=1e-6)
    assert rate_upper_bound(5, 5, 0.95) == 1.0
    assert rate_upper_bound(0, 0, 0.95) == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_a_quantile_has_its_share_at_or_below(values: list[float], fraction: float) -> None:
    found = quantile(sorted(values), fraction)
    assert found in values
    assert sum(value <= found for value in values) >= fraction * len(values) - 1e-9


@given(st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=200))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    shape = describe(values)
    assert sum(shape.counts) == len(values)
    assert len(shape.edges) == len(shape.counts) + 1
    assert list(shape.edges) == sorted(shape.edges)
    assert shape.minimum <= shape.p50 <= shape.p90 <= shape.p99 <= shape.maximum


def test_an_empty_sample_has_no_shape() -> None:
    with pytest.raises(ValueError, match="empty"):
        describe([])
