"""The reference device with one defect in the life of its alarms: `python ... DEFECT`.

Each of them is seen only when things happen in a certain order. As in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from device_alarms import S, put

from edgeward.alarm.change import Alarm, What
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.system import core, life
from edgeward.alarm.system.core import Core
from edgeward.alarm.vocabulary import Level, Presence
from edgeward.device.bedside import acting
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main


def worse_stays_answered(parts: Parts) -> Device:
    """Who answered a warning has answered what comes of it."""
    at_level = life.at_level

    def as_answered(
        alarm: Alarm, definition: ConditionDefinition, seen: Observation, level: Level, now_ns: int
    ) -> Alarm:
        moved = at_level(alarm, definition, seen, level, now_ns)
        if alarm.presence is not Presence.ACKNOWLEDGED:
            return moved
        until_ns = alarm.acknowledged_until_ns
        return replace(moved, presence=alarm.presence, acknowledged_until_ns=until_ns)

    put(life, "at_level", as_answered)
    return Device(parts)


def latches_the_last(parts: Parts) -> Device:
    """What stays of an alarm goes by what it was last, not by the worst that nobody answered."""
    over = life.over

    def as_last(alarm: Alarm, definition: ConditionDefinition) -> Alarm:
        return over(replace(alarm, worst=alarm.priority), definition)

    put(life, "over", as_last)
    return Device(parts)


def pause_covers_the_worse(parts: Parts) -> Device:
    """A pause of the sound is broken through by what kills, and by nothing else."""
    break_through = Core._break_through

    def only_lethal(self: Core, alarm: Alarm) -> None:
        if self.definitions[alarm.condition].life_threatening:
            break_through(self, alarm)

    put(Core, "_break_through", only_lethal)
    return Device(parts)


def unseen_is_over(parts: Parts) -> Device:
    """What cannot be seen any more is over."""
    observe = Core.observe

    def sure(self: Core, seen: Observation, now: Moment) -> None:
        observe(self, replace(seen, present=bool(seen.present)), now)

    put(Core, "observe", sure)
    return Device(parts)


def high_waits(parts: Parts) -> Device:
    """It waits five seconds for whatever does not kill, and discloses less."""
    delays_at = ConditionDefinition.delays_at

    def patient_with_all(self: ConditionDefinition, level: Level) -> tuple[int, int]:
        condition_ns, signal_ns = delays_at(self, level)
        return condition_ns if self.life_threatening else 5 * S, signal_ns

    put(ConditionDefinition, "delays_at", patient_with_all)
    return Device(parts)


def reminds_of_nothing(parts: Parts) -> Device:
    """A sound that is off is off, and nobody is told of it again."""
    put(core, "REMINDER_NS", 86_400 * S)
    return Device(parts)


def reset_ends_the_answered(parts: Parts) -> Device:
    """A reset ends what somebody has acknowledged, too, though its condition holds."""
    reset = acting.reset

    def all_of_it(bedside: Bedside, patient: str | None, by: str) -> dict[str, Any]:
        told = reset(bedside, patient, by)
        for alarm in bedside.alarms.alarms:
            if alarm.patient == patient and alarm.presence is Presence.ACKNOWLEDGED:
                bedside.alarms._core.change(What.RESET, life.ended(alarm), who=by)
        return told

    put(acting, "reset", all_of_it)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "worse_stays_answered": worse_stays_answered,
    "latches_the_last": latches_the_last,
    "pause_covers_the_worse": pause_covers_the_worse,
    "unseen_is_over": unseen_is_over,
    "high_waits": high_waits,
    "reminds_of_nothing": reminds_of_nothing,
    "reset_ends_the_answered": reset_ends_the_answered,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
