"""Fibrillation and flutter from the waveform: seen in time, and never in a beating heart."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeward.signal.detect.rhythm.ventricular import VentricularDetector
from edgeward.signal.findings import Finding, Sign, SignChange

RATE_HZ = 250
Wave = NDArray[np.float64]


def rhythm(seconds: float, per_min: float, rate_hz: int = RATE_HZ) -> Wave:
    """P, QRS and T of a heart that beats."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = np.zeros(len(t))
    for beat in np.arange(0.4, seconds, 60 / per_min):
        for shift, height, width in ((-0.17, 0.12, 0.025), (0, 1.0, 0.012), (0.25, 0.3, 0.05)):
            wave += height * np.exp(-(((t - beat - shift) / width) ** 2) / 2)
    return wave


def fibrillation(seconds: float, seed: int = 1, rate_hz: int = RATE_HZ) -> Wave:
    """4 to 7 Hz, wandering in frequency and height."""
    draw = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    knots = np.arange(0, seconds + 1, 0.7)
    pace = np.interp(t, knots, draw.uniform(4, 7, len(knots)))
    height = np.interp(t, knots, draw.uniform(0.2, 0.6, len(knots)))
    return height * np.sin(2 * np.pi * np.cumsum(pace) / rate_hz)


def tell(
    wave: Wave,
    valid: NDArray[np.bool_] | None = None,
    cuts: Sequence[int] = (),
    rate_hz: int = RATE_HZ,
) -> list[SignChange]:
    """What is told of a wave, in blocks that end at these samples."""
    samples = wave.astype(np.float32)
    sound = np.ones(len(wave), np.bool_) if valid is None else valid
    detector = VentricularDetector(rate_hz)
    found: list[Finding] = []
    edges = sorted({0, len(wave), *(cut for cut in cuts if 0 < cut < len(wave))})
    for first, end in pairwise(edges):
        found += detector.push(samples[first:end], sound[first:end])
    return [one for one in found if isinstance(one, SignChange)]


@pytest.mark.parametrize("rate_hz", [125, 250, 360, 500, 1000])
@pytest.mark.parametrize("seed", range(2))
def test_fibrillation_is_called_within_seven_seconds(rate_hz: int, seed: int) -> None:
    onset = 20
    wave = np.concatenate([rhythm(onset, 75, rate_hz), fibrillation(30, seed, rate_hz)])
    told = tell(wave, rate_hz=rate_hz)
    assert [(one.sign, one.present) for one in told] == [
        (Sign.VENTRICULAR_FIBRILLATION, False),
        (Sign.VENTRICULAR_FIBRILLATION, True),
    ]
    assert onset * rate_hz <= told[1].at <= (onset + 7) * rate_hz
    assert abs(told[1].since / rate_hz - onset) <= 3.5


def test_it_ends_when_the_heart_beats_again() -> None:
    wave = np.concatenate([fibrillation(20), rhythm(20, 75)])
    told = tell(wave)
    assert [one.present for one in told] == [True, False]
    assert told[1].at <= 26 * RATE_HZ


@pytest.mark.parametrize("per_min", [30, 75, 200])
@pytest.mark.parametrize("scale", [0.15, 1.0, -1.0, 5.0])
def test_a_heart_that_beats_is_not_in_fibrillation(per_min: float, scale: float) -> None:
    assert [one.present for one in tell(scale * rhythm(20, per_min))] == [False]


@pytest.mark.parametrize("kind", ["flat", "white", "hum", "quantised"])
def test_what_no_heart_makes_is_not_fibrillation(kind: str) -> None:
    draw = np.random.default_rng(3)
    t = np.arange(30 * RATE_HZ) / RATE_HZ
    waves = {
        "flat": np.full(len(t), 0.7),
        "white": draw.normal(0, 0.3, len(t)),
        "hum": np.sin(2 * np.pi * 50 * t),
        "quantised": draw.integers(0, 2, len(t)) * 0.005,
    }
    assert [one.present for one in tell(waves[kind])] == [False]


def test_an_offset_does_not_matter() -> None:
    wave = np.concatenate([rhythm(20, 75), fibrillation(20)])
    assert [one.at for one in tell(wave + 500)] == [one.at for one in tell(wave)]


@given(cuts=st.lists(st.integers(1, 7499), max_size=40), hole=st.integers(0, 7000))
@settings(max_examples=12, deadline=None)
def test_it_does_not_matter_how_the_signal_is_cut(cuts: list[int], hole: int) -> None:
    wave = np.concatenate([rhythm(12, 75), fibrillation(18)])
    valid = np.ones(len(wave), np.bool_)
    valid[hole : hole + 400] = False
    assert tell(wave, valid, cuts) == tell(wave, valid)


def test_what_is_invalid_is_never_read() -> None:
    wave = np.concatenate([rhythm(12, 75), fibrillation(18)])
    valid = np.ones(len(wave), np.bool_)
    valid[2000:2040] = False
    other = wave.copy()
    other[2000:2040] = [np.nan, np.inf, -1e30, 7.0] * 10
    assert tell(other, valid) == tell(wave, valid)
    not_marked = other.copy()
    not_marked[2000:2040] = np.nan
    assert tell(not_marked) == tell(wave, valid)


def test_what_cannot_be_seen_is_undecided_and_never_absent() -> None:
    wave = fibrillation(40)
    valid = np.ones(len(wave), np.bool_)
    valid[20 * RATE_HZ : 24 * RATE_HZ] = False
    assert [one.present for one in tell(wave, valid)] == [True, None, True]


def test_single_losses_do_not_hide_it() -> None:
    wave = fibrillation(30)
    valid = np.ones(len(wave), np.bool_)
    for first in range(0, len(wave), 625):
        valid[first : first + 20] = False
    assert [one.present for one in tell(wave, valid)] == [True]


@pytest.mark.parametrize("rate_hz", [0, 124, 1001])
def test_a_rate_out_of_range_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match=f"rate_hz: found {rate_hz}; accepted: 125 to 1000"):
        VentricularDetector(rate_hz)
