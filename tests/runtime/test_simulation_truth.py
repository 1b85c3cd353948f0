"""What is said to be true can be measured in the signals, by means that know nothing of it."""

import sys
from typing import Any

import numpy as np
import pytest

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import Vital
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.body_steps import (
    Apnea,
    Breathing,
    Motion,
    Movement,
    Pressure,
    Saturation,
    Temperature,
)
from edgeward.signal.simulation.generate import CHANNELS, SimulatedRecord, simulate
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    BeatingStep,
    Ectopy,
    Paced,
    Pause,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script

ECG = CHANNELS[:1]
ECG_AND_LIGHT = CHANNELS[:2]


def rate_by_autocorrelation(signal: Samples, rate_hz: int, about_bpm: float) -> float:
    """The lag, near the one supposed, at which a signal is most like itself, between samples."""
    centred = signal.astype(np.float64) - signal.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    like = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred)]
    like /= np.arange(len(centred), 0, -1)
    low, high = (round(60 / (about_bpm * share) * rate_hz) for share in (1.25, 0.8))
    best = low + int(np.argmax(like[low:high]))
    before, at, after = like[best - 1 : best + 2]
    return 60 * rate_hz / float(best + 0.5 * (before - after) / (before - 2 * at + after))


def peaks_s(signal: Samples, rate_hz: int, least: float, apart_s: float = 0.17) -> list[float]:
    """Highest samples above a level, one in each `apart_s`."""
    found: list[int] = []
    tops = np.flatnonzero((signal[1:-1] >= signal[:-2]) & (signal[1:-1] > signal[2:])) + 1
    for place in tops.tolist():
        if signal[place] < least:
            continue
        if found and place - found[-1] < apart_s * rate_hz:
            found[-1] = place if signal[place] > signal[found[-1]] else found[-1]
        else:
            found.append(place)
    return [place / rate_hz for place in found]


def feet_s(record: SimulatedRecord) -> np.ndarray[Any, Any]:
    """Where the light signal, smoothed, begins to rise steeply: the foot by the tangent."""
    signal = np.convolve(record.signals["ppg"], np.ones(5) / 5, "same")
    slope = np.diff(signal)
    steep = [int(at * 125) for at in peaks_s(slope.astype(np.float32), 125, 0.02, 0.3)]
    lows = [signal[max(0, at - 30) : at].min() for at in steep if at > 30]
    steep = [at for at in steep if at > 30]
    return np.array(
        [(at - (signal[at] - low) / slope[at]) / 125 for at, low in zip(steep, lows, strict=True)]
    )


