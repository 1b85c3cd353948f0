"""Every seeded defect turns the suite red at the requirement it breaks; the sound device does not.

This is how the verifier is verified: a suite that cannot tell these devices apart is worth nothing.
"""

from pathlib import Path

import pytest

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge, timed

pytestmark = pytest.mark.slow

P99 = "(test_99th_percentile and not load)"


@pytest.mark.parametrize(
    ("unit", "cases", "broken"),
    [
        timed("late_results", f"test_median or {P99}", "REQ-LAT-001 REQ-LAT-002"),
        timed("rare_stalls", P99, "REQ-LAT-002"),
        timed("busy_stalls", P99, "REQ-LAT-002"),
        timed("one_stall", "test_maximum", "REQ-LAT-003"),
        timed("hides_its_delay", "test_device_times", "REQ-LAT-004"),
        ("alters_the_stamp", "test_device_times", "REQ-LAT-004"),
        ("loses_a_window", "test_every_window", "REQ-LAT-005"),
        ("doubles_a_window", "test_every_window", "REQ-LAT-005"),
        ("shifts_its_windows", "test_every_window", "REQ-LAT-005"),
        ("never_late", "test_lateness", "REQ-LAT-006"),
        ("always_late", "test_lateness", "REQ-LAT-006"),
        timed("starves_under_load", "under_load", "REQ-LAT-007"),
        ("dies", "test_median", "REQ-LAT-001"),
        ("hangs", "test_median", "REQ-LAT-001"),
        ("opens_small", "test_every_window", "REQ-LAT-005"),
    ],
)
def test_a_seeded_defect_is_found(tmp_path: Path, unit: str, cases: str, broken: str) -> None:
    status, assessment, output = judge(tmp_path, unit, cases)
    assert status == 1
    for each in broken.split():
        assert assessment.requirements[each].standing is Standing.FAILED, output
        assert each in output


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        ("claims_too_much", "test_device_times", "REQ-LAT-004", "claim_beyond_what_was_seen"),
        ("decides_in_the_future", "test_device_times", "REQ-LAT-004", "decision_after_its_arrival"),
        (
            "marks_by_turns",
            "test_device_times or test_lateness",
            "REQ-LAT-004 REQ-LAT-006",
            "late_mark_against_own_times late_results_not_declared",
        ),
        ("says_nothing_valid", "every_window", "REQ-LAT-005", "windows_without_exactly_one_result"),
        ("doubles_at_warm_up", "every_window", "REQ-LAT-005", "windows_without_exactly_one_result"),
        ("tells_after_the_end", "every_window", "REQ-LAT-005", "events_after_the_last_window"),
        ("drops_events_count", "every_window", "REQ-LAT-005", "answers_out_of_order"),
        ("closes_wrongly", "every_window", "REQ-LAT-005", "stream_counts_at_its_end"),
        ("repeats_one_answer", "every_window", "REQ-LAT-005", "other_answer_when_asked_again"),
        ("tells_unknown_kinds", "test_every", "REQ-LAT-005", "windows_without_exactly_one_result"),
        ("wavers", "every_window", "REQ-LAT-005", "answers_follow_from_samples"),
        ("knows_one_answer", "every_window", "REQ-LAT-005", "answers_follow_from_samples"),
    ],
)
def test_a_lie_is_seen_by_the_measurement_made_for_it(
    tmp_path: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases)
    for each in broken.split():
        assert assessment.requirements[each].standing is Standing.FAILED, output
    assert status == 1
    assert set(seen_by.split()) <= failed_measurements(tmp_path), output


@pytest.mark.alone
def test_a_stall_that_the_device_made_is_not_set_aside(tmp_path: Path) -> None:
    """Whether the probes were kept from running or not: it does not pass."""
    status, assessment, output = judge(tmp_path, "stalls_its_host", "test_maximum")
    held = assessment.requirements["REQ-LAT-003"].standing
    assert held in (Standing.FAILED, Standing.CANNOT_JUDGE), output
    assert status in (1, 2)
    taken = [one for record in open_bundle(tmp_path / "out").records for one in record.measurements]
    assert [one.name for one in taken] == ["window_to_result_max"]
    assert "set aside and replaced" not in taken[0].note


@pytest.mark.parametrize("unit", ["tells_later_kinds", "short_hops"])
def test_a_device_of_another_kind_is_not_accused(tmp_path: Path, unit: str) -> None:
    """One tells events of a later protocol beside its results; one has very many windows."""
    _, assessment, output = judge(tmp_path, unit, "every_window")
    assert assessment.cases["TC-LAT-005"].state is State.PASSED, output


@pytest.mark.alone
def test_the_sound_device_is_not_accused(tmp_path: Path) -> None:
    """The same device without a defect: nothing fails (a noisy host may leave something open)."""
    _, assessment, output = judge(tmp_path, "sound", "test")
    standings = {one.standing for one in assessment.requirements.values()}
    assert Standing.FAILED not in standings, output
    assert Standing.VERIFIED in standings, output
