"""The sound device is not accused, nor one that is merely another kind; a stall is no excuse."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing

from .twin_lab import judge

pytestmark = pytest.mark.slow


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