@pytest.mark.parametrize("bpm", [30, 45, 60, 80, 120, 160, 200, 250, 300])
def test_the_rate_is_the_one_asked_for(bpm: int) -> None:
    record = simulate(Script((Sinus(60, bpm, variability=0.0),)), bpm, ECG)
    assert rate_by_autocorrelation(record.signals["ecg"], 250, bpm) == pytest.approx(bpm, abs=1)
    told = record.truth.vitals[Vital.HEART_RATE][20:]
    assert told == pytest.approx(np.full(len(told), bpm), abs=0.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_beat_is_where_it_is_said_to_be(seed: int) -> None:
    record = simulate(Script((Sinus(60, 62, 110),)), seed, ECG)
    found = peaks_s(record.signals["ecg"], 250, 0.5)
    assert found == pytest.approx(record.truth.beats_s, abs=0.006)
    intervals = np.diff(record.truth.beats_s[:30])
    assert 0.005 < np.std(intervals) / np.mean(intervals) < 0.1  # it breathes


def test_a_change_of_rate_loses_no_beat() -> None:
    heart = (Sinus(30.3, 80, variability=0), Sinus(30, 120, variability=0))
    beats = simulate(Script(heart), 1, ECG).truth.beats_s
    intervals = np.diff(beats)
    assert set(np.round(intervals[:-1], 2)) <= {0.75, 0.5, *np.round(intervals, 2)[38:42]}
    assert intervals.max() < 0.751
    assert len(beats) == pytest.approx(30.3 * 80 / 60 + 60, abs=1)


@pytest.mark.parametrize("qrs_mv", [0.15, 1.0, 5.0])
@pytest.mark.parametrize("inverted", [False, True])
def test_complexes_are_as_high_as_the_person_s(qrs_mv: float, *, inverted: bool) -> None:
    person = Person(qrs_mv=qrs_mv, noise_mv=0, wander_mv=0, inverted=inverted)
    record = simulate(
        Script((Sinus(20, 70),), person=person), 4, (Channel("ecg", Signal.ECG, "mV", 1000),)
    )
    ecg = record.signals["ecg"]
    for at_s in record.truth.beats_s[1:-1]:
        around = ecg[round((at_s - 0.06) * 1000) : round((at_s + 0.06) * 1000)]
        assert np.ptp(around) == pytest.approx(qrs_mv, rel=0.05)
        assert (abs(around.min()) > around.max()) == inverted


def test_a_tall_t_wave_is_taller_than_the_complex() -> None:
    person = Person(t_mv=1.2, noise_mv=0, wander_mv=0)
    record = simulate(Script((Sinus(20, 75, variability=0),), person=person), 1, ECG)
    at = round(record.truth.beats_s[5] * 250)
    wave = record.signals["ecg"][at + 35 : at + 110]
    assert wave.max() == pytest.approx(1.2, abs=0.03)
    assert (35 + wave.argmax()) / 250 == pytest.approx(0.24, abs=0.03)


BIGEMINY_MEANS: list[tuple[BeatingStep, float]] = [
    (Ectopy(60, 80), 0.5),
    (Ectopy(60, 80, "NNV"), 1 / 3),
    (Ectopy(60, 80, "NNNNVV"), 1 / 3),
    (AtrialFibrillation(60, 80), 0.0),
    (VentricularTachycardia(60, 160), 1.0),
]


@pytest.mark.parametrize(("step", "share"), BIGEMINY_MEANS)
def test_patterns_keep_their_rate_and_their_kinds(step: BeatingStep, share: float) -> None:
    truth = simulate(Script((step,)), 5, ECG).truth
    assert len(truth.beats_s) == pytest.approx(step.rate_bpm, abs=4)
    assert np.mean(truth.classes == "V") == pytest.approx(share, abs=0.03)
    intervals = np.diff(truth.beats_s)
    assert intervals.min() > 0.2
    if isinstance(step, Ectopy):
        early = intervals[truth.classes[1:] == "V"]
        assert early.max() < 0.8 * 60 / step.rate_bpm
        assert intervals.max() > 1.25 * 60 / step.rate_bpm  # the pause after it
    if isinstance(step, AtrialFibrillation):
        assert np.std(intervals) / np.mean(intervals) > 0.15


@pytest.mark.parametrize("beats", [3, 5, 12])
@pytest.mark.parametrize("bpm", [100, 160, 220])
def test_a_run_has_as_many_beats_as_it_was_given(beats: int, bpm: float) -> None:
    script = Script((Sinus(20, 75), VentricularTachycardia.run(beats, bpm), Sinus(20, 75)))
    truth = simulate(script, beats, ECG).truth
    own = truth.beats_s[truth.classes == "V"]
    assert len(own) == beats
    assert 60 / np.diff(own).mean() == pytest.approx(bpm, rel=0.03)
    assert own[0] >= 20


@pytest.mark.parametrize("seconds", [2.0, 3.0, 4.5, 6.0])
def test_a_pause_is_as_long_as_it_says(seconds: float) -> None:
    record = simulate(Script((Sinus(20, 75), Pause(seconds), Sinus(20, 75))), 6, ECG)
    assert np.diff(record.truth.beats_s).max() == pytest.approx(seconds, abs=1e-6)
    found = peaks_s(record.signals["ecg"], 250, 0.5)
    assert np.diff(found).max() == pytest.approx(seconds, abs=0.01)


def test_fibrillation_wanders_between_four_and_seven_hertz() -> None:
    record = simulate(Script((Sinus(20), VentricularFibrillation(60, 0.8))), 2, ECG)
    wave = record.signals["ecg"][22 * 250 :]
    assert record.truth.beats_s.max() < 20
    assert 0.4 < np.percentile(np.ptp(wave[: 57 * 250].reshape(-1, 250), axis=1), 50) < 1.1
    strongest = []
    for first in range(0, 52 * 250, 1000):
        power = np.abs(np.fft.rfft(wave[first : first + 1000] * np.hanning(1000), 8000)) ** 2
        strongest.append(float(np.fft.rfftfreq(8000, 1 / 250)[np.argmax(power[20:]) + 20]))
    assert all(3.9 < hertz < 7.1 for hertz in strongest)
    assert max(strongest) - min(strongest) > 0.3


def test_flutter_is_one_steady_wave() -> None:
    record = simulate(Script((Sinus(10), VentricularFlutter(30, 280, 1.5))), 2, ECG)
    wave = record.signals["ecg"][12 * 250 : 38 * 250]
    assert rate_by_autocorrelation(wave, 250, 280) == pytest.approx(280, abs=1)
    assert np.ptp(wave) == pytest.approx(1.6, abs=0.3)


@pytest.mark.parametrize("residual_mv", [0.1, 0.5, 1.0])
def test_asystole_is_no_beat_and_never_flat(residual_mv: float) -> None:
    record = simulate(Script((Sinus(10), Asystole(60, residual_mv))), 3, ECG)
    still = record.signals["ecg"][12 * 250 : 68 * 250]
    assert record.truth.beats_s.max() < 10
    assert (np.diff(still) != 0).mean() > 0.99
    assert 0.6 * residual_mv < np.ptp(still) < 1.3 * residual_mv + 0.2


def test_p_waves_and_spikes_go_on_without_beats() -> None:
    person = Person(noise_mv=0.002, wander_mv=0)
    waves = Script((Asystole(30, 0.0, p_waves_bpm=70),), person=person)
    record = simulate(waves, 3, ECG)
    assert len(record.truth.beats_s) == 0
    assert rate_by_autocorrelation(record.signals["ecg"], 250, 70) == pytest.approx(70, abs=1)
    assert record.signals["ecg"].max() == pytest.approx(person.p_mv, abs=0.02)
    spikes = simulate(Script((Asystole(30, 0.0, spikes_bpm=70),), person=person), 3, ECG)
    assert len(peaks_s(spikes.signals["ecg"], 250, 0.2)) == pytest.approx(35, abs=1)


@pytest.mark.parametrize(("mv", "ms"), [(2.0, 0.1), (4.0, 0.5), (-20.0, 2.0)])
def test_a_spike_shows_its_area_not_its_height(mv: float, ms: float) -> None:
    """The front end passes 150 Hz: a pulse of half a millisecond comes out low and wide."""
    person = Person(spike_mv=mv, spike_ms=ms, noise_mv=0, wander_mv=0, range_mv=500)
    fine = (Channel("ecg", Signal.ECG, "mV", 1000),)
    record = simulate(Script((Asystole(10, 0.0, spikes_bpm=60),), person=person), 1, fine)
    seen = record.signals["ecg"] / (mv * ms)
    strongest = int(np.argmax(seen))
    area_ms = seen[strongest - 5 : strongest + 6].sum()
    assert area_ms == pytest.approx(1.0, abs=0.15)
    above_half = int((seen[strongest - 8 : strongest + 9] > seen[strongest] / 2).sum())
    assert 1 <= above_half <= 3


def test_a_spike_beyond_the_range_is_cut_off() -> None:
    person = Person(spike_mv=700, spike_ms=2.0)
    ecg = simulate(Script((Paced(20),), person=person), 1, ECG).signals["ecg"]
    assert ecg.max() == 10.0


@pytest.mark.parametrize("transit_s", [0.2, 0.25, 0.3])
def test_the_pulse_follows_each_beat(transit_s: float) -> None:
    script = Script((Sinus(40, 70),), person=Person(transit_s=transit_s))
    record = simulate(script, 8, ECG_AND_LIGHT)
    feet = feet_s(record)
    beats = record.truth.beats_s
    delays = np.array([foot - beats[beats < foot][-1] for foot in feet[2:]])
    assert len(feet) == pytest.approx(len(beats), abs=2)
    assert np.median(delays) == pytest.approx(transit_s, abs=0.03)
    assert np.std(delays) < 0.02
    assert record.truth.pulses_s == pytest.approx(beats + transit_s)


def test_a_transit_not_given_is_the_person_s_own() -> None:
    found = set()
    for seed in range(8):
        truth = simulate(Script((Sinus(5),)), seed, ECG).truth
        found.add(round(float(truth.pulses_s[0] - truth.beats_s[0]), 4))
    assert len(found) == 8
    assert min(found) >= 0.2
    assert max(found) <= 0.3


def test_a_wave_has_a_dicrotic_notch() -> None:
    record = simulate(Script((Sinus(20, 60, variability=0),)), 8, ECG_AND_LIGHT)
    foot = round(record.truth.pulses_s[8] * 125)
    wave = record.signals["ppg"][foot : foot + 100]
    smooth = np.convolve(wave, np.ones(5) / 5, "valid")
    top = int(np.argmax(smooth))
    falling = np.diff(smooth[top:])
    turns = np.flatnonzero((falling[1:] > 0) & (falling[:-1] <= 0))
    assert 0.2 < (top + turns[0]) / 125 < 0.6


def test_premature_beats_and_no_stroke_make_no_pulse() -> None:
    truth = simulate(Script((Ectopy(60, 110),)), 1, ECG_AND_LIGHT).truth
    assert len(truth.pulses_s) == pytest.approx(np.sum(truth.classes == "N"), abs=1)
    silent = simulate(Script((Sinus(20), Sinus(30, pulse=0.0))), 1, ECG_AND_LIGHT)
    assert len(silent.truth.beats_s) > 50
    assert silent.truth.pulses_s.max() < 20.4
    assert np.ptp(silent.signals["ppg"][23 * 125 :]) < 0.25
    irregular = simulate(Script((AtrialFibrillation(60, 150),)), 1, CHANNELS[:2])
    heights = [
        irregular.signals["ppg"][round(at * 125) : round(at * 125) + 30].max()
        for at in irregular.truth.pulses_s[2:-2]
    ]
    assert np.std(heights) > 0.1


def test_pressure_is_the_one_asked_for_and_runs_out_without_beats() -> None:
    script = Script((Sinus(40, 70), Asystole(20)), pressure=(Pressure(60, 130, 80),))
    record = simulate(script, 2)
    wave = record.signals["pressure"]
    settled = wave[10 * 125 : 35 * 125]
    assert np.percentile(settled, 99.5) == pytest.approx(130, abs=3)
    assert settled.min() == pytest.approx(80, abs=2)
    told = record.truth.vitals[Vital.PRESSURE_MEAN][20:35]
    assert told.mean() == pytest.approx(settled.mean(), abs=1)
    assert wave[-1] < 25
    assert np.isnan(record.truth.vitals[Vital.PRESSURE_SYSTOLIC][-1])


def test_oxygen_falls_as_fast_as_it_says() -> None:
    script = Script((Sinus(200),), saturation=(Saturation(30), Saturation.slope(98, 80, 0.1)))
    record = simulate(script, 3)
    spo2 = record.signals["spo2"]
    slope = np.polyfit(np.arange(40, 200), spo2[40:200], 1)[0]
    assert slope == pytest.approx(-0.1, abs=0.005)
    assert spo2[:30] == pytest.approx(np.full(30, 98), abs=1)
    assert np.all(spo2 == np.round(spo2))
    assert record.truth.vitals[Vital.SPO2][130] == pytest.approx(88)


def test_temperature_goes_up_as_it_says() -> None:
    script = Script((Sinus(600),), temperature=(Temperature(600, 37, 40),))
    record = simulate(script, 3)
    fit = np.polyfit(np.arange(600), record.signals["temperature"], 1)
    assert fit == pytest.approx([3 / 600, 37], abs=0.01)


@pytest.mark.parametrize("per_min", [6, 15, 40])
def test_breath_is_as_fast_as_it_says(per_min: float) -> None:
    record = simulate(Script((Sinus(120),), breath=(Breathing(120, per_min),)), 4)
    wave = record.signals["respiration"]
    assert rate_by_autocorrelation(wave, 25, per_min) == pytest.approx(per_min, abs=1)
    assert len(record.truth.breaths_s) == pytest.approx(2 * per_min, abs=1)


def test_the_heart_goes_on_in_an_apnea() -> None:
    script = Script((Sinus(120, 72),), breath=(Breathing(40), Apnea(40), Breathing(40)))
    record = simulate(script, 4)
    breaths = record.truth.breaths_s
    assert 40 < np.diff(breaths).max() < 46
    apnea = record.signals["respiration"][46 * 25 : 79 * 25]
    assert 0.03 < np.ptp(apnea) < 0.3
    assert rate_by_autocorrelation(apnea, 25, 72) == pytest.approx(72, abs=4)


@pytest.mark.parametrize("impact_g", [3.0, 5.0, 8.0])
@pytest.mark.parametrize("turn_deg", [60.0, 90.0])
def test_a_fall_is_weightless_then_hits_then_lies(impact_g: float, turn_deg: float) -> None:
    motion = (Motion(10), Motion(20, Movement.FALL, impact_g, turn_deg), Motion(10))
    record = simulate(Script((Sinus(40),), motion=motion), 5)
    (fall,) = record.truth.falls
    acceleration = record.signals["acceleration"]
    size = np.linalg.norm(acceleration, axis=1)
    free = size[round(fall.free_fall_s * 100) + 1 : round(fall.impact_s * 100)]
    assert len(free) == 29
    assert free.max() < 0.5
    assert size.max() == pytest.approx(impact_g, abs=0.1)
    assert np.argmax(size) / 100 == pytest.approx(fall.impact_s, abs=0.06)
    assert size[1300:].std() < 0.05
    before, after = acceleration[:900].mean(axis=0), acceleration[1300:].mean(axis=0)
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(turn_deg, abs=1)


def test_what_is_no_fall_has_the_size_it_has_in_life() -> None:
    def size(movement: Movement) -> Any:
        motion = (Motion(5), Motion(20, movement))
        record = simulate(Script((Sinus(30),), motion=motion), 6)
        assert record.truth.falls == ()
        return np.linalg.norm(record.signals["acceleration"][500:2500], axis=1)

    walk, jog, jump = size(Movement.WALK), size(Movement.JOG), size(Movement.JUMP)
    assert 1.2 < walk.max() < 2.0
    assert rate_by_autocorrelation(walk, 100, 120) == pytest.approx(120, abs=2)
    assert 3.0 < jog.max() < 5.0
    assert jump.min() < 0.2
    assert jump.max() > 3.0
    assert 1.5 < size(Movement.SIT_DOWN).max() < 3.0


def calls(script: Script) -> int:
    """How many functions are called to simulate a script."""
    counted = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        simulate(script, 1, ECG_AND_LIGHT)
    finally:
        sys.setprofile(None)
    return counted


def test_work_goes_with_time_and_not_with_beats() -> None:
    """Nothing is done beat by beat or sample by sample: this is what makes it fast."""
    calls(Script((Sinus(60),)))  # what is computed once and kept
    slow, fast = calls(Script((Sinus(600, 40),))), calls(Script((Sinus(600, 240),)))
    assert fast < 1.1 * slow
    assert slow / 600 < 60  # a second: 250 + 125 samples
