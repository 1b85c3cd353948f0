"""The reference device with one defect of what it gives to be carried: `python ... DEFECT`.

A medium is out of sight: what is wrong with it shows when nobody has the records any more. Beside
them stand devices that take a dead link for alive, or need the time before they keep anything. As
in `device_alarms.py`.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from device_alarms import put

from edgeward.comms.carried import export as exports
from edgeward.comms.carried import layout
from edgeward.comms.carried import queue as queues
from edgeward.comms.carried.answers import Answered
from edgeward.comms.carried.queue import Taken
from edgeward.comms.delivery import courier as couriers
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.delivery.lanes import ALARMS, OTHERS
from edgeward.comms.delivery.source import Source
from edgeward.comms.delivery.state import State, state_after
from edgeward.comms.delivery.transport import StrangerError
from edgeward.comms.outbox import opening
from edgeward.comms.outbox.core import Core
from edgeward.comms.record import (
    Epoch,
    Identity,
    Offered,
    Queued,
    Receipt,
    RecordClass,
    Sealer,
    Standing,
)
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing import carrying
from edgeward.device.outgoing.carrying import Carrier, Exported
from edgeward.device.outgoing.outgoing import RELEASED_NS, Outgoing
from edgeward.device.serve import main
from edgeward.errors import DeliveryError
from edgeward.ports import Entropy

ALL = frozenset(RecordClass)
EVERYTHING = 1 << 62
DAY_NS = 86_400 * 1_000_000_000
_EXPORT = Carrier.export
_COUNTED: set[Identity] = set()


def waiting(source: Source) -> Sequence[Queued]:
    """All that waits."""
    return source.queued(ALL, records_max=EVERYTHING, bytes_max=EVERYTHING)


def opened(carrier: Carrier) -> Iterator[tuple[Queued, bytes]]:
    """All that waits, in clear."""
    records = waiting(carrier.source)
    keys = {(key.epoch, key.number): key for key in carrier.source.keys(records)}
    for one in records:
        key = keys[one.identity.epoch, one.sealed.key]
        yield one, carrier.granter.open(one.identity, one.kind, key, one.sealed.blob)  # type: ignore[attr-defined]


def after_export(then: Callable[[Carrier, Path], None]) -> Callable[[Parts], Device]:
    """A device that does something more once it has exported."""

    def make(parts: Parts) -> Device:
        def export(self: Carrier, medium: Path, bytes_max: int | None = None) -> Exported:
            told = _EXPORT(self, medium, bytes_max)
            then(self, medium)
            return told

        put(Carrier, "export", export)
        return Device(parts)

    return make


def forgets_on_export(carrier: Carrier, _: Path) -> None:
    """What is on the stick is out of the house."""
    carrier.source.delivered(waiting(carrier.source))


def lays_a_copy_beside(carrier: Carrier, medium: Path) -> None:
    """A copy that people can read is of use, should the receiver's key be lost."""
    text = b"\n".join(payload for _, payload in opened(carrier))
    (medium / "copy.jsonl").write_bytes(text)


def renumbers_what_was_exported(carrier: Carrier, _: Path) -> None:
    """What was exported once goes out as new the next time."""
    again = [(one, data) for one, data in opened(carrier) if one.identity not in _COUNTED]
    new = [Offered(one.kind, payload) for one, payload in again]
    receipts = carrier.source.accept(new) if new else []  # type: ignore[attr-defined]
    _COUNTED.update(one.identity for one, _ in again)
    _COUNTED.update(one.identity for one in receipts if one.identity is not None)


def exports_unsealed(parts: Parts) -> Device:
    """Records are sealed already: why seal them twice."""
    put(exports, "seal_part", lambda data, *_: data)
    return Device(parts)


def believes_any_signature(parts: Parts) -> Device:
    """An answer is read, and its signature is for others."""
    put(layout, "_verified", lambda *_: True)
    return Device(parts)


def takes_an_answer_for_all(parts: Parts) -> Device:
    """Where an answer came, the receiver has it all."""

    def all_of_it(source: Source, _: Answered) -> Taken:
        return Taken(delivered=source.delivered(waiting(source)))

    put(carrying, "take_answers", all_of_it)
    return Device(parts)


def forgets_nothing(parts: Parts) -> Device:
    """An answer closes its bundle, and the records stay."""
    put(carrying, "take_answers", lambda *_: Taken())
    return Device(parts)


def carries_alarms_last(parts: Parts) -> Device:
    """On a medium nothing is urgent any more."""
    put(queues, "ALARMS", OTHERS)
    put(queues, "OTHERS", ALARMS)
    return Device(parts)


def carries_no_gaps(parts: Parts) -> Device:
    """What is gone is gone: a medium is for records."""
    part = queues.QueueParts._part

    def without(self: Any, kinds: Any, all_of: Any, sent: Any, grants: Any, _: Any) -> Any:
        return part(self, kinds, all_of, sent, grants, [])

    put(queues.QueueParts, "_part", without)
    return Device(parts)


def never_asks_again(parts: Parts) -> Device:
    """Who was there once is there, until something fails that is sent."""

    def patient(device: str, source: Any, granter: Any, transport: Any, clock: Any,
                entropy: Any, pace: Any, *more: Any) -> Courier:  # fmt: skip
        slow = replace(pace, heartbeat_ns=EVERYTHING)
        return Courier(device, source, granter, transport, clock, entropy, slow, *more)

    put(sys.modules[Outgoing.__module__], "Courier", patient)
    return Device(parts)


def takes_a_page_for_alive(parts: Parts) -> Device:
    """Somebody answers, so there is a network, so it is online."""

    def friendly(error: DeliveryError) -> State:
        return State.ONLINE if isinstance(error, StrangerError) else state_after(error)

    put(couriers, "state_after", friendly)
    return Device(parts)


def waits_for_the_time(parts: Parts) -> Device:
    """A record without a right time is worth nothing: it takes none before the clock is set."""
    accept = Outgoing.accept

    def once_it_is_known(self: Outgoing, offered: Sequence[Offered]) -> Sequence[Receipt]:
        if self.clock.wall_ns() < RELEASED_NS:
            return [Receipt(Standing.REJECTED, reason="the clock is not set") for _ in offered]
        return accept(self, offered)

    put(Outgoing, "accept", once_it_is_known)
    return Device(parts)


def counts_by_the_wall(parts: Parts) -> Device:
    """Its starts are numbered by the day on which they were."""
    begin = opening._begin

    def on_this_day(core: Core, sealer: Sealer, entropy: Entropy) -> None:
        before = core.epochs
        last = parts.clock.wall_ns() // DAY_NS * 16 + len(before)
        core.epochs = {last: Epoch(last, b"")}
        begin(core, sealer, entropy)
        core.epochs = {**before, core.epoch.ordinal: core.epoch}

    put(opening, "_begin", on_this_day)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    **{
        one.__name__: after_export(one)
        for one in (forgets_on_export, lays_a_copy_beside, renumbers_what_was_exported)
    },
    **{
        one.__name__: one
        for one in (
            exports_unsealed, believes_any_signature, takes_an_answer_for_all, forgets_nothing,
            carries_alarms_last, carries_no_gaps, never_asks_again, takes_a_page_for_alive,
            waits_for_the_time, counts_by_the_wall,
        )
    },
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
