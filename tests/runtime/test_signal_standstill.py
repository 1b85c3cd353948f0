"""From samples to the sign: a heart that no longer beats is never met with silence."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward.signal.detect.ecg import EcgDetector
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.detect.rhythm.rhythm import RhythmDetector
from edgeward.signal.detect.rhythm.ventricular import VentricularDetector
from edgeward.signal.findings import Beat, Sign, SignChange
from edgeward.signal.simulation.generate import CHANNELS, simulate
from edgeward.signal.simulation.heart_steps import Asystole, Sinus
from edgeward.signal.simulation.script import Person, Script

RATE_HZ = 250
ONSET_S, END_S = 15, 30
Wave = NDArray[np.float64]
T = np.arange(END_S * RATE_HZ) / RATE_HZ


def bumps(first: float, end: float, step: float, height: float, width: float) -> Wave:
    """Waves of one shape at even places."""
    places = np.arange(first, end, step)
    return np.asarray(height * np.exp(-(((T[:, None] - places) / width) ** 2) / 2).sum(axis=1))


def heart(end: float) -> Wave:
    """P, QRS and T at 75/min, until some time; a little noise for ever."""
    waves = [(0.23, 0.12, 0.025), (0.4, 1.0, 0.012), (0.65, 0.3, 0.05)]
    beats = sum(bumps(shift, end - 1 + shift, 0.8, high, wide) for shift, high, wide in waves)
    return np.asarray(beats + np.random.default_rng(5).normal(0, 0.01, len(T)))


def wander(height: float) -> Wave:
    """Slow and as high as this, peak to peak."""
    return height / 2 * np.sin(2 * np.pi * 0.3 * T)


def spikes() -> Wave:
    """Pacing pulses of 2 ms and 3 mV, each second, that nothing follows."""
    wave = np.zeros(len(T))
    wave[ONSET_S * RATE_HZ + 100 :: RATE_HZ] = 3.0
    return wave


def fibrillation(height: float) -> Wave:
    """4 to 7 Hz, as high as this, peak to peak."""
    pace = 5.5 + 1.5 * np.sin(2 * np.pi * 0.4 * T)
    size = 0.75 + 0.25 * np.sin(2 * np.pi * 0.23 * T)
    return height / 2 * size * np.sin(2 * np.pi * np.cumsum(pace) / RATE_HZ)


def tell(wave: Wave) -> list[SignChange]:
    """Every sign of one lead."""
    samples, valid = wave.astype(np.float32), np.ones(len(wave), np.bool_)
    beats, waves = QrsDetector(RATE_HZ), VentricularDetector(RATE_HZ)
    rhythm = RhythmDetector(RATE_HZ, beats.weak_lag_samples)
    found = rhythm.push(beats.push(samples, valid), valid)
    found += [one for one in waves.push(samples, valid) if isinstance(one, SignChange)]
    return sorted(found, key=lambda one: one.at)


def first_call(found: list[SignChange], *signs: Sign) -> float | None:
    """Seconds after the onset at which one of the signs was first told."""
    at = [one.at for one in found if one.present and one.sign in signs]
    return min(at) / RATE_HZ - ONSET_S if at else None


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(lambda: wander(0.1), id="wander 0.1 mV"),
        pytest.param(lambda: wander(1.0), id="wander 1 mV"),
        pytest.param(lambda: wander(1.0) + bumps(0.2, END_S, 0.8, 0.15, 0.03), id="P waves"),
        pytest.param(spikes, id="pacing without capture"),
    ],
)
def test_a_standstill_with_a_rest_of_signal_is_told_within_five_seconds(
    rest: Callable[[], Wave],
) -> None:
    after = np.where(T >= ONSET_S, rest(), 0)
    found = tell(heart(ONSET_S) + after)
    called = first_call(found, Sign.ASYSTOLE)
    assert called is not None
    last = next(one.since for one in found if one.sign is Sign.ASYSTOLE and one.present)
    assert 4.0 <= called + ONSET_S - last / RATE_HZ <= 5.0


@pytest.mark.slow
@pytest.mark.parametrize("height", [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0])
def test_fibrillation_of_any_height_is_told_as_one_thing_or_the_other(height: float) -> None:
    after = np.where(T >= ONSET_S, fibrillation(height), 0)
    called = first_call(tell(heart(ONSET_S) + after), Sign.ASYSTOLE, Sign.VENTRICULAR_FIBRILLATION)
    assert called is not None
    assert called <= 8.0


def test_a_heart_that_beats_on_has_no_sign() -> None:
    found = tell(heart(END_S + 1) + wander(1.0))
    assert [one for one in found if one.present] == []


@pytest.mark.parametrize("seed", [0, 4, pytest.param(1, marks=pytest.mark.slow),
                                  pytest.param(2, marks=pytest.mark.slow)])  # fmt: skip
@pytest.mark.parametrize(("rate_bpm", "p_mv"), [(80, 0.12), (88, 0.12), (70, 0.15)])
def test_p_waves_that_no_complex_follows_are_a_standstill(
    seed: int, rate_bpm: float, p_mv: float
) -> None:
    """The ventricles stop, the atria go on: no P wave is a beat, however the levels have fallen."""
    script = Script(
        (Sinus(20, rate_bpm), Asystole(10, p_waves_bpm=70)), person=Person(p_mv=p_mv, qrs_mv=0.95)
    )
    record = simulate(script, seed, CHANNELS[:1])
    told = EcgDetector(250).push(record.signals["ecg"], np.ones(30 * 250, np.bool_))
    beats = [one.sample / 250 for one in told if isinstance(one, Beat)]
    assert max(beats) < 20.2
    begun = [one for one in told if isinstance(one, SignChange) and one.sign is Sign.ASYSTOLE]
    assert begun[-1].present
    assert begun[-1].at / 250 < max(beats) + 5.0


def test_before_the_first_beat_there_is_no_pause_and_there_is_a_standstill() -> None:
    found = RhythmDetector(RATE_HZ, 75).push([], np.ones(10 * RATE_HZ, np.bool_))
    assert {one.sign for one in found if one.present} == {Sign.ASYSTOLE}
