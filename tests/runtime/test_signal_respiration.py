"""Breaths and their standstill: the heart that is left in an apnea is no breath."""

import numpy as np
import pytest
from breath_waves import breath_wave, heart_in
from detecting import changes, feed, readings, same_however_cut, values
from hypothesis import given, settings
from hypothesis import strategies as st
from pulse_waves import noise

from edgeward.signal.detect.respiration import RespirationDetector
from edgeward.signal.findings import Finding, Reason, Sign, Vital
from edgeward.signal.ring import Samples

RATE_HZ = 25
HEART_SHARE = 0.2


def regular(
    seconds: float, rate_per_min: float, rate_hz: int = RATE_HZ, heart: float = HEART_SHARE
) -> Samples:
    period = 60 / rate_per_min
    samples = breath_wave(np.arange(period / 2, seconds, period), seconds, rate_hz)
    return samples + heart_in(len(samples), rate_hz, 75, heart)


def stopped(breathing: list[tuple[float, float]], seconds: float, heart: float) -> Samples:
    """Breaths each 4 s in these stretches, and a heart all the time."""
    tops = np.concatenate([np.arange(first + 2, end, 4.0) for first, end in breathing])
    samples = breath_wave(tops, seconds, RATE_HZ)
    return samples + heart_in(len(samples), RATE_HZ, 80, heart)


def find(samples: Samples, rate_hz: int = RATE_HZ, apnea_s: float = 20.0) -> list[Finding]:
    return feed(RespirationDetector(rate_hz, apnea_s), samples)


@pytest.mark.parametrize(("rate_per_min", "heart"), [(4, 0.0), (5, 0.1), (8, 0.2), (15, 0.2)])
@pytest.mark.parametrize("rate_hz", [10, 25, 125, 250])
def test_slow_breaths_are_counted_beside_a_heart(
    rate_per_min: float, heart: float, rate_hz: int
) -> None:
    told = values(find(regular(150, rate_per_min, rate_hz, heart), rate_hz), Vital.RESPIRATION_RATE)
    assert len(told) >= 60
    assert told == pytest.approx([rate_per_min] * len(told), abs=0.7)


@pytest.mark.parametrize("rate_per_min", [40, 60, 100, 150])
def test_the_newborn_breathe_fast(rate_per_min: float) -> None:
    found = find(regular(90, rate_per_min, heart=0.05))
    told = values(found, Vital.RESPIRATION_RATE)
    assert len(told) >= 70
    assert [one.present for one in changes(found, Sign.APNEA)] == [False]
    assert told == pytest.approx([rate_per_min] * len(told), rel=0.03)


@pytest.mark.parametrize("gain", [1e-6, 1e6])
def test_no_gain_matters(gain: float) -> None:
    told = values(find((regular(90, 15) * gain).astype(np.float32)), Vital.RESPIRATION_RATE)
    assert told == pytest.approx([15] * len(told), abs=0.5)
    assert told


@given(
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=6),
    seed=st.integers(0, 99),
    lost=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 500)), max_size=3),
)
@settings(max_examples=8, deadline=None)
def test_what_is_found_does_not_depend_on_the_blocks(
    cuts: list[int], seed: int, lost: list[tuple[int, int]]
) -> None:
    samples = regular(100, 18) + noise(100 * RATE_HZ, 0.03, seed)
    samples[1000:1600] *= 0.01
    valid = np.ones(len(samples), np.bool_)
    for first, count in lost:
        valid[first : first + count] = False
        samples[first : first + count] = np.nan
    same_however_cut(lambda: RespirationDetector(RATE_HZ), samples, valid, cuts)


@pytest.mark.slow
@pytest.mark.parametrize("heart", [0.02, 0.2, 0.4])
@pytest.mark.parametrize("apnea_s", [10.0, 20.0, 40.0])
def test_a_heart_alone_is_an_apnea_in_time(heart: float, apnea_s: float) -> None:
    samples = stopped([(0, 60), (160, 200)], 200, heart)
    found = find(samples, apnea_s=apnea_s)
    before, apnea, after = changes(found, Sign.APNEA)
    assert (before.present, apnea.present, after.present) == (False, True, False)
    assert apnea.since / RATE_HZ == pytest.approx(58, abs=0.7)  # the top of the last breath
    assert abs(apnea.at - apnea.since - apnea_s * RATE_HZ) <= 0.3 * RATE_HZ
    assert apnea.text == f"no breath for {apnea_s:.0f} s"
    assert 162 <= after.at / RATE_HZ <= 164
    told = [
        one
        for one in readings(found, Vital.RESPIRATION_RATE)
        if apnea.at <= one.at < after.at - RATE_HZ
    ]
    assert {(one.value, one.reason) for one in told} <= {(None, Reason.WEAK), (None, Reason.NOISE)}


def test_an_apnea_that_lasts_is_never_learnt_as_breathing() -> None:
    found = find(stopped([(0, 60)], 250, heart=0.45))
    assert [one.present for one in changes(found, Sign.APNEA)] == [False, True]


