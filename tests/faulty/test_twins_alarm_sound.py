"""Every seeded defect of sounds and lights turns the case red that was made for it."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("unit", ["one_sound_for_all", "pure_tone"])
def test_a_defect_of_sounds_is_found(tmp_path: Path, unit: str) -> None:
    status, assessment, output = judge(tmp_path, unit, "test_sound", suite="alarms")
    assert assessment.requirements["REQ-ALM-020"].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == {"sounds_otherwise"}, output


@pytest.mark.parametrize("unit", ["hasty_light", "long_light", "one_colour"])
def test_a_defect_of_lights_is_found(tmp_path: Path, unit: str) -> None:
    status, assessment, output = judge(tmp_path, unit, "test_light", suite="alarms")
    assert assessment.requirements["REQ-ALM-021"].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == {"lights_otherwise"}, output
