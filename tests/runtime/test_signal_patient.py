"""Simulated patients are reproducible and what they are said to be."""

import numpy as np
import pytest

from edgeward.signal.patient import RATE_RANGE_BPM, Rhythm, SimulatedPatient

BEATING = [Rhythm.BRADYCARDIA, Rhythm.SINUS, Rhythm.TACHYCARDIA]


def test_the_same_seed_is_the_same_patient() -> None:
    ecg = SimulatedPatient(7).ecg("sinus", 5)
    assert ecg.dtype == np.float32
    assert len(ecg) == 1250
    assert np.array_equal(ecg, SimulatedPatient(7).ecg(Rhythm.SINUS, 5))
    assert not np.array_equal(ecg, SimulatedPatient(8).ecg("sinus", 5))
    assert not np.array_equal(ecg, SimulatedPatient(7).ecg("sinus", 5, episode=1))


@pytest.mark.parametrize("rhythm", BEATING)
def test_the_heart_beats_at_the_rate_of_its_rhythm(rhythm: Rhythm) -> None:
    low, high = RATE_RANGE_BPM[rhythm]
    for seed in range(5):
        recording = SimulatedPatient(seed).record([(rhythm, 60)])
        assert low * 0.95 - 1 <= len(recording.beats) <= high * 1.05 + 1


def test_a_rate_can_be_asked_for() -> None:
    recording = SimulatedPatient(3).record([("sinus", 120)], rate_bpm=150)
    assert len(recording.beats) == pytest.approx(300, rel=0.03)
    with pytest.raises(ValueError, match="is not between"):
        SimulatedPatient(3).record([("sinus", 1)], rate_bpm=1000)


def test_every_beat_is_an_r_wave() -> None:
    recording = SimulatedPatient(5).record([("sinus", 30)])
    ecg = recording.samples_mv
    for beat in recording.beats[1:-1]:
        around = ecg[beat - 40 : beat + 40]
        assert abs(int(around.argmax()) - 40) <= 3


def test_asystole_has_no_beats_and_is_never_flat() -> None:
    for seed in range(5):
        recording = SimulatedPatient(seed).record([("asystole", 60)])
        assert recording.beats == ()
        assert float(np.abs(recording.samples_mv).max()) < 0.7
        assert (np.diff(recording.samples_mv) != 0).mean() > 0.99


def test_the_truth_covers_a_change_of_rhythm() -> None:
    recording = SimulatedPatient(1).record([("sinus", 10), ("asystole", 10)])
    assert len(recording.samples_mv) == 5000
    assert recording.label(0, 2499) is Rhythm.SINUS
    assert recording.label(2500, 4999) is Rhythm.ASYSTOLE
    assert recording.label(2499, 2500) is None
    assert recording.label(4999, 5000) is None
    assert recording.beats
    assert max(recording.beats) < 2500


def test_any_rate_of_sampling_shows_the_same_rhythm() -> None:
    recording = SimulatedPatient(2, rate_hz=500).record([("sinus", 60)], rate_bpm=60)
    assert len(recording.samples_mv) == 30_000
    assert len(recording.beats) == pytest.approx(60, abs=4)


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="use 50 Hz or more"):
        SimulatedPatient(1, rate_hz=10)
    with pytest.raises(ValueError, match="fibrillation"):
        SimulatedPatient(1).ecg("fibrillation", 5)
    with pytest.raises(ValueError, match="holds no sample"):
        SimulatedPatient(1).ecg("sinus", 0)
