"""Every seeded defect of alarms told elsewhere turns the case red that was made for it."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("unit", "seen_by"),
    [
        ("trusts_the_link", "link_lost_to_sound_here"),
        ("asks_nobody_else", "unanswered_to_next_receiver"),
    ],
)
def test_a_defect_elsewhere_is_found(tmp_path: Path, unit: str, seen_by: str) -> None:
    status, assessment, output = judge(tmp_path, unit, "test_delegation", suite="alarms")
    assert assessment.requirements["REQ-ALM-019"].standing is Standing.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output
