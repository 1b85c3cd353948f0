"""What became of a clause: answered only by what answers it, never by what merely lies there."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import source_lab as lab

from edgeward.canonical import sha256_hex
from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.pack.audit.ruling import Outcome, Ruling
from edgeward_harness.pack.clauses import Clause, Registry, Share, Standard, Status
from edgeward_harness.pack.conformity import State, answers
from edgeward_harness.pack.documents import doc00_index
from edgeward_harness.pack.model import Document, Facts, Missing, Section, Table, absent
from edgeward_harness.pack.source import PackSource

DAY = date(2026, 1, 1)
WHOLE = Document("07", "records", "Records", "What was run.")
MISSING = Missing("a thing", "It is wanted.", "give it")
TORN = replace(WHOLE, sections=(Section("s", "S", (MISSING,)),))
CELL = replace(WHOLE, sections=(Section("s", "S", (Facts((("x", absent("a value")),)),)),))


def asked(
    source: PackSource,
    share: Share,
    *documents: Document,
    rules: dict[str, Outcome] | None = None,
    **changes: Any,
) -> tuple[State, str]:
    """What became of one clause, "X 1", that names document 07 and these rules."""
    told = tuple(rules or {})
    clause = Clause("1", "It is so.", share, documents=("07",), rules=told)
    clause = replace(clause, **changes)
    standard = Standard("X", "X", "1", Status.IN_FORCE, DAY, "a page", "nobody", DAY, "", (clause,))
    rulings = [
        Ruling(int(number), "sets", "Is it?", outcome, f"it {outcome.value}")
        for number, outcome in (rules or {}).items()
        if number != "44"
    ]
    (found,) = answers(replace(source, registry=Registry((standard,))), documents, rulings)
    assert found.name == "X 1"
    return found.state, found.why


@pytest.fixture
def full(tmp_path: Path) -> PackSource:
    """A source in which all that can be given is given."""
    return lab.full(tmp_path)


def test_what_is_generated_is_answered_by_whole_documents_and_rules_that_hold(
    full: PackSource,
) -> None:
    good = {"1": Outcome.HOLDS, "2": Outcome.NOT_APPLICABLE}
    assert asked(full, Share.GENERATED, WHOLE, rules=good) == (State.ANSWERED, "in document 07")
    bare = asked(full, Share.GENERATED, rules=good, documents=())
    assert bare == (State.ANSWERED, "by the rules of the self-audit")


@pytest.mark.parametrize(
    ("documents", "rules", "said"),
    [
        ((), {}, "document 07 is not in this pack"),
        ((TORN,), {}, "document 07 says that a thing is missing"),
        ((CELL,), {}, "document 07 says that a value is missing"),
        ((WHOLE,), {"1": Outcome.BROKEN}, "rule 1: it broken"),
        ((WHOLE,), {"1": Outcome.NO_DATA}, "rule 1: it no_data"),
        ((WHOLE,), {"44": Outcome.HOLDS}, "rule 44 was not asked"),
    ],
)
def test_what_lacks_anything_stays_open(
    full: PackSource, documents: tuple[Document, ...], rules: dict[str, Outcome], said: str
) -> None:
    assert asked(full, Share.GENERATED, *documents, rules=rules) == (State.OPEN, said)


def test_people_answer_a_clause_only_by_a_document_that_says_so(full: PackSource) -> None:
    beside = lab.supplied("DOC", "07", "It is so", "X 2")
    source = lab.with_said(full, supplied=(beside,))
    state, why = asked(source, Share.WRITTEN, WHOLE)
    assert (state, why) == (
        State.OPEN,
        "people write it, and no supplied document says that it covers it",
    )
    covering = lab.supplied("DOC", "01", "It is so", "X 1")
    source = lab.with_said(full, supplied=(covering,))
    state, why = asked(source, Share.WRITTEN, TORN)
    assert (state, why) == (State.ANSWERED, "by DOC, as its authors say; nobody here read it")
    state, why = asked(source, Share.WRITTEN, rules={"1": Outcome.BROKEN})
    assert (state, why) == (State.OPEN, "rule 1: it broken")


@pytest.mark.parametrize("on", [None, lab.AS_OF + timedelta(days=1)])
def test_a_document_that_nobody_approved_yet_answers_nothing(
    full: PackSource, on: date | None
) -> None:
    covering = replace(lab.supplied("DOC", "07", "It is so", "X 1"), approved=on)
    source = lab.with_said(full, supplied=(covering,))
    told = asked(source, Share.WRITTEN, WHOLE)
    assert told == (State.OPEN, "DOC: not approved on 2026-02-10")


def test_a_decision_is_one_where_the_right_words_are_under_every_bundle(full: PackSource) -> None:
    wanted: dict[str, Any] = {"signed": (Meaning.ACCEPTED_RISK,)}
    state, why = asked(full, Share.RECORDED, **wanted)
    assert (state, why) == (State.ANSWERED, "signed by Ben; whose keys those are, the gate says")
    (one,) = full.evidence
    other = replace(one, readable=replace(one.readable, statement_sha256="ee" * 32))
    more = replace(full, evidence=(one, other))
    state, why = asked(more, Share.RECORDED, **wanted)
    assert state is State.FOR_PEOPLE
    assert "no signature under each bundle says: accepted the residual risk" in why
    assert asked(full, Share.RECORDED, rules={"1": Outcome.BROKEN}, **wanted)[0] is State.FOR_PEOPLE


def test_no_other_signature_decides(full: PackSource) -> None:
    assert full.approvals is not None
    wanted: dict[str, Any] = {"signed": (Meaning.ACCEPTED_RISK,)}
    others = [
        one for one in full.approvals.signed if one.approval.meaning is not Meaning.ACCEPTED_RISK
    ]
    lacking = replace(full, approvals=replace(full.approvals, signed=tuple(others)))
    assert asked(lacking, Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    torn = replace(full, approvals=replace(full.approvals, faults=("line 1 was dropped",)))
    assert asked(torn, Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    assert asked(replace(full, approvals=None), Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    assert asked(full, Share.RECORDED)[0] is State.FOR_PEOPLE, "no signature could say it"
    assert asked(replace(full, evidence=()), Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE


def test_a_plan_counts_for_its_run_and_a_document_for_the_tool(full: PackSource) -> None:
    wanted: dict[str, Any] = {"signed": (Meaning.APPROVED_PLAN,)}
    assert asked(full, Share.RECORDED, **wanted)[0] is State.ANSWERED
    (one,) = full.evidence
    manifest = replace(one.bundle.manifest, depth="quick")
    bundle = replace(one.bundle, manifest=manifest)
    other = replace(one, readable=replace(one.readable, bundle=bundle))
    assert asked(replace(full, evidence=(other,)), Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    wanted = {"signed": (Meaning.APPROVED_DOCUMENT,)}
    assert asked(full, Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    subject = Subject(SubjectKind.DOCUMENT, "q.json", sha256_hex(b"{}"), {})
    signed = lab.signed(subject, Meaning.APPROVED_DOCUMENT, "ben", "2026-02-05T10:00:00Z")
    approved = replace(full, approvals=lab.approvals(one, signed))
    assert asked(approved, Share.RECORDED, **wanted)[0] is State.FOR_PEOPLE
    qualified = replace(approved, qualification=b"{}")
    assert asked(qualified, Share.RECORDED, **wanted)[0] is State.ANSWERED


def test_a_clause_for_other_classes_does_not_apply_unless_none_is_declared(
    full: PackSource,
) -> None:
    low: dict[str, Any] = {"classes": (SafetyClass.A, SafetyClass.B)}
    assert asked(full, Share.GENERATED, WHOLE, **low)[0] is State.NOT_APPLICABLE
    silent = lab.with_about(full, safety_class=None)
    assert asked(silent, Share.GENERATED, TORN, **low)[0] is State.OPEN
    high: dict[str, Any] = {"classes": (SafetyClass.C,)}
    assert asked(full, Share.GENERATED, TORN, **high)[0] is State.OPEN


def test_what_is_outside_stays_outside(full: PackSource) -> None:
    assert asked(full, Share.OUTSIDE, WHOLE)[0] is State.OUTSIDE


def test_the_index_counts_states_and_says_where_there_is_no_registry(full: PackSource) -> None:
    bare = doc00_index.build(full, (WHOLE,), ())
    assert bare.missing == ("the registry of clauses",)
    clauses = tuple(Clause(str(n), "It is so.", share) for n, share in enumerate(Share))
    told = ("X", "X", "1", Status.DRAFT, DAY, "a page", "nobody", DAY, "A note.", clauses)
    source = replace(full, registry=Registry((Standard(*told),)))
    document = doc00_index.build(source, (WHOLE, TORN), ())
    (overview,) = (
        one for one in document.blocks if isinstance(one, Table) and one.id == "overview"
    )
    assert [cell.text for cell in overview.rows[0].cells] == ["X", "1", "1", "1", "0", "1"]
    facts = [one for one in document.blocks if isinstance(one, Facts)]
    assert ("note", "A note.") in [(name, cell.text) for name, cell in facts[0].rows]
    assert "1 kinds of gap" in document.missing
