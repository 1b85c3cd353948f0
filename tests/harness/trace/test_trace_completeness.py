"""Every rule of completeness is broken once, and each time exactly its own fault is found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from edgeward_harness.trace.completeness import check, check_all, check_deviations, check_review
from edgeward_harness.trace.fault import Code
from edgeward_harness.trace.model import Trace
from edgeward_harness.trace.suspicion import review

Files = dict[str, Any]
Load = Callable[[Files], Trace]

TODAY = date(2027, 1, 1)
PLAN = "latency/testplan.toml"


@dataclass(frozen=True)
class Broken:
    """A change that breaks one rule, and what is said of it."""

    code: Code
    change: Callable[[Files], object]
    said: str
    beside: set[Code] = field(default_factory=set)
    """Other rules that cannot but break with it."""


def hazards(files: Files) -> list[dict[str, Any]]:
    """The hazards."""
    found: list[dict[str, Any]] = files["hazards.toml"]["hazard"]
    return found


def control(files: Files) -> dict[str, Any]:
    """The only control."""
    found: dict[str, Any] = files["hazards.toml"]["control"][0]
    return found


def requirements(files: Files) -> list[dict[str, Any]]:
    """The requirements."""
    found: list[dict[str, Any]] = files["requirements.toml"]["requirement"]
    return found


def cases(files: Files) -> list[dict[str, Any]]:
    """The cases."""
    found: list[dict[str, Any]] = files[PLAN]["case"]
    return found


BROKEN = [
    Broken(
        Code.DANGLING_ID,
        lambda f: cases(f)[0]["requirements"].append("REQ-LAT-999"),
        "latency/testplan.toml, case 1 (TC-LAT-001): [dangling-id] requirements cites REQ-LAT-999,"
        " which does not exist; correct the id or define it",
    ),
    Broken(
        Code.DANGLING_ID,
        lambda f: cases(f)[0]["implements"].append("RC-LAT-999"),
        "implements cites RC-LAT-999",
    ),
    Broken(
        Code.DANGLING_ID,
        lambda f: control(f)["hazards"].append("HAZ-999"),
        "hazards cites HAZ-999",
    ),
    Broken(
        Code.DANGLING_ID,
        lambda f: control(f)["requirements"].append("REQ-LAT-999"),
        "requirements cites REQ-LAT-999",
    ),
    Broken(
        Code.DANGLING_ID,
        lambda f: requirements(f)[0]["risks"].append("HAZ-999"),
        "risks cites HAZ-999",
    ),
    Broken(
        Code.DANGLING_ID,
        lambda f: f[PLAN]["suite"].update(alone=["TC-LAT-999"]),
        "alone of suite latency names it, and it is no case of its plan",
    ),
    Broken(
        Code.FOREIGN_ID,
        lambda f: cases(f)[2].update(id="TC-ALM-003"),
        "a case of suite latency is called TC-LAT-...",
    ),
    Broken(
        Code.FOREIGN_ID,
        lambda f: (requirements(f)[1].update(id="REQ-ALM-001"), cite(f, "REQ-ALM-001")),
        'cites REQ-ALM-001 of another topic; correct the id, or add "ALM" to borrows of suite',
    ),
    Broken(
        Code.ONE_SIDED_LINK,
        lambda f: requirements(f)[0].update(risks=[]),
        "names REQ-LAT-001, which does not name it; add RC-LAT-001 to risks of REQ-LAT-001",
    ),
    Broken(
        Code.ONE_SIDED_LINK,
        lambda f: requirements(f)[1].update(risks=["RC-LAT-001"]),
        "names RC-LAT-001, which does not name it; mend requirements of RC-LAT-001",
    ),
    Broken(
        Code.UNTESTED_REQUIREMENT,
        lambda f: cases(f).pop(),
        "requirements.toml, requirement 2 (REQ-LAT-002): [untested-requirement] no case proves it",
    ),
    Broken(
        Code.UNTESTED_PROFILE,
        lambda f: cases(f)[2].update(needs={"profiles": ["wearable"]}),
        "holds for gateway, but its cases are only for wearable",
    ),
    Broken(
        Code.UNTESTED_PROFILE,
        lambda f: [case.update(needs={"profiles": ["wearable"]}) for case in cases(f)[:2]],
        "holds for every profile, but its cases are only for wearable",
    ),
    Broken(
        Code.LATE_TEST,
        lambda f: cases(f)[2].update(stage="release"),
        "is due at stage feature_complete, but its first case, TC-LAT-003, runs from release on",
    ),
    Broken(
        Code.UNREQUIRED_TEST,
        lambda f: cases(f)[2].update(requirements=[]),
        "proves no requirement",
        {Code.UNTESTED_REQUIREMENT},
    ),
    Broken(
        Code.UNMITIGATED_HAZARD,
        lambda f: hazards(f).append(hazards(f)[0] | {"id": "HAZ-002"}),
        "hazards.toml, hazard 2 (HAZ-002): [unmitigated-hazard] no control acts against it",
    ),
    Broken(
        Code.CONTROL_WITHOUT_HAZARD,
        lambda f: control(f).update(hazards=[]),
        "acts against no hazard",
        {Code.UNMITIGATED_HAZARD},
    ),
    Broken(
        Code.CONTROL_WITHOUT_REQUIREMENT,
        lambda f: (control(f).update(requirements=[]), requirements(f)[0].update(risks=[])),
        "no requirement realises it",
    ),
    Broken(
        Code.CONTROL_WITHOUT_IMPLEMENTATION_PROOF,
        lambda f: cases(f)[0].pop("implements"),
        "no case proves that it is there",
    ),
    Broken(
        Code.CONTROL_WITHOUT_EFFECTIVENESS_PROOF,
        lambda f: cases(f)[1].pop("proves_effective"),
        "no case proves that it works",
    ),
    Broken(
        Code.ONE_CASE_FOR_BOTH_PROOFS,
        lambda f: cases(f)[1].update(implements=["RC-LAT-001"]),
        "TC-LAT-002 is to prove both that it is there and that it works; use two cases",
    ),
    Broken(
        Code.EFFECTIVENESS_WITHOUT_FAULT,
        lambda f: cases(f)[1].update(method="inspection"),
        "TC-LAT-002 is to prove that it works, by inspection; provoke the harm",
    ),
    Broken(
        Code.DEVIATION_UNMATCHED,
        lambda f: deviate(f, cases=["TC-LAT-999"]),
        "deviations.toml, deviation 1 (DEV-001): [deviation-unmatched] is for TC-LAT-999, which",
    ),
    Broken(
        Code.DEVIATION_EXPIRED,
        lambda f: deviate(f, expires=date(2026, 12, 31)),
        "expired on 2026-12-31; mend what it excused, or decide anew",
    ),
    Broken(
        Code.UNREVIEWED_CHANGE,
        lambda f: cases(f)[2].update(title="Changed"),
        "changed since its review; read it, then: edgeward trace --review TC-LAT-003",
        {Code.SUSPECT},
    ),
    Broken(
        Code.UNREVIEWED_ITEM,
        lambda f: (requirements(f)[1].update(id="REQ-LAT-003"), cite(f, "REQ-LAT-003")),
        "was never reviewed",
        {Code.UNREVIEWED_REMOVAL, Code.UNREVIEWED_CHANGE},
    ),
    Broken(
        Code.UNREVIEWED_REMOVAL,
        lambda f: (requirements(f).pop(), cases(f).pop()),
        "trace_review.toml (REQ-LAT-002): [unreviewed-removal] was taken out since the review",
    ),
    Broken(
        Code.SUSPECT,
        lambda f: requirements(f)[1].update(title="Changed"),
        "REQ-LAT-002 changed -> TC-LAT-003 is suspect; does it still hold? then: edgeward trace",
        {Code.UNREVIEWED_CHANGE},
    ),
]


def cite(files: Files, requirement: str) -> Files:
    """Let the last case cite another requirement."""
    cases(files)[2].update(requirements=[requirement])
    return files


def deviate(files: Files, **changes: Any) -> None:
    """Accept a deviation."""
    files["deviations.toml"] = {
        "deviation": [
            {
                "id": "DEV-001",
                "cases": ["TC-LAT-001"],
                "reason": "Known and harmless.",
                "owner": "Head of risk management",
                "expires": date(2027, 1, 1),
                **changes,
            }
        ]
    }


REVIEWS = {
    Code.UNREVIEWED_CHANGE,
    Code.UNREVIEWED_ITEM,
    Code.UNREVIEWED_REMOVAL,
    Code.SUSPECT,
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: str(one.code))
def test_a_broken_rule_is_found_and_no_other(load: Load, files: Files, broken: Broken) -> None:
    before = review(load(files), {}, ["all"])
    broken.change(files)
    trace = load(files)
    baseline = before if broken.code in REVIEWS else review(trace, before, ["all"])
    faults = check_all(trace, TODAY, baseline)
    assert {fault.code for fault in faults} == {broken.code} | broken.beside
    mine = [str(fault) for fault in faults if fault.code is broken.code]
    assert [one for one in mine if broken.said in one], mine


def test_every_rule_is_broken_above() -> None:
    assert {broken.code for broken in BROKEN} | {Code.NEVER_REVIEWED} == set(Code)


def test_a_complete_trace_has_no_fault(trace: Trace) -> None:
    assert check_all(trace, TODAY, review(trace, {}, ["all"])) == []


def test_without_a_baseline_there_is_one_fault(trace: Trace) -> None:
    (fault,) = check_review(trace, None)
    assert fault.code is Code.NEVER_REVIEWED


def test_many_faults_are_all_found_in_the_order_of_the_rules(load: Load, files: Files) -> None:
    cases(files).clear()
    codes = [fault.code for fault in check(load(files))]
    assert codes == [
        Code.UNTESTED_REQUIREMENT,
        Code.UNTESTED_REQUIREMENT,
        Code.CONTROL_WITHOUT_IMPLEMENTATION_PROOF,
        Code.CONTROL_WITHOUT_EFFECTIVENESS_PROOF,
    ]


def test_a_deviation_holds_on_its_last_day(load: Load, files: Files) -> None:
    deviate(files, requirements=["REQ-LAT-001"])
    assert check_deviations(load(files), TODAY) == []


def test_a_borrowed_topic_may_be_cited(load: Load, files: Files) -> None:
    requirements(files)[1]["id"] = "REQ-ALM-001"
    cite(files, "REQ-ALM-001")
    files[PLAN]["suite"]["borrows"] = ["ALM"]
    assert check(load(files)) == []


def test_information_may_be_proven_effective_without_provoking_harm(
    load: Load, files: Files
) -> None:
    control(files)["type"] = "information"
    cases(files)[1]["method"] = "demonstration"
    assert check(load(files)) == []


def test_an_earlier_case_is_enough(load: Load, files: Files) -> None:
    cases(files).append(cases(files)[2] | {"id": "TC-LAT-004", "stage": "release"})
    assert check(load(files)) == []
