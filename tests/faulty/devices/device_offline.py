"""The reference device with one defect of what it keeps and delivers: `python ... DEFECT`.

Each is one that queues, brokers and devices were seen with: a receipt before the disk has it, a
sync that is left out, a number that is used again, an answer that is believed because it came, a
clock that is believed because it hangs on the wall. As in `device_alarms.py`.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from device_alarms import S, put

from edgeward.comms.delivery import courier as couriers
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.delivery.lanes import Lanes, Room
from edgeward.comms.outbox import core as cores
from edgeward.comms.outbox import opening, schema, storing
from edgeward.comms.outbox import outbox as outboxes
from edgeward.comms.outbox.allowance import Allowance, room_of
from edgeward.comms.outbox.allowance import Room as Division
from edgeward.comms.outbox.batch import Batch
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.gaps import Lost, add_gap
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.outbox.storing import Stored
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import (
    Epoch,
    Gap,
    Loss,
    Offered,
    Offers,
    Queued,
    RecordClass,
    SealedAll,
    Sealer,
)
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward.comms.transports.connection import Response
from edgeward.comms.wire import Answer, read_answer
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing import keeping, outgoing
from edgeward.device.outgoing.records import CLASS_OF
from edgeward.device.serve import main
from edgeward.errors import DeliveryError
from edgeward.ports import Clock, DatabaseFile, Entropy

ALL = frozenset(RecordClass)
EVERYTHING = 1 << 62


def with_courier(kind: Callable[..., Courier]) -> Callable[[Parts], Device]:
    """A device whose courier is this one."""

    def make(parts: Parts) -> Device:
        put(outgoing, "Courier", kind)
        return Device(parts)

    return make


def with_outbox(kind: type[Outbox]) -> Callable[[Parts], Device]:
    """A device whose outbox is this one."""

    def make(parts: Parts) -> Device:
        put(outgoing, "Outbox", kind)
        return Device(parts)

    return make


# What is kept


class AcksBeforeCommit(Outbox):
    """Says that records are durable, and has them written a tenth of a second later."""

    def __init__(
        self, file: DatabaseFile, sealer: Sealer, entropy: Entropy, allowance: Allowance
    ) -> None:
        self._later: list[Batch] = []
        self._over = threading.Event()
        super().__init__(file, sealer, entropy, allowance)
        put(outboxes, "store", self._store)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        super().close()

    def _store(self, core: Core, batch: Batch, stored: Stored) -> None:
        del core, stored  # nothing is told in it
        self._later.append(batch)

    def _write(self) -> None:
        while not self._over.wait(0.1) or self._later:
            with self._lock:
                waiting, self._later = self._later, []
                for batch in waiting:
                    storing.store(self._core, batch, Stored())


def syncs_nothing(parts: Parts) -> Device:
    """What it has written it takes for kept: the log is synced when it is emptied, if at all."""
    lazy = tuple(one.replace("synchronous=FULL", "synchronous=NORMAL") for one in schema._TUNING)
    put(schema, "_TUNING", lazy)
    return Device(parts)


def drops_oldest_alarm(parts: Parts) -> Device:
    """A full queue gives up the oldest it has, and an alarm is as old as anything."""
    evict = storing.evict

    def oldest(core: Core, kind: RecordClass, *how_much: int) -> int:
        return evict(core, kind, *how_much) + evict(core, RecordClass.ALARM, 1)

    put(storing, "evict", oldest)
    return Device(parts)


def evicts_out_of_order(parts: Parts) -> Device:
    """Trends go before waveforms, whatever the profile says."""
    evict = storing.evict
    turned = {
        RecordClass.WAVEFORM: RecordClass.TREND,
        RecordClass.TREND: RecordClass.WAVEFORM,
    }

    def other(core: Core, kind: RecordClass, *how_much: int) -> int:
        return evict(core, turned.get(kind, kind), *how_much)

    put(storing, "evict", other)
    return Device(parts)


def hides_a_gap(parts: Parts) -> Device:
    """The first records that it gives up it tells nobody of."""
    told: list[Lost] = []

    def but_the_first(database: Any, lost: Lost) -> None:
        if lost.reason is Loss.EVICTED:
            told.append(lost)
        if len(told) != 1:
            add_gap(database, lost)

    put(cores, "add_gap", but_the_first)
    return Device(parts)


def grows_without_bound(parts: Parts) -> Device:
    """The database has its limit, and nobody ever empties the log beside it."""

    def endless(allowance: Allowance) -> Division:
        return replace(room_of(allowance), log_frames_max=1 << 40)

    put(opening, "room_of", endless)
    return Device(parts)


class DuplicatesOnRestart(Outbox):
    """What waits when it starts it takes for new: nobody knows what was sent of it."""

    def __init__(
        self, file: DatabaseFile, sealer: Sealer, entropy: Entropy, allowance: Allowance
    ) -> None:
        super().__init__(file, sealer, entropy, allowance)
        waiting = self.queued(ALL, records_max=EVERYTHING, bytes_max=EVERYTHING)
        of = {(key.epoch, key.number): key for key in self.keys(waiting)}
        for one in waiting:
            key = of[one.identity.epoch, one.sealed.key]
            payload = sealer.open(one.identity, one.kind, key, one.sealed.blob)
            self.accept([Offered(one.kind, payload)])


def reuses_sequences(parts: Parts) -> Device:
    """Its token is its own for life, and its sequences begin with 1 at every start."""
    put(opening, "_begin", _begin_with_one_token)
    return Device(parts)


_begin = opening._begin


def _begin_with_one_token(core: Core, sealer: Sealer, entropy: Entropy) -> None:
    class Same:
        def token(self, size: int) -> bytes:
            return b"\x2a" * size

    _begin(core, sealer, Same())


def one_key_for_all(parts: Parts) -> Device:
    """One data key seals a class, whoever it is about."""
    seal_all = RecordSealer.seal_all

    def as_nobody(self: RecordSealer, epoch: Epoch, after: int, offers: Offers) -> SealedAll:
        return seal_all(self, epoch, after, offers._replace(patients=[None] * len(offers.kinds)))

    put(RecordSealer, "seal_all", as_nobody)
    return Device(parts)


def belongs_to_who_is_there_now(parts: Parts) -> Device:
    """It collects for a while, and then writes down whose bed it is."""
    put(keeping, "NUMBERS_NS", 45 * S)
    put(keeping, "CLASS_OF", {})

    def of_the_last(events: Iterable[dict[str, Any]], wall_ns: int, *_: object) -> list[Offered]:
        told = list(events)
        there = next((one["patient"] for one in reversed(told) if one.get("patient")), None)
        return [
            Offered(
                CLASS_OF.get(one["kind"], RecordClass.TREND),
                pack_json({"patient": there, "wall_ns": wall_ns, "events": [one]}),
                there,
            )
            for one in told
        ]

    put(keeping, "records_of", of_the_last)
    return Device(parts)


def lets_audits_flood(parts: Parts) -> Device:
    """What nothing may give up is taken as long as there is any room."""
    put(outgoing, "audits_max", lambda _: EVERYTHING)
    return Device(parts)


# How it is delivered


class ReordersOnFailedSend(Courier):
    """What could not be sent goes behind what came after it."""

    def _failed(self, error: DeliveryError) -> int:
        self.turned = True
        return super()._failed(error)

    def _send(self, records: Sequence[Queued], gaps: Sequence[Gap]) -> None:
        half = len(records) // 2 if getattr(self, "turned", False) else 0
        super()._send([*records[half:], *records[:half]], gaps)
        self.turned = False


class GivesUpAfterThree(Courier):
    """After three failures in a row something must be wrong with what is first in the queue."""

    def _failed(self, error: DeliveryError) -> int:
        wait_ns = super()._failed(error)
        if self._retry.failures % 3 == 0:
            self.source.delivered(self._chosen(self.clock.monotonic_ns()))
        return wait_ns


class SkipsOldNews(Courier):
    """Where very much waits, the oldest of it is old news and goes unsent."""

    def _send(self, records: Sequence[Queued], gaps: Sequence[Gap]) -> None:
        old = records[:10] if len(records) >= 50 else ()
        self.source.delivered(old)
        super()._send(records[len(old) :], gaps)


class ForgetsOnADeadReceiver(Courier):
    """What was sent is out of the house."""

    def _send(self, records: Sequence[Queued], gaps: Sequence[Gap]) -> None:
        self._grants.needed(records)
        self.source.delivered(records)
        super()._send(records, gaps)


def believes_any_200(parts: Parts) -> Device:
    """Whoever answers 200 has it."""

    def any_answer(body: bytes, name: str) -> Answer:
        try:
            return read_answer(body, name)
        except DeliveryError:
            return _Everything()

    put(couriers, "read_answer", any_answer)
    put(Response, "json", _any_object(Response.json))
    return Device(parts)


class _Everything(Answer):
    def holds(self, token: bytes, sequence: int) -> bool:
        return True


def _any_object(read: Callable[[Response], dict[str, Any]]) -> Callable[[Response], dict[str, Any]]:
    def json(self: Response) -> dict[str, Any]:
        try:
            return read(self)
        except DeliveryError:
            return {}

    return json


def alarm_waits_its_turn(parts: Parts) -> Device:
    """First in, first out."""
    put(Courier, "_chosen", _in_turn)
    return Device(parts)


def _in_turn(self: Courier, now_ns: int) -> list[Queued]:
    room = Room(self._records_max, self._bytes_max)
    return self._lanes._take(ALL, room, None, None, first=True)


def starves_the_backlog(parts: Parts) -> Device:
    """What waited goes when nothing new is there."""
    others = Lanes.others

    def new_first(self: Lanes, room: Room, share: float, *, live: bool) -> list[Queued]:
        fresh = self._live(ALL - {RecordClass.ALARM}, room) if live else []
        return fresh or others(self, room, share, live=live)

    put(Lanes, "others", new_first)
    return Device(parts)


class _Wall:
    """The clock on the wall, for everything."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.monotonic_ns = self.wall_ns = clock.wall_ns

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)


