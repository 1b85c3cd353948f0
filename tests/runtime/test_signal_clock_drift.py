"""A sensor's clock: what is tolerated is tracked, what is not is told, and delays are neither."""

from collections.abc import Callable

import numpy as np
import pytest

from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.quality.clock_drift import ClockDrift
from edgeward.signal.sample_clock import NS_PER_SECOND, SampleClock

RATE = 250
BLOCK = 100
CLOCK = SampleClock(RATE)
START_NS = 7_000_000_000_000

Instant = Callable[[float], float]
"""From the channel's seconds to the true ones."""


def run(
    drift: ClockDrift, seconds: float, taken: Instant, jitter_ms: float = 5.0, seed: int = 1
) -> list[DefectChange]:
    """Blocks of 0.4 s, each late by a random delay."""
    draw = np.random.default_rng(seed)
    found = []
    for last in range(BLOCK - 1, round(seconds * RATE), BLOCK):
        delay_s = draw.exponential(jitter_ms / 1e3)
        acquired_ns = START_NS + round((taken(last / RATE) + delay_s) * NS_PER_SECOND)
        changes = drift.push(last, acquired_ns)
        assert all(change.at == last for change in changes)
        assert all(change.defect is Reason.CLOCK for change in changes)
        found += changes
    return found


def drifting(ppm: float) -> Instant:
    return lambda seconds: seconds * (1 + ppm / 1e6)


@pytest.mark.parametrize("jitter_ms", [0.0, 5.0, 40.0])
@pytest.mark.parametrize("ppm", [-190.0, -50.0, 0.0, 50.0, 190.0])
def test_what_is_tolerated_is_tracked(ppm: float, jitter_ms: float) -> None:
    drift = ClockDrift(CLOCK)
    assert run(drift, 400, drifting(ppm), jitter_ms) == []
    assert drift.drift_ppm == pytest.approx(ppm, abs=0.5 + jitter_ms)
    taken = drift.instant_ns(400 * RATE)
    assert taken is not None
    true_ns = START_NS + drifting(ppm)(400) * NS_PER_SECOND
    assert abs(taken - true_ns) < (1 + jitter_ms) * 1_000_000


@pytest.mark.parametrize("ppm", [-20_000.0, -2_000.0, -400.0, 400.0, 2_000.0, 20_000.0])
def test_a_clock_that_drifts_too_much_is_told(ppm: float) -> None:
    drift = ClockDrift(CLOCK)
    found = run(drift, 120, drifting(ppm))
    assert [one.present for one in found] == [True]
    assert drift.present
    assert found[0].since <= found[0].at


@pytest.mark.parametrize(("jump_s", "within_s"), [(-3600.0, 1), (-0.5, 1), (0.5, 13), (3600.0, 13)])
def test_a_jump_is_told_once_and_ends(jump_s: float, within_s: float) -> None:
    drift = ClockDrift(CLOCK)
    found = run(drift, 240, lambda at: at + (jump_s if at >= 100 else 0.0))
    assert [one.present for one in found] == [True, False]
    assert 100 * RATE <= found[0].at <= (100 + within_s) * RATE
    assert 96 * RATE <= found[0].since <= 104 * RATE
    assert abs(drift.drift_ppm or 1e9) < 30


def test_a_link_that_stalls_is_no_jump() -> None:
    """Ten seconds of blocks arrive at once; the sensor's clock is right."""

    def taken(at: float) -> float:
        return max(at, 110.0) if 100 <= at <= 110 else at

    drift = ClockDrift(CLOCK)
    assert run(drift, 300, taken) == []
    assert drift.drift_ppm == pytest.approx(0, abs=10)


def test_a_clock_that_was_corrected_is_right_again() -> None:
    drift = ClockDrift(CLOCK)
    found = run(drift, 900, lambda at: at + 1e-3 * min(at, 200.0))
    assert [one.present for one in found] == [True, False]


def test_blocks_that_come_late_or_are_lost_do_not_matter() -> None:
    drift = ClockDrift(CLOCK)
    lasts = [last for last in range(99, 300 * RATE, 100) if not 20_000 < last < 30_000]
    lasts[40], lasts[60] = lasts[60], lasts[40]
    for last in lasts:
        assert drift.push(last, START_NS + CLOCK.instant_ns(last)) == []
    assert drift.drift_ppm == pytest.approx(0, abs=1e-6)


def test_nothing_is_said_before_there_is_a_line() -> None:
    drift = ClockDrift(CLOCK)
    assert run(drift, 20, drifting(50_000)) == []
    assert drift.drift_ppm is None
    assert drift.instant_ns(0) is None


def test_memory_is_the_same_for_ever() -> None:
    drift = ClockDrift(SampleClock(1))
    for last in range(4_000):
        drift.push(last, last * NS_PER_SECOND)
    assert len(drift._times) == len(drift._offsets) == 75


def test_bounds_are_checked() -> None:
    with pytest.raises(ValueError, match=r"found 0 ppm and a jump of 1 ns; accepted: above 0"):
        ClockDrift(CLOCK, tolerated_ppm=0, jump_ns=1)
    with pytest.raises(ValueError, match="accepted: above 0"):
        ClockDrift(CLOCK, jump_ns=0)
