"""Entries are on the disk or wait for it, whatever disk and power do; no patient is named."""

import json
import random

import pytest
from audited import DEVICE, KEY, LONG_ENOUGH, SMALL, Audited
from sealed import started

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.clock import SimulatedClock
from edgeward.comms.audit.shelf import ROLL_UP
from edgeward.comms.audit.trail import PENDING_MAX, AuditTrail, Keeping
from edgeward.comms.audit.verify import verify
from edgeward.comms.phi import IDENTIFYING, identifying_fields
from edgeward.errors import LimitError, StoreError


def numbers(audited: Audited) -> list[int]:
    lines = [json.loads(raw) for raw in audited.content()]
    return [one["detail"]["number"] for one in lines if one["action"] == "record.kept"]


def last_detail(audited: Audited, action: str) -> dict[str, object]:
    lines = [json.loads(raw) for raw in audited.content()]
    found: dict[str, object] = [one["detail"] for one in lines if one["action"] == action][-1]
    return found


def test_entries_outlive_a_restart() -> None:
    audited = Audited()
    for number in range(20):
        assert audited.trail.add("record.kept", {"number": number})
        if number % 6 == 0:
            audited.restart()
    assert audited.check().faults == []
    assert audited.check().counts["audit.opened"] >= 3


def test_a_checkpoint_comes_after_a_while() -> None:
    audited = Audited(Keeping(checkpoint_ns=1000, checkpoint_lines=10**6))
    audited.trail.flush()
    assert audited.trail.take_heads() == []
    audited.clock.sleep_ns(1000)
    audited.trail.flush()
    assert [one["through"] for one in audited.trail.take_heads()] == [1]
    audited.clock.sleep_ns(5000)
    audited.trail.flush()
    assert audited.trail.take_heads() == []


def until_the_power_goes(audited: Audited, first: int) -> tuple[list[int], int]:
    """The numbers that were promised, and the last one that was tried."""
    promised: list[int] = []
    for number in range(first, first + 200):
        try:
            if audited.trail.add("record.kept", {"number": number}):
                promised.append(number)
        except PowerCutError:
            return promised, number
    return promised, first + 199


@pytest.mark.parametrize("seed", range(60))
def test_a_power_cut_after_any_byte_keeps_what_was_promised(seed: int) -> None:
    draw = random.Random(seed)
    audited = Audited()
    promised: list[int] = []
    next_number = 0
    for _ in range(4):
        disk = draw.choice([audited.lines, audited.apart])
        disk.power_bytes = draw.randrange(3000)
        more, next_number = until_the_power_goes(audited, next_number + 1)
        promised += more
        audited.restart()
        assert audited.check().faults == []
        assert audited.check().torn == b""
    kept = numbers(audited)
    assert kept == sorted(set(kept))
    assert {number for number in promised if number >= min(kept, default=0)} <= set(kept)
    gone = json.loads(audited.lines.read(ROLL_UP) or b'{"counts":{}}')["counts"]
    assert len(promised) <= len(kept) + gone.get("record.kept", 0) <= next_number


def test_a_torn_end_is_cut_and_told() -> None:
    audited = Audited()
    audited.trail.add("record.kept", {"number": 1})
    audited.restart(torn=b'{"action":"record.k')
    assert audited.check().faults == []
    assert numbers(audited) == [1]
    told = last_detail(audited, "audit.opened")
    assert (told["torn_bytes"], told["faults"]) == (19, 0)
    assert b"record.k\n" not in b"".join(audited.content())


def test_what_a_refusing_disk_does_not_take_waits_in_order() -> None:
    audited = Audited(LONG_ENOUGH)
    audited.lines.refusal = "no space"
    for number in range(10):
        assert not audited.trail.add("record.kept", {"number": number})
    assert audited.trail.waiting == 10
    with pytest.raises(StoreError):
        audited.trail.flush()
    audited.lines.refusal = None
    assert audited.trail.add("record.kept", {"number": 10})
    assert audited.trail.waiting == 0
    assert numbers(audited) == list(range(11))
    assert audited.check().faults == []


