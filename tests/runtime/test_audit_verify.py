"""Whatever is done to an audit trail is found, and the first bad entry is named."""

import json
from collections.abc import Callable

import pytest
from audited import DEVICE, KEY, SMALL, Audited
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.store import MemoryStore
from edgeward.comms.audit.lines import Head, read, read_head, tie, written
from edgeward.comms.audit.shelf import HEAD, ROLL_UP
from edgeward.comms.audit.trail import Keeping

LONG = Keeping(segment_lines=1000, checkpoint_lines=10)


@pytest.fixture
def audited() -> Audited:
    """Thirty entries in one segment, with checkpoints."""
    made = Audited(LONG)
    for number in range(27):
        assert made.trail.add("keys.rotated", {"number": number})
    return made


def test_an_untouched_trail_holds(audited: Audited) -> None:
    checked = audited.check()
    assert checked.faults == []
    assert checked.first_bad is None
    assert checked.lines == checked.last == checked.signed_through == 30
    assert checked.counts == {"audit.opened": 1, "keys.rotated": 27, "audit.checkpoint": 2}


def test_the_lines_are_canonical_and_chained(audited: Audited) -> None:
    import hashlib

    prev = "0" * 64
    for number, raw in enumerate(audited.content(), 1):
        body = json.loads(raw)
        chain = body.pop("chain")
        plain = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        assert (body["n"], body["prev"]) == (number, prev)
        assert chain == hashlib.sha256(plain).hexdigest()
        prev = chain


@pytest.mark.parametrize("at", range(30))
def test_a_deleted_line_is_named(audited: Audited, at: int) -> None:
    lines = audited.content()
    audited.replace(lines[:at] + lines[at + 1 :])
    assert audited.check().first_bad == at + 1


@pytest.mark.parametrize("at", range(30))
def test_a_trail_that_was_cut_short_is_found(audited: Audited, at: int) -> None:
    audited.replace(audited.content()[:at])
    checked = audited.check()
    assert checked.first_bad == at + 1
    assert checked.faults[-1].text == f"lines {at + 1} to 30 are cut off"


@pytest.mark.parametrize("at", range(30))
def test_a_changed_line_is_named(audited: Audited, at: int) -> None:
    lines = audited.content()
    body = json.loads(lines[at])
    body["at_ns"] += 1
    lines[at] = json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    audited.replace(lines)
    assert audited.check().first_bad == at + 1


@given(st.integers(0, 29), st.integers(0, 29))
@settings(max_examples=30, deadline=None)
def test_lines_in_another_order_are_found(one: int, other: int) -> None:
    audited = Audited(LONG)
    for number in range(27):
        audited.trail.add("keys.rotated", {"number": number})
    lines = audited.content()
    lines[one], lines[other] = lines[other], lines[one]
    audited.replace(lines)
    assert audited.check().first_bad == (None if one == other else min(one, other) + 1)


def forged(audited: Audited, at: int) -> None:
    """Change an entry and tie all later ones anew, as who has no key can."""
    lines = [read(raw) for raw in audited.content()]
    prev, made = "0" * 64, []
    for number, line in enumerate(lines):
        assert line is not None
        detail = {**line.detail, "number": -1} if number == at else line.detail
        new = tie(line.number, line.at_ns, line.action, detail, prev)
        made.append(written(new))
        prev = new.chain
    audited.replace(made)


@pytest.mark.parametrize("at", [1, 8, 11, 19, 25])
def test_a_trail_tied_anew_is_found_by_its_signatures(audited: Audited, at: int) -> None:
    forged(audited, at)
    first_bad = audited.check().first_bad
    signed = max((line for line in (0, 11, 22) if line <= at), default=0)
    assert first_bad == signed + 1


