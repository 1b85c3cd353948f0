"""An ECG at a working rate, and how much of a QRS complex there is at each moment of it.

Rules:
1. Pace pulses are taken out (`qrs_spikes`) before anything is smoothed; and by a median over a
   little more than 4 ms, what is left of those that hardly stand out.
2. The working rate is 125 to 320 Hz. Means of neighbours bring a faster signal down to it.
3. The *strength* is the energy, over 80 ms, of the second and third derivative at the time scale of
   a QRS complex. Both together rise and fall without zeros in between; baseline, ST segment and T
   wave have next to nothing of either.
4. A moment whose strength touches an invalid sample is *blind*; its strength reads as 0.
5. Where means begin depends on the sample index alone, so it does not matter how blocks are cut.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgeward.signal.detect.qrs.spikes import Spikes
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

RATE_MIN_HZ, RATE_MAX_HZ = 100, 8000
_WORKING_HZ = 160
_STEP_S = 0.06
_PACE_S = 0.002
_SCALE_S = 0.014
_SCALES = 4
"""Of the time scale, the kernels reach to either side."""
_ENERGY_S = 0.08

Values = NDArray[np.float64]


class Strip(NamedTuple):
    """One step: new moments, by working index `first ..`, and the wave they were taken from.

    The wave is ahead of the strength, so that what surrounds a moment can be looked at.
    """

    first: int
    strength: Values
    blind: Mask | None
    """Which moments are, because of rule 4; None when none is."""
    wave: Values
    """Millivolt; its first value is that of moment `first + lead`."""
    at: int
    """The last sample of the signal that was needed."""


class Front:
    """Makes strips of blocks."""

    __slots__ = (
        "_energies",
        "_energy",
        "_kernels",
        "_raw",
        "_reach",
        "_sound",
        "_sound_run",
        "_spikes",
        "_steps",
        "_wave",
        "delay_samples",
        "factor",
        "lead",
        "rate_hz",
        "step_samples",
    )

    def __init__(self, rate_hz: int) -> None:
        """Begin at sample 0.

        Raises:
            ValueError: the rate does not show a QRS complex, or is beyond what is worked with.
        """
        if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
            raise ValueError(
                f"found an ECG at {rate_hz} Hz; accepted: {RATE_MIN_HZ} to {RATE_MAX_HZ} Hz"
            )
        self.factor = max(1, rate_hz // _WORKING_HZ)
        """Samples in a mean."""
        self.rate_hz = rate_hz / self.factor
        """Moments a second."""
        self.step_samples = self.factor * max(1, round(_STEP_S * self.rate_hz))
        self._kernels = _kernels(self.rate_hz)
        half = len(self._kernels[0]) // 2
        energy = 2 * round(_ENERGY_S * self.rate_hz / 2) + 1
        self._energy = np.full(energy, 1 / energy)
        self.lead = half + energy // 2
        """Moments by which the wave is ahead of the strength."""
        pace = int(_PACE_S * rate_hz) + 1
        self._steps = Steps(self.step_samples)
        self._spikes = Spikes(rate_hz)
        self.delay_samples = self._spikes.delay
        """By which the wave is behind the signal."""
        self._raw = np.zeros(2 * pace)
        self._wave = np.zeros(2 * half)
        self._energies = np.zeros(energy - 1)
        self._reach = 2 * self.lead + ceil((2 * pace + self._spikes.delay) / self.factor)
        self._sound = np.zeros(self._reach, np.bool_)
        self._sound_run = 0

    def sample(self, moment: int) -> int:
        """The sample in the middle of a moment of the wave."""
        middle = moment * self.factor + (self.factor - 1 - len(self._raw)) // 2
        return middle - self.delay_samples

    def push(self, samples: Samples, valid: Mask) -> Iterator[Strip]:
        """Each step that is now complete."""
        for first, step, mask in self._steps.push(samples, valid & np.isfinite(samples)):
            wave = self._thin(self._spikes.push(step, mask))
            strength = self._strength(wave)
            blind = self._blind(mask)
            if blind is not None:
                strength[blind] = 0.0
            moment = first // self.factor - self.lead
            yield Strip(moment, strength, blind, wave, first + len(step) - 1)

    def _thin(self, step: Values) -> Values:
        """Rules 1 and 2."""
        raw = np.concatenate([self._raw, step])
        span = len(self._raw) + 1
        self._raw = raw[len(step) :]
        if span == 3:
            low, middle, high = raw[:-2], raw[1:-1], raw[2:]
            still: Values = np.maximum(
                np.minimum(low, middle), np.minimum(np.maximum(low, middle), high)
            )
        else:
            still = np.sort(sliding_window_view(raw, span), axis=1)[:, span // 2]
        if self.factor == 1:
            return still
        thin: Values = np.add.reduce(still.reshape(-1, self.factor), axis=1) / self.factor
        return thin

    def _strength(self, wave: Values) -> Values:
        """Rule 3."""
        known = np.concatenate([self._wave, wave])
        self._wave = known[len(wave) :]
        second, third = (np.correlate(known, kernel, "valid") for kernel in self._kernels)
        energies = np.concatenate([self._energies, second * second + third * third])
        self._energies = energies[len(wave) :]
        strength: Values = np.sqrt(np.correlate(energies, self._energy, "valid"))
        return strength

    def _blind(self, mask: Mask) -> Mask | None:
        """Rule 4; None where no moment is blind."""
        if mask.all():
            self._sound_run += len(mask) // self.factor
            if self._sound_run > self._reach + len(mask) // self.factor:
                return None
            sound: Mask = np.ones(len(mask) // self.factor, np.bool_)
        else:
            self._sound_run = 0
            sound = np.logical_and.reduce(mask.reshape(-1, self.factor), axis=1)
        known = np.concatenate([self._sound, sound])
        self._sound = known[len(sound) :]
        runs = sliding_window_view(known, self._reach + 1)
        whole: Mask = np.logical_and.reduce(runs, axis=1)
        return None if whole.all() else ~whole


@lru_cache
def _kernels(rate_hz: float) -> tuple[Values, Values]:
    """The second and third derivative of a bell, each of gain 1 at the frequency it favours.

    Turned round, to be laid along the wave as they are.
    """
    half = ceil(_SCALES * _SCALE_S * rate_hz)
    at = np.arange(-half, half + 1) / rate_hz
    bell = np.exp(-((at / _SCALE_S) ** 2) / 2)
    second = ((at / _SCALE_S) ** 2 - 1) * bell
    second -= bell * (second.sum() / bell.sum())
    third = np.gradient(second)
    turns = np.exp(-2j * np.pi * np.outer(np.linspace(1.0, 40.0, 400), at))
    gains = np.abs(turns @ second).max(), np.abs(turns @ third).max()
    both = (second / gains[0])[::-1].copy(), (third / gains[1])[::-1].copy()
    for one in both:  # every detector of this rate shares them
        one.setflags(write=False)
    return both
