"""A drift is found where there is one, and not where neighbours only resemble each other."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from edgeward_harness.measure.drift import STRETCHES_MIN, drift
from edgeward_harness.measure.recovery import Timed, recovery_ms

Noise = Callable[[Generator, int], NDArray[np.float64]]
N = 600


def independent(draw: Generator, n: int) -> NDArray[np.float64]:
    return draw.lognormal(0, 1, n)


def related(draw: Generator, n: int) -> NDArray[np.float64]:
    """Each value keeps seven tenths of the one before."""
    values = np.zeros(n)
    for at in range(1, n):
        values[at] = 0.7 * values[at - 1] + draw.standard_t(3)
    return values


def with_stalls(draw: Generator, n: int) -> NDArray[np.float64]:
    values = draw.normal(1, 0.1, n)
    values[draw.integers(0, n, n // 50)] += 500
    return values


@pytest.mark.parametrize("noise", [independent, related, with_stalls])
def test_the_bounds_cover_the_true_slope_as_often_as_they_say(noise: Noise) -> None:
    draw, repetitions, slope = default_rng(1), 400, 0.01
    above = below = 0
    for _ in range(repetitions):
        found = drift((noise(draw, N) + slope * np.arange(N)).tolist())
        above += found.upper < slope
        below += found.lower > slope
    allowed = 0.05 * repetitions + 2.6 * math.sqrt(repetitions * 0.05 * 0.95)
    assert above <= allowed
    assert below <= allowed


@pytest.mark.parametrize("noise", [independent, related, with_stalls])
def test_a_change_of_three_typical_spreads_is_found(noise: Noise) -> None:
    draw = default_rng(2)
    values = noise(draw, N)
    spread = float(np.subtract(*np.percentile(noise(draw, 5000), [75, 25])))
    found = drift((values + 3 * spread * np.arange(N) / N).tolist())
    assert found.change_lower > 0
    assert found.change_lower < 3 * spread < found.change_upper + spread


def test_a_warm_up_that_levels_off_is_no_leak() -> None:
    staircase = [60.0] * 20 + [61.0] * 40 + [62.5] * 140 + [62.75] * 800
    assert drift(staircase, skip=200).change_upper == 0.0
    leak = [60 + 0.04 * number for number in range(1000)]
    assert drift(leak, skip=200).change_lower == pytest.approx(0.04 * 799)


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=STRETCHES_MIN, max_size=80))
def test_bounds_enclose_the_slope_and_turn_with_the_series(values: list[float]) -> None:
    found, turned = drift(values), drift([-value for value in values])
    assert found.lower <= found.slope_per_value <= found.upper
    assert (turned.lower, turned.upper) == (-found.upper, -found.lower)
    assert found.change == found.slope_per_value * (len(values) - 1)


def test_what_bears_no_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="7 values after 3 skipped"):
        drift([1.0] * 10, skip=3)
    with pytest.raises(ValueError, match="not a finite number"):
        drift([1.0] * 10 + [math.inf])
    with pytest.raises(ValueError, match=r"confidence of 1\.0"):
        drift([1.0] * 10, confidence=1.0)


def timed(latencies: list[float]) -> list[Timed]:
    return [Timed(1_000_000 * number, latency) for number, latency in enumerate(latencies)]


def test_recovery_counts_to_the_run_that_never_relapses() -> None:
    results = timed([90, 5, 5, 5, 90, 5, 5, 5, 5])
    assert recovery_ms(results, 0, limit_ms=10, run=3) == 5.0
    assert recovery_ms(results, 0, limit_ms=10, run=4) == 5.0
    assert recovery_ms(results, 0, limit_ms=10, run=5) == math.inf
    assert recovery_ms(results, 2_500_000, limit_ms=100, run=1) == 0.5
    assert recovery_ms(timed([5, 5, math.inf]), 0, limit_ms=10, run=1) == math.inf
    assert recovery_ms([], 0, limit_ms=10) == math.inf


@given(
    latencies=st.lists(st.sampled_from([1.0, 99.0, math.inf, math.nan]), max_size=30),
    run=st.integers(1, 5),
)
def test_recovery_equals_what_is_seen_by_looking_at_every_result(
    latencies: list[float], run: int
) -> None:
    expected = math.inf
    for start in range(len(latencies) - run, -1, -1):
        if all(latency == 1.0 for latency in latencies[start:]):
            expected = float(start)
    assert recovery_ms(timed(latencies), 0, limit_ms=10, run=run) == expected


def test_recovery_refuses_what_has_no_order() -> None:
    with pytest.raises(ValueError, match="not in the order"):
        recovery_ms([Timed(5, 1), Timed(4, 1)], 0, 10)
    with pytest.raises(ValueError, match="a run of 0"):
        recovery_ms([], 0, 10, run=0)
