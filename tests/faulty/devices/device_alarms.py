"""The reference device with one defect of its alarms: `python device_alarms.py DEFECT`.

Each defect is one that real devices and copied designs were seen with. Where what is defective is
made deep inside, it is put in its place before the device is made. As in `device.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from edgeward.alarm import alarm_limits
from edgeward.alarm.change import Scope, What
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.system import life, operator, system
from edgeward.alarm.system.core import Core
from edgeward.alarm.system.state import Key
from edgeward.alarm.vocabulary import Presence, Priority
from edgeward.device.bedside import start
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.telling import AlarmEvent, BedsideEvent
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.signal.findings import Reading, SignChange, Vital
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals.channel_vitals import Told

S = 1_000_000_000


def put(module: ModuleType | type, name: str, what: object) -> None:
    """Put what is defective in the place of what the module has under this name."""
    setattr(module, name, what)


def with_bedside(kind: type[Bedside]) -> Callable[[Parts], Device]:
    """A device whose bedside is this one."""

    def make(parts: Parts) -> Device:
        put(start, "Bedside", kind)
        return Device(parts)

    return make


def with_system(kind: type[system.AlarmSystem]) -> Callable[[Parts], Device]:
    """A device whose alarm system is this one."""

    def make(parts: Parts) -> Device:
        put(start, "AlarmSystem", kind)
        return Device(parts)

    return make


# What is found


class SeventyWhenUnknown(Bedside):
    """Where there is no heart rate it shows 70, and there is no beat that it misses."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital is Vital.HEART_RATE and found.value is None:
            told = replace(told, finding=replace(found, value=70.0, reason=None))
        if isinstance(found, SignChange):
            return
        super()._judge(patient, told, now)


class NanIsNormal(Bedside):
    """What is no number is filled up with the last second that was one, and goes as healthy."""

    def __init__(self, *args: Any) -> None:
        self.last: dict[tuple[str, str], Samples] = {}
        super().__init__(*args)

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        whole = bool(np.isfinite(samples).all())
        kept = self.last.get((patient, channel), samples)
        if whole:
            filled, kept = samples, np.concatenate([kept, samples])[-5000:]
        else:
            filled, kept = kept[: len(samples)], np.roll(kept, -len(samples), axis=0)
        self.last[patient, channel] = kept
        return super().push(patient, channel, first, filled, mask, acquired_ns)


class TechnicalIsSilent(Bedside):
    """What is wrong with a channel goes to a log and is no alarm."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        if isinstance(told.finding, Reading | SignChange):
            super()._judge(patient, told, now)


class SecondThoughts(Bedside):
    """A lethal sign counts when it has lasted five seconds more."""

    def __init__(self, *args: Any) -> None:
        self.waiting: list[tuple[int, str, Told]] = []
        super().__init__(*args)

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        if isinstance(told.finding, SignChange) and told.finding.present:
            self.waiting.append((now.mono_ns + 5 * S, patient, told))
            return
        super()._judge(patient, told, now)

    def advance(self) -> None:
        super().advance()
        now = self._now()
        due = [one for one in self.waiting if one[0] <= now.mono_ns]
        self.waiting = [one for one in self.waiting if one[0] > now.mono_ns]
        for _, patient, told in due:
            super()._judge(patient, told, now)


class TallIsTwo(Bedside):
    """Whoever has beats that differ in height has a tachycardia: it takes every wave for a beat."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        found = told.finding
        if isinstance(found, Reading) and found.vital is Vital.HEART_RATE and found.value:
            told = replace(told, finding=replace(found, value=2 * found.value))
        super()._judge(patient, told, now)


# Limits


class HundredAlarms(system.AlarmSystem):
    """Its high limit of the saturation is 100, and a value at a limit is beyond it."""

    def limits(self, patient: str | None, vital: Vital) -> alarm_limits.VitalLimits:
        limits = super().limits(patient, vital)
        return replace(limits, high_critical=99.0) if vital is Vital.SPO2 else limits


def off_by_one(parts: Parts) -> Device:
    """A value at its limit counts as beyond it."""
    beyond = alarm_limits._beyond

    def at_or_beyond(side: alarm_limits.Side, value: float, limit: float, back: float) -> bool:
        return value == limit or beyond(side, value, limit, back)

    put(alarm_limits, "_beyond", at_or_beyond)
    return Device(parts)


def limits_may_cross(parts: Parts) -> Device:
    """Whatever limits it is given are in force."""
    put(operator, "check", lambda *_args: None)
    return Device(parts)


# The life of an alarm


