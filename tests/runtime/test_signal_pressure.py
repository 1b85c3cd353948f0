"""Arterial pressure: three numbers of a wave, and none of a line that is flushed or zeroed."""

import numpy as np
import pytest
from detecting import feed, readings, same_however_cut, values
from hypothesis import given, settings
from hypothesis import strategies as st
from pulse_waves import beat_times, noise, pulse_wave

from edgeward.signal.detect.cuff import CuffDetector
from edgeward.signal.detect.pressure import VITALS, PressureDetector, PressureNumberDetector
from edgeward.signal.detect.wave import LAG_S
from edgeward.signal.findings import Beat, Finding, Reason, Vital
from edgeward.signal.ring import Samples

RATE_HZ = 125
DIASTOLIC, SYSTOLIC = 80.0, 120.0


def arterial(
    seconds: float, rate_hz: int = RATE_HZ, pulse: float = 40.0, rate_per_min: float = 75
) -> Samples:
    wave = pulse_wave(beat_times(seconds, rate_per_min), seconds, rate_hz)
    return DIASTOLIC + pulse * wave + noise(len(wave), 0.2)


def find(samples: Samples, rate_hz: int = RATE_HZ) -> list[Finding]:
    return feed(PressureDetector(rate_hz), samples)


@pytest.mark.parametrize("rate_hz", [50, 125, 250, 1000])
def test_three_pressures_the_rate_and_the_beats_of_a_wave(rate_hz: int) -> None:
    samples = arterial(30, rate_hz)
    found = find(samples, rate_hz)
    assert values(found, Vital.PRESSURE_SYSTOLIC)[-1] == pytest.approx(SYSTOLIC, abs=2)
    assert values(found, Vital.PRESSURE_DIASTOLIC)[-1] == pytest.approx(DIASTOLIC, abs=2)
    mean = float(samples[15 * rate_hz :].mean())
    assert values(found, Vital.PRESSURE_MEAN)[-1] == pytest.approx(mean, abs=1.5)
    assert values(found, Vital.PULSE_RATE)[-1] == pytest.approx(75, rel=0.01)
    beats = [one for one in found if isinstance(one, Beat)]
    assert len(beats) >= 30
    assert max(one.at - one.sample for one in beats) <= (LAG_S + 0.1) * rate_hz


def test_a_fall_of_the_pressure_is_followed_within_ten_seconds() -> None:
    feet = beat_times(60, 90)
    samples = pulse_wave(feet, 60, RATE_HZ, np.where(feet < 30, 60.0, 25.0))
    samples += np.where(np.arange(len(samples)) < 30 * RATE_HZ, 70.0, 35.0).astype(np.float32)
    found = readings(find(samples), Vital.PRESSURE_SYSTOLIC)
    late = [one.value for one in found if one.at > 42 * RATE_HZ]
    assert late == pytest.approx([60.0] * len(late), abs=3)


def test_where_every_other_beat_is_weak_the_pressure_stands_still() -> None:
    feet = beat_times(90, 70)
    feet[1::2] -= 0.2
    strokes = np.where(np.arange(len(feet)) % 2, 0.5, 1.0)
    samples = DIASTOLIC + 40 * pulse_wave(feet, 90, RATE_HZ, strokes) + noise(90 * RATE_HZ, 0.2)
    told = readings(find(samples), Vital.PRESSURE_SYSTOLIC)
    late = [one.value for one in told if one.at > 20 * RATE_HZ and one.value is not None]
    assert len(late) > 60
    assert max(late) - min(late) < 8  # a median goes from 100 to 120, as the count of beats has it


@pytest.mark.parametrize("rate_per_min", [250, 300, 340])
@pytest.mark.parametrize("rate_hz", [50, 62, 125, 250])
def test_the_fastest_pulse_is_counted_at_every_rate(rate_per_min: float, rate_hz: int) -> None:
    found = find(arterial(30, rate_hz, rate_per_min=rate_per_min), rate_hz)
    told = values(found, Vital.PULSE_RATE)
    assert len(told) >= 20
    assert told == pytest.approx([rate_per_min] * len(told), rel=0.02)


