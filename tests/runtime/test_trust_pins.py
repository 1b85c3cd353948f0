"""Which keys a receiver may show: sets that follow each other, and nothing that only looks so."""

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sending_lab import Sender
from trusting_lab import ROOT, ROOT_RAW, Device, signed

from edgeward.adapters.store import MemoryStore
from edgeward.comms.delivery.transport import UnauthorisedError
from edgeward.comms.trust.pin_store import BLOB, PinStore
from edgeward.comms.trust.pins import PinSet, follow, read_signed
from edgeward.errors import StoreError, TrustError
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, server_context

PUBLIC = ROOT.public_key()
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
Told = list[dict[str, Any]]


def pin(number: int) -> str:
    return f"{number:064x}"


def chain(length: int) -> list[PinSet]:
    """Sets that follow each other, each with two keys that no other has."""
    sets = [PinSet(1, (pin(1), pin(2)), "", 1000)]
    for version in range(2, length + 1):
        pins = (pin(2 * version), pin(2 * version + 1))
        sets.append(PinSet(version, pins, sets[-1].digest, 1000 * version))
    return sets


def test_who_was_away_for_four_rotations_follows() -> None:
    sets = chain(5)
    assert follow(sets[0], [signed(one) for one in sets[1:]], PUBLIC) == sets[4]
    assert follow(sets[0], [], PUBLIC) == sets[0]


def left_out(told: Told) -> Told:
    return [*told[:1], *told[2:]]


def backwards(told: Told) -> Told:
    return [*told, told[-2]]


def twice(told: Told) -> Told:
    return [*told, told[-1]]


def unsigned(told: Told) -> Told:
    told[1]["set"]["pins"][0] = pin(99)
    return told


def another_root(told: Told) -> Told:
    stranger = Ed25519PrivateKey.from_private_bytes(b"\6" * 32)
    return [told[0], signed(chain(3)[2], stranger)]


def another_past(told: Told) -> Told:
    return [signed(replace(chain(2)[1], before="0" * 64))]


def older(told: Told) -> Told:
    return [signed(replace(chain(2)[1], issued_ns=1))]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (left_out, "version 4 after 2"),
        (backwards, "version 4 after 5"),
        (twice, "version 5 after 5"),
        (unsigned, "has not signed"),
        (another_root, "has not signed"),
        (another_past, "another set"),
        (older, "older"),
    ],
)
def test_what_does_not_follow_changes_nothing(change: Callable[[Told], Told], reason: str) -> None:
    sets = chain(5)
    told = change([json.loads(json.dumps(signed(one))) for one in sets[1:]])
    store = MemoryStore()
    pins = PinStore(store, ROOT_RAW, signed(sets[0]))
    with pytest.raises(TrustError, match=reason):
        pins.follow(told)
    assert pins.current == sets[0]
    assert store.names() == []


@pytest.mark.parametrize(
    ("pins", "reason"),
    [
        ((pin(1),), "1 pins"),
        ((pin(1), pin(1)), "all different"),
        (tuple(pin(one) for one in range(17)), "17 pins"),
        ((pin(1), "nothing"), "64 hex digits"),
        ((pin(1), pin(2).upper() + "G"), "64 hex digits"),
    ],
)
def test_a_set_that_is_none_is_refused_though_it_is_signed(
    pins: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(TrustError, match=reason):
        read_signed(signed(PinSet(1, pins, "", 0)), PUBLIC)


@pytest.mark.parametrize(
    "told",
    [None, 5, {}, {"set": 1, "signature": "x"}, {"set": {"version": True}, "signature": "AAAA"}],
)
def test_what_is_no_set_at_all_is_refused(told: object) -> None:
    with pytest.raises(TrustError):
        read_signed(told, PUBLIC)


def test_the_newest_set_is_there_after_a_restart_and_never_an_older_one() -> None:
    sets, store = chain(5), MemoryStore()
    told = [signed(one) for one in sets]
    assert PinStore(store, ROOT_RAW, told[0]).follow(told[1:4])
    assert PinStore(store, ROOT_RAW, told[0]).current == sets[3]
    assert PinStore(store, ROOT_RAW, told[4]).current == sets[4], "an update ships a newer one"
    assert not PinStore(store, ROOT_RAW, told[0]).follow([])


def test_a_damaged_set_cuts_nobody_off_and_is_told() -> None:
    sets, store = chain(3), MemoryStore()
    told = [signed(one) for one in sets]
    PinStore(store, ROOT_RAW, told[0]).follow(told[1:])
    data = bytearray(store.read(BLOB) or b"")
    data[len(data) // 2] ^= 1
    store.write(BLOB, bytes(data))
    pins = PinStore(store, ROOT_RAW, told[0])
    assert pins.damage
    assert pins.current == sets[0]
    assert pins.follow(told[1:])
    assert pins.current == sets[2]


class Full(MemoryStore):
    """A disk that refuses."""

    def write(self, name: str, data: bytes) -> None:
        raise StoreError(f"{name}: {len(data)} bytes cannot be written")


def test_a_disk_that_refuses_leaves_the_set_as_it_was() -> None:
    sets = chain(2)
    pins = PinStore(Full(), ROOT_RAW, signed(sets[0]))
    with pytest.raises(StoreError):
        pins.follow([signed(sets[1])])
    assert pins.current == sets[0]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[Bench, HttpsSink]]:
    bench = Bench(tmp_path, 5, NOW)
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        yield bench, sink
    sink.receiver.ledger.close()


def rotated(bench: Bench) -> list[PinSet]:
    """Four rotations after the set that a device ships with; the last has the receiver's key."""
    own = bench.authority("server").server("localhost").pin
    sets = chain(5)
    sets[4] = replace(sets[4], pins=(own, pin(77)))
    return sets


def test_a_device_that_was_away_for_four_rotations_delivers_again(
    sink: tuple[Bench, HttpsSink],
) -> None:
    bench, receiver = sink
    sets = rotated(bench)
    receiver.receiver.pin_sets = [signed(one) for one in sets]
    device = Device(bench, receiver.port, pins=sets[0].pins)
    trust = device.trust()
    trust = replace(trust, pins=PinStore(MemoryStore(), ROOT_RAW, signed(sets[0])))
    transport = device.transport(trust)
    sender = Sender(receiver.receiver.opener.public)
    transport.exchange(sender.batch(sender.seal(1)))
    transport.close()
    assert trust.pins.current == sets[4]
    assert account(receiver.receiver.ledger, "monitor-7").outcomes()["delivered"] == 1


def forged(sets: list[PinSet]) -> Told:
    told = [signed(one) for one in sets]
    told[2]["set"]["pins"] = list(sets[4].pins)
    return told


def never_newer(sets: list[PinSet]) -> Told:
    return [signed(sets[0])]


@pytest.mark.parametrize("telling", [forged, never_newer])
def test_a_receiver_that_is_not_pinned_and_proves_nothing_gets_nothing(
    sink: tuple[Bench, HttpsSink], telling: Callable[[list[PinSet]], Told]
) -> None:
    bench, receiver = sink
    sets = rotated(bench)
    receiver.receiver.pin_sets = telling(sets)
    device = Device(bench, receiver.port, pins=sets[0].pins)
    trust = replace(device.trust(), pins=PinStore(MemoryStore(), ROOT_RAW, signed(sets[0])))
    sender = Sender(receiver.receiver.opener.public)
    with pytest.raises(UnauthorisedError, match="not pinned"):
        device.transport(trust).exchange(sender.batch(sender.seal(1)))
    assert trust.pins.current == sets[0]
    assert receiver.requests == 1
