"""ECGs made of bells and triangles, each part where the caller puts it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Samples

Times = NDArray[np.float64]


def every(interval_s: float, first_s: float, end_s: float) -> Times:
    """Times of beats at one interval."""
    return np.arange(first_s, end_s, interval_s)


def ecg(
    beats_s: Iterable[float],
    seconds: float,
    rate_hz: int,
    qrs_mv: float = 1.0,
    t_mv: float = 0.2,
    p_mv: float = 0.1,
    noise_mv: float = 0.01,
) -> Samples:
    """A complex of 80 ms with Q and S, a P wave before and a T wave after it, and noise."""
    wave = np.random.default_rng(7).normal(0, noise_mv, int(seconds * rate_hz))
    parts = (
        (0.0, qrs_mv, 0.010),
        (-0.027, -0.15 * qrs_mv, 0.008),
        (0.027, -0.25 * qrs_mv, 0.009),
        (0.24, t_mv, 0.045),
        (-0.16, p_mv, 0.025),
    )
    for beat_s in beats_s:
        for after_s, height_mv, width_s in parts:
            add_bell(wave, rate_hz, beat_s + after_s, height_mv, width_s)
    return wave.astype(np.float32)


def tall_t(beats_s: Iterable[float], seconds: float, rate_hz: int, t_mv: float) -> Samples:
    """Triangles of 1 mV and 100 ms, each with half a sine of 180 ms that ends 350 ms after."""
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    wave = np.random.default_rng(7).normal(0, 0.005, len(times))
    for beat_s in beats_s:
        after_s = times - beat_s + 0.05
        wave += np.maximum(0, 1 - np.abs(after_s / 0.05 - 1))
        phase = (after_s - 0.17) / 0.18
        wave += np.where((phase > 0) & (phase < 1), t_mv * np.sin(np.pi * phase), 0)
    return wave.astype(np.float32)


def add_bell(wave: Times, rate_hz: int, centre_s: float, height_mv: float, width_s: float) -> None:
    """Add one bell to a wave, in place."""
    first = max(0, int((centre_s - 4 * width_s) * rate_hz))
    end = max(0, int((centre_s + 4 * width_s) * rate_hz) + 1)
    times = np.arange(first, min(end, len(wave))) / rate_hz
    wave[first:end] += height_mv * np.exp(-(((times - centre_s) / width_s) ** 2) / 2)