@pytest.mark.parametrize("at", [0, 1, 9, 15, 28])
def test_a_line_replaced_by_one_that_proves_itself_is_named(audited: Audited, at: int) -> None:
    lines = audited.content()
    line = read(lines[at])
    assert line is not None
    lines[at] = written(tie(line.number, line.at_ns, "keys.kept", line.detail, line.prev))
    audited.replace(lines)
    assert audited.check().first_bad == at + 1


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    audited = Audited(LONG)
    for number in range(8):
        audited.trail.add("keys.rotated", {"number": number})
    whole = b"".join(audited.content())
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    audited.replace([changed])
    line = whole[:at].count(b"\n") + 1
    first_bad = audited.check().first_bad
    assert first_bad is None if changed == whole else first_bad in (line, line - 1)


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"no head", b'{"device":"bed-7"}', b"[" * 5000, None]
)
def test_a_damaged_or_missing_head_is_told(audited: Audited, damage: bytes | None) -> None:
    if damage is None:
        audited.apart.delete(HEAD)
    else:
        audited.apart.write(HEAD, damage)
    (fault,) = audited.check().faults
    assert fault.what == "unsigned"


def test_an_older_head_and_trail_are_found_by_who_received_a_later_head(audited: Audited) -> None:
    heads = audited.trail.take_heads()
    assert [one["through"] for one in heads] == [10, 21]
    assert audited.trail.take_heads() == []
    received = read_head(heads[-1], KEY.public_key())
    assert received == Head(DEVICE, 21, received.chain if received else "")
    assert audited.check(received).faults == []
    older = Audited(LONG)
    for number in range(5):
        older.trail.add("keys.rotated", {"number": number})
    assert older.check().faults == []
    checked = older.check(received)
    assert (checked.first_bad, checked.faults[0].what) == (7, "cut off")
    stranger = Head("bed-8", 1, "")
    assert audited.check(stranger).faults[0].what == "unsigned"


def test_a_changed_head_is_no_head() -> None:
    audited = Audited()
    audited.trail.checkpoint()
    (head,) = audited.trail.take_heads()
    changes: list[Callable[[], dict[str, object]]] = [
        lambda: {**head, "through": 9},
        lambda: {**head, "chain": "0" * 64},
        lambda: {**head, "device": "bed-8"},
        lambda: {**head, "signature": "AAAA"},
        lambda: {**head, "signature": 7},
        dict,
    ]
    assert read_head(head, KEY.public_key())
    for change in changes:
        assert read_head(change(), KEY.public_key()) is None


def test_what_was_rolled_up_is_still_accounted_for() -> None:
    audited = Audited(SMALL)
    for number in range(200):
        audited.trail.add("keys.rotated", {"number": number})
    assert len(audited.segments()) == SMALL.segments
    assert audited.lines.used_bytes < 15_000
    checked = audited.check()
    assert checked.faults == []
    roll_up = json.loads(audited.lines.read(ROLL_UP) or b"")
    total = roll_up["counts"]["keys.rotated"] + checked.counts["keys.rotated"]
    assert total == 200
    assert roll_up["through"] + checked.lines == checked.last


@pytest.mark.parametrize("damage", [b"{}", b"", None])
def test_a_damaged_roll_up_is_found(damage: bytes | None) -> None:
    audited = Audited(SMALL)
    for number in range(100):
        audited.trail.add("keys.rotated", {"number": number})
    roll_up = json.loads(audited.lines.read(ROLL_UP) or b"")
    roll_up["through"] -= 1
    if damage is None:
        MemoryStore.delete(audited.lines, ROLL_UP)
    else:
        MemoryStore.write(audited.lines, ROLL_UP, damage)
    assert audited.check().first_bad == 1
    MemoryStore.write(audited.lines, ROLL_UP, json.dumps(roll_up).encode())
    assert audited.check().first_bad == 1


def test_damage_in_what_is_rolled_up_stays_known() -> None:
    audited = Audited(SMALL)
    for number in range(6):
        audited.trail.add("keys.rotated", {"number": number})
    lines = audited.content()
    audited.replace([*lines[:3], b"x" * 40 + b"\n", *lines[4:]])
    for number in range(100):
        audited.trail.add("keys.rotated", {"number": number})
    roll_up = json.loads(audited.lines.read(ROLL_UP) or b"")
    assert roll_up["faults"] == 1
    assert "where line 4 belongs" in roll_up["first_fault"]


def test_a_line_that_claims_a_huge_number_costs_nothing() -> None:
    audited = Audited(LONG)
    line = tie(10**18, 0, "keys.rotated", {}, "")
    audited.replace([*audited.content(), written(line)])
    assert audited.check().first_bad == 2
