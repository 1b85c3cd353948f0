"""From a pattern to samples: pure functions of the pattern and the rate."""

import math

import numpy as np
import numpy.typing as npt

from edgeward.alarm.annunciation.patterns import HARMONICS, PEAK, Pattern

Audio = npt.NDArray[np.float32]

RATE_HZ_MIN = 16_000
"""The lowest rate at which every harmonic lies well below half the rate."""
_REACH = 0.8
"""A rise from 10 % to 90 % is this share of a straight rise from 0 to 100 %."""
_TOP = 0.1
"""The share of a ramp that lies above 90 % and so counts as pulse."""


def checked_rate(rate_hz: int) -> int:
    """The rate, if sounds can be rendered at it.

    Raises:
        ValueError: it is too low.
    """
    if rate_hz < RATE_HZ_MIN:
        raise ValueError(f"{rate_hz} samples a second; accepted: {RATE_HZ_MIN} or more")
    return rate_hz


def envelope(pattern: Pattern, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The height of one pulse, 0 to 1, at times since its rise began."""
    rise, fall, _ = _ramps_s(pattern)
    return np.clip(np.minimum(seconds / rise, (_pulse_s(pattern) - seconds) / fall), 0.0, 1.0)


def burst_ns(pattern: Pattern) -> int:
    """How long a burst lasts, from where its first rise begins to where its last fall ends."""
    return round((_starts_s(pattern)[-1] + _pulse_s(pattern)) * 1e9)


def period_ns(pattern: Pattern) -> int | None:
    """From the beginning of a burst to that of the next, if there is one."""
    if pattern.interval_ms is None:
        return None
    last_ms = _starts_s(pattern)[-1] * 1e3 + pattern.pulse_ms
    # Rounded up to the millisecond, so a period is a whole number of samples at every usual rate.
    return math.ceil(last_ms + pattern.interval_ms) * 1_000_000


def burst(pattern: Pattern, rate_hz: int) -> Audio:
    """The samples of one burst, silence after it not included.

    Raises:
        ValueError: the rate is too low.
    """
    seconds = np.arange(math.ceil(burst_ns(pattern) * checked_rate(rate_hz) / 1e9)) / rate_hz
    wave = np.zeros(len(seconds))
    for start in _starts_s(pattern):
        inside = slice(math.ceil(start * rate_hz), math.ceil((start + _pulse_s(pattern)) * rate_hz))
        since = seconds[inside] - start
        wave[inside] += envelope(pattern, since) * _tone(pattern.fundamental_hz, since)
    return wave.astype(np.float32)


def _tone(fundamental_hz: float, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A tone with its harmonics, as high as the peak."""
    one_turn = _shape(np.arange(0.0, 2 * math.pi, 2 * math.pi / 4096))
    scale = PEAK / float(np.abs(one_turn).max())
    return _shape(2 * math.pi * fundamental_hz * seconds) * scale


def _shape(phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shape = np.zeros_like(phase)
    for times, level in enumerate(HARMONICS, 1):
        shape += level * np.sin(times * phase)
    return shape


def _ramps_s(pattern: Pattern) -> tuple[float, float, float]:
    """How long the rise, the fall and what lies between them last, from 0 to 100 %."""
    rise, fall = pattern.rise_ms / _REACH / 1e3, pattern.fall_ms / _REACH / 1e3
    return rise, fall, pattern.pulse_ms / 1e3 - _TOP * (rise + fall)


def _pulse_s(pattern: Pattern) -> float:
    return sum(_ramps_s(pattern))


def _starts_s(pattern: Pattern) -> list[float]:
    """Where the rise of each pulse begins."""
    starts = [0.0]
    for gap_ms in pattern.gaps_ms:
        starts.append(starts[-1] + (pattern.pulse_ms + gap_ms) / 1e3)
    return starts
