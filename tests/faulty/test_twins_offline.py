"""What is kept and delivered: the twins' own device, without a defect, is not accused."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.record import State

from .twin_lab import judge

pytestmark = pytest.mark.slow

CASES = {f"TC-OFF-{number:03}" for number in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12)}


def test_the_same_device_without_a_defect_keeps_its_word(tmp_path: Path) -> None:
    """Under the same seed, in each of the cases above: it is the defects that turn them red."""
    cases = (
        "(test_kill and not call) or power_cut or wrong_answers or full_queue or alarm_first"
        " or hostile_clock or reassignment or own_key or poison or receiver_dies"
    )
    status, _, output = judge(tmp_path, "keeps_its_word", cases, suite="offline")
    records = open_bundle(tmp_path / "out").records
    assert {record.state for record in records} == {State.PASSED}, output
    assert {record.item for record in records} == CASES, output
    assert status != 1
