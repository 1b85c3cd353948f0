"""Puts the faults of a script onto one channel, stretch by stretch, in the order of the script."""

import numpy as np
from numpy.random import Generator

from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.epoch import EPOCH_S, Epoch
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.noise import motion

HUM_HZ = 60.0
_KEY = 10_000_000
_LIGHT_LEFT = 0.003  # of a pulse: the noise of a sensor that meets no blood


class Disturber:
    """The faults of one channel."""

    def __init__(
        self, faults: tuple[Fault, ...], channel: str, rate_hz: int, height: float, *, wave: bool
    ) -> None:
        """Take the faults meant for it; `height` is the usual one of its signal, peak to peak.

        A signal that is no wave but a number has nothing to show when its probe is off.
        """
        self._faults = [
            (number, fault) for number, fault in enumerate(faults) if fault.channel == channel
        ]
        self._rate_hz, self._height, self._wave = rate_hz, height, wave
        self._last: F64 | float = 0.0
        self._held: dict[int, F64 | float] = {}

    def applied(self, epoch: Epoch, clean: F64, noise: F64) -> F64:
        """What comes out: the clean signal and its noise, disturbed."""
        here = [(number, fault, self._place(epoch, fault)) for number, fault in self._faults]
        here = [one for one in here if one[2].start < one[2].stop]
        for _, fault, place in here:
            if fault.kind is FaultKind.WEAK:
                clean[place] *= 1.0 if fault.level is None else fault.level
        signal: F64 = clean + noise
        for number, fault, place in here:
            self._disturb(signal, epoch, number, fault, place)
        self._last = signal[-1].copy()
        return signal

    def _place(self, epoch: Epoch, fault: Fault) -> slice:
        """The samples of a fault in this stretch."""
        first = epoch.number * EPOCH_S * self._rate_hz
        edges = (
            int(
                np.clip(np.ceil(instant * self._rate_hz - 1e-6) - first, 0, EPOCH_S * self._rate_hz)
            )
            for instant in (fault.start_s, fault.end_s)
        )
        return slice(*edges)

    def _disturb(self, signal: F64, epoch: Epoch, number: int, fault: Fault, place: slice) -> None:
        """Put one fault onto its samples."""
        level = 0.0 if fault.level is None else fault.level
        match fault.kind:
            case FaultKind.RAIL:
                signal[place] = level
            case FaultKind.MISSING:
                signal[place] = np.nan
            case FaultKind.FLAT:
                signal[place] = self._held_value(signal, epoch, number, fault, place)
            case FaultKind.SATURATION:
                middle = np.nanmedian(signal) if signal.ndim == 1 else 0.0
                reach = level * self._height
                signal[place] = np.clip(signal[place], middle - reach, middle + reach)
            case FaultKind.WEAK:
                pass  # was done before the noise came in
            case _:
                chance = draw(epoch.seed, Purpose.FAULT, number, epoch.number)
                self._random(signal, epoch, number, fault, place, chance)

    def _random(
        self,
        signal: F64,
        epoch: Epoch,
        number: int,
        fault: Fault,
        place: slice,
        chance: Generator,
    ) -> None:
        """Put a fault that chance has a part in onto its samples."""
        count, level = place.stop - place.start, 0.0 if fault.level is None else fault.level
        whole = len(signal)
        match fault.kind:
            case FaultKind.MOTION | FaultKind.MUSCLE:
                rms = self._height / np.sqrt(8.0) * 10.0 ** (-level / 20.0)
                unit = (
                    motion(epoch.seed, _KEY + number, epoch.start_s, whole, self._rate_hz)
                    if fault.kind is FaultKind.MOTION
                    else chance.standard_normal(whole)
                )
                signal[place] += _like(signal, rms * unit[place])
            case FaultKind.HUM:
                times_s = epoch.times_s(self._rate_hz)[place]
                hum = 0.5 * level * np.sin(2 * np.pi * HUM_HZ * times_s + 0.4)
                signal[place] = _like(signal, hum)
            case FaultKind.DROPOUTS:
                signal[place][chance.uniform(size=whole)[place] < level] = np.nan
            case FaultKind.PROBE_OFF:
                left = self._height * _LIGHT_LEFT * chance.standard_normal(whole)[place]
                signal[place] = _like(signal, left if self._wave else np.full(count, np.nan))

    def _held_value(
        self, signal: F64, epoch: Epoch, number: int, fault: Fault, place: slice
    ) -> F64 | float:
        """The last value before the fault."""
        if fault.start_s >= epoch.start_s and number not in self._held:
            self._held[number] = signal[place.start - 1].copy() if place.start else self._last
        return self._held.get(number, self._last)


def _like(signal: F64, values: F64) -> F64:
    """One value a sample, for as many axes as the signal has."""
    return values if signal.ndim == 1 else values[:, None]
