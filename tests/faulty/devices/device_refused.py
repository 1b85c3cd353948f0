"""The reference device with one defect of what it does when a disk refuses: `python ... DEFECT`.

Each is one that shows as soon as a disk is full or broken, and never before. As in
`device_alarms.py`.
"""

import sys
from collections.abc import Callable

from device_alarms import put

from edgeward.comms.outbox import outbox as outboxes
from edgeward.comms.outbox import storing
from edgeward.comms.outbox.batch import Batch, Draft
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.outbox.storing import Stored
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing.interim import Interim
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.outgoing.way_out import WayOut
from edgeward.device.serve import main


def calls_it_durable(parts: Parts) -> Device:
    """What the disk refuses it keeps in memory, and says of it what it says of the rest."""
    keep = storing.keep_in_memory

    def kept(core: Core, drafts: list[Draft], reason: str, stored: Stored) -> None:
        del stored  # nothing is told in it
        keep(core, drafts, reason, Stored())

    put(storing, "keep_in_memory", kept)
    return Device(parts)


def asks_a_disk_once(parts: Parts) -> Device:
    """A disk that has refused is broken, and is not asked again."""
    store, refused = storing.store, storing.keep_in_memory
    broken: list[str] = []

    def keep(core: Core, drafts: list[Draft], reason: str, stored: Stored) -> None:
        broken.append(reason)
        refused(core, drafts, reason, stored)

    def ask(core: Core, batch: Batch, stored: Stored) -> None:
        if broken:
            keep(core, batch.drafts(), broken[0], stored)
        else:
            store(core, batch, stored)

    put(storing, "keep_in_memory", keep)
    put(outboxes, "store", ask)
    put(Outbox, "retry", lambda _: 0)
    put(outboxes, "_flush_if_possible", lambda _: None)
    return Device(parts)


def ends_its_delivery(parts: Parts) -> Device:
    """A disk that does not let it forget what it has sent ends the thread that sends."""
    put(Outgoing, "_round", lambda _, courier: courier.round())
    return Device(parts)


def tells_nobody(parts: Parts) -> Device:
    """That its records wait in memory it keeps to itself."""
    put(WayOut, "fault", property(lambda _: ""))
    return Device(parts)


def forgets_what_waited(parts: Parts) -> Device:
    """Once there is a disk it begins with what comes from then on."""
    put(Interim, "move_to", lambda _, taking, done: done())
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    one.__name__: one
    for one in (
        calls_it_durable, asks_a_disk_once, ends_its_delivery, tells_nobody, forgets_what_waited,
    )
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
