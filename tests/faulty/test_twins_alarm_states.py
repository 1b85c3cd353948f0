"""Every seeded defect in the life of an alarm turns the case of states red, with its steps."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "fault"),
    [
        ("worse_stays_answered", "is still acknowledged"),
        ("latches_the_last", "is latched as medium, it was high"),
        ("pause_covers_the_worse", "a pause is not broken through"),
        ("unseen_is_over", "while its condition holds"),
        ("high_waits", "is not shown though its limit is passed"),
        ("reminds_of_nothing", "audio_off is not called to mind"),
        ("reset_ends_the_answered", "is gone while it is acknowledged"),
        ("storms", "id"),
    ],
)
def test_a_defect_of_states_is_found(tmp_path: Path, unit: str, fault: str) -> None:
    status, assessment, output = judge(tmp_path, unit, "test_states", suite="alarms")
    assert assessment.requirements["REQ-ALM-013"].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == {"sequences_of_steps_with_a_wrong_state"}
    (record,) = open_bundle(tmp_path / "out").records
    (measured,) = (one for one in record.measurements if one.verdict == "failed")
    assert fault in measured.note, measured.note
    assert "shortest-steps.txt" in record.artifacts