@pytest.mark.parametrize("fault", ["capacity", "sync"])
def test_a_write_in_doubt_is_there_once(fault: str) -> None:
    for extra in range(0, 400, 7):
        audited = Audited(LONG_ENOUGH)
        if fault == "capacity":
            audited.lines.capacity_bytes = audited.lines.used_bytes + extra
        else:
            audited.lines.refuses_sync = True
        for number in range(3):
            audited.trail.add("record.kept", {"number": number})
        assert audited.trail.waiting
        audited.lines.capacity_bytes, audited.lines.refuses_sync = None, False
        audited.trail.flush()
        assert numbers(audited) == [0, 1, 2]
        assert audited.check().faults == []
        if fault == "sync":
            break


def test_what_is_too_much_is_counted_and_told() -> None:
    audited = Audited(LONG_ENOUGH)
    audited.lines.refusal = "no space"
    for number in range(PENDING_MAX + 5):
        audited.trail.add("record.kept", {"number": number})
    audited.lines.refusal = None
    audited.trail.flush()
    assert numbers(audited) == list(range(PENDING_MAX))
    assert last_detail(audited, "audit.lost") == {"entries": 5}


def test_a_trail_that_was_cut_short_never_looks_whole_again() -> None:
    audited = Audited(LONG_ENOUGH)
    for number in range(10):
        audited.trail.add("record.kept", {"number": number})
    audited.replace(audited.content()[:6])
    audited.restart()
    told = last_detail(audited, "audit.opened")
    assert (told["first_bad"], told["faults"]) == (7, 1)
    for number in range(10):
        audited.trail.add("record.kept", {"number": number})
    audited.restart()
    checked = audited.check()
    assert checked.first_bad == 7
    assert checked.lines == 6 + 1 + 10 + 1


def test_a_head_that_cannot_be_kept_apart_is_kept_later() -> None:
    audited = Audited(LONG_ENOUGH)
    audited.apart.refusal = "no space"
    assert not audited.trail.add("record.kept", {"number": 1})
    audited.apart.refusal = None
    audited.trail.flush()
    audited.replace(audited.content()[:-1])
    assert audited.check().first_bad == 2


def test_a_device_opens_its_trail_on_a_disk_that_takes_nothing() -> None:
    audited = Audited()
    audited.trail.add("record.kept", {"number": 1})
    lines = audited.lines.survivor(b"torn")
    lines.refusal = "read-only"
    trail = AuditTrail(lines, audited.apart, audited.clock, KEY, DEVICE, SMALL)
    assert not trail.add("record.kept", {"number": 2})
    lines.refusal = None
    trail.flush()
    assert verify(lines, audited.apart, KEY.public_key(), DEVICE).faults == []


def test_no_patient_is_named_in_the_trail() -> None:
    """What the keyring tells about an erasure goes in as it is; the name never does."""
    log = MemoryLog()
    sealing = started(log)
    trail = AuditTrail(log, MemoryLog(), SimulatedClock(), KEY, DEVICE)
    for patient in ("Jane Roe", "MRN-4711"):
        sealing.ring.wrapper(patient)
        erased = sealing.ring.erase(patient, at_ns=3)
        trail.add(
            "keys.erased", {"subject": (erased.subject or b"").hex(), "digest": erased.digest}
        )
        with pytest.raises(ValueError, match="an audit entry with patient; accepted: the subject"):
            trail.add("keys.erased", {"patient": patient})
    whole = b"".join(log.read(name) or b"" for name in log.names())
    assert b"keys.erased" in whole
    for mark in (b"Roe", b"4711"):
        assert mark not in whole


@pytest.mark.parametrize("field", sorted(IDENTIFYING))
def test_every_declared_field_is_refused_wherever_it_stands(field: str) -> None:
    trail = Audited().trail
    for detail in (
        {field: 1},
        {"a": {field.upper(): 1}},
        {"a": [{"b": ({field: None},)}]},
    ):
        assert list(identifying_fields(detail))
        with pytest.raises(ValueError, match="accepted: the subject"):
            trail.add("keys.erased", detail)


def test_an_entry_has_a_word_and_a_bound() -> None:
    trail = Audited().trail
    for action in ("", "keys", "Keys.erased", "keys erased", "keys.", "a.b\n"):
        with pytest.raises(ValueError, match="is no action"):
            trail.add(action)
    with pytest.raises(LimitError, match="accepted: 4096"):
        trail.add("keys.erased", {"a": "x" * 5000})
    assert trail.waiting == 0
