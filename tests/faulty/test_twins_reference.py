"""The widely copied reference design passes nothing, and each of its known faults is seen.

`known_faults.toml` lists the faults; what turns red on each unit is in the catalogue of what is
seeded, and is judged with it.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from edgeward.profile import load_profile
from edgeward_harness import resources
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.profile.unit import Realization
from edgeward_harness.qualify.catalogue import load_catalogue
from edgeward_harness.target import DeviceSession
from edgeward_harness.target.conformance import CHECKS, Verdict, try_check
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.process import Command, ProcessDriver
from edgeward_harness.target.trial import Trial

from .twin_lab import BENCH, judge

HERE: Final = Path(__file__).parent
FAULTS: Final[list[dict[str, Any]]] = tomllib.loads(
    (HERE / "known_faults.toml").read_text(encoding="utf-8")
)["fault"]
UNITS: Final[Mapping[str, Any]] = tomllib.loads(BENCH.read_text(encoding="utf-8"))["unit"]
REPLICAS: Final = ("reference_design", "reference_design_mended")
SUITES: Final = {"ACC": "accuracy", "ALM": "alarms", "LAT": "latency", "RES": "resources"}
FIRST: Final = "lethal or quiet or technical or saturation or identity or operator or outage"
"""Half of the suite: a device that answers nothing right is asked for minutes."""
MADE: Final = ("device_reference_faults.py", "device_reference_results.py")
ENDS_WITHIN_S: Final = 1.0


def catches() -> Iterator[tuple[int, dict[str, str]]]:
    """Each fault and one unit that has it, with what turns red."""
    for fault in FAULTS:
        for one in fault.get("caught", ()):
            yield fault["number"], one


def made_for_the_list(unit: str) -> bool:
    """Whether a unit has a fault that no other test makes."""
    return UNITS[unit]["command"][1] in MADE


def functions(suite: str) -> dict[str, str]:
    """The test of each case of a suite."""
    found: dict[str, str] = {}
    for file in (resources.suites() / suite).glob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        found |= dict(re.findall(r'mark\.case\("([^"]+)"\)\n(?:@.*\n)*def (\w+)\(', text))
    return found


def test_each_known_fault_has_its_place() -> None:
    """None is missing, and each is caught, is somebody else's, or nothing a device can do."""
    assert [one["number"] for one in FAULTS] == list(range(1, 53))
    for one in FAULTS:
        told = [key for key in ("caught", "open", "elsewhere", "no_fault") if one.get(key)]
        assert told, f"fault {one['number']}: neither caught, nor open, elsewhere or no fault"
        assert "no_fault" not in told or told == ["no_fault"], one["number"]
        assert set(one) <= {"number", "words", *told}, one["number"]


def test_each_name_in_the_list_exists() -> None:
    """Every unit is on the bench, every case in a plan, every check one of `agent-check`."""
    checks = {check.name for check in CHECKS}
    for number, one in catches():
        assert one["unit"] in UNITS, f"fault {number}: no unit {one['unit']}"
        if "case" in one:
            suite = SUITES[one["case"].split("-")[1]]
            assert one["case"] in functions(suite), f"fault {number}: no case {one['case']}"
        else:
            assert one["check"] in checks, f"fault {number}: no check {one['check']}"


def test_each_unit_of_the_list_is_turned_red_by_a_test() -> None:
    """By the case that the list names: the catalogue says so too. Or by one of this file."""
    here = set(REPLICAS) | {one["unit"] for _, one in catches() if "check" in one}
    seeded = {(one.unit, case) for one in load_catalogue().defects for case in one.cases}
    missing = [one for _, one in catches()
               if one["unit"] not in here and (one["unit"], one["case"]) not in seeded]  # fmt: skip
    assert missing == []


def test_each_fault_made_for_the_list_is_on_it() -> None:
    """A unit that nobody runs proves nothing; one that no case sees says what would see it."""
    made = {name for name in UNITS if made_for_the_list(name)}
    still_open = {each["unit"] for one in FAULTS for each in one.get("open", ())}
    assert made - still_open - {one["unit"] for _, one in catches()} == set()
    assert still_open <= made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "check"), [(one["unit"], one["check"]) for _, one in catches() if "check" in one]
)
def test_a_fault_is_found_by_the_check_of_the_protocol(unit: str, check: str) -> None:
    command = UNITS[unit]["command"]
    words = sys.executable, str(BENCH.parent / command[1]), *command[2:]

    def start() -> DeviceSession:
        driver = ProcessDriver(Command(words), Asked(), Realization.EMULATED)
        return DeviceSession(driver, shutdown_s=ENDS_WITHIN_S)

    profile = load_profile("workstation", [resources.device_profiles()]).profile
    trial = Trial(start, profile.to_dict(), 20.0)
    try:
        outcome = try_check(trial, next(one for one in CHECKS if one.name == check))
    finally:
        trial.drop()
    assert outcome.verdict is Verdict.FAIL, outcome.seen


def broken(assessment: Assessment, topic: str) -> set[str]:
    """The requirements of a topic that failed; none may hold."""
    mine = {name: one.standing for name, one in assessment.requirements.items() if topic in name}
    assert Standing.VERIFIED not in mine.values(), mine
    return {name for name, standing in mine.items() if standing is Standing.FAILED}


@pytest.mark.slow
@pytest.mark.parametrize("part", [FIRST, f"not recorded and not ({FIRST})"], ids=["1", "2"])
@pytest.mark.parametrize("unit", REPLICAS)
def test_the_reference_design_passes_nothing(tmp_path: Path, unit: str, part: str) -> None:
    """Of all that the suite of alarms asks on simulated patients, nothing holds."""
    status, assessment, output = judge(tmp_path, unit, part, suite="alarms")
    asked = {
        name: one.state
        for name, one in assessment.cases.items()
        if "-ALM-" in name and one.state not in (State.NOT_APPLICABLE, State.NOT_EXECUTED)
    }
    assert len(asked) >= 5
    assert {name for name, state in asked.items() if state is not State.FAILED} == set(), output
    assert broken(assessment, "-ALM-"), output
    assert status == 1


@pytest.mark.slow
def test_the_reference_design_has_no_windows_and_no_delay(tmp_path: Path) -> None:
    """What its bedside half is asked: results, what is late, a flood, a recovery."""
    named = "every_window or lateness or flood or recovery"
    status, assessment, output = judge(tmp_path, "reference_design", named)
    expected = {"REQ-LAT-005", "REQ-LAT-006", "REQ-LAT-010", "REQ-LAT-011"}
    assert broken(assessment, "-LAT-") == expected, output
    assert status == 1
