"""Every seeded defect of alarms turns the case red that was made for it."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        ("seventy_when_unknown", "lethal", "REQ-ALM-001", "lethal_conditions_missed"),
        ("second_thoughts", "lethal", "REQ-ALM-001", "asystole_to_high_alarm"),
        ("counts_twice", "quiet", "REQ-ALM-002", "false_physiological_alarms"),
        (
            "seventy_when_unknown",
            "cannot_be_seen",
            "REQ-ALM-003",
            "numbers_while_nothing_is_seen",
        ),
        ("nan_is_normal", "cannot_be_seen", "REQ-ALM-003", "fault_to_technical_alarm"),
        ("technical_is_silent", "cannot_be_seen", "REQ-ALM-003", "fault_to_technical_alarm"),
        ("hundred_alarms", "saturation", "REQ-ALM-004", "alarms_within_the_limits"),
        ("off_by_one", "saturation", "REQ-ALM-004", "alarms_within_the_limits"),
        (
            "ids_of_the_second",
            "one_alarm",
            "REQ-ALM-005",
            "conditions_with_another_number_of_alarms",
        ),
        ("storms", "one_alarm", "REQ-ALM-005", "conditions_with_another_number_of_alarms"),
        (
            "answers_for_ever",
            "acknowledgement",
            "REQ-ALM-006",
            "acknowledgements_that_silence_otherwise",
        ),
        ("pause_never_ends", "audio_pause", "REQ-ALM-007", "pauses_that_do_not_end"),
        (
            "latches_nothing",
            "settings",
            "REQ-ALM-008",
            "latching_resets_and_limits_otherwise",
        ),
        (
            "switches_anything_off",
            "settings",
            "REQ-ALM-008",
            "lethal_conditions_switched_off",
        ),
        ("forgets", "power_cut", "REQ-ALM-009", "alarms_lost_over_a_power_cut"),
        ("forgets", "restart_in_order", "REQ-ALM-009", "alarms_lost_over_a_restart"),
        ("goes_by_the_wall", "wall_clock", "REQ-ALM-010", "changes_by_the_wall_clock"),
        ("one_stalls_all", "bad_data", "REQ-ALM-011", "alarms_changed_by_other_patients"),
        ("mixes_names", "names_its_patient", "REQ-ALM-011", "alarms_of_another_patient"),
        pytest.param(
            "tells_late",
            "real_time",
            "REQ-ALM-012",
            "standstill_to_high_alarm_in_real_time",
            marks=pytest.mark.alone,
        ),
    ],
)
def test_a_defect_of_alarms_is_found(
    tmp_path: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases, suite="alarms")
    assert assessment.requirements[broken].standing is Standing.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output


def test_limits_that_cross_are_found_where_they_are_taken(tmp_path: Path) -> None:
    status, assessment, output = judge(tmp_path, "limits_may_cross", "settings", suite="alarms")
    assert assessment.requirements["REQ-ALM-008"].standing is Standing.FAILED, output
    assert status == 1