def test_breaths_that_become_shallow_and_stay_slow_are_breaths() -> None:
    tops = np.arange(2, 200, 4.0)
    samples = breath_wave(tops, 200, RATE_HZ, np.where(tops < 80, 1.0, 0.3))
    found = find(samples)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False]
    assert values(found, Vital.RESPIRATION_RATE)[-1] == pytest.approx(15, abs=0.5)


def test_a_movement_is_no_breath_and_hides_the_standstill_while_it_is_recent() -> None:
    samples = stopped([(0, 60)], 120, heart=0.1)
    samples[70 * RATE_HZ : 72 * RATE_HZ] += 8
    found = find(samples)
    before, hidden, apnea = changes(found, Sign.APNEA)
    assert (before.present, hidden.present, apnea.present) == (False, None, True)
    assert hidden.at / RATE_HZ == pytest.approx(78, abs=0.7)
    assert 90 <= apnea.at / RATE_HZ <= 93


def test_breathing_goes_on_beside_movements() -> None:
    samples = regular(160, 15)
    for second in (60, 90, 120):
        samples[second * RATE_HZ : (second + 2) * RATE_HZ] += 8
    found = find(samples)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False]
    assert values(found, Vital.RESPIRATION_RATE)[-1] == pytest.approx(15, abs=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, "marked"])
def test_what_did_not_come_is_no_apnea(bad: float | str) -> None:
    samples = regular(150, 15)
    valid = np.ones(len(samples), np.bool_)
    if bad == "marked":
        valid[60 * RATE_HZ : 110 * RATE_HZ] = False
    else:
        samples[60 * RATE_HZ : 110 * RATE_HZ] = bad
    found = feed(RespirationDetector(RATE_HZ), samples, valid)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False, None, False]
    lost = [
        one
        for one in readings(found, Vital.RESPIRATION_RATE)
        if 80 * RATE_HZ < one.at < 110 * RATE_HZ
    ]
    assert {(one.value, one.reason) for one in lost} == {(None, Reason.MISSING)}


def test_a_constant_signal_decides_nothing() -> None:
    samples = np.concatenate([regular(60, 15), np.full(60 * RATE_HZ, 0.4, np.float32)])
    found = find(samples)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False, None]
    assert readings(found, Vital.RESPIRATION_RATE)[-1].reason is Reason.FLAT


@pytest.mark.parametrize("flat_s", [4, 12, 30, 60])
@pytest.mark.parametrize("breaths_again_s", [1, 8])
def test_the_end_of_a_constant_stretch_is_no_apnea(flat_s: int, breaths_again_s: int) -> None:
    end = 60 + flat_s
    samples = stopped([(0, 60), (end + breaths_again_s, end + 60)], end + 60, heart=0.1)
    samples[60 * RATE_HZ : end * RATE_HZ] = samples[60 * RATE_HZ - 1]
    found = find(samples)
    assert True not in {one.present for one in changes(found, Sign.APNEA)}
    assert changes(found, Sign.APNEA)[-1].present is False


def test_an_apnea_after_a_constant_stretch_is_seen_from_its_end_on() -> None:
    samples = stopped([(0, 60)], 140, heart=0.1)
    samples[60 * RATE_HZ : 90 * RATE_HZ] = 0.4
    found = find(samples)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False, None, True]
    assert changes(found, Sign.APNEA)[-1].at / RATE_HZ == pytest.approx(110, abs=0.3)


def test_put_on_anew_all_is_learnt_again() -> None:
    samples = np.concatenate([regular(60, 15), np.zeros(12 * RATE_HZ), 0.02 * regular(120, 50)])
    valid = np.ones(len(samples), np.bool_)
    valid[60 * RATE_HZ : 72 * RATE_HZ] = False
    found = feed(RespirationDetector(RATE_HZ), samples.astype(np.float32), valid)
    assert [one.present for one in changes(found, Sign.APNEA)] == [False, None, False]
    assert values(found, Vital.RESPIRATION_RATE)[-1] == pytest.approx(50, rel=0.03)


def test_noise_has_no_rate_and_decides_nothing() -> None:
    found = find(noise(240 * RATE_HZ, 1.0))
    told = readings(found, Vital.RESPIRATION_RATE)
    assert [one.value for one in told if one.value is not None] == []
    assert told[-1].reason is Reason.NOISE
    assert changes(found, Sign.APNEA)[-1].present is None


def test_before_four_breaths_it_is_learning() -> None:
    found = find(regular(12, 15))
    told = readings(found, Vital.RESPIRATION_RATE)
    assert {(one.value, one.reason) for one in told} == {(None, Reason.LEARNING)}
    assert changes(found, Sign.APNEA) == []


def test_settings_are_refused_with_every_fault() -> None:
    with pytest.raises(ValueError, match=r"rate_hz: found 9; .*\napnea_s: found 41; .*10 to 40"):
        RespirationDetector(9, 41)
