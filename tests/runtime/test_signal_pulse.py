"""Pulse waves: beats, rate, and whether a pulse is there; never a number out of nothing."""

import numpy as np
import pytest
from detecting import changes, feed, readings, same_however_cut, values
from hypothesis import given, settings
from hypothesis import strategies as st
from pulse_waves import beat_times, noise, pulse_wave

from edgeward.signal.detect.pulse import LAG_S, PulseDetector
from edgeward.signal.findings import Beat, DefectChange, Finding, Reason, Sign, Vital
from edgeward.signal.ring import Samples

RATE_HZ = 125


def regular(seconds: float, rate_per_min: float, rate_hz: int = RATE_HZ) -> Samples:
    return pulse_wave(beat_times(seconds, rate_per_min), seconds, rate_hz)


def finger(seconds: float) -> Samples:
    """What a finger shows without a pulse: it breathes, and drifts."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    slow = 0.05 * np.sin(2 * np.pi * 0.22 * time) + 0.03 * np.sin(2 * np.pi * 0.07 * time)
    return slow.astype(np.float32)


def rates(samples: Samples, rate_hz: int = RATE_HZ) -> list[float]:
    return values(feed(PulseDetector(rate_hz), samples), Vital.PULSE_RATE)


@pytest.mark.parametrize("rate_per_min", [22, 30, 45, 72, 110, 150, 180, 240, 280, 300])
def test_the_rate_is_read_over_the_whole_range(rate_per_min: float) -> None:
    told = rates(regular(40, rate_per_min))
    assert len(told) >= 20
    assert told == pytest.approx([rate_per_min] * len(told), rel=0.01)


@pytest.mark.parametrize("rate_per_min", [300, 360, 400])
def test_a_pulse_faster_than_can_be_counted_is_not_read_as_half(rate_per_min: float) -> None:
    trembling = 0.02 * np.random.default_rng(5).standard_normal(round(60 * rate_per_min / 60))
    feet = beat_times(40, rate_per_min)
    told = rates(pulse_wave(feet + 0.2 * trembling[: len(feet)], 40, RATE_HZ))
    assert all(one > 0.9 * rate_per_min for one in told)


@pytest.mark.parametrize("standstill_s", [4, 12, 30])
def test_no_rate_is_taken_across_a_standstill(standstill_s: int) -> None:
    back = 20 + standstill_s
    feet = np.concatenate([np.arange(0.3, 20, 0.77), np.arange(back, back + 20, 0.77)])
    heights = np.ones(len(feet))
    heights[np.searchsorted(feet, back)] = 2.2  # the first is high: the vessels were empty
    told = rates(pulse_wave(feet, back + 20, RATE_HZ, heights))
    assert told == pytest.approx([60 / 0.77] * len(told), rel=0.05)
    assert told


@pytest.mark.parametrize("rate_hz", [125, 250, 360, 500, 1000])
def test_beats_lie_at_their_feet_and_are_told_in_time(rate_hz: int) -> None:
    feet = beat_times(20, 75)
    samples = pulse_wave(feet, 20, rate_hz)
    found = feed(PulseDetector(rate_hz), samples)
    told = [one for one in found if isinstance(one, Beat)]
    assert len(told) in range(len(feet) - 5, len(feet) - 2)  # three begin the chain, one may end it
    for beat in told:
        nearest = feet[np.abs(feet - beat.sample / rate_hz).argmin()]
        assert abs(beat.sample / rate_hz - nearest) < 0.05
        assert beat.at - beat.sample <= (LAG_S + 0.1) * rate_hz
        assert beat.height == pytest.approx(1, abs=0.1)
    assert rates(samples, rate_hz) == pytest.approx([75] * len(rates(samples, rate_hz)), rel=0.01)


@given(
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    seed=st.integers(0, 99),
    lost=st.lists(st.tuples(st.integers(0, 2400), st.integers(1, 200)), max_size=3),
)
@settings(max_examples=10, deadline=None)
def test_what_is_found_does_not_depend_on_the_blocks(
    cuts: list[int], seed: int, lost: list[tuple[int, int]]
) -> None:
    samples = regular(20, 80) + noise(20 * RATE_HZ, 0.05, seed)
    valid = np.ones(len(samples), np.bool_)
    for first, count in lost:
        valid[first : first + count] = False
        samples[first : first + count] = np.nan
    same_however_cut(lambda: PulseDetector(RATE_HZ), samples, valid, cuts)


def test_single_samples_are_blocks_too() -> None:
    samples = regular(8, 90)
    valid = np.ones(len(samples), np.bool_)
    assert same_however_cut(lambda: PulseDetector(RATE_HZ), samples, valid, [1])


@pytest.mark.parametrize("gain", [1e-6, 1.0, 1e6])
def test_neither_gain_nor_level_matters(gain: float) -> None:
    told = rates((regular(20, 66) * gain).astype(np.float32))
    assert len(told) >= 10
    assert told == pytest.approx([66] * len(told), rel=0.01)


def test_a_high_second_wave_is_no_beat() -> None:
    told = rates(pulse_wave(beat_times(40, 60), 40, RATE_HZ, second_share=0.6))
    assert len(told) >= 20
    assert told == pytest.approx([60] * len(told), rel=0.01)


def test_breathing_as_high_as_the_pulse_leaves_the_rate() -> None:
    time = np.arange(40 * RATE_HZ) / RATE_HZ
    drift = 0.5 * np.sin(2 * np.pi * 0.25 * time)
    told = rates((regular(40, 70) + drift).astype(np.float32))
    assert len(told) >= 30
    assert told == pytest.approx([70] * len(told), abs=1.5)


def test_beats_of_changing_height_all_count() -> None:
    feet = beat_times(40, 100)
    heights = np.where(np.arange(len(feet)) % 2, 0.5, 1.0)
    told = rates(pulse_wave(feet, 40, RATE_HZ, heights))
    assert told[-1] == pytest.approx(100, rel=0.01)


def test_an_early_beat_that_is_hardly_felt_leaves_the_rate() -> None:
    feet, heights = [0.3], [1.0]
    for count in range(48):
        early = count % 6 == 5
        feet.append(feet[-1] + (0.45 if early else 1.15 if heights[-1] < 1 else 0.8))
        heights.append(0.2 if early else 1.0)
    samples = pulse_wave(np.array(feet), 40.0, RATE_HZ, np.array(heights), second_share=0.0)
    told = rates(samples)
    assert len(told) >= 30
    assert told == pytest.approx([75] * len(told), abs=1)


def test_a_step_of_the_rate_is_followed_within_ten_seconds() -> None:
    feet = np.concatenate([np.arange(0.3, 30, 0.75), np.arange(30.3, 60, 0.5)])
    found = readings(feed(PulseDetector(RATE_HZ), pulse_wave(feet, 60, RATE_HZ)), Vital.PULSE_RATE)
    late = [one.value for one in found if one.at >= 42 * RATE_HZ]
    assert late == pytest.approx([120] * len(late), abs=2)


def test_a_reading_comes_each_second() -> None:
    found = readings(feed(PulseDetector(RATE_HZ), regular(20, 80)), Vital.PULSE_RATE)
    assert len(found) == 19 + (found[-1].at >= 20 * RATE_HZ - 1)
    assert all(0 <= one.at + 1 - k * RATE_HZ < 0.1 * RATE_HZ for k, one in enumerate(found, 1))
    assert found[0].reason is Reason.LEARNING


@pytest.mark.parametrize("kind", ["white", "brown", "band"])
def test_noise_alone_has_no_rate(kind: str) -> None:
    samples = noise(90 * RATE_HZ, 1.0)
    if kind == "brown":
        samples = np.cumsum(samples, dtype=np.float32)
    if kind == "band":
        window = np.hanning(25)
        samples = np.convolve(samples, window / window.sum(), "same").astype(np.float32)
    found = feed(PulseDetector(RATE_HZ), samples)
    told = readings(found, Vital.PULSE_RATE)
    assert sum(one.value is not None for one in told) <= 0.02 * len(told)
    assert told[-1].reason in (Reason.NOISE, Reason.WEAK)
    assert True not in {one.present for one in changes(found, Sign.NO_PULSE)}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, "marked"])
def test_what_is_no_number_gives_no_number(bad: float | str) -> None:
    samples = regular(40, 80)
    valid = np.ones(len(samples), np.bool_)
    if bad == "marked":
        valid[20 * RATE_HZ :] = False
        samples[20 * RATE_HZ :] = 1e30
    else:
        samples[20 * RATE_HZ :] = bad
    found = feed(PulseDetector(RATE_HZ, no_pulse_s=5), samples, valid)
    late = [one for one in readings(found, Vital.PULSE_RATE) if one.at > 27 * RATE_HZ]
    assert {(one.value, one.reason) for one in late} == {(None, Reason.MISSING)}
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None]


def test_a_gap_makes_no_interval() -> None:
    samples = regular(40, 60)
    valid = np.ones(len(samples), np.bool_)
    valid[20 * RATE_HZ : round(21.5 * RATE_HZ)] = False  # one or two beats are not seen
    told = values(feed(PulseDetector(RATE_HZ), samples, valid), Vital.PULSE_RATE)
    assert told == pytest.approx([60] * len(told), rel=0.01)


def test_a_constant_signal_is_flat_and_decides_nothing() -> None:
    samples = np.concatenate([regular(20, 80), np.full(30 * RATE_HZ, 0.7, np.float32)])
    found = feed(PulseDetector(RATE_HZ), samples)
    assert readings(found, Vital.PULSE_RATE)[-1].reason is Reason.FLAT
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None]


def test_the_end_of_a_constant_stretch_is_no_loss_of_the_pulse() -> None:
    samples = regular(60, 80)
    samples[20 * RATE_HZ : 40 * RATE_HZ] = 0.7
    found = feed(PulseDetector(RATE_HZ, no_pulse_s=4), samples)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None, False]


@pytest.mark.parametrize("no_pulse_s", [4.0, 10.0])
def test_a_pulse_that_ends_is_told_with_its_last_beat_and_again_when_it_returns(
    no_pulse_s: float,
) -> None:
    before, after = np.arange(0.3, 20, 0.8), np.arange(45, 60, 0.8)
    samples = pulse_wave(np.concatenate([before, after]), 60, RATE_HZ)
    samples += noise(len(samples), 0.01) + finger(60)
    found = feed(PulseDetector(RATE_HZ, no_pulse_s), samples)
    here, gone, back = changes(found, Sign.NO_PULSE)
    assert (here.present, gone.present, back.present) == (False, True, False)
    last_foot = before[-1] * RATE_HZ
    assert abs(gone.since - last_foot) < 0.1 * RATE_HZ
    assert 0 <= gone.at - last_foot - no_pulse_s * RATE_HZ < 0.2 * RATE_HZ
    assert gone.text == f"no pulse wave for {(gone.at - gone.since) / RATE_HZ:.1f} s"
    assert 45 * RATE_HZ < back.at < 50 * RATE_HZ
    told = [one for one in readings(found, Vital.PULSE_RATE) if gone.at < one.at < 45 * RATE_HZ]
    assert {(one.value, one.reason) for one in told} <= {(None, Reason.WEAK), (None, Reason.NOISE)}
    assert told[-1].reason is Reason.WEAK


def test_a_pulse_that_becomes_weak_is_still_one() -> None:
    feet = beat_times(60, 80)
    samples = pulse_wave(feet, 60, RATE_HZ, np.where(feet < 25, 1.0, 0.1))
    found = feed(PulseDetector(RATE_HZ), samples + noise(len(samples), 0.003))
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False]
    assert values(found, Vital.PULSE_RATE)[-1] == pytest.approx(80, rel=0.02)


def test_motion_hides_the_pulse_and_does_not_end_it() -> None:
    samples = regular(60, 80)
    samples[20 * RATE_HZ : 50 * RATE_HZ] += noise(30 * RATE_HZ, 5.0)
    found = feed(PulseDetector(RATE_HZ), samples)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None, False]
    moving = [
        one for one in readings(found, Vital.PULSE_RATE) if 27 * RATE_HZ < one.at < 50 * RATE_HZ
    ]
    assert {(one.value, one.reason) for one in moving} == {(None, Reason.NOISE)}


def test_without_a_beat_before_nothing_is_decided() -> None:
    found = feed(PulseDetector(RATE_HZ), noise(30 * RATE_HZ, 0.01))
    assert changes(found, Sign.NO_PULSE) == []


def test_settings_are_refused_with_every_fault() -> None:
    with pytest.raises(ValueError, match=r"rate_hz: found 2000; .*\nno_pulse_s: found 2; .*4 to"):
        PulseDetector(2000, 2)


@pytest.mark.parametrize("seed", range(4))
def test_what_trembles_on_after_the_last_beat_is_no_pulse(seed: int) -> None:
    window = np.hanning(31)  # about as slow as a pulse
    samples = regular(30, 80)
    rest = np.convolve(noise(80 * RATE_HZ, 1.0, seed), window / window.sum(), "same")
    samples = np.concatenate([samples, (0.1 * rest).astype(np.float32)])
    found = feed(PulseDetector(RATE_HZ), samples)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, True]
    assert values([one for one in found if one.at > 45 * RATE_HZ], Vital.PULSE_RATE) == []


def lost_at(seconds: float, left: Samples) -> Samples:
    """A pulse on a finger, and from then on only this."""
    samples = regular(15, 75) + finger(15) + noise(15 * RATE_HZ, 0.003)
    return np.concatenate([samples[: round(seconds * RATE_HZ)], left]).astype(np.float32)


def off(found: list[Finding]) -> list[bool]:
    return [one.present for one in found if isinstance(one, DefectChange)]


@pytest.mark.parametrize(
    ("phase_s", "level", "no_pulse_s"),
    [(12.0, 0, 4), (12.1, -5, 10), (12.3, 0, 10), (12.4, 5, 4), (12.5, 0, 10), (12.7, 0, 4)],
)
def test_a_sensor_that_leaves_the_finger_is_no_lost_pulse(
    phase_s: float, level: float, no_pulse_s: float
) -> None:
    samples = lost_at(phase_s, noise(14 * RATE_HZ, 0.003) + np.float32(level))
    samples = np.concatenate([samples, regular(10, 75)])
    found = feed(PulseDetector(RATE_HZ, no_pulse_s), samples)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None, False]
    assert off(found) == [True, False]
    told = next(one for one in found if isinstance(one, DefectChange))
    assert told.defect is Reason.LEAD_OFF
    assert told.at - told.since <= (no_pulse_s + 1) * RATE_HZ


@pytest.mark.parametrize("phase_s", [12.4, 12.6])
def test_a_pulse_lost_with_a_step_is_not_decided(phase_s: float) -> None:
    left = finger(15) - np.float32(0.6) + noise(15 * RATE_HZ, 0.003)
    found = feed(PulseDetector(RATE_HZ), lost_at(phase_s, left))
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, None]
    assert off(found) == []


@pytest.mark.parametrize("fades_s", [0.0, 3.0, 8.0])
def test_a_pulse_that_stops_or_fades_on_the_finger_is_lost(fades_s: float) -> None:
    feet = beat_times(12 + fades_s, 75)
    heights = np.clip(1 - (feet - 12) / max(fades_s, 1), 0, 1)
    samples = pulse_wave(feet, 35, RATE_HZ, heights) + finger(35) + noise(35 * RATE_HZ, 0.003)
    found = feed(PulseDetector(RATE_HZ), samples)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, True]
    assert off(found) == []


def test_a_spasm_as_the_pulse_stops_does_not_hide_its_loss() -> None:
    feet = np.arange(0.3, 12, 0.8)
    samples = pulse_wave(feet, 35, RATE_HZ) + finger(35) + noise(35 * RATE_HZ, 0.003)
    samples[round(12.5 * RATE_HZ) : round(12.8 * RATE_HZ)] += 2
    samples[round(13.1 * RATE_HZ) : round(13.3 * RATE_HZ)] -= 2
    found = feed(PulseDetector(RATE_HZ), samples)
    assert changes(found, Sign.NO_PULSE)[-1].present is True
    assert off(found) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_pulse_that_fades_slowly_is_not_followed_into_what_trembles_on(seed: int) -> None:
    feet = beat_times(35, 80)
    window = np.hanning(31)
    rest = np.convolve(noise(90 * RATE_HZ, 0.1, seed), window / window.sum(), "same")
    heights = np.clip(1 - (feet - 12) / 20, 0, 1)
    samples = pulse_wave(feet, 90, RATE_HZ, heights) + rest + finger(90)
    found = feed(PulseDetector(RATE_HZ), samples.astype(np.float32))
    assert changes(found, Sign.NO_PULSE)[-1].present is True
