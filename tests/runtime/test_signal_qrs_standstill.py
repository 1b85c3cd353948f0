"""No beats at a standstill of pace pulses, however a front end shows them; and none hidden."""

from math import ceil

import numpy as np
import pytest
from made_ecg import Times, add_bell, ecg, every

from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.ring import Samples

RATES_HZ = (125, 250, 360, 1000)
STANDS_S = 20.0
RAIL_MV = 10.0
OTHERS = ((2, 0.1), (-4, 0.5), (2, 2), (-30, 1))
"""Pulses: millivolt and milliseconds."""


def beats_s(wave: Samples, rate_hz: int) -> Times:
    """When beats were found."""
    found = QrsDetector(rate_hz).push(wave, np.ones(len(wave), np.bool_))
    return np.array([beat.sample / rate_hz for beat in found])


def paced(
    rate_hz: int, spike_mv: float, spike_ms: float, captured_s: float, seconds: float
) -> tuple[Samples, Times]:
    """Pulses at all phases of sampling, as a front end shows them; wide beats as long as they take.

    A front end makes a bell of a pulse's area, recovers from it, and is cut off at its rails.
    """
    wave = ecg([], seconds, rate_hz).astype(np.float64)
    pulses_s = every(0.8573, 1, seconds - 0.2)
    width_s = 0.1325 / min(150.0, 0.4 * rate_hz)
    height_mv = spike_mv * spike_ms / 1000 / (width_s * np.sqrt(2 * np.pi))
    for pulse_s in pulses_s:
        add_bell(wave, rate_hz, pulse_s, height_mv, width_s)
        recovers = np.zeros_like(wave)
        add_bell(recovers, rate_hz, pulse_s + 0.010, -0.06 * height_mv, 0.005)
        add_bell(recovers, rate_hz, pulse_s + 0.022, -0.03 * height_mv, 0.008)
        wave[ceil(pulse_s * rate_hz) :] += recovers[ceil(pulse_s * rate_hz) :]
        if pulse_s < captured_s:
            add_bell(wave, rate_hz, pulse_s + 0.045, 1.0, 0.030)
            add_bell(wave, rate_hz, pulse_s + 0.120, -0.55, 0.034)
    return np.clip(wave, -RAIL_MV, RAIL_MV).astype(np.float32), pulses_s


@pytest.mark.parametrize(
    ("spike_mv", "spike_ms"),
    [(4, 0.5), (700, 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in OTHERS)],
)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_pace_pulses_that_capture_no_more_are_no_beats(
    rate_hz: int, spike_mv: float, spike_ms: float
) -> None:
    wave, pulses_s = paced(rate_hz, spike_mv, spike_ms, STANDS_S, 2 * STANDS_S)
    found = beats_s(wave, rate_hz)
    captured = pulses_s[(pulses_s > 4) & (pulses_s < STANDS_S)]
    after = [(found[found > pulse_s - 0.05] - pulse_s).min() for pulse_s in captured]
    assert max(after) < 0.16
    assert len(found[found > 4]) == len(captured)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("before_ms", [0, 8, 16, 24, 40])
def test_a_pulse_that_comes_with_a_complex_of_its_own_hides_no_beat(
    rate_hz: int, before_ms: int
) -> None:
    beats = every(0.8, 1, 19)
    wave = ecg(beats, 20, rate_hz).astype(np.float64)
    for beat_s in beats:
        add_bell(wave, rate_hz, beat_s - before_ms / 1000, 0.6, 0.1325 / min(150.0, 0.4 * rate_hz))
    found = beats_s(wave.astype(np.float32), rate_hz)
    missed = [one for one in beats[beats > 4] if np.abs(found - one).min() > 0.08]
    assert missed == []
    assert len(found[found > 4]) == len(beats[beats > 4])
