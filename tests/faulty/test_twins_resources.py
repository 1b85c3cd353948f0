"""What a device uses: the one without a defect is not accused."""

from functools import partial
from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import judge as judge_by

pytestmark = pytest.mark.slow
judge = partial(judge_by, suite="resources")


@pytest.mark.alone
def test_the_sound_device_is_not_accused(tmp_path: Path) -> None:
    """The same device without a defect: nothing fails, and what the bench cannot see is said."""
    _, assessment, output = judge(tmp_path, "sound", "test")
    standings = {name: one.standing for name, one in assessment.requirements.items()}
    assert Standing.FAILED not in standings.values(), output
    for number in (1, 2, 5, 6, 8):
        assert standings[f"REQ-RES-00{number}"] is Standing.VERIFIED, output
    assert standings["REQ-RES-007"] in (Standing.VERIFIED, Standing.NOT_APPLICABLE), output
