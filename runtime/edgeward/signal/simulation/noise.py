"""Noise of known power: slow waves, bumps like complexes, broad noise.

It is the same noise whatever stretch is asked for: waves are functions of absolute time, and bumps
belong to the second they lie in.
"""

from functools import lru_cache

import numpy as np

from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.kernels import gaussians
from edgeward.signal.simulation.lane import F64

_WAVES = 14
_WAVE_HZ = (0.3, 4.0)
_BUMPS_PER_S = 2
_BUMP_REACH_S = 1
_GRID_HZ = 40


@lru_cache(maxsize=64)
def _waves(seed: int, key: int) -> tuple[F64, F64, F64]:
    """Frequencies, phases and amplitudes of slow waves; together their power is 1."""
    chance = draw(seed, Purpose.NOISE, key)
    low, high = _WAVE_HZ
    hertz = low * (high / low) ** chance.uniform(size=_WAVES)
    amplitudes = 1.0 / np.sqrt(hertz)
    amplitudes *= np.sqrt(2.0 / (amplitudes**2).sum())
    return hertz, chance.uniform(0, 2 * np.pi, _WAVES), amplitudes


def slow_waves(seed: int, key: int, times_s: F64) -> F64:
    """Slow waves of power 1 at these instants, which follow each other evenly."""
    if not len(times_s):
        return np.zeros(0)
    hertz, phases, amplitudes = _waves(seed, key)
    first, last = int(times_s[0] * _GRID_HZ), int(times_s[-1] * _GRID_HZ) + 2
    grid_s = np.arange(first, last + 1) / _GRID_HZ
    waves = amplitudes @ np.sin(2 * np.pi * hertz[:, None] * grid_s + phases[:, None])
    value: F64 = np.interp(times_s, grid_s, waves)
    return value


def bumps(seed: int, key: int, start_s: float, count: int, rate_hz: int) -> F64:
    """Single bumps of either sign and 40 to 120 ms, of power 1 on average."""
    out = np.zeros(count)
    seconds = range(
        max(0, int(start_s) - _BUMP_REACH_S), int(start_s + count / rate_hz) + _BUMP_REACH_S + 1
    )
    for second in seconds:
        chance = draw(seed, Purpose.NOISE, key, second)
        centres = second + chance.uniform(size=_BUMPS_PER_S)
        widths = chance.uniform(0.02, 0.06, _BUMPS_PER_S)
        power = _BUMPS_PER_S * np.sqrt(np.pi) * 0.04  # of gaussians of height 1
        heights = chance.normal(size=_BUMPS_PER_S) / np.sqrt(power)
        gaussians(out, rate_hz, centres - start_s, heights, widths)
    return out


def broad(seed: int, key: int, epoch: int, count: int) -> F64:
    """White noise of power 1 for a whole stretch of that number."""
    return draw(seed, Purpose.NOISE, key, epoch).standard_normal(count)


def motion(seed: int, key: int, start_s: float, count: int, rate_hz: int) -> F64:
    """What a moving electrode makes, of power 1 on average: half slow waves, half bumps."""
    times_s = start_s + np.arange(count) / rate_hz
    both = slow_waves(seed, key, times_s) + bumps(seed, key, start_s, count, rate_hz)
    value: F64 = both * np.sqrt(0.5)
    return value
