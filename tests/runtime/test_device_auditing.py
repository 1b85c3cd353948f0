"""What is done on a device stands in its trail, and the receiver is told how far that goes."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import DirectoryStore, MemoryStore
from edgeward.comms.audit.lines import read_head
from edgeward.comms.audit.shelf import segments
from edgeward.comms.audit.verify import Checked, verify
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.packing.payload import pack_json, unpack
from edgeward.comms.record import Offered, Receipt, RecordClass, Standing
from edgeward.device.outgoing.auditing import CHECKPOINT_NS, WAITING_MAX, Auditing
from edgeward.device.outgoing.layout import AUDIT, TRUST
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.outgoing.signing import BLOB, signing_key
from edgeward.errors import StoreError

DEVICE = "monitor-7"
S = 1_000_000_000


def heard(what: str, who: str, patient: str | None = "p1", text: str = "") -> Any:
    """An event as the alarm journal tells it."""
    told = {"kind": "alarm", "what": what, "who": who, "patient": patient, "text": text,
            "epoch": 1, "seq": 5, "alarm": None}  # fmt: skip
    return type("Told", (), {"to_dict": lambda _: told})()


def entries(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    store = DirectoryStore(folder / AUDIT)
    lines = b"".join(store.read(name) or b"" for name in segments(store)).splitlines()
    told = [json.loads(one) for one in lines]
    return [(one["action"], one["detail"]) for one in told]


def checked(folder: Path) -> Checked:
    trust = PrivateStore(folder / TRUST)
    key = signing_key(trust, SeededEntropy(0)).public_key()
    return verify(DirectoryStore(folder / AUDIT), trust, key, DEVICE)


def way_in(folder: Path, clock: SimulatedClock) -> Outgoing:
    return Outgoing(DEVICE, folder, clock, SeededEntropy(3), Allowance(8 << 20))


def test_what_was_done_and_by_whom_is_there_and_no_patient_is(tmp_path: Path) -> None:
    clock = SimulatedClock()
    way = way_in(tmp_path, clock)
    way.accept([Offered(RecordClass.TREND, pack_json({"rate": 70}), "p1")])
    subject = way.ring.subject("p1")
    assert subject is not None
    way.hand_over(heard("limits", "nurse 4", text="heart_rate 50..120 -> 45..130 /min"))
    way.hand_over(heard("declared", ""))
    way.hand_over(heard("listening", "nurse 4", None, "to 6b27270e/p1"))
    way.turn()
    way.request()
    way.erase("p1")
    way.rotate_keys()
    way.close()
    told = entries(tmp_path)
    assert [action for action, _ in told if action != "audit.checkpoint"] == [
        "audit.opened", "records.opened", "alarm.limits", "alarm.listening", "link.requested",
        "keys.erased", "keys.rotated", "records.closed",
    ]  # fmt: skip
    limits = dict(told)["alarm.limits"]
    assert limits == {
        "by": "nurse 4", "entry": [1, 5], "subject": subject.hex(),
        "text": "heart_rate 50..120 -> 45..130 /min",
    }  # fmt: skip
    assert "text" not in dict(told)["alarm.listening"]
    assert '"p1"' not in json.dumps(told)
    assert checked(tmp_path).faults == []


def test_the_next_life_goes_on_with_the_trail_and_says_what_was_cut(tmp_path: Path) -> None:
    for _ in range(2):
        way_in(tmp_path, SimulatedClock()).close()
    assert [one for one, _ in entries(tmp_path)].count("records.opened") == 2
    assert checked(tmp_path).faults == []
    store = DirectoryStore(tmp_path / AUDIT)
    (name,) = segments(store)
    lines = (store.read(name) or b"").splitlines(keepends=True)
    store.write(name, b"".join(lines[:-3]))
    way_in(tmp_path, SimulatedClock()).close()
    again = [detail for action, detail in entries(tmp_path) if action == "audit.opened"][-1]
    assert again["faults"] > 0
    assert "missing" in {one.what for one in checked(tmp_path).faults}


class Receiver:
    """Takes what is offered, or does not, and says how much waits."""

    def __init__(self) -> None:
        self.waiting = 0
        self.standing = Standing.DURABLE
        self.heads: list[tuple[dict[str, Any], bytes]] = []

    def accept(self, offered: Any) -> list[Receipt]:
        (one,) = offered
        assert one.kind is RecordClass.AUDIT
        assert one.patient is None
        if self.standing is not Standing.REJECTED:
            about = unpack(one.payload).about["audit"]
            self.heads.append((about["head"], about["key"]))
        return [Receipt(self.standing)]


def auditing(
    folder: Path, receiver: Receiver, clock: SimulatedClock, apart: Any = None
) -> Auditing:
    return Auditing(
        DEVICE, folder / AUDIT, apart or MemoryStore(), clock, SeededEntropy(1), receiver.accept,
        lambda: receiver.waiting,
    )  # fmt: skip


def test_heads_are_told_with_the_key_that_signs_them(tmp_path: Path) -> None:
    receiver, clock, apart = Receiver(), SimulatedClock(), MemoryStore()
    audit = auditing(tmp_path, receiver, clock, apart)
    audit.note("keys.rotated", {"keys": 1}, at_once=True)
    assert len(receiver.heads) == 1
    audit.note("device.configured", {"profile_sha256": "0" * 64})
    audit.round()
    assert len(receiver.heads) == 1
    clock.sleep_ns(CHECKPOINT_NS)
    audit.round()
    audit.round()
    assert len(receiver.heads) == 2
    key = Ed25519PublicKey.from_public_bytes(
        signing_key(apart, SeededEntropy(9)).public_key().public_bytes_raw()
    )
    found = [read_head(head, key) for head, _ in receiver.heads]
    assert [one.through for one in found if one is not None] == [2, 4]


def test_heads_wait_behind_a_long_queue_and_the_newest_is_told(tmp_path: Path) -> None:
    receiver, clock = Receiver(), SimulatedClock()
    audit = auditing(tmp_path, receiver, clock)
    receiver.waiting = WAITING_MAX
    for _ in range(3):
        audit.note("keys.rotated", {"keys": 1}, at_once=True)
    assert receiver.heads == []
    receiver.waiting, receiver.standing = 0, Standing.REJECTED
    audit.round()
    receiver.standing = Standing.VOLATILE
    audit.round()
    assert [head["through"] for head, _ in receiver.heads] == [6]


def test_a_disk_that_refuses_keeps_no_entry_from_being_written_later(tmp_path: Path) -> None:
    receiver = Receiver()
    (tmp_path / AUDIT).write_bytes(b"no folder")
    audit = auditing(tmp_path, receiver, SimulatedClock())
    audit.note("keys.rotated", {"keys": 1}, at_once=True)
    audit.round()
    assert "audit" in audit.fault
    assert receiver.heads == []
    (tmp_path / AUDIT).unlink()
    audit.note("keys.erased", {"digest": "0" * 64, "removed": 2})
    assert [one for one, _ in entries(tmp_path)] == [
        "audit.opened", "keys.rotated", "keys.erased",
    ]  # fmt: skip
    assert audit.fault == ""


def test_what_is_too_long_or_names_a_patient_keeps_its_action(tmp_path: Path) -> None:
    audit = auditing(tmp_path, Receiver(), SimulatedClock())
    audit.note("link.connected", {"url": "x" * 5000})
    audit.note("keys.erased", {"patient": "p1"})
    told = entries(tmp_path)[1:]
    assert [action for action, _ in told] == ["link.connected", "keys.erased"]
    assert all(list(detail) == ["left_out"] for _, detail in told)


def test_a_signing_key_is_kept_and_a_damaged_one_begins_anew() -> None:
    store = MemoryStore()
    first = signing_key(store, SeededEntropy(1)).private_bytes_raw()
    assert signing_key(store, SeededEntropy(2)).private_bytes_raw() == first
    store.write(BLOB, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert signing_key(store, SeededEntropy(2)).private_bytes_raw() != first


def test_a_key_that_cannot_be_kept_signs_nothing() -> None:
    class Refusing(MemoryStore):
        def write(self, name: str, data: bytes) -> None:
            raise StoreError(f"{name}: {len(data)} bytes: no space")

    with pytest.raises(StoreError):
        signing_key(Refusing(), SeededEntropy(1))


def test_a_trail_that_cannot_be_written_is_told_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = auditing(tmp_path, Receiver(), SimulatedClock())
    audit.note("keys.rotated", {"keys": 1})
    append = DirectoryStore.append

    def refused(self: DirectoryStore, name: str, data: bytes) -> None:
        raise StoreError(f"{name}: {len(data)} bytes: no space")

    monkeypatch.setattr(DirectoryStore, "append", refused)
    audit.note("keys.rotated", {"keys": 2})
    audit.round()
    assert audit.fault.startswith("audit trail: audit-")
    monkeypatch.setattr(DirectoryStore, "append", append)
    audit.round()
    assert audit.fault == ""
    assert [detail for action, detail in entries(tmp_path) if action == "keys.rotated"] == [
        {"keys": 1}, {"keys": 2},
    ]  # fmt: skip
