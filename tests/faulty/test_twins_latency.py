"""Every seeded defect of timing turns the case red that was made for it, at its planned sample."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge, timed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        timed(
            "rare_tenfold_stall",
            "test_maximum or test_tail",
            "REQ-LAT-003 REQ-LAT-008",
            "window_to_result_max window_to_result_tail",
        ),
        timed(
            "collects_garbage",
            "test_99th_percentile and not load",
            "REQ-LAT-002",
            "window_to_result_p99",
        ),
        timed(
            "waits_for_the_outbox",
            "test_99th_percentile and not load",
            "REQ-LAT-002",
            "window_to_result_p99",
        ),
        timed(
            "waits_for_fsync",
            "test_99th_percentile and not load",
            "REQ-LAT-002",
            "window_to_result_p99",
        ),
        timed(
            "gives_way_to_others",
            "under_memory_load",
            "REQ-LAT-015",
            "window_to_result_p99_loaded",
        ),
        timed(
            "writes_each_result",
            "under_disk_load",
            "REQ-LAT-016",
            "window_to_result_p99_loaded",
        ),
        ("tells_microseconds", "device_times", "REQ-LAT-004", "device_clock_runs_as_ours"),
        (
            "tells_delays_in_microseconds",
            "test_lateness",
            "REQ-LAT-006",
            "stop_missing_from_the_claimed_delay",
        ),
        (
            "tells_the_previous_window",
            "every_window",
            "REQ-LAT-005",
            "other_answer_when_asked_again",
        ),
        timed(
            "grows_with_its_patients",
            "test_all_streams",
            "REQ-LAT-009",
            "latest_of_all_streams_p99",
        ),
        ("drops_newest_samples", "test_flood", "REQ-LAT-010", "other_answer_when_asked_again"),
        timed("recovers_slowly", "test_recovery", "REQ-LAT-011", "recovery_after_a_stop"),
        ("loses_the_backlog", "test_recovery", "REQ-LAT-011", "results_of_the_overload_lost"),
        timed("creeps_up", "test_no_drift", "REQ-LAT-013", "change_over_the_run"),
        ("claims_real_time", "test_scheduling", "REQ-LAT-014", "class_told_is_the_class_seen"),
        timed("starts_cold", "first_windows", "REQ-LAT-012", "first_windows_after_a_start"),
    ],
)
def test_a_defect_of_timing_is_found(
    tmp_path: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases)
    for each in broken.split():
        assert assessment.requirements[each].standing is Standing.FAILED, output
    assert status == 1
    assert set(seen_by.split()) <= failed_measurements(tmp_path), output
