"""The reference device with one defect in what it makes of falls, numbers and limits.

`python device_alarm_vitals.py DEFECT`, as in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from device_alarms import put, with_bedside, with_system

from edgeward.alarm.alarm_limits import DEFAULTS, Side, VitalLimits
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.risk import Harm, Onset
from edgeward.alarm.standard_conditions import standard_conditions
from edgeward.alarm.system import system
from edgeward.alarm.vocabulary import Category, Latching, Level
from edgeward.device.bedside import methods
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.signal.channel import ACCEPTED, Channel, Signal
from edgeward.signal.findings import Reading, Sign, SignChange, Vital
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals.channel_vitals import Told

PEAK_G = 20.0 / 9.80665
RANGE_G = 7.99
FAST = (
    Sign.VENTRICULAR_TACHYCARDIA, Sign.EXTREME_TACHYCARDIA, Sign.VENTRICULAR_FIBRILLATION,
)  # fmt: skip


# Falls


class AnyPeakIsAFall(Bedside):
    """Whoever is shaken by more than 20 m/s2 has fallen."""

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        pushed = super().push(patient, channel, first, samples, mask, acquired_ns)
        if self.patient(patient).vitals.channel(channel).channel.signal is Signal.ACCELERATION:
            present = bool((np.linalg.norm(samples, axis=1) > PEAK_G).any())
            now = self._now()
            seen = Observation(patient, Sign.FALL.value, present, now.mono_ns, source="peak")
            self.alarms.observe(seen, now)
        return pushed

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        if not (isinstance(told.finding, SignChange) and told.finding.sign is Sign.FALL):
            super()._judge(patient, told, now)


class ClippedIsNoFall(Bedside):
    """A sensor that reaches the end of its range is not believed for three blocks."""

    def __init__(self, *args: Any) -> None:
        self.doubted: dict[str, int] = {}
        super().__init__(*args)

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        if samples.ndim > 1 and (np.abs(samples) > RANGE_G).any():
            self.doubted[patient] = 3
        if self.doubted.get(patient, 0):
            self.doubted[patient] -= 1
            samples = np.full_like(samples, np.nan)
        return super().push(patient, channel, first, samples, mask, acquired_ns)


def fall_is_info(parts: Parts) -> Device:
    """A fall is nothing that anybody is called for."""
    known = dict(standard_conditions())
    known[Sign.FALL.value] = replace(
        known[Sign.FALL.value], harm=Harm.MINOR, onset=Onset.DELAYED, latching=Latching.NONE
    )
    put(system, "standard_conditions", lambda: known)
    return Device(parts)


# Limits


class AdultsOnly(Bedside):
    """Whoever comes is an adult."""

    def admit(self, patient: str, category: Category) -> None:
        super().admit(patient, Category.ADULT)


class HardCoded(system.AlarmSystem):
    """It shows the limits that were set, and judges by those that were built in."""

    def _judged(
        self,
        about: tuple[str | None, Vital, Side],
        value: float | None,
        limits: VitalLimits,
        source: str,
    ) -> list[tuple[str, Level, bool | None]]:
        category = self.state.scope(about[0]).category
        return super()._judged(about, value, DEFAULTS[category][about[1]], source)


def any_unit(parts: Parts) -> Device:
    """A number is a number, whatever its unit."""

    def channel(name: str, signal: str, unit: str, rate_hz: int, **rest: Any) -> Channel:
        known = ACCEPTED[Signal(signal)].unit if signal in [*Signal] else unit
        return Channel(name, Signal(signal), known, rate_hz, **rest)

    put(methods, "Channel", channel)
    return Device(parts)


# The heart rate


class DeafBeyond150(Bedside):
    """Between two beats it hears nothing for 0.4 s, and a sign rests on the beats that it hears."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital is Vital.HEART_RATE and found.value:
            value = found.value
            while value > 150.0:
                value /= 2
            told = replace(told, finding=replace(found, value=value))
        if not (isinstance(found, SignChange) and found.sign in FAST):
            super()._judge(patient, told, now)


class RateOfAMinute(Bedside):
    """It shows the mean of the last forty rates."""

    def __init__(self, *args: Any) -> None:
        self.rates: dict[str, list[float]] = {}
        super().__init__(*args)

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital is Vital.HEART_RATE and found.value:
            rates = self.rates[patient] = [*self.rates.get(patient, []), found.value][-40:]
            told = replace(told, finding=replace(found, value=float(np.mean(rates))))
        super()._judge(patient, told, now)


class TrustsTheLead(Bedside):
    """It does not hear what the finger says once a lead tells a rate."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        shown = self.patients[patient].newest.get(Vital.HEART_RATE)
        beside = shown is not None and shown.reading.value is not None
        if not (beside and isinstance(found, Reading) and found.vital is Vital.PULSE_RATE):
            super()._judge(patient, told, now)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "any_peak_is_a_fall": with_bedside(AnyPeakIsAFall),
    "clipped_is_no_fall": with_bedside(ClippedIsNoFall),
    "fall_is_info": fall_is_info,
    "everybody_is_adult": with_bedside(AdultsOnly),
    "hard_coded": with_system(HardCoded),
    "any_unit": any_unit,
    "deaf_beyond_150": with_bedside(DeafBeyond150),
    "rate_of_a_minute": with_bedside(RateOfAMinute),
    "trusts_the_lead": with_bedside(TrustsTheLead),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
