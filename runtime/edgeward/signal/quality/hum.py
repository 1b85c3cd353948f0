"""A check for an electrode that is off: it picks up the mains and nothing else.

In each step, waves of the mains with their harmonics are fitted, together with a line for whatever
else goes on. What is left when the waves are taken away is compared with them over two seconds: a
heart, and even the wander of a heart that stands still, would be in it.
"""

from collections import deque

import numpy as np

from edgeward.signal.quality.check import Step, Values

MAINS_HZ = (50.0, 60.0)
_HARMONICS = (1, 2, 3)
_RATE_SHARE = 0.49
"""Harmonics up to this part of the rate; what is faster would be taken for something slow."""
REST_SHARE = 0.2
"""The rest is so small a part of the hum, peak to peak, that nothing else can be seen in it."""


class PureHum:
    """Whether the last steps hold the mains and nothing beside it."""

    def __init__(self, rate_hz: int, step_samples: int, steps: int, least: float) -> None:
        """Look back over so many steps; less than `least` peak to peak is no hum."""
        self._least = least
        self._fits = [_projection(mains, rate_hz, step_samples) for mains in MAINS_HZ]
        self._last: deque[tuple[float, float, float] | None] = deque(maxlen=steps)

    def judge(self, step: Step) -> bool | None:
        """Judge the last steps with this one."""
        self._last.append(None if step.missing else self._split(step.samples))
        known = [one for one in self._last if one is not None]
        if len(known) < (self._last.maxlen or 0):
            return None
        hum = float(np.median([one[0] for one in known]))
        rest = max(one[2] for one in known) - min(one[1] for one in known)
        return hum >= self._least and rest <= REST_SHARE * hum

    def _split(self, samples: Values) -> tuple[float, float, float]:
        """The hum peak to peak, and the lowest and highest of the rest."""
        if np.ptp(samples) < self._least:
            return 0.0, float(samples.min()), float(samples.max())
        best = min((fit @ samples for fit in self._fits), key=lambda wave: _energy(samples - wave))
        rest = samples - best
        return float(np.ptp(best)), float(rest.min()), float(rest.max())


def _energy(rest: Values) -> float:
    """How much is left, but for its level."""
    return float(np.var(rest))


def _projection(mains_hz: float, rate_hz: int, count: int) -> Values:
    """The matrix that takes samples to the waves of the mains in them."""
    time = np.arange(count)
    waves = []
    for harmonic in _HARMONICS:
        turn = 2 * np.pi * mains_hz * harmonic / rate_hz
        if mains_hz * harmonic < _RATE_SHARE * rate_hz:
            waves += [np.cos(turn * time), np.sin(turn * time)]
    line = [np.ones(count), (time - (count - 1) / 2) / count]
    basis = np.stack([*waves, *line], axis=1)
    shares = np.linalg.pinv(basis)
    whole: Values = basis[:, : len(waves)] @ shares[: len(waves)]
    return whole
