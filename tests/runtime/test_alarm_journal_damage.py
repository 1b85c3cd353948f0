"""What somebody or something has done to the journal is found and named; what is good is kept."""

from collections.abc import Callable

import pytest
from alarm_disk import BOOT, Machine, alarm, told
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.append_log import MemoryLog
from edgeward.alarm.journal.chain import DamageKind, read_line, tie
from edgeward.alarm.journal.journal import Recovered
from edgeward.alarm.journal.segments import segment_name
from edgeward.alarm.journal.slots import HEAD_BYTES, SLOT_BYTES
from edgeward.alarm.journal.writer import Keeping
from edgeward.errors import StoreError

FIRST = segment_name(1)
COUNT = 6


def written() -> Machine:
    """Lines 2 to 7 of one segment hold six alarms; line 1 is its head."""
    machine = Machine(keeping=Keeping())
    journal, _ = machine.open()
    for number in range(COUNT):
        journal.record(alarm(number))
    assert journal.flush().waiting == 0
    return machine


def reopened(machine: Machine, change: Callable[[list[bytes]], list[bytes]]) -> Recovered:
    """After a power cut, with the lines of the only segment changed."""
    cut = machine.power_cut()
    lines = (cut.log.read(FIRST) or b"").splitlines()
    cut.log.write(FIRST, b"".join(line + b"\n" for line in change(lines)))
    before = cut.log.read(FIRST) or b""
    journal, recovered = cut.open()
    journal.flush()
    assert (cut.log.read(FIRST) or b"").startswith(before), "what was found is left as it was"
    again = cut.power_cut().open()[1]
    assert told(again)[:COUNT] == told(recovered)
    return recovered


def grave(recovered: Recovered) -> set[DamageKind]:
    return {one.kind for one in recovered.damage if not one.benign}


def ids(recovered: Recovered) -> list[str]:
    return [entry["alarm"]["id"] for entry in told(recovered)]


def test_an_altered_line_is_named_and_the_others_are_kept() -> None:
    def edit(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"1-3"', b'"1-9"') for line in lines]

    recovered = reopened(written(), edit)
    assert ids(recovered) == ["1-0", "1-1", "1-2", "1-4", "1-5"]
    assert grave(recovered) == {DamageKind.ALTERED, DamageKind.MISSING}
    (altered,) = (one for one in recovered.damage if one.kind is DamageKind.ALTERED)
    assert altered.where == f"{FIRST}:5"


def test_an_altered_last_line_is_named() -> None:
    recovered = reopened(written(), lambda lines: [*lines[:-1], lines[-1].replace(b"1-5", b"1-6")])
    assert ids(recovered) == ["1-0", "1-1", "1-2", "1-3", "1-4"]
    assert DamageKind.ALTERED in grave(recovered)


def test_a_line_that_was_written_anew_does_not_fit_the_next() -> None:
    def forge(lines: list[bytes]) -> list[bytes]:
        line = read_line(lines[3], "here")
        assert line
        line.body["entry"]["alarm"]["priority"] = "low"
        return [*lines[:3], tie(line.body, line.number, line.prev)[0], *lines[4:]]

    recovered = reopened(written(), forge)
    assert len(ids(recovered)) == COUNT
    assert [(one.kind, one.where) for one in recovered.damage] == [
        (DamageKind.REPLACED, f"{FIRST}:4")
    ]


def test_a_last_line_that_was_written_anew_does_not_fit_the_mark() -> None:
    def forge(lines: list[bytes]) -> list[bytes]:
        line = read_line(lines[-1], "here")
        assert line
        return [*lines[:-1], tie({**line.body, "wall_ns": 1}, line.number, line.prev)[0]]

    assert grave(reopened(written(), forge)) == {DamageKind.REPLACED}


@pytest.mark.parametrize("at", range(1, COUNT + 1))
def test_a_missing_line_is_named(at: int) -> None:
    recovered = reopened(written(), lambda lines: [*lines[:at], *lines[at + 1 :]])
    assert len(ids(recovered)) == COUNT - 1
    assert grave(recovered) == {DamageKind.MISSING}
    assert any(f"line {at + 1} is missing" in one.text for one in recovered.damage)


def test_a_journal_that_was_cut_short_is_named_by_the_mark() -> None:
    recovered = reopened(written(), lambda lines: lines[:4])
    assert ids(recovered) == ["1-0", "1-1", "1-2"]
    assert [one.text for one in recovered.damage] == ["lines 5 to 7 are missing at the end"]


def test_the_box_brings_back_what_was_cut_off() -> None:
    machine = written().killed()
    lines = (machine.log.read(FIRST) or b"").splitlines(keepends=True)
    machine.log.write(FIRST, b"".join(lines[:4]))
    journal, recovered = machine.open()
    assert len(ids(recovered)) == COUNT
    assert recovered.from_box == 3
    assert grave(recovered) == {DamageKind.MISSING}
    journal.flush()
    assert len(ids(machine.power_cut().open()[1])) == COUNT


def test_a_moved_line_is_named() -> None:
    recovered = reopened(written(), lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]])
    assert ids(recovered) == [f"1-{number}" for number in range(COUNT)]
    assert grave(recovered) == {DamageKind.MOVED}


