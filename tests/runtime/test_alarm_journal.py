"""The alarm journal: what is recorded is there afterwards, in bounds, and what stands is known."""

import json
import re
from typing import Any

import pytest
from alarm_disk import BOOT, NEXT_BOOT, Machine, alarm, box_bytes, told
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.black_box import MemoryBox
from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.journal.journal import Journal
from edgeward.alarm.journal.outage import Basis
from edgeward.alarm.journal.segments import read_journal, segment_name
from edgeward.alarm.journal.slots import ENTRY_BYTES_MAX, Rank
from edgeward.alarm.journal.standing import rank_of
from edgeward.alarm.journal.writer import Keeping
from edgeward.canonical import canonical_json


def test_what_is_recorded_and_flushed_is_read_again() -> None:
    machine = Machine()
    journal, first = machine.open()
    assert first.entries == ()
    assert first.outage is None
    assert first.damage == ()
    entries = [alarm(1), alarm(2, "low", text="Ünï\n\0"), {"what": "started", "epoch": 3}]
    assert all(journal.record(entry) for entry in entries)
    assert journal.flush().waiting == 0
    recovered = machine.killed().open()[1]
    assert told(recovered) == entries
    assert recovered.damage == ()
    assert recovered.from_box == 0
    seqs = [one.seq for one in recovered.entries]
    assert seqs == sorted(set(seqs))


def test_what_was_never_flushed_is_in_the_box() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.record(alarm(1))
    journal.flush()
    journal.record(alarm(2))
    journal.record(alarm(3, text="x" * 5000))
    killed = machine.killed()
    journal, recovered = killed.open()
    assert told(recovered) == [alarm(1), alarm(2), alarm(3, text="x" * 5000)]
    assert recovered.from_box == 2
    assert journal.flush().written == 3  # and the outage
    assert told(killed.power_cut().open()[1]) == told(recovered)


def test_an_entry_is_journalled_once_however_often_it_is_recovered() -> None:
    machine = Machine()
    machine.open()[0].record(alarm(1))
    for _ in range(4):
        machine = machine.killed()
        assert told(machine.open()[1]) == [alarm(1)]
    machine.open()[0].flush()
    assert told(machine.killed().open()[1]) == [alarm(1)]
    lines = machine.log.read(segment_name(1)) or b""
    assert lines.count(b'"1-1"') == 1


def test_time_of_both_clocks_is_kept() -> None:
    machine = Machine()
    journal, _ = machine.open()
    machine.clock.advance(70)
    journal.record(alarm(1))
    (one,) = machine.killed().open()[1].entries
    assert (one.at_ns, one.wall_ns) == (5_070, 1_000_070)


def test_old_segments_go_and_what_stands_stays() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.record(alarm(1))
    journal.record({"what": "audio_paused", "patient": "p", "scope": {"until_ns": 9}})
    journal.record({"what": "started", "epoch": 1})
    for number in range(2, 200):
        journal.record(alarm(number, "low"))
        journal.record(alarm(number, "low", "ended"))
        journal.flush()
    names = [name for name in machine.log.names() if name.startswith("alarms-")]
    assert len(names) == machine.keeping.segments_max
    assert machine.log.used_bytes < 4 * 3 * machine.keeping.segment_bytes
    recovered = machine.killed().open()[1]
    assert recovered.damage == ()
    standing = [one.entry for one in recovered.standing]
    assert [entry["what"] for entry in standing] == ["declared", "audio_paused", "started"]
    assert standing[0] == alarm(1)
    assert recovered.entries[0].entry == alarm(1)
    assert told(recovered)[-1] == alarm(199, "low", "ended")


def test_what_stands_is_the_newest_word_on_it() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for what in ("declared", "signalled", "acknowledged"):
        journal.record(alarm(7, what=what))
    journal.record(alarm(8))
    journal.flush()
    journal.record(alarm(8, what="ended"))
    journal.record(alarm(9))
    journal.record(alarm(9, what="reset"))
    journal.record({"what": "limits", "patient": "p", "scope": {}})
    journal.record({"what": "discharged", "patient": "p", "scope": None})
    recovered = machine.killed().open()[1]
    assert [one.entry for one in recovered.standing] == [alarm(7, what="acknowledged")]


def test_starts_stand_only_where_they_divide_something() -> None:
    machine = Machine()
    journal, _ = machine.open()
    starts = [{"what": "started", "epoch": epoch} for epoch in range(6)]
    for entry in (starts[0], starts[1], alarm(1), starts[2], starts[3], alarm(2), starts[4]):
        journal.record(entry)
    journal.record(starts[5])
    recovered = machine.killed().open()[1]
    standing = [one.entry for one in recovered.standing]
    assert standing == [starts[1], alarm(1), starts[3], alarm(2), starts[5]]


