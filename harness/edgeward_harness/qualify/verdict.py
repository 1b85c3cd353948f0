"""What a bundle says of a seeded defect: pure, so that anybody can say it again from the bundle."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.qualify.defect import Defect, Kind


class Outcome(StrEnum):
    """What became of a seeded defect, the gravest first. Only CAUGHT and HELD are as they must be.

    OUT_OF_REACH is no doubt about the suites: the case that would see it asks for something that
    this bench lacks, so it is judged here for no device.
    """

    SURVIVED = "survived"
    ACCUSED = "accused"
    """A device without a defect was found guilty."""
    ASTRAY = "astray"
    """The case turned red, but not for the reason that the catalogue tells."""
    ERROR = "error"
    UNDECIDED = "undecided"
    """The host was too noisy to say."""
    OUT_OF_REACH = "out_of_reach"
    HELD = "held"
    CAUGHT = "caught"


GRAVEST = tuple(Outcome)
AGAINST = (Outcome.SURVIVED, Outcome.ACCUSED, Outcome.ASTRAY)
DOUBTS = (Outcome.ERROR, Outcome.UNDECIDED)


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome, and why."""

    outcome: Outcome
    reason: str = ""


def judge(defect: Defect, bundle: Bundle) -> Told:
    """What a bundle says of a defect that was seeded in its device."""
    assessment = assess(bundle)
    told = [_of_case(case, defect, bundle, assessment) for case in defect.cases]
    if defect.kind is Kind.CONTROL:  # what is out of reach accuses nobody
        told = [one for one in told if one.outcome is not Outcome.OUT_OF_REACH] or told
    worst = min(told, key=lambda one: GRAVEST.index(one.outcome))
    if worst.outcome is Outcome.CAUGHT:
        return _of_reason(defect, bundle, assessment)
    return worst


def _of_case(case: str, defect: Defect, bundle: Bundle, assessment: Assessment) -> Told:
    standing = assessment.cases.get(case)
    if standing is None or standing.state is State.NOT_EXECUTED:
        return Told(Outcome.ERROR, f"{case} was not executed")
    why = "; ".join(standing.reasons)
    if standing.state is State.NOT_APPLICABLE:
        reasons = {one.inapplicable for one in bundle.manifest.items.values() if one.case == case}
        return Told(Outcome.OUT_OF_REACH, f"{case}: {' '.join(filter(None, reasons))}")
    if standing.state is State.CANNOT_JUDGE:
        return Told(Outcome.UNDECIDED, f"{case}: {why}")
    if standing.state is State.FAILED:
        return Told(Outcome.ACCUSED if defect.kind is Kind.CONTROL else Outcome.CAUGHT, why)
    if standing.state is State.PASSED:
        kept = defect.kind is Kind.CONTROL
        return Told(Outcome.HELD if kept else Outcome.SURVIVED, f"{case} passed")
    return Told(Outcome.ERROR, f"{case}: {standing.state}: {why}")


def _of_reason(defect: Defect, bundle: Bundle, assessment: Assessment) -> Told:
    """Whether it was caught for its own reason, and each requirement fell with it."""
    records = list(_records(defect, bundle))
    failed = dict(_failed(records))
    missing = sorted(set(defect.measurements) - failed.keys())
    if missing:
        seen = ", ".join(sorted(failed)) or "no measurement"
        return Told(Outcome.ASTRAY, f"{', '.join(missing)} did not fail; {seen} did")
    beside = sorted(failed.keys() - set(defect.measurements))
    if defect.only and beside:
        return Told(Outcome.ASTRAY, f"{', '.join(beside)} failed too")
    notes = [failed[name] for name in defect.measurements] or [*failed.values()]
    notes += [record.reason for record in records]
    if defect.finding and not any(re.search(defect.finding, note) for note in notes):
        return Told(Outcome.ASTRAY, f"no finding says {defect.finding!r}")
    for name in _requirements(defect, bundle):
        entry = assessment.requirements.get(name)
        if entry is None or entry.standing is not Standing.FAILED:
            standing = "not in scope" if entry is None else entry.standing.value
            return Told(Outcome.SURVIVED, f"{name} is {standing}")
    return Told(Outcome.CAUGHT, ", ".join(sorted(set(defect.measurements) or failed.keys())))


def _records(defect: Defect, bundle: Bundle) -> Iterator[Record]:
    items: Mapping[str, str] = {name: one.case for name, one in bundle.manifest.items.items()}
    return (one for one in bundle.records if items.get(one.item) in defect.cases)


def _failed(records: list[Record]) -> Iterator[tuple[str, str]]:
    for record in records:
        for one in record.measurements:
            if one.verdict == "failed":
                yield one.name, one.note


def _requirements(defect: Defect, bundle: Bundle) -> list[str]:
    cases = bundle.manifest.cases
    return sorted({name for case in defect.cases for name in cases[case].requirements})
