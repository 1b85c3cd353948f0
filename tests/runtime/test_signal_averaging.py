"""The rate of the last seconds, and what a beat that was left out does to it."""

from collections.abc import Iterable

import pytest

from edgeward.signal.detect.averaging import Averaging

RATE_HZ = 100.0
AVERAGED_S = 12.0


def rate_of(intervals_s: Iterable[float], *, skipping: bool = True) -> float | None:
    """The rate when the last of these intervals has just ended."""
    averaging, end = Averaging(AVERAGED_S, RATE_HZ, skipping=skipping), 0.0
    for interval_s in intervals_s:
        end += interval_s * RATE_HZ
        averaging.note(end, interval_s * RATE_HZ)
    return averaging.per_minute(end)


@pytest.mark.parametrize("pause_s", [1.5, 1.6, 1.7])
def test_a_beat_that_is_left_out_now_and_then_is_no_slower_pulse(pause_s: float) -> None:
    some = [0.8, 0.8, 0.8, pause_s] * 4
    assert rate_of(some) == pytest.approx(75, abs=2)
    plain = rate_of(some, skipping=False)
    assert plain is not None
    assert plain < 66


def test_more_than_one_in_three_left_out_is_the_rate_itself() -> None:
    some = [0.8, 1.6] * 8
    rate = rate_of(some)
    assert rate == rate_of(some, skipping=False)
    assert rate == pytest.approx(50, abs=2)


@pytest.mark.parametrize("pause_s", [1.2, 2.4])
def test_what_is_not_twice_as_long_is_no_beat_that_was_left_out(pause_s: float) -> None:
    some = [*[0.8] * 4, pause_s] * 3
    assert rate_of(some) == rate_of(some, skipping=False)


def test_a_rate_that_falls_to_the_half_is_followed_within_eight_seconds() -> None:
    assert rate_of([*[0.7] * 18, *[1.4] * 5]) == pytest.approx(55, abs=10)
    assert rate_of([*[0.7] * 18, *[1.4] * 9]) == 43


def test_too_little_is_no_rate() -> None:
    assert rate_of([0.8] * 7) is None
    assert rate_of([0.8] * 8) == 75
