"""When a rate was beyond a limit, by marked beats."""

import pytest

from edgeward_harness.measure.scoring.rate_limits import (
    episodes_above,
    episodes_below,
    mean_rates,
)

RATE_HZ = 360


def _beats(*stretches: tuple[float, float]) -> list[int]:
    """So many seconds at so many beats a minute, one after the other."""
    beats, at_s = [], 0.0
    for seconds, per_minute in stretches:
        end_s = at_s + seconds
        while at_s < end_s - 1e-9:
            beats.append(round(at_s * RATE_HZ))
            at_s += 60 / per_minute
    return beats


def test_a_steady_rate_is_its_rate() -> None:
    rates = mean_rates(_beats((60, 75)), RATE_HZ, 60)
    assert len(rates) == 60
    assert rates[0] is None or rates[0] == pytest.approx(75, abs=0.5)
    assert all(rate == pytest.approx(75, abs=0.5) for rate in rates[2:])


def test_without_two_beats_there_is_no_rate() -> None:
    assert mean_rates([], RATE_HZ, 20) == [None] * 20
    rates = mean_rates(_beats((20, 60)), RATE_HZ, 40)
    assert rates[31:] == [None] * 9


def test_an_episode_lasts_three_seconds_at_least() -> None:
    slow = [70.0] * 5 + [45.0] * 2 + [70.0] * 5 + [45.0] * 3 + [None] * 4
    assert episodes_below(slow, 50) == [(12.0, 15.0)]
    assert episodes_above(slow, 60) == [(0.0, 5.0), (7.0, 12.0)]


def test_a_limit_itself_is_within() -> None:
    assert episodes_above([120.0] * 10, 120) == []
    assert episodes_below([50.0] * 10, 50) == []


def test_a_fast_stretch_is_seen_as_fast_as_the_mean_allows() -> None:
    rates = mean_rates(_beats((60, 80), (30, 150), (30, 80)), RATE_HZ, 120)
    ((begin_s, end_s),) = episodes_above(rates, 120)
    assert 60 < begin_s < 70
    assert 90 < end_s < 100
