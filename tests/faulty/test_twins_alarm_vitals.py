"""Every seeded defect of falls, numbers and limits turns the case red that was made for it."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        ("any_peak_is_a_fall", "test_falls", "REQ-ALM-014", "activities_without_an_alarm"),
        ("clipped_is_no_fall", "test_falls", "REQ-ALM-014", "falls_found_with_a_sensor_of_8_g"),
        ("fall_is_info", "test_falls", "REQ-ALM-014", "falls_found"),
        ("off_by_one", "test_limits", "REQ-ALM-015", "alarms_otherwise_than_by_the_limits"),
        ("hard_coded", "test_limits", "REQ-ALM-015", "alarms_otherwise_than_by_the_limits"),
        ("any_unit", "test_limits", "REQ-ALM-015", "units_and_limits_taken"),
        ("limits_may_cross", "test_limits", "REQ-ALM-015", "units_and_limits_taken"),
        (
            "everybody_is_adult",
            "test_categories",
            "REQ-ALM-016",
            "alarms_about_patients_who_are_well",
        ),
        ("storms", "test_burden", "REQ-ALM-017", "patients_with_a_storm"),
        ("counts_twice", "test_burden", "REQ-ALM-017", "needless_audible_alarms"),
        ("deaf_beyond_150", "test_rates", "REQ-ALM-018", "fast_run_to_high_alarm"),
        ("rate_of_a_minute", "test_rates", "REQ-ALM-018", "step_of_the_rate"),
        ("trusts_the_lead", "test_rates", "REQ-ALM-018", "pulses_hidden_by_a_lead"),
    ],
)
def test_a_defect_of_vitals_is_found(
    tmp_path: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases, suite="alarms")
    assert assessment.requirements[broken].standing is Standing.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output
