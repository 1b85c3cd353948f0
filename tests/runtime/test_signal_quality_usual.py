"""A disturbed lead is told soon, by what lies about its usual complexes; and nothing is hidden."""

from collections.abc import Iterator

import numpy as np
import pytest
from made_ecg import add_bell, ecg, every
from numpy.typing import NDArray

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.quality.quality import quality_of
from edgeward.signal.quality.usual import SHIFTS, Usual
from edgeward.signal.vitals.gate import BLINDING

Wave = NDArray[np.float32]
RATE = 250
CALM_S, MOVED_S = 40, 20


def motion(seconds: float, mv: float, seed: int = 5) -> NDArray[np.float64]:
    """What an electrode does that moves: slow and uneven waves."""
    draws = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    parts = [
        np.sin(2 * np.pi * (hertz * time + draws.random()) + 2 * np.sin(time * draws.random()))
        for hertz in draws.uniform(1.5, 6.0, 8)
    ]
    wave: NDArray[np.float64] = mv * np.sum(parts, axis=0) / 2
    return wave


def moved(mv: float, interval_s: float = 0.8) -> Wave:
    """A calm heart whose electrode moves from `CALM_S` on for a while."""
    seconds = 2 * CALM_S + MOVED_S
    wave = ecg(every(interval_s, 0.5, seconds), seconds, RATE)
    span = slice(CALM_S * RATE, (CALM_S + MOVED_S) * RATE)
    wave[span] += motion(MOVED_S, mv).astype(np.float32)
    return wave


def disturbances(wave: Wave) -> list[tuple[bool, float]]:
    """When the lead is told to be disturbed, and when no more."""
    found = quality_of(Channel("II", Signal.ECG, "mV", RATE)).push(wave, np.ones(len(wave), bool))
    return [
        (one.present, one.at / RATE)
        for one in found
        if isinstance(one, DefectChange) and one.defect is Reason.DISTURBED
    ]


@pytest.mark.parametrize("interval_s", [0.45, 0.8, 1.3])
def test_a_lead_that_moves_is_told_within_eight_seconds_and_ends(interval_s: float) -> None:
    (begun, at_s), (still, end_s) = disturbances(moved(0.16, interval_s))
    assert begun
    assert CALM_S < at_s <= CALM_S + 8
    assert not still
    assert CALM_S + MOVED_S < end_s <= CALM_S + MOVED_S + 10


def test_a_little_motion_is_none() -> None:
    assert disturbances(moved(0.02)) == []


def test_nothing_is_hidden_by_it() -> None:
    assert Reason.DISTURBED not in BLINDING


@pytest.mark.parametrize("rhythm", ["tachycardia", "bradycardia", "asystole"])
def test_another_rhythm_is_no_disturbance(rhythm: str) -> None:
    patient = SimulatedPatient(8, RATE)
    wave = np.concatenate([patient.ecg("sinus", 40), patient.ecg(rhythm, 40)])
    assert disturbances(wave.astype(np.float32)) == []


@pytest.mark.parametrize("interval_s", [1.6, 0.4])
def test_beats_of_another_kind_are_no_disturbance(interval_s: float) -> None:
    """In turn with the usual ones, and in a row: each of them a little otherwise."""
    usual = every(0.8, 0.5, 90) if interval_s > 1 else every(0.8, 0.5, 40)
    wave = ecg(usual, 90, RATE).astype(np.float64)
    for place, at_s in enumerate(every(interval_s, 40.9, 70)):
        add_bell(wave, RATE, at_s, 1.4 + 0.3 * np.sin(place), 0.05 + 0.01 * np.cos(place))
    assert disturbances(wave.astype(np.float32)) == []


HALF_S, WINDOW_S, EVERY_S = 0.2, 8, 0.8
PLACES = np.arange(100, WINDOW_S * RATE - 100, round(EVERY_S * RATE))


Values = NDArray[np.float64]


def windows(beside: Values | float, seconds: int, turn: float = 1.0) -> Iterator[Values]:
    """Windows of one shape, all at the same places, with something beside."""
    draws = np.random.default_rng(2)
    at = np.arange(WINDOW_S * RATE)[:, None] - PLACES
    shape = turn * np.exp(-((at / 5) ** 2) / 2) * np.cos(at / 6)
    for _ in range(seconds):
        yield shape.sum(axis=1) + beside + draws.normal(0, 0.01, len(at))


def learned() -> Usual:
    """One that knows what is usual."""
    usual = Usual(RATE, HALF_S)
    for wave in windows(0.0, 30):
        usual.look(wave, PLACES)
        usual.learn(wave, PLACES, 1.0, 12.0)
    return usual


def test_until_it_is_known_what_is_usual_nothing_is_said() -> None:
    usual = Usual(RATE, HALF_S)
    for wave in windows(0.0, 10):
        usual.look(wave, PLACES)
        assert usual.disturbed(20.0) is None
        usual.learn(wave, PLACES, 1.0, 12.0)
    assert not usual.known


@pytest.mark.parametrize(("mv", "told"), [(0.0, False), (0.2, True)])
def test_what_lies_beside_usual_complexes_is_disturbance(mv: float, told: bool) -> None:
    usual = learned()
    for wave in windows(motion(WINDOW_S, mv), 1):
        usual.look(wave, PLACES)
    assert usual.disturbed(20.0) is told


@pytest.mark.parametrize("turn", [-1.0, 2.5, 0.3])
def test_what_lies_beside_other_complexes_is_not(turn: float) -> None:
    usual = learned()
    for wave in windows(motion(WINDOW_S, 0.2), 1, turn):
        usual.look(wave, PLACES)
    assert usual.beside_db is None
    assert usual.disturbed(20.0) is False


def test_a_lead_that_is_always_like_that_is_not_disturbed() -> None:
    usual = Usual(RATE, HALF_S)
    for seed, wave in enumerate(windows(0.0, 60)):
        noisy = wave + motion(WINDOW_S, 0.09, seed)
        usual.look(noisy, PLACES)
        if usual.known:
            assert usual.disturbed(20.0) is not True
        usual.learn(noisy, PLACES, 1.0, 5.0)
    assert usual.known


def test_a_complex_may_lie_a_little_beside_its_place() -> None:
    usual = learned()
    for wave in windows(0.0, 1):
        usual.look(wave, PLACES + SHIFTS)
    assert usual.beside_db is not None
    assert usual.beside_db > 20.0
