"""The self-audit: each rule holds where it may, is broken where it must, and never on nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import source_lab as lab

from edgeward_harness.approval.folder import Folder
from edgeward_harness.evidence.verification import Fault, FaultKind
from edgeward_harness.pack.audit.rules import audit
from edgeward_harness.pack.audit.ruling import Outcome, Ruling
from edgeward_harness.pack.documents import doc13_regression, doc15_anomalies
from edgeward_harness.pack.model import Document, Paragraph, Section
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import Acceptable, Port, Residual, Version
from edgeward_harness.pack.words import Disposition, Effect, Paper, Probability, Verdict
from edgeward_harness.trace.model import Deviation
from edgeward_harness.trace.vocabulary import Severity

Change = Callable[[PackSource, Path], PackSource]
DAY = timedelta(days=1)
ASIDE = {22, 34, 42}
"""Rules that are about nothing in the full source: no failure, no flaw, no deviation."""


@pytest.fixture
def full(tmp_path: Path) -> PackSource:
    """A source in which all that can be given is given."""
    folder = tmp_path / "full"
    folder.mkdir()
    return lab.full(folder)


def rulings(source: PackSource, *more: Document) -> dict[int, Ruling]:
    shown = (doc13_regression.build(source), doc15_anomalies.build(source), *more)
    return {one.number: one for one in audit(source, shown)}


def test_each_rule_stands_once_and_tells_what_it_found(full: PackSource) -> None:
    found = audit(full, ())
    assert [one.number for one in found] == list(range(1, 45))
    for one in found:
        assert one.text
        assert one.question.endswith("?")
        assert bool(one.fix) == (one.outcome in (Outcome.BROKEN, Outcome.NO_DATA))


def test_where_all_is_given_the_rules_hold(full: PackSource) -> None:
    baseline = lab.evidence(replace(full.evidence[0].bundle), full.trace)
    found = rulings(replace(full, baseline=baseline))
    outcomes = {number: one.outcome for number, one in found.items()}
    assert {n for n, one in outcomes.items() if one is Outcome.NO_DATA} == set()
    assert {n for n, one in outcomes.items() if one is Outcome.NOT_APPLICABLE} == ASIDE
    assert [one.text for one in found.values() if one.outcome is Outcome.BROKEN] == []


def test_no_rule_holds_on_nothing() -> None:
    found = {one.number: one.outcome for one in audit(lab.empty(), ())}
    assert [number for number, one in found.items() if one is Outcome.HOLDS] == []
    broken = [number for number, one in found.items() if one is Outcome.BROKEN]
    assert broken == [44], "that nobody signed is known without any data"


def test_no_rule_about_runs_holds_without_one(full: PackSource) -> None:
    found = rulings(replace(full, evidence=()))
    about_plans_and_people = {7, 12, 13, 14, 15, 16, 19, 21, 24, 28, 29, 30, 31, 33, 41, 43, 44}
    holding = {number for number, one in found.items() if one.outcome is Outcome.HOLDS}
    assert holding == about_plans_and_people


def test_no_rule_about_the_bill_or_people_holds_without_them(full: PackSource) -> None:
    silent = replace(full, sbom=None, submission=lab.empty().submission, approvals=None)
    found = rulings(silent)
    people = (7, 8, 9, 11, 12, 13, 18, 19, 24, 25, 26, 28, 29, 31, 33)
    for number in (1, 2, 3, 5, 6, 14, 15, 27, 43, *people):
        assert found[number].outcome is Outcome.NO_DATA, number


def about(**changes: Any) -> Change:
    return lambda source, _: lab.with_about(source, **changes)


def said(**changes: Any) -> Change:
    return lambda source, _: lab.with_said(source, **changes)


def anomaly(**changes: Any) -> Change:
    return said(anomalies=(lab.anomaly(**changes),))


def threat(**changes: Any) -> Change:
    return said(threats=(lab.threat(**changes),))


def bill(**changes: Any) -> Change:
    return lambda source, _: replace(source, sbom=lab.sbom(**changes))


def device(**changes: Any) -> Change:
    return lambda source, folder: lab.run_again(source, folder, contexts=lab.device(**changes))


def measured(*more: Any) -> Change:
    return lambda source, folder: lab.run_again(source, folder, *lab.records(*more))


def today(**changes: Any) -> Change:
    """Plans that changed after the run."""
    return lambda source, folder: lab.run_again(source, folder, of=replace(source.trace, **changes))


def supplied(number: str, on: date | None) -> Change:
    def changed(source: PackSource, _: Path) -> PackSource:
        told = [
            replace(one, approved=on) if one.number == number else one
            for one in source.submission.supplied
        ]
        return lab.with_said(source, supplied=tuple(told))

    return changed


def failed(source: PackSource, folder: Path) -> PackSource:
    first, second = lab.records()
    late = replace(first.measurements[0], bound=60.0)
    changed = first._replace(measurements=(late, *first.measurements[1:]))
    return lab.run_again(source, folder, changed, second)


def unproven(source: PackSource, folder: Path) -> PackSource:
    return lab.run_again(source, folder, lab.records()[0])


def plan_after_run(source: PackSource, _: Path) -> PackSource:
    assert source.approvals is not None
    first, *others = source.approvals.signed
    later = replace(first.approval, signed_at="2026-02-01T10:00:00Z")
    signed = (replace(first, approval=later), *others)
    return replace(source, approvals=replace(source.approvals, signed=signed))


def by_one_person(source: PackSource, _: Path) -> PackSource:
    assert source.approvals is not None
    ada = source.approvals.signed[0].approval
    signed = [
        replace(one, keyid="one", approval=replace(one.approval, user=ada.user))
        for one in source.approvals.signed
    ]
    return replace(source, approvals=replace(source.approvals, signed=tuple(signed)))


def faulty_trail(source: PackSource, _: Path) -> PackSource:
    assert source.approvals is not None
    return replace(source, approvals=replace(source.approvals, faults=("line 2 was dropped",)))


def by_the_bench(source: PackSource, _: Path) -> PackSource:
    assert source.approvals is not None
    signed = [replace(one, keyid="bench") for one in source.approvals.signed]
    return replace(source, approvals=replace(source.approvals, signed=tuple(signed)))


def nobody_signed(source: PackSource, _: Path) -> PackSource:
    return replace(source, approvals=Folder(Path("approvals")))


def changed_bundle(source: PackSource, _: Path) -> PackSource:
    (one,) = source.evidence
    found = (Fault(FaultKind.CHANGED, "records.jsonl: was changed"),)
    broken = replace(one, verification=replace(one.verification, findings=found))
    return replace(source, evidence=(broken,))


def unsigned(source: PackSource, _: Path) -> PackSource:
    (one,) = source.evidence
    broken = replace(one, verification=replace(one.verification, signer=None))
    return replace(source, evidence=(broken,))


def two_builds(source: PackSource, folder: Path) -> PackSource:
    other = device(software={"name": "edgeward", "version": "0.2.0", "build_sha256": "9" * 64})
    return replace(source, evidence=source.evidence + other(source, folder).evidence)


def two_plans(source: PackSource, folder: Path) -> PackSource:
    """A run at another depth, of which nobody approved the plan."""
    made = lab.bundle(folder, lab.plan(source.trace, depth="quick"), *lab.records())
    return replace(source, evidence=(lab.evidence(made, source.trace),))


def few() -> tuple[Any, ...]:
    first, second = lab.records()
    taken = tuple(replace(one, n=99) for one in first.measurements)
    return first._replace(measurements=taken), second


def waived(expires: date) -> Change:
    def changed(source: PackSource, _: Path) -> PackSource:
        one = Deviation("DEV-001", "For a trial.", "quality", expires, (lab.REQ,))
        return replace(source, trace=replace(source.trace, deviations={one.id: one}))

    return changed


TRACE = lab.trace()
LONELY = replace(TRACE.hazards[lab.HAZARD], id="HAZ-002")
NEW = replace(TRACE.requirements[lab.REQ], id="REQ-LAT-003")
SECOND = replace(TRACE.controls[lab.CONTROL], id="RC-LAT-002")
REWORDED = replace(TRACE.requirements[lab.REQ], text="It shall be sooner.")
HARMLESS = replace(TRACE.controls[lab.CONTROL], hazards=())
EXTRA = {"type": "library", "name": "helper", "version": "2"}
FLAW = {
    "id": "CVE-1",
    "analysis": {"state": "exploitable"},
    "properties": [{"name": "edgeward:known_exploited", "value": "yes"}],
}
META: dict[str, Any] = {"component": {"type": "application", "name": "edgeward"}}
LATE = {**META, "timestamp": "2026-03-01T00:00:00Z"}
LISTS = [{"name": "edgeward:imported", "value": "flaws.json of 2025-06-01"}]
COMING = [{"name": "edgeward:imported", "value": "flaws.json of 2027-06-01"}]
DAYLESS = [{"name": "edgeward:imported", "value": "flaws.json"}]

BROKEN: list[tuple[int, Change, str]] = [
    (1, about(release="0.2.0"), "ran on edgeward 0.1.0"),
    (1, device(software={}), "names no version"),
    (1, said(versions=(Version("0.0.9", date(2026, 1, 1), "None."),)), "has no 0.1.0"),
    (2, about(build_sha256="99" * 32), "names 2 builds"),
    (2, device(software={"build_sha256": "9" * 64}), "rests on 999999999999"),
    (2, device(software={}), "names no build"),
    (3, device(models=[{"name": "new", "sha256": "77" * 32}]), "777777777777 was tested"),
    (4, two_builds, "taken on edgeward 0.1.0"),
    (5, device(software={"build_sha256": "9" * 64}), "tested build 999999999999"),
    (6, bill(components=[]), "arrays 1.0, which is not in the bill"),
    (7, supplied("04", date(2026, 1, 1)), "RISK was approved on 2026-01-01"),
    (8, plan_after_run, "approved after it began"),
    (8, two_plans, "nobody approved"),
    (9, about(frozen=date(2026, 2, 1)), "ran on 2026-01-31"),
    (9, about(released=date(2026, 1, 20)), "ran on 2026-01-31"),
    (10, today(requirements={**TRACE.requirements, lab.REQ: REWORDED}), "changed since the run"),
    (10, today(requirements={**TRACE.requirements, NEW.id: NEW}), "REQ-LAT-003 is in no run"),
    (11, about(anomalies_on=date(2026, 1, 30)), "of 2026-01-30, the last run 2026-01-31"),
    (11, about(anomalies_on=lab.AS_OF + DAY), "is after 2026-02-10"),
    (12, supplied("04", date(2026, 2, 1)), "decided was on 2026-02-02"),
    (12, supplied("04", lab.AS_OF + DAY), "is after"),
    (13, supplied("12", date(2026, 1, 1)), "an interface of 2026-01-10"),
    (14, bill(metadata={**META, "properties": LISTS}), "older than 90 days"),
    (14, bill(metadata={**META, "properties": COMING}), "is after"),
    (14, bill(metadata={**META, "properties": DAYLESS}), "names no day"),
    (15, about(frozen=date(2026, 2, 5)), "of 2026-02-01, frozen 2026-02-05"),
    (15, bill(metadata=LATE), "is after"),
    (16, today(requirements={**TRACE.requirements, NEW.id: NEW}), "REQ-LAT-003"),
    (17, failed, "no case of a whole device passed"),
    (18, said(interfaces=(replace(lab.said().interfaces[0], cases=()),)), "IF-1: no case"),
    (20, unproven, "RC-LAT-001 is not executed"),
    (20, today(controls={**TRACE.controls, SECOND.id: SECOND}), "RC-LAT-002 has no"),
    (21, today(hazards={**TRACE.hazards, LONELY.id: LONELY}), "HAZ-002 has no control"),
    (22, failed, "TC-LAT-001 failed in wearable"),
    (24, anomaly(safety=Effect.UNDECIDED), "no verdict on safety"),
    (24, anomaly(security_rationale=""), "no verdict on security"),
    (25, threat(cases=()), "no case that tries it passed"),
    (25, threat(cases=(lab.MEASURED,)), "no case that tries it passed"),
    (25, threat(requirements=()), "answered by no requirement"),
    (25, threat(requirements=("REQ-LAT-009",)), "answered by no requirement"),
    (26, about(profiles=("wearable", "gateway")), "gateway has no run"),
    (27, bill(components=[EXTRA]), "helper 2: ships, and no run"),
    (29, said(claims=(replace(lab.said().claims[0], requirements=()),)), "is in no requirement"),
    (29, said(claims=(replace(lab.said().claims[0], requirements=(NEW.id,)),)), "in no req"),
    (30, today(controls={lab.CONTROL: HARMLESS}), "no hazard leads to the requirements of LAT"),
    (32, changed_bundle, "not what its records give"),
    (35, measured(replace(lab.zero("more"), bound=0.2)), "its numbers say otherwise"),
    (36, lambda s, f: lab.run_again(s, f, *few()), "99 of 100 planned"),
    (37, measured(lab.zero("patients_who_taught_the_model", 3)), "3 patients are in both"),
    (38, measured(lab.zero("windows_left_out", 9, "failed")), "windows_left_out: 9"),
    (39, measured(replace(lab.zero("more"), observed="")), "no observed"),
    (40, lambda s, f: lab.run_again(s, f, contexts={}), "does not tell a device"),
    (40, unsigned, "does not tell who ran it"),
    (40, lambda s, f: lab.run_again(s, f, ended=False), "when it ended"),
    (42, waived(lab.AS_OF - DAY), "DEV-001 expired on 2026-02-09"),
    (43, bill(vulnerabilities=[FLAW]), "CVE-1 is known to be used"),
    (44, by_one_person, "signed by 1 people"),
    (28, said(ports=(Port("tcp/23", (Paper.SCAN,)),)), "tcp/23 is not in architecture"),
    (
        33,
        said(
            matrix=(Acceptable(Severity.CRITICAL, Probability.IMPROBABLE),),
            residual=(Residual(lab.HAZARD, Probability.FREQUENT, Verdict.ACCEPTABLE),),
        ),
        "critical and frequent, said to be acceptable, by the matrix unacceptable",
    ),
    (
        33,
        said(residual=(Residual("HAZ-009", Probability.REMOTE, Verdict.ACCEPTABLE),)),
        "nobody judged what remains",
    ),
    (44, by_the_bench, "with 1 keys"),
    (44, faulty_trail, "line 2 was dropped"),
    (44, nobody_signed, "no person signed anything"),
    (44, unsigned, "has no good signature"),
]


@pytest.mark.parametrize(("number", "change", "text"), BROKEN)
def test_a_rule_is_broken_where_it_must_be(
    full: PackSource, tmp_path: Path, number: int, change: Change, text: str
) -> None:
    found = rulings(change(full, tmp_path))[number]
    assert (found.outcome, text in found.text) == (Outcome.BROKEN, True), found.text


def test_each_rule_that_can_be_broken_was() -> None:
    tried = {number for number, _, _ in BROKEN}
    elsewhere = {19, 23, 31, 34, 41}
    assert tried | elsewhere == set(range(1, 45))


def test_what_a_document_promises_or_leaves_out_is_found(full: PackSource) -> None:
    words = "This is to be defined later."
    promising = Document("02", "x", "X", "Y", (Section("s", "S", (Paragraph(words),)),))
    assert "document 02: to be defined" in rulings(full, promising)[41].text
    silent = (Document("15", "anomalies", "Anomalies", "None."),)
    found = {one.number: one for one in audit(full, silent)}
    assert found[31].outcome is Outcome.BROKEN
    assert found[31].text == "ANOM-001 is open and not in document 15"
    assert {one.number: one for one in audit(full, ())}[31].outcome is Outcome.NO_DATA


def test_a_change_is_looked_at_against_the_release_before(full: PackSource) -> None:
    baseline = lab.evidence(replace(full.evidence[0].bundle), full.trace)
    source = replace(full, baseline=baseline)
    assert rulings(source)[23].outcome is Outcome.HOLDS
    assert {one.number: one for one in audit(source, ())}[23].outcome is Outcome.NO_DATA
    gone = Document("13", "x", "X", "Y", doc13_regression.build(full).sections)
    assert {one.number: one for one in audit(source, (gone,))}[23].outcome is Outcome.BROKEN


def test_what_failed_is_accounted_for_by_the_anomaly_that_names_it(
    full: PackSource, tmp_path: Path
) -> None:
    source = failed(full, tmp_path)
    named = lab.with_said(source, anomalies=(lab.anomaly(cases=(lab.MEASURED,)),))
    assert rulings(named)[22].outcome is Outcome.HOLDS


def test_what_is_fixed_or_bridged_or_not_expired_is_well(full: PackSource, tmp_path: Path) -> None:
    fixed = anomaly(disposition=Disposition.FIXED, safety=Effect.UNDECIDED)(full, tmp_path)
    assert rulings(fixed)[24].outcome is Outcome.NOT_APPLICABLE
    assert rulings(fixed)[31].outcome is Outcome.NOT_APPLICABLE
    assert rulings(waived(lab.AS_OF)(full, tmp_path))[42].outcome is Outcome.HOLDS
    older = Version("0.0.9", date(2026, 1, 1), "All.", "9" * 64, "Only a text differs.")
    bridged = lab.with_said(full, versions=(*full.submission.versions, older))
    other = device(software={"build_sha256": "9" * 64})(bridged, tmp_path)
    assert rulings(other)[2].outcome is Outcome.HOLDS
