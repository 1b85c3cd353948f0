"""The reference device with one fault of the widely copied design: `device_reference_faults.py F`.

Each is one of `known_faults.toml` that no other twin has; the numbers stand in brackets. As in
`device_alarms.py`, what is made deep inside is put in its place before the device is made.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from edgeward.alarm import alarm_limits, signals
from edgeward.alarm import standard_conditions as conditions
from edgeward.alarm.alarm_limits import Side, VitalLimits
from edgeward.alarm.change import Alarm, What
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.system import life, showing, system, timers
from edgeward.alarm.system.core import Core
from edgeward.alarm.system.operator import Operator
from edgeward.alarm.system.watch import Watch
from edgeward.alarm.vocabulary import Kind, Level
from edgeward.device.bedside import start
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.indicators import Indicators
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.signal.detect import ecg
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import (
    Beat,
    DefectChange,
    Reading,
    Vital,
)
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals.channel_vitals import Told

S = 1_000_000_000
Make = Callable[[Parts], Device]


def put(where: ModuleType | type, **what: object) -> Make:
    """A device in which this is in the place of what has these names there."""

    def make(parts: Parts) -> Device:
        for name, each in what.items():
            assert hasattr(where, name), name
            setattr(where, name, each)
        return Device(parts)

    return make


def with_bedside(kind: type[Bedside]) -> Make:
    """A device whose bedside is this one."""
    return put(start, Bedside=kind)


# What is found


class RateOfATenth(Bedside):
    """[1] It looks at a tenth of a second, which is too little: whatever the rate is, it is 70."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital is Vital.HEART_RATE and found.value:
            told = replace(told, finding=replace(found, value=70.0))
        super()._judge(patient, told, now)


class HalfAMillivolt(QrsDetector):
    """[3] What is lower than half a millivolt is no beat."""

    __slots__ = ()

    def push(self, samples: Samples, valid: Mask) -> list[Beat]:
        return [beat for beat in super().push(samples, valid) if beat.height >= 0.5]


class NothingAbove150(QrsDetector):
    """[4] For 0.4 s after a beat there is none."""

    __slots__ = ("apart", "last")

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz)
        self.apart, self.last = round(0.4 * rate_hz), -rate_hz

    def push(self, samples: Samples, valid: Mask) -> list[Beat]:
        kept = []
        for beat in super().push(samples, valid):
            if beat.sample - self.last >= self.apart:
                self.last = beat.sample
                kept.append(beat)
        return kept


class HearsItself(Bedside):
    """[6] Judges what it simulates itself, anew in each block, the end point included."""

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        if channel == "ecg":
            angles = np.linspace(0, len(samples) / 250, len(samples)) * 2 * np.pi * 70 / 60
            samples = np.sin(angles).astype(np.float32)
        return super().push(patient, channel, first, samples, mask, acquired_ns)


class NoRuleForIt(Bedside):
    """[7] The saturation, the pulse and the pressures are shown and never judged."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital not in (Vital.HEART_RATE, Vital.TEMPERATURE):
            self._tell(self.patients[patient].show(told.channel, found, told.at_ns))
            return
        super()._judge(patient, told, now)


def all_physiological() -> object:
    """[24] The conditions, technical ones among the physiological."""
    return {
        name: one if one.life_threatening else replace(one, kind=Kind.PHYSIOLOGICAL)
        for name, one in STANDARD().items()
    }


STANDARD = conditions.standard_conditions


class SleepsInItsLoop(Bedside):
    """[26] Measures the load for a second, for each channel; what comes meanwhile is lost."""

    until_ns = 0

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        now_ns = self._clock.monotonic_ns()
        if now_ns < self.until_ns:
            return first + len(samples)
        self.until_ns = now_ns + S
        return super().push(patient, channel, first, samples, mask, acquired_ns)


class MeanOfTheWave(Bedside):
    """[31] Holds the mean of the ECG, in mV, against the limits of the heart rate."""

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        pushed = super().push(patient, channel, first, samples, mask, acquired_ns)
        if channel == "ecg" and np.isfinite(samples).all():
            now = self._now()
            found = Reading(Vital.HEART_RATE, float(samples.mean()), pushed - 1)
            signal = self.patient(patient).vitals.channel(channel).channel.signal
            self._judge(patient, Told(channel, signal, found, now.mono_ns, now.mono_ns), now)
        return pushed


class NeverBack(Bedside):
    """[25] Who was silent once is silent for good: only another message would end that."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, DefectChange) and not found.present:
            return
        super()._judge(patient, told, now)


