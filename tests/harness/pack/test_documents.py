"""Each document is built from nothing and from everything; what is missing or broken is a row."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import source_lab as lab

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.gate.decide import Decision
from edgeward_harness.pack.build import build_pack
from edgeward_harness.pack.documents import (
    doc01_class,
    doc02_plan,
    doc03_requirements,
    doc04_risk_controls,
    doc06_protocols,
    doc07_records,
    doc12_security_risk,
    doc14_versions,
    doc15_anomalies,
    doc16_build,
    doc17_target,
    doc18_certificate,
    doc20_audit_trail,
)
from edgeward_harness.pack.dress import fitted
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Missing,
    Row,
    Signatures,
    Table,
    Tone,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.words import Disposition, Effect, Exploitability

BUILD = Callable[[PackSource], Document]
LIGHT: dict[str, BUILD] = {
    one.__name__.rpartition(".")[2][3:5]: one.build
    for one in (
        doc01_class, doc02_plan, doc03_requirements, doc04_risk_controls, doc06_protocols,
        doc07_records, doc12_security_risk, doc14_versions, doc15_anomalies, doc16_build,
        doc17_target, doc18_certificate, doc20_audit_trail,
    )
}  # fmt: skip
OWED: dict[str, set[str]] = {
    "01": {"the reason for class and level", "not declared"},
    "02": {"the approval of the plan", "the plan for validation with users"},
    "03": {"none stated"},
    "04": {"the risk acceptability matrix", "the evaluation of the overall residual risk"},
    "12": {"the list of threats", "the list of anomalies", "the threat model"},
    "14": {"the history of versions"},
    "15": {"the list of anomalies"},
    "16": {"the build procedure for production"},
    "18": {"a decision", "not named", "no list", "none"},
    "20": {"signatures of people"},
}
"""What each document says is missing where nothing was given."""


@pytest.fixture
def full(tmp_path: Path) -> PackSource:
    """A source in which all that can be given is given."""
    folder = tmp_path / "full"
    folder.mkdir()
    return lab.full(folder)


def cells(document: Document) -> Iterator[Cell]:
    for block in document.blocks:
        if isinstance(block, Table):
            yield from (cell for row in block.rows for cell in row.cells)
        elif isinstance(block, Facts):
            yield from (cell for _, cell in block.rows)


def texts(document: Document, *tones: Tone) -> list[str]:
    return [one.text for one in cells(document) if not tones or one.tone in tones]


def table(document: Document, name: str) -> list[list[str]]:
    (found,) = (one for one in document.blocks if isinstance(one, Table) and one.id == name)
    return [[cell.text for cell in row.cells] for row in found.rows]


@pytest.mark.parametrize("number", LIGHT)
def test_a_document_of_nothing_says_what_it_lacks(number: str) -> None:
    document = LIGHT[number](lab.empty())
    assert document.number == number
    assert OWED.get(number, set()) <= set(document.missing)
    for block in document.blocks:
        if isinstance(block, Missing):
            assert all((block.what, block.why, block.remedy))


@pytest.mark.parametrize("number", LIGHT)
def test_what_was_given_is_no_longer_owed(number: str, full: PackSource) -> None:
    left = set(LIGHT[number](full).missing) & (OWED.get(number, set()) - {"none stated"})
    still = {
        "02": {"the plan for validation with users"},
        "16": {"the build procedure for production"},
        "18": {"a decision"},
    }
    assert left == still.get(number, set())


@pytest.mark.parametrize("number", LIGHT)
def test_a_document_is_the_same_twice_and_links_only_to_documents(
    number: str, full: PackSource
) -> None:
    document = LIGHT[number](full)
    assert document == LIGHT[number](full)
    places = [cell.link for cell in cells(document) if cell.link]
    assert all(place[:2] in {f"{n:02}" for n in range(23)} for place in places)
    ids = [block.id for block in document.blocks if isinstance(block, Table)]
    assert len(ids) == len(set(ids)), "each table is a file of its own"


@pytest.mark.slow
def test_every_document_of_the_pack_is_built_from_nothing_and_from_everything(
    full: PackSource,
) -> None:
    for source in (lab.empty(), full):
        pack = build_pack(source)
        assert [one.number for one in pack.documents] == [f"{n:02}" for n in range(23)]
        assert pack.state.startswith("provisional")
    assert {one.number for one in build_pack(lab.empty()).documents if one.missing} >= {
        "00", "01", "02", "04", "05", "12", "13", "14", "15", "16", "18", "19", "20", "21",
    }  # fmt: skip


def test_a_requirement_without_a_case_and_a_case_that_did_not_run_are_rows(
    full: PackSource, tmp_path: Path
) -> None:
    lonely = replace(full.trace.requirements[lab.REQ], id="REQ-LAT-009")
    trace = replace(full.trace, requirements={**full.trace.requirements, "REQ-LAT-009": lonely})
    document = doc03_requirements.build(replace(full, trace=trace))
    (row,) = (row for row in table(document, "matrix") if row[2] == "REQ-LAT-009")
    assert row[3] == "no case"
    assert any(row[0] == "REQ-LAT-009" for row in table(document, "gaps"))
    (row,) = (row for row in table(document, "requirements") if row[0] == "REQ-LAT-009")
    assert row[-1] == "not run"
    one = lab.run_again(full, tmp_path, lab.records()[0])
    assert "not executed" in texts(doc03_requirements.build(one), Tone.MISSING)


def test_a_control_that_lost_a_proof_shows_it(full: PackSource, tmp_path: Path) -> None:
    good = table(doc04_risk_controls.build(full), "proofs")
    assert [row[2:6] for row in good] == [[lab.MEASURED, "verified", lab.PROVOKED, "verified"]]
    cases = dict(full.trace.cases)
    cases[lab.PROVOKED] = replace(cases[lab.PROVOKED], proves_effective=())
    bare = replace(full, trace=replace(full.trace, cases=cases))
    (row,) = table(doc04_risk_controls.build(bare), "proofs")
    assert row[4] == "no case"
    one = lab.run_again(full, tmp_path, lab.records()[0])
    (row,) = table(doc04_risk_controls.build(one), "proofs")
    assert row[3] == "verified"
    assert row[5] == "not executed"
    assert row[6] == "0 of 2 met"


def test_a_hazard_without_a_control_is_a_row_and_titles_answer_for_nothing(
    full: PackSource,
) -> None:
    lonely = replace(full.trace.hazards[lab.HAZARD], id="HAZ-009")
    trace = replace(full.trace, hazards={**full.trace.hazards, "HAZ-009": lonely})
    document = doc04_risk_controls.build(replace(full, trace=trace))
    assert "no control" in document.missing
    named = lab.supplied("RISK", "04", "Matrix, controls, what risk that brings: all of it")
    document = doc04_risk_controls.build(lab.with_said(full, supplied=(named,)))
    assert OWED["04"] <= set(document.missing)


def test_a_failed_case_is_shown_wherever_it_is_told(full: PackSource, tmp_path: Path) -> None:
    first, second = lab.records()
    late = replace(first.measurements[0], bound=60.0)
    failed = first._replace(measurements=(late, *first.measurements[1:]))
    source = lab.run_again(full, tmp_path, failed, second)
    assert "failed" in texts(doc03_requirements.build(source), Tone.BAD)
    assert "failed" in texts(doc04_risk_controls.build(source), Tone.BAD)
    (row,) = table(doc15_anomalies.build(source), "failing")
    assert row[0] == lab.MEASURED
    assert row[-1] == "no anomaly"
    checks = {row[0]: row[2] for row in table(doc18_certificate.build(source), "checklist")}
    assert checks["5.8.1"] == "no"
    good = {row[0]: row[2] for row in table(doc18_certificate.build(full), "checklist")}
    assert {name: one for name, one in good.items() if one != "yes"} == {"5.8.6": "no"}


def test_one_bundle_that_passed_hides_no_other_of_its_profile(
    full: PackSource, tmp_path: Path
) -> None:
    first, second = lab.records()
    late = replace(first.measurements[0], bound=60.0)
    failed = first._replace(measurements=(late, *first.measurements[1:]))
    other = lab.run_again(full, tmp_path, failed, second).evidence
    for both in (full.evidence + other, other + full.evidence):
        document = doc03_requirements.build(replace(full, evidence=both))
        results = {row[3]: row[-1] for row in table(document, "matrix")}
        assert results == {lab.MEASURED: "failed", lab.PROVOKED: "passed"}
        states = {row[0]: row[-1] for row in table(document, "requirements")}
        assert states == {lab.REQ: "failed", lab.ALARM: "verified"}


def test_a_case_without_measurement_and_one_that_never_ran_are_rows(
    full: PackSource, tmp_path: Path
) -> None:
    first, _ = lab.records()
    silent = first._replace(measurements=())
    document = doc07_records.build(lab.run_again(full, tmp_path, silent))
    assert "nothing measured" in document.missing
    rows = {row[0]: row for row in table(document, "records-wearable-01234567")}
    assert rows[lab.PROVOKED][-2] == "not executed"
    document = doc07_records.build(lab.run_again(full, tmp_path, contexts={}, ended=False))
    assert {"no device described itself", "it did not end"} <= set(document.missing)


@pytest.mark.parametrize(
    ("change", "said", "tone"),
    [
        ({"safety": Effect.UNDECIDED}, "not judged", Tone.MISSING),
        ({"security_rationale": ""}, "none, without a reason", Tone.MISSING),
        ({"safety": Effect.UNACCEPTABLE}, "unacceptable: It is seen.", Tone.BAD),
        ({"build_sha256": "99" * 32}, "of another build, 999999999999", Tone.BAD),
        ({"decided": None}, "deferred, no day", Tone.MISSING),
        ({"workaround": ""}, "nothing said", Tone.MISSING),
    ],
)
def test_what_nobody_judged_of_an_anomaly_is_told(
    full: PackSource, change: dict[str, Any], said: str, tone: Tone
) -> None:
    document = doc15_anomalies.build(lab.with_said(full, anomalies=(lab.anomaly(**change),)))
    assert any(said in text for text in texts(document, tone))
    assert not any(said in text for text in texts(doc15_anomalies.build(full), tone))


def test_an_anomaly_that_is_unacceptable_keeps_the_certificate_from_its_yes(
    full: PackSource,
) -> None:
    for effect in (Effect.UNACCEPTABLE, Effect.UNDECIDED):
        source = lab.with_said(full, anomalies=(lab.anomaly(security=effect),))
        rows = {row[0]: row for row in table(doc18_certificate.build(source), "checklist")}
        assert rows["5.8.3"][2] == "no"
        assert "ANOM-001" in rows["5.8.3"][3]
    fixed = lab.anomaly(disposition=Disposition.FIXED, safety=Effect.UNDECIDED)
    rows = {
        row[0]: row
        for row in table(
            doc18_certificate.build(lab.with_said(full, anomalies=(fixed,))), "checklist"
        )
    }
    assert rows["5.8.3"][2] == "yes"


def test_without_a_gate_nothing_is_released_and_places_to_sign_are_left_open(
    full: PackSource,
) -> None:
    document = doc18_certificate.build(full)
    assert "PROVISIONAL" in texts(document, Tone.BAD)
    (block,) = (one for one in document.blocks if isinstance(one, Signatures))
    assert [one.name for one in block.places] == ["Ada", "Ada", "Ben", "Ben"]
    (block,) = (
        one for one in doc18_certificate.build(lab.empty()).blocks if isinstance(one, Signatures)
    )
    assert {one.name for one in block.places} == {""}


def test_a_certificate_needs_the_checklist_beside_the_gate(full: PackSource) -> None:
    met = replace(full, decision=Decision((), ("bedside_monitor",), ()))
    assert "RELEASED" in texts(doc18_certificate.build(met), Tone.GOOD)
    for short in (lab.with_about(met, release=""), lab.with_said(met, anomalies=None)):
        document = doc18_certificate.build(short)
        assert "PROVISIONAL" in texts(document, Tone.BAD)
        assert "RELEASED" not in texts(document, Tone.GOOD)


def test_a_build_that_is_not_the_release_is_told(full: PackSource) -> None:
    assert table(doc14_versions.build(full), "tested")[0][-1] == "yes"
    named = lab.with_about(full, build_sha256="99" * 32)
    assert table(doc14_versions.build(named), "tested")[0][-1] == "no"
    silent = lab.with_said(lab.with_about(full, build_sha256=""), versions=())
    assert table(doc14_versions.build(silent), "tested")[0][-1] == "not known"


def test_a_plan_that_was_approved_late_or_not_is_told(full: PackSource) -> None:
    assert table(doc02_plan.build(full), "approved")[0][-1] == "yes"
    assert full.approvals is not None
    first, *others = full.approvals.signed
    late = replace(first, approval=replace(first.approval, signed_at="2026-02-01T00:00:00Z"))
    folder = replace(full.approvals, signed=(late, *others))
    document = doc02_plan.build(replace(full, approvals=folder))
    assert table(document, "approved")[0][-1] == "no"
    other = replace(first, approval=replace(first.approval, subject=others[0].approval.subject))
    folder = replace(full.approvals, signed=(other,))
    document = doc02_plan.build(replace(full, approvals=folder))
    assert table(document, "approved")[0][-1] == "not approved"


def test_a_threat_that_nobody_tried_or_that_grew_is_told(full: PackSource) -> None:
    untried = lab.threat(cases=(), requirements=(), after=Exploitability.HIGH)
    document = doc12_security_risk.build(lab.with_said(full, threats=(untried,)))
    assert {"nobody tried", "no requirement"} <= set(document.missing)
    assert "high" in texts(document, Tone.BAD)


def test_a_class_above_the_whole_and_a_device_that_is_no_target_are_told(
    full: PackSource,
) -> None:
    low = lab.with_about(full, safety_class=SafetyClass.A)
    assert "above the class declared for the whole" in texts(doc01_class.build(low), Tone.BAD)
    assert "evidence taken on the target" in doc17_target.build(full).missing


def test_the_trail_is_in_order_and_its_faults_and_what_expired_are_told(
    full: PackSource,
) -> None:
    document = doc20_audit_trail.build(full)
    moments = [row[0] for row in table(document, "events")]
    assert moments == sorted(moments)
    assert len(moments) == 2 + 4
    assert full.approvals is not None
    torn = replace(full, approvals=replace(full.approvals, faults=("line 2 was dropped",)))
    assert table(doc20_audit_trail.build(torn), "faults") == [["line 2 was dropped"]]
    later = replace(full, as_of=lab.AS_OF + timedelta(days=400))
    assert doc20_audit_trail.build(later).number == "20"


def test_every_module_of_a_document_is_in_the_pack() -> None:
    folder = Path(import_module("edgeward_harness.pack.documents").__file__ or "").parent
    numbers = {path.name[3:5] for path in folder.glob("doc*.py")}
    assert numbers == {f"{n:02}" for n in range(23)}


def test_a_column_in_which_a_digest_was_seen_is_no_column_of_numbers() -> None:
    columns = (Column("Observed", Kind.NUMBER), Column("n", Kind.NUMBER), Column("Case", Kind.NAME))
    numbers = Row((Cell("3.2 ms"), Cell("5"), Cell("a" * 64)))
    digest = Row((Cell(f"sha256 {'0' * 64}"), Cell("5"), Cell("x")))
    assert fitted(columns, [numbers]) == columns
    kinds = [one.kind for one in fitted(columns, [numbers, digest])]
    assert kinds == [Kind.TEXT, Kind.NUMBER, Kind.NAME]


def test_the_parts_of_the_device_stand_where_its_class_does(full: PackSource) -> None:
    told = lab.with_about(full, architecture="One process; the alarms\nshare no state.")
    rows = dict(row for block in doc01_class.build(told).blocks for row in _facts(block))
    assert rows["parts, and how they are kept apart"] == "One process; the alarms share no state."
    bare = lab.with_about(full, architecture="")
    rows = dict(row for block in doc01_class.build(bare).blocks for row in _facts(block))
    assert "parts, and how they are kept apart" not in rows


def _facts(block: Block) -> list[tuple[str, str]]:
    return [(name, cell.text) for name, cell in block.rows] if isinstance(block, Facts) else []