def test_no_number_of_starts_pushes_out_what_stands() -> None:
    machine = Machine(keeping=Keeping(standing_max=3))
    journal, _ = machine.open()
    journal.record(alarm(1))
    for epoch in range(20):
        journal.record({"what": "started", "epoch": epoch})
    recovered = machine.killed().open()[1]
    assert [one.entry["what"] for one in recovered.standing] == ["declared", "started"]


def test_what_is_given_stands_until_nothing_is() -> None:
    machine = Machine()
    journal, _ = machine.open()
    sound = {"what": "annunciation", "patient": "p", "given": {"audible": "high", "visible": None}}
    journal.record(sound)
    assert [one.entry for one in machine.killed().open()[1].standing] == [sound]
    journal.record({**sound, "given": {"audible": None, "visible": None}})
    assert machine.killed().open()[1].standing == ()


def test_too_much_that_stands_gives_up_the_oldest() -> None:
    machine = Machine(keeping=Keeping(standing_max=3))
    journal, _ = machine.open()
    for number in range(10):
        journal.record(alarm(number))
    recovered = machine.killed().open()[1]
    assert [one.entry for one in recovered.standing] == [alarm(number) for number in (7, 8, 9)]
    assert len(told(recovered)) == 10


def test_a_full_disk_stops_no_alarm_and_nothing_is_lost_while_the_box_has_room() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.record(alarm(0))
    journal.flush()
    machine.log.capacity_bytes = machine.log.used_bytes + 100
    for number in range(1, 30):
        assert journal.record(alarm(number))
        flushed = journal.flush()
        assert flushed.fault is not None
        assert "disk is full" in flushed.fault
    assert flushed.waiting == 29
    machine.log.capacity_bytes = None
    flushed = journal.flush()
    assert (flushed.fault, flushed.waiting, flushed.lost) == (None, 0, (0, 0, 0))
    recovered = machine.killed().open()[1]
    assert told(recovered) == [alarm(number) for number in range(30)]
    assert all(one.benign for one in recovered.damage)


@pytest.mark.parametrize("fault", ["refusal", "sync"])
def test_a_disk_that_refuses_is_tried_again_and_leaves_each_entry_once(fault: str) -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(20):
        journal.record(alarm(number))
        machine.log.refusal = "Input/output error" if fault == "refusal" else None
        machine.log.refuses_sync = fault == "sync"
        assert journal.flush().fault
        machine.log.refusal, machine.log.refuses_sync = None, False
        assert journal.flush().fault is None
    recovered = machine.killed().open()[1]
    assert told(recovered) == [alarm(number) for number in range(20)]
    assert all(one.benign for one in recovered.damage)


def test_an_overflow_gives_up_the_low_ones_first_and_is_counted() -> None:
    machine = Machine()
    journal, _ = machine.open()
    machine.log.refusal = "Input/output error"
    for number in range(40):
        journal.record(alarm(number, "low"))
    for number in range(40, 104):
        assert journal.record(alarm(number, "high"))
    assert not any(journal.record(alarm(number, "low")) for number in range(104, 114))
    flushed = journal.flush()
    assert flushed.lost == (50, 0, 0)
    assert flushed.waiting == 64
    killed = machine.killed()
    killed.log.refusal = None
    journal, recovered = killed.open()
    high = [entry for entry in told(recovered) if entry["alarm"]["priority"] == "high"]
    assert high == [alarm(number) for number in range(40, 104)]
    lost = journal.flush().lost
    assert lost == (50, 0, 1)  # the outage is an entry too, and took the place of the oldest
    assert read_journal(killed.log).lost == lost
    assert killed.power_cut().open()[0].flush().lost == lost


def test_an_entry_that_made_room_leaves_no_half_of_itself() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(32):
        journal.record(alarm(number, "low", text="x" * 1200))
    journal.record(alarm(32))
    recovered = machine.killed().open()[1]
    assert recovered.damage == ()
    assert told(recovered)[-1] == alarm(32)
    assert len(told(recovered)) == 32


def test_in_a_box_full_of_high_ones_the_newest_stay() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(300):
        assert journal.record(alarm(number))
    recovered = machine.killed().open()[1]
    assert told(recovered)[-1] == alarm(299)
    assert told(recovered) == [alarm(number) for number in range(300 - 64, 300)]


@pytest.mark.parametrize(
    "entry",
    [
        {"priority": "high", "value": float("nan")},
        {"priority": "high", "value": object()},
        {"priority": "high", "text": "\ud800"},
        {"priority": "high", "text": "x" * (ENTRY_BYTES_MAX + 1)},
    ],
    ids=["nan", "object", "surrogate", "long"],
)
def test_an_entry_that_no_line_can_hold_is_kept_as_text(entry: Any) -> None:
    machine = Machine()
    journal, _ = machine.open()
    assert journal.record(entry)
    assert journal.flush().fault is None
    (kept,) = told(machine.killed().open()[1])
    assert kept["unwritable"]
    assert "priority" in kept["text"]


