"""A worst case from measured times: the larger of watermark and tail, or a refusal with its reason.

The times here are drawn from laws whose true tail is known.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward.errors import ScheduleError
from edgeward.process.schedule import tail
from edgeward.process.schedule.wcet import Basis, Method, NoTail, Wcet, WcetRefused, estimate

Floats = NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Floats]


def exponential(draw: np.random.Generator, size: int) -> Floats:
    return 1e6 + draw.exponential(1e5, size)


def heavy(draw: np.random.Generator, size: int) -> Floats:
    """A tail of shape 1: its mean does not exist."""
    return 1e6 + 1e5 * (1 / draw.random(size) - 1)


def two_loads(draw: np.random.Generator, size: int) -> Floats:
    often = draw.normal(1e6, 1e3, size)
    return np.where(draw.random(size) < 0.015, draw.normal(9e6, 1e3, size), often)


def limited(draw: np.random.Generator, size: int) -> Floats:
    return draw.uniform(1e6, 1.1e6, size)


def measured(law: Law, size: int = 5_000, seed: int = 1) -> NDArray[np.int64]:
    return law(np.random.default_rng(seed), size).astype(np.int64)


def refused(found: Wcet | WcetRefused) -> WcetRefused:
    assert isinstance(found, WcetRefused)
    return found


def test_the_larger_of_the_two_is_used_and_named() -> None:
    times_ns = measured(exponential)
    cautious = estimate(times_ns, Method(margin_percent=0))
    assert isinstance(cautious, Wcet)
    assert cautious.basis is Basis.EXTREME_VALUE
    assert cautious.wcet_ns == cautious.tail.bound_ns > cautious.watermark_ns
    assert cautious.with_margin_ns == cautious.watermark_ns == times_ns.max()
    wide = estimate(times_ns, Method(margin_percent=300))
    assert isinstance(wide, Wcet)
    assert wide.basis is Basis.WATERMARK
    assert wide.wcet_ns == wide.with_margin_ns == 4 * wide.watermark_ns


def test_the_same_times_the_other_way_round_give_the_same_figures() -> None:
    times_ns = measured(exponential)
    assert estimate(times_ns, Method()) == estimate([*map(int, times_ns[::-1])], Method())


@pytest.mark.parametrize("step", [1, -1])
def test_times_that_drift_are_refused(step: int) -> None:
    found = refused(estimate(np.sort(measured(exponential))[::step], Method()))
    assert found.reason is NoTail.DRIFT
    assert "the load or the device has changed" in found.text


def test_a_device_that_warms_up_is_refused() -> None:
    cold = np.where(np.arange(5_000) < 500, 300_000, 0)
    assert refused(estimate(measured(exponential) + cold, Method())).reason is NoTail.DRIFT


def test_an_end_of_the_tail_is_not_believed() -> None:
    found = estimate(measured(limited), Method(margin_percent=0))
    assert isinstance(found, Wcet)
    assert found.tail.shape < -0.5
    assert found.wcet_ns > 1_140_000, "the end at 1,100,000 is where the measured times end"


def test_few_jobs_are_refused_with_the_watermark_beside() -> None:
    found = refused(estimate([5] * 998 + [1_000], Method()))
    assert found.reason is NoTail.TOO_FEW
    assert found.text == "999 jobs were measured; expected at least 1000"
    assert (found.jobs, found.watermark_ns, found.with_margin_ns) == (999, 1_000, 1_200)


def test_nothing_measured_is_refused() -> None:
    assert refused(estimate([], Method())).watermark_ns == 0


@pytest.mark.parametrize("coarse_ns", [10_000_000, 100_000])
def test_a_clock_too_coarse_is_refused(coarse_ns: int) -> None:
    found = refused(estimate(measured(exponential) // coarse_ns * coarse_ns + 1, Method()))
    assert found.reason is NoTail.NO_SPREAD
    assert "is the clock fine enough?" in found.text


def test_a_tail_without_end_or_mean_is_refused() -> None:
    found = refused(estimate(measured(heavy), Method()))
    assert found.reason is NoTail.UNBOUNDED
    assert "measuring longer keeps finding longer times" in found.text


def test_times_of_two_loads_are_refused() -> None:
    found = refused(estimate(measured(two_loads, 3_000), Method()))
    assert found.reason is NoTail.BAD_FIT
    assert "they may come from several loads" in found.text


@pytest.mark.parametrize("bad", [[0] * 2_000, [1.5] * 2_000, [[1, 2], [3, 4]]])
def test_what_is_no_time_is_refused(bad: list[int]) -> None:
    with pytest.raises(ScheduleError, match="expected whole numbers above 0"):
        estimate(bad, Method())


def test_every_fault_of_a_method_is_told() -> None:
    with pytest.raises(ScheduleError) as caught:
        Method(margin_percent=-1, exceeded_once_in=10, resamples=1)
    assert len(caught.value.faults) == 3
    assert "method: exceeded_once_in = 10: expected a whole number from 1000" in str(caught.value)


@pytest.mark.parametrize("shape", [-0.4, 0.0, 0.3, 0.8])
def test_a_law_is_found_again_in_what_was_drawn_from_it(shape: float) -> None:
    fitted = tail.fit(tail.drawn(shape, 1_000.0, (100, 300), seed=3))
    # over 100 samples of 300 the mean estimate lies within a few standard errors of the truth
    assert abs(float(fitted.shape.mean()) - shape) < 0.03
    assert abs(float(fitted.scale.mean()) - 1_000) < 40


def test_the_fit_of_a_law_is_as_far_off_as_chance_says() -> None:
    """Of samples drawn from a law about one in ten is among the worst tenth of resamples."""
    fitted = tail.Fit(np.array([0.1]), np.array([1_000.0]))
    _, off = tail.bootstrap(fitted, 200, 400, seed=4)
    rows = tail.drawn(0.1, 1_000.0, (400, 200), seed=5)
    far = float(np.mean(tail.anderson_darling(rows, tail.fit(rows)) > np.percentile(off, 90)))
    assert 0.05 < far < 0.16


def test_another_law_is_farther_off() -> None:
    fitted = tail.Fit(np.array([0.1]), np.array([1_000.0]))
    _, off = tail.bootstrap(fitted, 200, 200, seed=4)
    bent = np.sort(np.abs(np.random.default_rng(6).normal(5_000, 300, (50, 200))), axis=1)
    assert float(np.mean(tail.anderson_darling(bent, tail.fit(bent)) > off.max())) == 1.0


@pytest.mark.slow
def test_the_bound_holds_as_often_as_it_says() -> None:
    truth_ns = 1e6 + 1e5 * math.log(1e6)
    found = [estimate(measured(exponential, 2_000, seed), Method()) for seed in range(200)]
    bounds = [each.tail.bound_ns for each in found if isinstance(each, Wcet)]
    assert len(bounds) >= 180
    assert sum(bound >= truth_ns for bound in bounds) >= 0.95 * len(bounds)


@pytest.mark.slow
def test_a_heavy_tail_hardly_ever_passes() -> None:
    found = [estimate(measured(heavy, 2_000, seed), Method()) for seed in range(100)]
    assert sum(isinstance(each, WcetRefused) for each in found) >= 97
