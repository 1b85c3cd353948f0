"""Body temperature as a number: a probe in the air is no patient."""

import numpy as np
import pytest
from detecting import feed, readings, same_however_cut, values
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.detect.temperature import TemperatureDetector
from edgeward.signal.findings import Reading, Reason, Vital

NAN = float("nan")


def told(course: list[float], rate_hz: int = 1) -> list[Reading]:
    found = feed(TemperatureDetector(rate_hz), np.array(course, np.float32))
    return readings(found, Vital.TEMPERATURE)


def towards(start: float, end: float, tau_s: float, seconds: int) -> list[float]:
    """As a probe takes the temperature of what it touches."""
    course = end + (start - end) * np.exp(-np.arange(seconds) / tau_s)
    return [float(one) for one in course.round(2)]


def test_a_reading_each_second_with_its_own_value() -> None:
    assert [one.value for one in told([36.8, 36.9, 35.0, 39.5])] == [36.8, 36.9, 35.0, None]
    assert [one.at for one in told([36.8] * 8, rate_hz=4)] == [3, 7]


@pytest.mark.parametrize("celsius_per_min", [0.1, 1.0, 1.9])
def test_fever_is_followed(celsius_per_min: float) -> None:
    course = np.arange(36.8, 41, celsius_per_min / 60).tolist()
    assert [one.value for one in told(course)] == pytest.approx(course, abs=1e-3)


@pytest.mark.parametrize("room", [20.0, 26.0])
def test_a_probe_that_falls_off_is_no_cold_patient(room: float) -> None:
    found = told([36.8] * 60 + towards(36.8, room, 60, 120))
    low = [one for one in found if one.value is not None and one.value < 34.5]
    assert low == []
    assert {one.reason for one in found[75:]} <= {Reason.LEAD_OFF, Reason.OUT_OF_RANGE}


def test_a_probe_that_is_put_on_warms_up_first() -> None:
    found = told(towards(28.0, 36.8, 30, 240))
    rising = {one.reason for one in found[20:90]}
    assert rising == {Reason.LEARNING}
    assert found[-1].value == pytest.approx(36.8, abs=0.1)


@pytest.mark.parametrize("bad", [24.9, 45.1, 0.0, -273.15])
def test_what_no_body_has_is_out_of_range(bad: float) -> None:
    assert [one.reason for one in told([36.5, bad, 36.5])] == [None, Reason.OUT_OF_RANGE, None]


def test_one_wrong_number_is_not_believed() -> None:
    assert [one.value for one in told([36.5, 41.0, 36.5])] == [36.5, None, 36.5]


def test_missing_then_stale() -> None:
    found = told([NAN, 36.5, *[NAN] * 35])
    assert [one.reason for one in found] == [Reason.MISSING, None, *[Reason.STALE] * 6]


def test_tenths_may_stand_still_and_hundredths_may_not() -> None:
    assert {one.reason for one in told([36.8] * 20_000)} == {None}
    assert [one.reason for one in told([36.83] * 1900)].index(Reason.STUCK) == 1800


@given(
    course=st.lists(st.one_of(st.floats(20, 50, width=32), st.just(NAN)), max_size=100),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    rate_hz=st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_nothing_depends_on_the_blocks(course: list[float], cuts: list[int], rate_hz: int) -> None:
    samples = np.array(course, np.float32)
    valid = np.arange(len(samples)) % 6 != 1
    found = same_however_cut(lambda: TemperatureDetector(rate_hz), samples, valid, cuts)
    assert all(25 <= one <= 45 for one in values(found, Vital.TEMPERATURE))


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz: found 101; accepted: 1 to 100"):
        TemperatureDetector(101)
