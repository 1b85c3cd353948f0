"""A disk that refuses at the start keeps no device from starting, and no record from being kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.packing.payload import pack_json, unpack
from edgeward.comms.record import Offered, Receipt, RecordClass, Standing
from edgeward.device.assembly import simulated_parts
from edgeward.device.device import Device
from edgeward.device.outgoing import interim, way_out
from edgeward.device.outgoing.health import HELD_NS, Health
from edgeward.device.outgoing.interim import Interim
from edgeward.device.outgoing.keeping import Keeping
from edgeward.device.outgoing.way_out import WayOut
from edgeward.errors import StoreError
from edgeward.ports import Clock

DEVICE, S = "monitor-7", 1_000_000_000
EVERY = tuple(RecordClass)


class Refusing:
    """A folder of records in whose place a file lies, until `mended`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "outbox").mkdir(parents=True)
        (folder / "keys").write_text("no folder")

    def mended(self) -> None:
        (self.folder / "keys").unlink()


@pytest.fixture
def refusing(tmp_path: Path) -> Refusing:
    return Refusing(tmp_path / "records")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def opened_at(refusing: Refusing, clock: Clock) -> Iterator[WayOut]:
    way = WayOut(DEVICE, refusing.folder, clock, SeededEntropy(1))
    yield way
    way.close()


@pytest.fixture
def way(refusing: Refusing, clock: SimulatedClock) -> Iterator[WayOut]:
    yield from opened_at(refusing, clock)


class Told:
    """Something that a device tells."""

    def __init__(self, kind: str, number: int) -> None:
        self._told = {"kind": kind, "patient": "p1", "number": number, "what": "raised",
                      "who": "", "text": "", "epoch": 1, "seq": number, "alarm": None}  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return self._told


def put(text: str, kind: RecordClass = RecordClass.EVENT) -> Offered:
    return Offered(kind, pack_json({"said": text}))


def kept(way: WayOut) -> list[dict[str, Any]]:
    """What waits in the outbox, opened again, but for the heads of the audit trail."""
    opened = way.opened
    assert opened is not None
    found = opened.outbox.queued(EVERY, records_max=10_000, bytes_max=1 << 30)
    keys = {(key.epoch, key.number): key for key in opened.outbox.keys(found)}
    payloads = [
        opened.sealer.open(
            one.identity, one.kind, keys[one.identity.epoch, one.sealed.key], one.sealed.blob
        )
        for one in found
        if one.kind is not RecordClass.AUDIT
    ]
    return [unpack(payload).about for payload in payloads]


def test_records_wait_in_memory_and_go_to_the_disk_in_their_order(
    refusing: Refusing, way: WayOut, clock: SimulatedClock
) -> None:
    assert way.opened is None
    assert "cannot be the store" in way.fault
    receipts = [one for at in range(3) for one in way.accept([put(f"{at}")])]
    assert {one.standing for one in receipts} == {Standing.VOLATILE}
    assert all("cannot be the store" in one.reason for one in receipts)
    way.hand_over(Told("vital", 1))
    way.hand_over(Told("alarm", 2))
    clock.sleep_ns(2 * S)
    way.turn()
    assert way.opened is None
    refusing.mended()
    clock.sleep_ns(2 * S)
    way.turn()
    assert way.fault == ""
    told = kept(way)
    assert [one["said"] for one in told if "said" in one] == ["0", "1", "2"]
    events = [(one["events"][0]["number"], one["wall_ns"]) for one in told if "events" in one]
    assert {number for number, _ in events} == {1, 2}
    assert {wall_ns for _, wall_ns in events} == {clock.wall_ns() - 4 * S}, "when it was told"
    (receipt,) = way.accept([put("later")])
    assert receipt.standing is Standing.DURABLE


def test_the_disk_is_tried_again_beside_the_patients(
    refusing: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way_out, "AGAIN_S", 0.01)
    for way in opened_at(refusing, SystemClock()):
        (receipt,) = way.accept([put("first")])
        assert receipt.standing is Standing.VOLATILE
        refusing.mended()
        thread = way._thread
        assert thread is not None
        thread.join(timeout=60)
        assert [one["said"] for one in kept(way)] == ["first"]


def test_what_waits_is_kept_when_the_device_ends(refusing: Refusing, way: WayOut) -> None:
    way.accept([put("last")])
    refusing.mended()
    way.close()
    again = WayOut(DEVICE, refusing.folder, SimulatedClock(), SeededEntropy(2))
    assert [one["said"] for one in kept(again)] == ["last"]
    again.close()


def test_a_disk_that_refuses_once_more_costs_nothing(
    refusing: Refusing, way: WayOut, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.accept([put("a"), put("b")])
    refusing.mended()
    with monkeypatch.context() as patched:

        def refused(*_: object) -> list[Receipt]:
            raise StoreError("the disk refuses")

        patched.setattr(Outbox, "accept", refused)
        clock.sleep_ns(2 * S)
        way.turn()
        assert way.opened is None
    clock.sleep_ns(2 * S)
    way.turn()
    assert [one["said"] for one in kept(way)] == ["a", "b"]


def test_the_memory_is_bounded_and_alarms_stay_longest(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interim, "EVENTS_MAX", 4)
    monkeypatch.setattr(interim, "BYTES_MAX", 2000)
    memory = Interim(clock)
    for number in range(4):
        memory.hand_over(Told("vital", number))
    for number in range(6):
        memory.hand_over(Told("alarm", number))
    assert (len(memory), memory.lost) == (4, 6)
    puts = [memory.accept([put("x")], "refused") for _ in range(20)]
    standings = [one[0].standing for one in puts if one]
    assert standings[0] is Standing.VOLATILE
    assert standings[-1] is Standing.REJECTED
    (alarm,) = memory.accept([put("alarm", RecordClass.ALARM)], "refused") or []
    assert alarm.standing is Standing.VOLATILE


def test_a_device_says_that_it_keeps_no_records_and_when_it_does_again(
    refusing: Refusing,
) -> None:
    device = Device(replace(simulated_parts(1), records=refusing.folder))
    lost = [one.to_dict() for one in device.processor.conditions.by_key.values()]
    assert [one["condition"] for one in lost] == ["records_lost"]
    (receipt,) = device.keep([put("x")])
    assert receipt.standing is Standing.VOLATILE
    refusing.mended()
    device.advance_clock(2 * S, 0)
    assert not device.processor.conditions.by_key
    device.close()


def test_records_that_the_disk_refuses_are_a_condition(tmp_path: Path) -> None:
    device = Device(replace(simulated_parts(1), records=tmp_path / "records"))
    device.keep([put("opens it")])
    opened = device.way_out.opened
    assert opened is not None
    opened.keeping.refused += 3
    device.advance_clock(2 * S, 0)
    (lost,) = device.processor.conditions.by_key.values()
    assert lost.to_dict()["text"] == "3 records were not kept: there is no place for them"
    device.advance_clock(HELD_NS + 2 * S, 0)
    assert not device.processor.conditions.by_key
    device.close()


class Nothing:
    """An outbox that fails."""

    def accept(self, _: object) -> list[Receipt]:
        raise StoreError("damaged beyond repair")


def test_what_the_outbox_throws_back_is_counted(clock: SimulatedClock) -> None:
    keeping = Keeping(Nothing(), clock, lambda: None)
    health = Health(clock, list, keeping)
    keeping.hand_over(Told("alarm", 1))
    with pytest.raises(StoreError):
        keeping.round()
    health.look()
    assert keeping.refused == 1
    assert "1 records were not kept" in health.fault