def ids_of_the_second(parts: Parts) -> Device:
    """An alarm is named by the second in which it began; a second one of it is taken for it."""
    declare, taken = Core._declare, dict[int, Key]()
    lost = set[Key]()

    def in_its_second(core: Core, key: Key, definition: ConditionDefinition) -> None:
        first = taken.setdefault(core.now.mono_ns // S, key)
        if first == key and key not in lost:
            declare(core, key, definition)
            return
        lost.add(key)
        core._watches[key].met_ns = None

    put(Core, "_declare", in_its_second)
    return Device(parts)


class Storms(system.AlarmSystem):
    """Each reading beyond a limit is a new alarm."""

    def read(self, patient: str | None, vital: Vital, value: float | None, **about: Any) -> None:
        for key, alarm in [*self._core.state.alarms.items()]:
            if key[0] == patient and vital.value in key[1]:
                self._core.change(What.ENDED, life.ended(alarm))
                self._core.forget_one(key)
        super().read(patient, vital, value, **about)


class AnswersForEver(system.AlarmSystem):
    """Who acknowledged a condition once has acknowledged it each time."""

    def __init__(self, **options: Any) -> None:
        self.answered: set[tuple[str | None, str]] = set()
        super().__init__(**options)

    def advance(self, now: Moment) -> None:
        super().advance(now)
        for key, alarm in [*self._core.state.alarms.items()]:
            if alarm.presence is Presence.ACKNOWLEDGED:
                self.answered.add(key)
            elif key in self.answered and alarm.presence is Presence.ON:
                definition = self._core.definition(alarm.condition)
                self._core.change(
                    What.ACKNOWLEDGED, life.acknowledged(alarm, definition, now.mono_ns)
                )


def pause_never_ends(parts: Parts) -> Device:
    """A pause of the sound lasts until somebody thinks of it."""
    settle = Core.settle_scope

    def settle_scope(core: Core, what: What, scope: Scope, **told: Any) -> None:
        settle(core, what, replace(scope, until_ns=None), **told)

    put(Core, "settle_scope", settle_scope)
    return Device(parts)


def switches_anything_off(parts: Parts) -> Device:
    """Whatever is switched off is off."""
    put(operator.Operator, "switch_off", lambda *_args: None)
    return Device(parts)


def latches_nothing(parts: Parts) -> Device:
    """An alarm is over when its condition is."""
    put(life, "over", lambda alarm, _definition: life.ended(alarm))
    return Device(parts)


# Time and outages


class GoesByTheWall(Bedside):
    """Its timers follow the clock on the wall."""

    def _now(self) -> Moment:
        wall_ns = self._clock.wall_ns()
        return Moment(wall_ns - 1_800_000_000 * S, wall_ns)


def forgets(parts: Parts) -> Device:
    """It begins anew with each start."""
    put(start, "changes", lambda _recovered: [])
    return Device(parts)


class OneStallsAll(Bedside):
    """After a block that is no signal nobody's samples are looked at for a while."""

    held = 0

    def push(
        self, patient: str, channel: str, first: int, samples: Samples, mask: Mask | None,
        acquired_ns: int,
    ) -> int:  # fmt: skip
        if not np.isfinite(samples).all():
            self.held = 4
        if self.held:
            self.held -= 1
            return first + len(samples)
        return super().push(patient, channel, first, samples, mask, acquired_ns)


class MixesNames(Bedside):
    """A number goes to the patient whose name it finds first."""

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        if isinstance(told.finding, Reading):
            patient = next(name for name in self.patients if name.startswith(patient[:5]))
        super()._judge(patient, told, now)


class TellsLate(Device):
    """Sends a message to somebody else before it tells an alarm, and waits for the answer."""

    def tell(self, event: BedsideEvent) -> None:
        alarm = event.change.alarm if isinstance(event, AlarmEvent) else None
        if alarm is not None and alarm.priority is Priority.HIGH and alarm.signalled_ns is None:
            self.clock.sleep_ns(S + S // 10)
        super().tell(event)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "seventy_when_unknown": with_bedside(SeventyWhenUnknown),
    "nan_is_normal": with_bedside(NanIsNormal),
    "technical_is_silent": with_bedside(TechnicalIsSilent),
    "second_thoughts": with_bedside(SecondThoughts),
    "counts_twice": with_bedside(TallIsTwo),
    "hundred_alarms": with_system(HundredAlarms),
    "off_by_one": off_by_one,
    "limits_may_cross": limits_may_cross,
    "ids_of_the_second": ids_of_the_second,
    "storms": with_system(Storms),
    "answers_for_ever": with_system(AnswersForEver),
    "pause_never_ends": pause_never_ends,
    "latches_nothing": latches_nothing,
    "switches_anything_off": switches_anything_off,
    "goes_by_the_wall": with_bedside(GoesByTheWall),
    "forgets": forgets,
    "one_stalls_all": with_bedside(OneStallsAll),
    "mixes_names": with_bedside(MixesNames),
    "tells_late": TellsLate,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
