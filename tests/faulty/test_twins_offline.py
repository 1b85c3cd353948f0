"""Every seeded defect of what is kept and delivered turns the case red that was made for it."""

import re
from pathlib import Path

import pytest

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow

KILL = ("test_kill", "REQ-OFF-001", "acknowledged_records_lost_over_a_kill")
POWER = ("test_power_cut", "REQ-OFF-002", "acknowledged_records_lost_over_a_power_cut")
ANSWERS = ("test_wrong_answers", "REQ-OFF-005", "records_forgotten_for_a_wrong_answer")
FULL = ("test_full_queue", "REQ-OFF-006", "records_lost_from_a_full_queue")
POISON = ("test_poison", "REQ-OFF-010", "records_lost_beside_a_refused_one")
CASES = {f"TC-OFF-{number:03}" for number in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12)}
LOST = "was durable, and never came"


@pytest.mark.parametrize(
    ("unit", "case", "fault"),
    [
        ("acks_before_commit", KILL, LOST),
        ("acks_before_commit", POWER, f"cut .* {LOST}"),
        ("syncs_nothing", POWER, f"cut .* {LOST}"),
        ("duplicates_on_restart", KILL, "records came under two identities"),
        ("reuses_sequences", KILL, "conflict"),
        ("drops_oldest_alarm", FULL, f"alarm .* {LOST}"),
        ("evicts_out_of_order", FULL, "trend .* went, and waveform .* before it did not"),
        ("hides_a_gap", FULL, "durable records are missing, and gaps tell of"),
        (
            "grows_without_bound",
            ("test_full_queue", "REQ-OFF-006", "disk_that_records_use"),
            "beyond",
        ),
        ("reorders_on_failed_send", ANSWERS, "out of order"),
        ("gives_up_after_three", ANSWERS, LOST),
        ("believes_any_200", ANSWERS, LOST),
        (
            "alarm_waits_its_turn",
            ("test_alarm_first", "REQ-OFF-007", "alarm_behind_a_backlog"),
            "beyond",
        ),
        ("starves_the_backlog", ("test_alarm_first", "REQ-OFF-007", "share_of_the_backlog"), ""),
        (
            "delivers_by_the_wall",
            ("test_hostile_clock", "REQ-OFF-008", "records_lost_by_a_hostile_clock"),
            LOST,
        ),
        (
            "belongs_to_who_is_there_now",
            ("test_reassignment", "REQ-OFF-009", "records_of_another_patient"),
            "names patient-.*, its event patient-",
        ),
        (
            "one_key_for_all",
            ("test_own_key", "REQ-OFF-009", "records_under_the_key_of_another"),
            "share a key",
        ),
        ("poison_blocks", POISON, LOST),
        ("sets_all_aside", POISON, LOST),
        (
            "forgets_on_a_dead_receiver",
            ("test_receiver_dies", "REQ-OFF-011", "records_lost_or_doubled_when_a_receiver_died"),
            LOST,
        ),
    ],
)
def test_a_defect_of_keeping_or_delivering_is_found(
    tmp_path: Path, unit: str, case: tuple[str, str, str], fault: str
) -> None:
    cases, broken, seen_by = case
    status, assessment, output = judge(tmp_path, unit, cases, suite="offline")
    assert assessment.requirements[broken].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == {seen_by}
    (record,) = open_bundle(tmp_path / "out").records
    (measured,) = (one for one in record.measurements if one.verdict == "failed")
    assert re.search(fault, measured.note), measured.note


def test_the_same_device_without_a_defect_keeps_its_word(tmp_path: Path) -> None:
    """Under the same seed, in each of the cases above: it is the defects that turn them red."""
    cases = (
        "test_kill or power_cut or wrong_answers or full_queue or alarm_first or hostile_clock"
        " or reassignment or own_key or poison or receiver_dies"
    )
    status, _, output = judge(tmp_path, "keeps_its_word", cases, suite="offline")
    records = open_bundle(tmp_path / "out").records
    assert {record.state for record in records} == {State.PASSED}, output
    assert {record.item for record in records} == CASES, output
    assert status != 1