def test_whatever_names_no_priority_is_kept_like_a_high_one() -> None:
    assert rank_of({"what": "audio_paused"}) is Rank.HIGH
    assert rank_of({"priority": 3}) is Rank.HIGH
    assert rank_of({"priority": "low"}) is Rank.LOW
    assert rank_of(alarm(1, "medium")) is Rank.MEDIUM


def test_each_line_is_canonical_and_carries_the_chain_of_the_one_before() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(5):
        journal.record(alarm(number))
        journal.flush()
    chain = "0" * 64
    for place, raw in enumerate((machine.log.read(segment_name(1)) or b"").splitlines(), 1):
        line = json.loads(raw)
        assert canonical_json(line) == raw
        assert line["prev"] == chain
        assert line["line"] == place
        chain = line["chain"]


def test_the_outage_after_a_kill_is_known_to_the_beat() -> None:
    machine = Machine()
    machine.open()[0].beat()
    machine.clock.advance(500)
    killed = machine.killed()
    outage = killed.open()[1].outage
    assert outage is not None
    assert (outage.basis, outage.least_ns, outage.most_ns) == (Basis.MONOTONIC, 499, 500)
    assert not outage.in_order
    (kept,) = killed.killed().open()[1].entries
    assert kept.entry == outage.to_dict()


def test_the_outage_after_a_power_cut_rests_on_the_disk_and_says_so() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.flush()
    cut = machine.power_cut()
    outage = cut.open()[1].outage
    assert outage is not None
    assert (outage.basis, outage.least_ns) == (Basis.WALL, 100)
    assert (outage.estimate_ns, outage.most_ns) == (3_000, None)


def test_a_wall_clock_that_went_back_gives_no_length() -> None:
    machine = Machine()
    machine.open()[0].flush()
    cut = machine.power_cut()
    cut.clock = SimulatedClock(100, 17)
    outage = cut.open()[1].outage
    assert outage is not None
    assert (outage.basis, outage.least_ns) == (Basis.NOTHING, 100)
    assert (outage.estimate_ns, outage.most_ns) == (None, None)


@pytest.mark.parametrize("boot", [None, BOOT])
def test_without_the_same_boot_the_monotonic_clock_is_not_believed(boot: str | None) -> None:
    machine = Machine(boot=boot)
    machine.open()
    machine.clock.advance(10)
    killed = machine.killed()
    killed.boot = None if boot is None else NEXT_BOOT
    outage = killed.open()[1].outage
    assert outage is not None
    assert outage.basis is (Basis.NOTHING if boot else Basis.WALL)


def test_an_end_in_order_is_told_from_a_crash() -> None:
    machine = Machine()
    journal, _ = machine.open()
    journal.record(alarm(1))
    assert journal.close().waiting == 0
    for found in (machine.killed(), machine.power_cut()):
        recovered = found.open()[1]
        assert recovered.outage is not None
        assert recovered.outage.in_order
        assert told(recovered) == [alarm(1)]


def test_a_box_that_is_too_small_is_refused_with_what_would_do() -> None:
    machine = Machine(box=MemoryBox(100))
    with pytest.raises(ValueError, match=re.escape(f"100 bytes; accepted: {box_bytes()}")):
        machine.open()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(["low", "medium", "high"]), st.booleans()),
        st.sampled_from(["flush", "kill", "full", "sync", "well"]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_recorded_is_journalled_or_in_the_box_or_counted(steps: list[Any]) -> None:
    """Whatever the disk does and however often the process is killed."""
    machine = Machine()
    journal, _ = machine.open()
    made: list[Any] = []
    for step in steps:
        if isinstance(step, tuple):
            entry = alarm(len(made), step[1], text="x" * (1500 if step[2] else 1))
            made.append(entry)
            journal.record(entry)
        elif step == "flush":
            journal.flush()
        elif step == "kill":
            machine = machine.killed()
            journal, _ = machine.open()
        else:
            machine.log.capacity_bytes = machine.log.used_bytes + 50 if step == "full" else None
            machine.log.refuses_sync = step == "sync"
    machine = machine.killed()
    journal, recovered = machine.open()
    seen = told(recovered)
    assert seen == [entry for entry in made if entry in seen]  # in order, each once
    high = [entry for entry in made if entry["alarm"]["priority"] == "high"]
    lost = journal.flush().lost
    assert len(made) - len(seen) <= sum(lost)
    assert len([one for one in seen if one in high]) >= len(high) - lost[Rank.HIGH]
    if made and made[-1] in high:
        assert seen[-1] == made[-1]
    assert all(one.benign for one in recovered.damage)


def test_opening_reads_two_starts_of_the_same_journal_alike() -> None:
    machine = Machine()
    journal, _ = machine.open()
    for number in range(30):
        journal.record(alarm(number))
        journal.flush()
    one, other = (Journal.open(found.log, found.box, found.clock, boot=BOOT)[1]
                  for found in (machine.killed(), machine.killed()))  # fmt: skip
    assert one == other
