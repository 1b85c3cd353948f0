"""Oxygen saturation as a number: 100 is normal, old is no value, a real fall is never hidden."""

import numpy as np
import pytest
from detecting import feed, readings, same_however_cut, values
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.detect.spo2 import STALE_S, Spo2Detector
from edgeward.signal.findings import Reading, Reason, Vital

NAN = float("nan")


def told(numbers: list[float], rate_hz: int = 1) -> list[Reading]:
    found = feed(Spo2Detector(rate_hz), np.array(numbers, np.float32))
    return readings(found, Vital.SPO2)


def plain(numbers: list[float], rate_hz: int = 1) -> list[tuple[float | None, Reason | None]]:
    return [(one.value, one.reason) for one in told(numbers, rate_hz)]


def test_each_number_is_a_reading_at_its_sample() -> None:
    assert told([97, 98]) == [
        Reading(Vital.SPO2, 97, at=0),
        Reading(Vital.SPO2, 98, at=1),
    ]


def test_a_hundred_percent_is_a_value_for_hours() -> None:
    assert {(one.value, one.reason) for one in told([100.0] * 20_000)} == {(100.0, None)}


def test_a_value_is_good_for_thirty_seconds_and_then_stale() -> None:
    found = told([97, *[NAN] * 40, 96])
    assert found[0] == Reading(Vital.SPO2, 97, at=0)
    assert found[1] == Reading(Vital.SPO2, None, at=int(STALE_S), reason=Reason.STALE)
    assert {one.reason for one in found[1:-1]} == {Reason.STALE}
    assert [one.at for one in found[1:-1]] == list(range(30, 41))
    assert found[-1] == Reading(Vital.SPO2, 96, at=41)


def test_before_the_first_number_it_is_missing() -> None:
    assert plain([NAN, np.inf, -np.inf, 95]) == [(None, Reason.MISSING)] * 3 + [(95, None)]


@pytest.mark.parametrize("bad", [0, 0.5, 100.5, 127, -1, 65535])
def test_what_is_no_saturation_is_no_value(bad: float) -> None:
    assert plain([97, bad, 97]) == [(97, None), (None, Reason.OUT_OF_RANGE), (97, None)]


@pytest.mark.parametrize("low", [84, 60, 20])
def test_a_sudden_fall_that_stays_is_believed_in_its_third_second(low: float) -> None:
    fall = plain([98, 98, low, low - 1, low])
    assert fall[2:] == [(None, Reason.OUT_OF_RANGE)] * 2 + [(low, None)]


def test_a_slip_of_the_probe_is_not_a_fall() -> None:
    assert plain([98, 40, 98, 70, 20, 98])[1::2] == [(None, Reason.OUT_OF_RANGE)] * 2 + [(98, None)]
    assert not [one for one in told([98, 40, 98, 70, 20, 98]) if one.value and one.value < 98]


@pytest.mark.parametrize("percent_per_s", [0.1, 1.0, 3.0])
def test_a_fall_that_a_body_can_make_is_followed_each_second(percent_per_s: float) -> None:
    course = np.arange(98, 60, -percent_per_s).round(1)
    assert [one.value for one in told(course.tolist())] == pytest.approx(course.tolist(), abs=1e-3)


def test_a_whole_value_below_a_hundred_is_stuck_after_an_hour_and_free_again() -> None:
    found = told([97.0] * 3700 + [96.0])
    assert {one.reason for one in found[:3600]} == {None}
    assert {one.reason for one in found[3600:-1]} == {Reason.STUCK}
    assert found[-1].value == 96


def test_a_fine_value_trembles_or_is_stuck_after_ten_minutes() -> None:
    found = told([96.37] * 700)
    assert [one.reason for one in found].index(Reason.STUCK) == 600


def test_a_faster_channel_is_told_each_second_with_the_median() -> None:
    assert plain([97, 98, 99, NAN, *[NAN] * 4, 95, 95, 200, 0], rate_hz=4) == [
        (98, None),
        (95, None),
    ]


@given(
    numbers=st.lists(
        st.one_of(st.integers(0, 130).map(float), st.sampled_from([NAN, np.inf])), max_size=120
    ),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    rate_hz=st.integers(1, 7),
)
@settings(max_examples=40, deadline=None)
def test_nothing_depends_on_the_blocks_and_no_number_is_invented(
    numbers: list[float], cuts: list[int], rate_hz: int
) -> None:
    samples = np.array(numbers, np.float32)
    valid = np.arange(len(samples)) % 5 != 3
    found = same_however_cut(lambda: Spo2Detector(rate_hz), samples, valid, cuts)
    given_values = set(samples[valid].tolist())
    halves = {(a + b) / 2 for a in given_values for b in given_values}
    assert set(values(found, Vital.SPO2)) <= {one for one in halves if 1 <= one <= 100}


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz: found 0; accepted: 1 to 100"):
        Spo2Detector(0)