@given(
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    lost=st.lists(st.tuples(st.integers(0, 2400), st.integers(1, 200)), max_size=3),
)
@settings(max_examples=12, deadline=None)
def test_what_is_found_does_not_depend_on_the_blocks(
    cuts: list[int], lost: list[tuple[int, int]]
) -> None:
    samples = arterial(20)
    valid = np.ones(len(samples), np.bool_)
    for first, count in lost:
        valid[first : first + count] = False
        samples[first : first + count] = np.nan
    same_however_cut(lambda: PressureDetector(RATE_HZ), samples, valid, cuts)


@pytest.mark.parametrize(
    ("level", "spread", "reason"),
    [
        (300.0, 0.5, Reason.OUT_OF_RANGE),  # flushed
        (0.0, 0.1, Reason.LEAD_OFF),  # open to the air
        (90.0, 0.2, Reason.WEAK),  # closed, or no pulse
        (90.0, 0.0, Reason.FLAT),
        (90.0, 40.0, Reason.NOISE),
        (np.nan, 0.0, Reason.MISSING),
        (np.inf, 0.0, Reason.MISSING),
    ],
)
def test_a_line_without_a_pulse_has_no_pressure(
    level: float, spread: float, reason: Reason
) -> None:
    samples = arterial(60)
    hole = slice(25 * RATE_HZ, 45 * RATE_HZ)
    samples[hole] = level + noise(20 * RATE_HZ, spread)
    found = find(samples)
    for vital in VITALS:
        told = readings(found, vital)
        during = [one for one in told if 31 * RATE_HZ < one.at < 45 * RATE_HZ]
        assert {one.value for one in during} == {None}
        assert {one.reason for one in during} == {reason}
        assert told[-1].value is not None
    systolic = np.array(values(found, Vital.PRESSURE_SYSTOLIC))
    assert np.abs(systolic - SYSTOLIC).max() < 5


def test_a_damped_line_tells_only_its_mean() -> None:
    found = find(arterial(40, pulse=8.0))
    assert values(found, Vital.PRESSURE_MEAN)[-1] == pytest.approx(82, abs=2)
    for vital in (Vital.PRESSURE_SYSTOLIC, Vital.PRESSURE_DIASTOLIC):
        assert values(found, vital) == []
        assert readings(found, vital)[-1].reason is Reason.WEAK


def test_before_three_beats_it_is_learning() -> None:
    told = readings(find(arterial(3)), Vital.PRESSURE_MEAN)
    assert {(one.value, one.reason) for one in told} == {(None, Reason.LEARNING)}


def test_a_cuff_tells_a_number_that_ages() -> None:
    samples = np.full(200, np.nan, np.float32)
    samples[[3, 150]] = 118, 62
    detector = PressureNumberDetector(1, Vital.PRESSURE_SYSTOLIC, stale_s=100)
    told = readings(feed(detector, samples), Vital.PRESSURE_SYSTOLIC)
    assert [(one.at, one.value) for one in told if one.value is not None] == [(3, 118), (150, 62)]
    assert [one.at for one in told if one.reason is Reason.STALE] == list(range(103, 150))
    assert [one.at for one in told if one.reason is Reason.MISSING] == [0, 1, 2]


@pytest.mark.parametrize("bad", [4.0, 301.0, -20.0])
def test_what_no_cuff_measures_is_out_of_range(bad: float) -> None:
    detector = PressureNumberDetector(1, Vital.PRESSURE_MEAN)
    (told,) = readings(feed(detector, np.array([bad], np.float32)), Vital.PRESSURE_MEAN)
    assert told.reason is Reason.OUT_OF_RANGE


@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=4), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_a_cuff_tells_the_same_however_it_is_cut(cuts: list[int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    samples = np.sort(draw.uniform(40, 320, (300, 3)), axis=1)[:, [2, 0, 1]].astype(np.float32)
    samples[::7] = samples[::7, ::-1]
    valid = draw.random(300) < 0.1
    found = same_however_cut(lambda: CuffDetector(1, 60.0), samples, valid, cuts)
    numbers = readings(found, Vital.PRESSURE_MEAN)
    assert {one.reason for one in numbers} >= {None, Reason.OUT_OF_RANGE}


def test_settings_are_refused_with_every_fault() -> None:
    with pytest.raises(ValueError, match="rate_hz: found 49; accepted: 50 to 1000"):
        PressureDetector(49)
    with pytest.raises(ValueError, match=r"vital: found spo2; .*\nstale_s: found 1; .*60 to 7200"):
        PressureNumberDetector(1, Vital.SPO2, stale_s=1)
