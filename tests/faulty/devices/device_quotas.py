"""The reference device with one defect of how it divides a full queue: `python ... DEFECT`.

As in `device_offline.py`.
"""

import sys
from collections.abc import Callable, Iterator

from device_alarms import put

from edgeward.comms.outbox import storing
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.quotas import Load, payers
from edgeward.comms.record import RecordClass
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main


def ignores_quotas(parts: Parts) -> Device:
    """The declared order alone says what goes, whoever floods."""
    put(Core, "quota_bytes", lambda *_: 0)
    return Device(parts)


def spares_whoever_floods(parts: Parts) -> Device:
    """Who brings so much needs the room: the others pay first, in their order."""

    def others(core: Core, load: Load) -> Iterator[tuple[RecordClass, int | None]]:
        yield from ((kind, None) for kind in core.allowance.eviction if kind not in load.taken)
        yield from payers(core, load)

    put(storing, "payers", others)
    return Device(parts)


def refuses_who_comes_late(parts: Parts) -> Device:
    """What goes first takes no room from what goes later, whatever it was promised."""

    def by_rank(core: Core, load: Load) -> Iterator[tuple[RecordClass, int | None]]:
        there = [one for one in payers(core, load) if one[1] is not None]
        return (one for one in there if core.allowance.rank(one[0]) <= load.highest(core))

    put(storing, "payers", by_rank)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "ignores_quotas": ignores_quotas,
    "spares_whoever_floods": spares_whoever_floods,
    "refuses_who_comes_late": refuses_who_comes_late,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
