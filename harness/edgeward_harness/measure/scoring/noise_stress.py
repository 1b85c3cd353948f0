"""Noise added to a clean ECG at a stated signal-to-noise ratio, after the noise stress test.

Rules (as the stress test of PhysioNet's tools defines them, in our words):
1. The power of the signal is the square of the typical height of its QRS complexes over 8, as if it
   were a sine of that height: the heights, peak to peak within 50 ms of each beat, are averaged
   without the smallest and the largest twentieth.
2. The power of the noise is that of its typical second: the root mean squares of its seconds,
   without their means, averaged without the smallest and largest twentieth.
3. Five clean minutes come first; then noisy and clean blocks of two minutes take turns.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CLEAN_FIRST_S = 300
BLOCK_S = 120
_AROUND_BEAT_S = 0.05
_TRIM = 0.05


def signal_power(ecg: Values, beats: Sequence[int], rate_hz: float) -> float:
    """Rule 1.

    Raises:
        ValueError: there is no beat to measure.
    """
    reach = round(_AROUND_BEAT_S * rate_hz)
    heights = [
        float(np.ptp(ecg[beat - reach : beat + reach + 1]))
        for beat in beats
        if reach <= beat < len(ecg) - reach
    ]
    if not heights:
        raise ValueError("no beat lies far enough inside the signal to be measured")
    return _trimmed_mean(heights) ** 2 / 8


def noise_power(noise: Values, rate_hz: float) -> float:
    """Rule 2.

    Raises:
        ValueError: the noise is shorter than a second.
    """
    second = round(rate_hz)
    seconds = [noise[at : at + second] for at in range(0, len(noise) - second + 1, second)]
    if not seconds:
        raise ValueError(f"found {len(noise)} samples of noise; accepted: {second} or more")
    return _trimmed_mean([float(np.std(one)) for one in seconds]) ** 2


def gain_for(snr_db: float, signal: float, noise: float) -> float:
    """By what the noise is to be multiplied, given both powers.

    Raises:
        ValueError: there is no noise.
    """
    if noise <= 0:
        raise ValueError("the noise has no power: it is constant")
    return float(np.sqrt(signal / (noise * 10 ** (snr_db / 10))))


def noisy_blocks(seconds: float) -> list[tuple[int, int]]:
    """Rule 3: from and to, in seconds, of what is to be disturbed in a record of this length."""
    starts = range(CLEAN_FIRST_S, int(seconds), 2 * BLOCK_S)
    return [(start, min(start + BLOCK_S, int(seconds))) for start in starts]


def add_noise(
    ecg: Values, noise: Values, beats: Sequence[int], rate_hz: float, snr_db: float
) -> Values:
    """The record with noise in its noisy blocks; noise that is too short is begun again."""
    gain = gain_for(snr_db, signal_power(ecg, beats, rate_hz), noise_power(noise, rate_hz))
    stressed = ecg.astype(np.float64)
    repeated = np.resize(noise, len(ecg))
    for first, last in noisy_blocks(len(ecg) / rate_hz):
        span = slice(round(first * rate_hz), round(last * rate_hz))
        stressed[span] += gain * repeated[span]
    return stressed


def _trimmed_mean(values: Sequence[float]) -> float:
    ordered = sorted(values)
    cut = int(len(ordered) * _TRIM)
    return float(np.mean(ordered[cut : len(ordered) - cut]))
