"""The reference device with one defect of alarms that are told elsewhere: `python ... DEFECT`.

As in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from device_alarms import S, put

from edgeward.alarm.change import Delegated
from edgeward.alarm.delegation.local import LocalEnd
from edgeward.alarm.delegation.plan import DelegationPlan
from edgeward.alarm.signals import Shown
from edgeward.device.bedside import delegating
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main


def trusts_the_link(parts: Parts) -> Device:
    """What was offered once is given there, for ever."""

    def given_there(self: LocalEnd, shown: Shown, _now_ns: int) -> bool:
        return shown.alarm.id in self._deliveries

    put(LocalEnd, "_elsewhere", given_there)
    return Device(parts)


def asks_nobody_else(parts: Parts) -> Device:
    """The first receiver has all the time in the world."""
    plan_of = delegating.plan_of

    def without_end(settled: Delegated) -> DelegationPlan:
        return plan_of(replace(settled, confirm_ns=600 * S))

    put(delegating, "plan_of", without_end)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "trusts_the_link": trusts_the_link,
    "asks_nobody_else": asks_nobody_else,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
