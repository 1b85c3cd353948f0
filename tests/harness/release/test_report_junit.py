"""JUnit XML: whoever reads it counts what the assessment counts, and no gap becomes a pass."""

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.record import State
from edgeward_harness.report.build import build_report
from edgeward_harness.report.junit import write_junit


def parse(data: bytes) -> ET.Element:
    return ET.fromstring(data)


def outcome(case: ET.Element) -> str:
    kinds = [child.tag for child in case if child.tag != "properties"]
    assert len(kinds) <= 1
    return kinds[0] if kinds else "passed"


def state(case: ET.Element) -> str:
    (found,) = case.findall("properties/property[@name='state']")
    return found.attrib["value"]


def message(case: ET.Element, kind: str) -> str:
    element = case.find(kind)
    assert element is not None
    return element.attrib["message"]


STORIES = ("story", "noisy", "interrupted")


@pytest.mark.parametrize("name", STORIES)
def test_the_counts_are_those_of_the_assessment(lab: Any, name: str) -> None:
    bundle = lab.write(getattr(lab, name)())
    assessment = assess(bundle)
    root = parse(write_junit(build_report(bundle, assessment)))
    expected = Counter(item.state.value for item in assessment.items.values())
    assert Counter(map(state, root.iter("testcase"))) == expected
    kinds = Counter(map(outcome, root.iter("testcase")))
    assert kinds["passed"] == expected["passed"]
    for counted in (root, *root.iter("testsuite")):
        assert int(counted.attrib["tests"]) == sum(kinds.values())
        assert int(counted.attrib["failures"]) == kinds["failure"]
        assert int(counted.attrib["errors"]) == kinds["error"]
        assert int(counted.attrib["skipped"]) == kinds["skipped"]


KINDS = {
    State.FAILED: "failure",
    State.UNEXPECTED_PASS: "failure",
    State.KNOWN_ANOMALY: "failure",
    State.ERROR: "error",
    State.SKIPPED: "skipped",
    State.CANNOT_JUDGE: "skipped",
}


@pytest.mark.parametrize("recorded", KINDS)
def test_no_state_but_a_pass_is_shown_as_one(lab: Any, recorded: State) -> None:
    root = parse(write_junit(lab.report(lab.story(states={"TC-LAT-005": recorded}))))
    (case,) = (case for case in root.iter("testcase") if case.attrib["name"] == "TC-LAT-005")
    assert outcome(case) == KINDS[recorded]
    word = recorded.value.replace("_", " ")
    assert message(case, KINDS[recorded]).startswith(word)


def test_what_was_planned_and_not_collected_is_skipped_with_its_reason(lab: Any) -> None:
    plan = lab.manifest()
    items = {name: item for name, item in plan.items.items() if name != "TC-LAT-007"}
    root = parse(write_junit(lab.report(plan=replace(plan, items=items))))
    (case,) = (case for case in root.iter("testcase") if case.attrib["name"] == "TC-LAT-007")
    assert outcome(case) == "skipped"
    assert "not executed: planned" in message(case, "skipped")


def test_a_failure_says_what_was_expected_and_what_was_observed(lab: Any) -> None:
    root = parse(write_junit(lab.report(lab.story(late=25))))
    (case,) = (case for case in root.iter("testcase") if case.attrib["name"] == "TC-LAT-002")
    text = case.findtext("failure") or ""
    assert "expected p99 <= 50 ms, observed 1" in text
    assert "n 1000" in text


def test_a_suite_names_profile_unit_realization_and_requirements(lab: Any) -> None:
    root = parse(write_junit(lab.report()))
    (suite,) = root.iter("testsuite")
    about = {p.attrib["name"]: p.attrib["value"] for p in suite.findall("properties/property")}
    assert about["edgeward.profile"] == "bedside_monitor"
    assert about["edgeward.unit"] == "reference"
    assert about["edgeward.realization"] == "emulated"
    first = next(suite.iter("testcase"))
    cited = first.findall("properties/property[@name='requirement']")
    assert [property_.attrib["value"] for property_ in cited] == ["REQ-LAT-001"]


def test_a_case_is_explained_at_its_first_execution_only(lab: Any) -> None:
    plan = lab.manifest()
    other = ItemEntry("TC-LAT-001[2]", "TC-LAT-001", "2")
    root = parse(
        write_junit(lab.report(plan=replace(plan, items={**plan.items, other.item: other})))
    )
    first, second = (
        {p.attrib["name"]: p.attrib["value"] for p in case.findall("properties/property")}
        for case in root.iter("testcase")
        if case.attrib["classname"] == "TC-LAT-001"
    )
    assert first["procedure"].startswith("Paced windows of a simulated patient; the delay is taken")
    assert first["goal"].startswith("The delay from")
    assert (first["method"], first["stage"], first["samples"]) == ("measurement", "release", "1000")
    assert set(second) == {"requirement", "state"}


def test_characters_that_xml_cannot_hold_are_dropped(lab: Any) -> None:
    told = lab.story(
        states={"TC-LAT-005": State.FAILED},
        reasons={"TC-LAT-005": "a\x00b\x08c\ufffe ]]> <x> & \u202e" + "\nsecond line"},
    )
    root = parse(write_junit(lab.report(told)))
    (case,) = (case for case in root.iter("testcase") if case.attrib["name"] == "TC-LAT-005")
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "failed: abc ]]> <x> & \u202e"
    assert "second line" in (failure.text or "")
