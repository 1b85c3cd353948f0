"""Every seeded defect in what a device uses turns the suite of resources red where it belongs.

This is how the verifier is verified: a suite that cannot tell these devices apart is worth nothing.
"""

from functools import partial
from pathlib import Path

import pytest

from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements
from .twin_lab import judge as judge_by

MEMORY, SELF = "memory_ceiling", "self_report"
IMPATIENT = """
extends = "bedside_monitor"
schema = 1
name = "impatient"
title = "A monitor that has to be ready sooner than a defect takes"
[budget]
startup_ms = 1500
"""
pytestmark = pytest.mark.slow
judge = partial(judge_by, suite="resources")


@pytest.mark.parametrize(
    ("unit", "cases", "case", "seen_by"),
    [
        ("holds_too_much", MEMORY, "TC-RES-001", "resident_memory"),
        ("peaks", MEMORY, "TC-RES-001", "resident_memory"),
        ("leaks", "growth", "TC-RES-002", "memory_growth"),
        ("leaks_in_a_child", "growth", "TC-RES-002", "memory_growth"),
        ("names_no_model", "model_size", "TC-RES-005", "described_model_is_a_file"),
        ("large_model", "model_size", "TC-RES-005", "model_size"),
        ("bloated", "package_size", "TC-RES-006", "package_size"),
        ("tells_less_memory", SELF, "TC-RES-008", "memory_told_otherwise"),
        ("tells_less_time", SELF, "TC-RES-008", "processor_time_told_otherwise"),
        ("counts_back", SELF, "TC-RES-008", "processor_time_goes_back"),
        ("hoards", "flooded", "TC-RES-009", "resident_memory_flooded"),
    ],
)
def test_a_seeded_defect_is_found(
    tmp_path: Path, unit: str, cases: str, case: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases)
    assert assessment.cases[case].state is State.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output


@pytest.mark.alone
@pytest.mark.parametrize(
    ("unit", "cases", "profile", "case", "seen_by"),
    [
        ("burns", "processor", "wearable", "TC-RES-003", "processor_use_idle"),
        ("burns_when_fed", "processor", "wearable", "TC-RES-003", "processor_use"),
        ("starts_slowly", "startup", "impatient", "TC-RES-004", "start_to_describe"),
        ("ready_late", "startup", "impatient", "TC-RES-004", "start_to_first_result"),
    ],
)
def test_a_defect_in_time_is_found_or_left_open_and_never_passed(
    tmp_path: Path, unit: str, cases: str, profile: str, case: str, seen_by: str
) -> None:
    """On a host that gives the device no time there may be no verdict; there is no other excuse."""
    (tmp_path / "impatient.toml").write_text(IMPATIENT, encoding="utf-8")
    status, assessment, output = judge(tmp_path, unit, cases, profile=profile)
    state = assessment.cases[case].state
    assert state in (State.FAILED, State.CANNOT_JUDGE), output
    assert status == (1 if state is State.FAILED else 2)
    assert state is not State.FAILED or seen_by in failed_measurements(tmp_path), output


def test_a_device_that_dies_meanwhile_has_failed(tmp_path: Path) -> None:
    """It is not our error that there is nothing left to be seen."""
    status, assessment, output = judge(tmp_path, "dies", MEMORY)
    assert assessment.cases["TC-RES-001"].state is State.FAILED, output
    assert status == 1


def test_a_value_that_nobody_measured_is_refused(tmp_path: Path) -> None:
    status, assessment, output = judge(tmp_path, "invents_a_temperature", SELF)
    assert assessment.cases["TC-RES-008"].state is State.FAILED, output
    assert status == 1
    assert "The result of 'resources' is not what the protocol says" in output


@pytest.mark.alone
def test_the_sound_device_is_not_accused(tmp_path: Path) -> None:
    """The same device without a defect: nothing fails, and what the bench cannot see is said."""
    _, assessment, output = judge(tmp_path, "sound", "test")
    standings = {name: one.standing for name, one in assessment.requirements.items()}
    assert Standing.FAILED not in standings.values(), output
    for number in (1, 2, 5, 6, 8):
        assert standings[f"REQ-RES-00{number}"] is Standing.VERIFIED, output
    assert standings["REQ-RES-007"] in (Standing.VERIFIED, Standing.NOT_APPLICABLE), output