def _by_the_wall(device: str, source: Any, granter: Any, transport: Any, clock: Clock,
                 *more: Any) -> Courier:  # fmt: skip
    return Courier(device, source, granter, transport, _Wall(clock), *more)


class PoisonBlocks(Courier):
    """What is refused is tried again until it is taken."""

    def _suspect(self, record: Queued, error: DeliveryError) -> None:
        raise error


class SetsAllAside(Courier):
    """What is refused is at fault."""

    def _suspect(self, record: Queued, error: DeliveryError) -> None:
        self.source.quarantine(record, str(error))


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "keeps_its_word": Device,
    "acks_before_commit": with_outbox(AcksBeforeCommit),
    "syncs_nothing": syncs_nothing,
    "drops_oldest_alarm": drops_oldest_alarm,
    "evicts_out_of_order": evicts_out_of_order,
    "hides_a_gap": hides_a_gap,
    "lets_audits_flood": lets_audits_flood,
    "grows_without_bound": grows_without_bound,
    "duplicates_on_restart": with_outbox(DuplicatesOnRestart),
    "reuses_sequences": reuses_sequences,
    "one_key_for_all": one_key_for_all,
    "belongs_to_who_is_there_now": belongs_to_who_is_there_now,
    "reorders_on_failed_send": with_courier(ReordersOnFailedSend),
    "gives_up_after_three": with_courier(GivesUpAfterThree),
    "skips_old_news": with_courier(SkipsOldNews),
    "forgets_on_a_dead_receiver": with_courier(ForgetsOnADeadReceiver),
    "believes_any_200": believes_any_200,
    "alarm_waits_its_turn": alarm_waits_its_turn,
    "starves_the_backlog": starves_the_backlog,
    "delivers_by_the_wall": with_courier(_by_the_wall),
    "poison_blocks": with_courier(PoisonBlocks),
    "sets_all_aside": with_courier(SetsAllAside),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
