"""Beats of an ECG: found whatever they look like, and none found where there is none."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_ecg import ecg, every, tall_t

from edgeward.signal.detect.qrs.learning import LEARN_MAX_S
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import Beat, BeatClass
from edgeward.signal.ring import Mask, Samples

RATE_HZ = 250
NEAR_S = 0.05


def found(
    samples: Samples, rate_hz: int = RATE_HZ, valid: Mask | None = None, cuts: Sequence[int] = ()
) -> list[Beat]:
    """The beats, when the signal comes in blocks of these lengths, again and again."""
    detector, beats, first, turn = QrsDetector(rate_hz), list[Beat](), 0, 0
    mask = np.ones(len(samples), np.bool_) if valid is None else valid
    while first < len(samples):
        end = first + (cuts[turn % len(cuts)] if cuts else len(samples))
        told = detector.push(samples[first:end], mask[first:end])
        assert all(first <= beat.at < end for beat in told)
        beats += told
        first, turn = end, turn + 1
    assert all(a.sample < b.sample and a.at <= b.at for a, b in pairwise(beats))
    assert all(0 <= beat.at - beat.sample <= detector.lag_samples for beat in beats)
    return beats


def differs(
    beats: list[Beat], times_s: Sequence[float], rate_hz: int, from_s: float
) -> list[float]:
    """Times that were not found, and beats that are not among them, from a moment on."""
    told = np.array([beat.sample / rate_hz for beat in beats])
    wanted = np.array([time_s for time_s in times_s if time_s > from_s])
    missed = [t for t in wanted if not len(told) or np.abs(told - t).min() > NEAR_S]
    extra = [t for t in told if np.abs(np.array(times_s) - t).min() > NEAR_S]
    return [*missed, *extra]


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [125, 250, 360, 500, 1000])
@pytest.mark.parametrize("per_minute", [15, 40, 80, 150, 220, 300])
def test_rates_from_15_to_300(rate_hz: int, per_minute: int) -> None:
    fast = per_minute > 180
    times_s = every(60 / per_minute, 1, 29)
    wave = ecg(times_s, 30, rate_hz, t_mv=0 if fast else 0.2, p_mv=0 if fast else 0.1)
    assert differs(found(wave, rate_hz), list(times_s), rate_hz, 6) == []


@pytest.mark.parametrize("qrs_mv", [0.15, 0.5, 1, 5, -0.15, -1, -5])
def test_small_large_and_inverted_complexes(qrs_mv: float) -> None:
    times_s = every(0.8, 1, 29)
    wave = ecg(times_s, 30, RATE_HZ, qrs_mv, t_mv=0.2 * abs(qrs_mv), p_mv=0.1 * abs(qrs_mv))
    beats = found(wave)
    assert differs(beats, list(times_s), RATE_HZ, 4) == []
    heights_mv = [beat.height for beat in beats]
    assert min(heights_mv) > 0.8 * abs(qrs_mv)
    assert max(heights_mv) < 1.5 * abs(qrs_mv) + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("t_mv", [0.4, 0.8, 1.2])
@pytest.mark.parametrize("rate_hz", [125, 250, 360, 500, 1000])
def test_a_tall_t_wave_is_no_beat(rate_hz: int, t_mv: float) -> None:
    times_s = every(0.75, 1, 29)
    beats = found(tall_t(times_s, 30, rate_hz, t_mv), rate_hz)
    assert differs(beats, list(times_s), rate_hz, 6) == []


@pytest.mark.slow
@pytest.mark.parametrize("spike_mv", [2.0, -2.0, 30.0, 700.0, -700.0])
@pytest.mark.parametrize("spike_s", [0.0001, 0.002])
@pytest.mark.parametrize("rate_hz", [125, 250, 500, 1000, 2000])
def test_pace_pulses_are_no_beats_and_hide_none(
    rate_hz: int, spike_s: float, spike_mv: float
) -> None:
    times_s = every(0.8, 1, 19)
    wave, alone = ecg(times_s, 20, rate_hz), ecg([], 20, rate_hz)
    for time_s in times_s:
        first = int((time_s - 0.06) * rate_hz)
        wave[first : first + max(1, round(spike_s * rate_hz))] += spike_mv
        alone[first : first + max(1, round(spike_s * rate_hz))] += spike_mv
    assert differs(found(wave, rate_hz), list(times_s), rate_hz, 4) == []
    assert found(alone, rate_hz) == []


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [125, 250, 1000])
def test_noise_without_beats_stays_beatless(rate_hz: int) -> None:
    noise = ecg([], 120, rate_hz, noise_mv=0.1 / 6)
    assert found(noise, rate_hz) == []
    beating = ecg(every(0.8, 1, 29), 30, rate_hz)
    beats = found(np.concatenate([beating, noise]), rate_hz)
    assert max(beat.sample for beat in beats) < 29 * rate_hz


def test_p_waves_alone_are_no_beats() -> None:
    times_s = every(0.8, 1, 29)
    block = ecg(every(0.8, 0.4, 30), 30, RATE_HZ, qrs_mv=0, t_mv=0)
    beats = found(np.concatenate([ecg(times_s, 30, RATE_HZ), block]))
    assert max(beat.sample for beat in beats) < 29 * RATE_HZ


@pytest.mark.parametrize(("from_mv", "to_mv"), [(2.0, 0.2), (0.2, 2.0)])
def test_a_change_of_height_by_ten_is_followed(from_mv: float, to_mv: float) -> None:
    before_s, after_s = every(0.8, 1, 30), every(0.8, 0.2, 29)
    before, after = (
        ecg(times_s, 30, RATE_HZ, mv, t_mv=0.2 * mv, p_mv=0.1 * mv, noise_mv=0.005)
        for times_s, mv in ((before_s, from_mv), (after_s, to_mv))
    )
    beats = found(np.concatenate([before, after]))
    assert max(b.sample - a.sample for a, b in pairwise(beats)) < 3.2 * RATE_HZ
    assert differs(beats, [*before_s, *(30 + after_s)], RATE_HZ, 34) == []


def test_no_beat_is_told_of_what_cannot_be_seen() -> None:
    times_s = every(0.8, 1, 39)
    wave, valid = ecg(times_s, 40, RATE_HZ), np.ones(40 * RATE_HZ, np.bool_)
    valid[15 * RATE_HZ : 17 * RATE_HZ] = False
    wave[15 * RATE_HZ : 17 * RATE_HZ] = 1e30
    wave[20 * RATE_HZ : 21 * RATE_HZ] = np.nan
    wave[22 * RATE_HZ] = np.inf
    beats = found(wave, valid=valid)
    assert not [b for b in beats if 15 <= b.sample / RATE_HZ < 17 or 20 <= b.sample / RATE_HZ < 21]
    assert not any(np.isnan([b.height, b.width_ms or 0]).any() for b in beats)
    assert differs(beats, list(times_s), RATE_HZ, 24) == []


def test_it_says_that_it_learns_and_learns_again_after_a_long_gap() -> None:
    detector = QrsDetector(RATE_HZ)
    wave = ecg(every(0.8, 1, 60), 60, RATE_HZ)
    sound, none = np.ones(RATE_HZ, np.bool_), np.zeros(RATE_HZ, np.bool_)
    assert detector.learning
    assert detector.push(wave[:RATE_HZ], sound) == []
    assert detector.learning
    for second in range(1, 10):
        detector.push(wave[second * RATE_HZ : (second + 1) * RATE_HZ], sound)
    assert not detector.learning
    for _ in range(3):
        detector.push(wave[:RATE_HZ], none)
    assert not detector.learning
    for _ in range(4):
        detector.push(wave[:RATE_HZ], none)
    assert detector.learning


def test_learning_ends_where_no_beat_is() -> None:
    detector = QrsDetector(RATE_HZ)
    flat = np.zeros(int((LEARN_MAX_S + 1) * RATE_HZ), np.float32)
    assert detector.push(flat, np.ones(len(flat), np.bool_)) == []
    assert not detector.learning


def test_an_early_wide_beat_is_ventricular() -> None:
    times_s = list(every(0.8, 1, 59))
    early = [time_s for place, time_s in enumerate(times_s) if place % 9 == 8 and place > 30]
    normal = ecg([t for t in times_s if t not in early], 60, RATE_HZ)
    seconds = np.arange(len(normal)) / RATE_HZ
    for time_s in early:
        apart = seconds - time_s + 0.25
        normal += (1.5 * np.exp(-((apart / 0.04) ** 2) / 2)).astype(np.float32)
        normal -= (0.8 * np.exp(-(((apart - 0.1) / 0.045) ** 2) / 2)).astype(np.float32)
    beats = found(normal)
    near = {
        beat.sample for beat in beats for t in early if abs(beat.sample / RATE_HZ - t + 0.25) < 0.1
    }
    assert len(near) == len(early) > 3
    told = {beat.sample for beat in beats if beat.kind is BeatClass.VENTRICULAR}
    assert told == near
    assert beats[0].kind is BeatClass.UNKNOWN
    assert beats[-1].kind is BeatClass.NORMAL


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(1, 700), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 1500)), max_size=4),
)
def test_the_cut_into_blocks_changes_nothing(cuts: list[int], gaps: list[tuple[int, int]]) -> None:
    wave = ecg(every(0.7, 1, 19), 20, RATE_HZ)
    valid = np.ones(len(wave), np.bool_)
    for first, length in gaps:
        valid[first : first + length] = False
    assert found(wave, valid=valid, cuts=cuts) == found(wave, valid=valid)


def test_one_sample_at_a_time_is_the_same() -> None:
    wave = ecg(every(0.7, 1, 9), 10, RATE_HZ)
    beats = found(wave, cuts=[1])
    assert beats == found(wave)
    assert len(beats) > 5


@pytest.mark.parametrize("rate_hz", [99, 0, -1, 8001])
def test_a_rate_that_shows_no_complex_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="accepted: 100 to 8000 Hz"):
        QrsDetector(rate_hz)