def test_a_repeated_line_is_told_and_counts_once() -> None:
    recovered = reopened(written(), lambda lines: [*lines, lines[2]])
    assert ids(recovered) == [f"1-{number}" for number in range(COUNT)]
    assert [(one.kind, one.benign) for one in recovered.damage] == [(DamageKind.REPEATED, True)]


def test_foreign_lines_are_named() -> None:
    recovered = reopened(written(), lambda lines: [*lines[:3], b'{"a":1}', b"[" * 9000, *lines[3:]])
    assert ids(recovered) == [f"1-{number}" for number in range(COUNT)]
    assert [one.kind for one in recovered.damage] == [DamageKind.TORN] * 2


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_segment_is_named(gone: int) -> None:
    machine = Machine(keeping=Keeping(segment_bytes=800, segments_max=3))
    journal, _ = machine.open()
    for number in range(30):
        journal.record(alarm(number, what="ended"))
        journal.flush()
    cut = machine.power_cut()
    names = [name for name in cut.log.names() if name.startswith("alarms")]
    cut.log.delete(names[gone])
    recovered = cut.open()[1]
    assert grave(recovered) == {DamageKind.MISSING}
    assert told(recovered)


def test_without_any_segment_the_mark_still_says_that_there_was_one() -> None:
    cut = written().power_cut()
    cut.log.delete(FIRST)
    journal, recovered = cut.open()
    assert recovered.entries == ()
    assert [one.text for one in recovered.damage] == ["lines 1 to 7 are missing at the end"]
    journal.flush()
    again = cut.power_cut().open()[1]
    assert "lines 1 to 7" in again.entries[-1].entry["found"][0]


def test_a_disk_that_cannot_be_read_stops_nothing() -> None:
    class Unreadable(MemoryLog):
        def names(self) -> list[str]:
            raise StoreError("Input/output error")

    journal, recovered = Machine(Unreadable()).open()
    assert grave(recovered) == {DamageKind.UNREADABLE}
    assert journal.record(alarm(1))


def test_a_torn_slot_is_told_and_the_others_are_kept() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(3):
        journal.record(alarm(number))
    machine.box.memory[HEAD_BYTES + SLOT_BYTES + 60] ^= 1
    recovered = machine.killed().open()[1]
    assert ids(recovered) == ["1-0", "1-2"]
    assert [(one.where, one.text) for one in recovered.damage] == [
        ("the black box", "slot 1 is torn")
    ]


def test_a_box_whose_head_is_destroyed_still_gives_its_entries() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.record(alarm(1))
    machine.box.memory[:HEAD_BYTES] = b"\xff" * HEAD_BYTES
    killed = machine.killed()
    recovered = killed.open()[1]
    assert ids(recovered) == ["1-1"]
    assert "head of the black box" in recovered.damage[0].text
    assert killed.killed().open()[1].damage == ()


def test_the_damage_is_itself_an_entry() -> None:
    cut = written().power_cut()
    cut.log.write(FIRST, (cut.log.read(FIRST) or b"").replace(b"1-3", b"1-9"))
    cut.open()[0].flush()
    kept = [one.entry for one in cut.power_cut().open()[1].entries]
    (damage,) = (entry for entry in kept if entry.get("kind") == "damage")
    assert damage["count"] == 2
    assert f"{FIRST}:5" in damage["found"][0]


def test_a_sign_of_life_that_is_none_is_named() -> None:
    cut = written().power_cut()
    cut.log.write("alive.json", b'{"life":3}')
    recovered = cut.open()[1]
    assert recovered.outage is None
    assert grave(recovered) == {DamageKind.ALTERED}
    assert len(ids(recovered)) == COUNT


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found_and_all_other_lines_are_kept(data: st.DataObject) -> None:
    cut = WRITTEN.power_cut()
    raw = bytearray(cut.log.read(FIRST) or b"")
    at = data.draw(st.integers(0, len(raw) - 2))  # the newline of the last line proves nothing
    raw[at] ^= data.draw(st.integers(1, 255))
    cut.log.write(FIRST, bytes(raw))
    recovered = cut.open()[1]
    assert grave(recovered)
    assert len(ids(recovered)) >= COUNT - 2  # a newline that is gone makes one piece of two


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=400), box=st.binary(max_size=4000), at=st.integers(0, 9000))
def test_no_content_of_disk_or_box_stops_a_start(content: bytes, box: bytes, at: int) -> None:
    machine = WRITTEN.killed()
    machine.boot = BOOT
    machine.log.append(FIRST, content)
    machine.log.write("alive.json", content)
    machine.box.memory[at : at + len(box)] = box
    journal, recovered = machine.open()
    assert len(ids(recovered)) == COUNT
    assert journal.record(alarm(77))
    assert journal.flush().fault is None
    assert "1-77" in ids(machine.killed().open()[1])


WRITTEN = written()