# The life of an alarm


def never_clears(parts: Parts) -> Device:
    """[18] What began does not end by itself."""
    of_watch = timers._of_watch

    def without_end(definition: ConditionDefinition, watch: Watch | None) -> list[Any]:
        return [one for one in of_watch(definition, watch) if one[1] is not timers.Timer.CLEAR]

    return put(timers, _of_watch=without_end)(parts)


def no_hysteresis(parts: Parts) -> Device:
    """[18] An alarm ends with the first value that is not beyond its limit, and begins anew."""
    of_watch = timers._of_watch

    def at_once(definition: ConditionDefinition, watch: Watch | None) -> list[Any]:
        return [*of_watch(replace(definition, clear_delay_ns=0), watch)]

    def judge(limits: VitalLimits, side: Side, value: float, _: float, was: Level | None) -> Any:
        return alarm_limits.judge(limits, side, value, 0.0, was)

    put(timers, _of_watch=at_once)(parts)
    return put(system, judge=judge)(parts)


def severity_for_good(parts: Parts) -> Device:
    """[21] How urgent an alarm is, is settled when it begins."""
    look = Core._look_at_alarm

    def same(core: Core, alarm: Alarm, watch: Watch, *, decided: bool) -> None:
        for name, each in [*watch.sources.items()]:
            watch.sources[name] = replace(each, level=alarm.level)
        look(core, alarm, watch, decided=decided)

    return put(Core, _look_at_alarm=same)(parts)


class TechnicalStorms(system.AlarmSystem):
    """[46] What is wrong with a channel is a new alarm every two seconds."""

    latest_ns = 0

    def advance(self, now: Moment) -> None:
        super().advance(now)
        if now.mono_ns - self.latest_ns < 2 * S:
            return
        self.latest_ns = now.mono_ns
        for key, alarm in [*self._core.state.alarms.items()]:
            watch = self._core._watches.get(key)
            if alarm.kind is Kind.TECHNICAL and alarm.patient and watch and watch.present:
                self._core.change(What.ENDED, life.ended(alarm))
                watch.met_ns = now.mono_ns - self._core.definition(key[1]).condition_delay_ns
                self._core._reconcile(key)


def unheard(_: Indicators, from_ns: int, samples: int) -> Samples:
    """[22] Says that staff was notified: nothing is to be heard."""
    return np.zeros(samples, np.float32)


def least_urgent_first(parts: Parts) -> Device:
    """[33] What waits is sorted by priority, the lowest first."""
    return put(showing, newest_first=lambda alarms: signals.newest_first(alarms)[::-1])(parts)


FAULTS: dict[str, Make] = {
    "rate_of_a_tenth": with_bedside(RateOfATenth),
    "half_a_millivolt": put(ecg, QrsDetector=HalfAMillivolt),
    "nothing_above_150": put(ecg, QrsDetector=NothingAbove150),
    "hears_itself": with_bedside(HearsItself),
    "no_rule_for_it": with_bedside(NoRuleForIt),
    "never_clears": never_clears,
    "acknowledges_nothing": put(Operator, acknowledge=lambda *_: None),
    "no_hysteresis": no_hysteresis,
    "severity_for_good": severity_for_good,
    "all_physiological": put(system, standard_conditions=all_physiological),
    "never_back": with_bedside(NeverBack),
    "sleeps_in_its_loop": with_bedside(SleepsInItsLoop),
    "mean_of_the_wave": with_bedside(MeanOfTheWave),
    "never_heard": put(Indicators, sound=unheard),
    "least_urgent_first": least_urgent_first,
    "technical_storms": put(start, AlarmSystem=TechnicalStorms),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=FAULTS[sys.argv[1]]))
