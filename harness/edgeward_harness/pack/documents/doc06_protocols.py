"""Document 06: how each case is done, what it expects, and when that was fixed."""

from collections.abc import Iterator

from edgeward_harness.evidence.entries import CaseEntry
from edgeward_harness.pack.dress import given, listed, paragraph
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.report.procedure import goal_and_procedure
from edgeward_harness.trace.model import PlannedCase, Suite


def build(source: PackSource) -> Document:
    """One section for each suite: its goal, and every case with its procedure."""
    return Document(
        number="06",
        slug="protocols",
        title="Test protocols",
        purpose="What each case does, on what it rests, what it expects and why that is enough; "
        "with the digest of the text and of the code, so that a run can be held against them.",
        sections=(
            _fixed(source),
            *(_suite(source, one) for one in source.trace.suites.values()),
        ),
        answers=("IEC 62304 5.7.1", "IEC 62304 5.6.3", "FDA software 2023 VI.H"),
    )


def _fixed(source: PackSource) -> Section:
    facts = []
    for one in source.evidence:
        tool = one.bundle.manifest.tool
        told = f"{tool.get('suites_sha256', 'no digest')}, fixed on disk before the first case ran"
        facts.append((one.label, Cell(told)))
    text = (
        "The protocol is the folder of suites: plan, procedure and code together. Its digest is in "
        "the manifest of each run, which is written before the first case starts; a case that was "
        "changed since then shows as stale."
    )
    blocks = (Paragraph(text), Facts(tuple(facts)))
    return Section("fixed", "When it was fixed", blocks)


def _suite(source: PackSource, suite: Suite) -> Section:
    cases = [one for one in source.trace.cases.values() if one.suite == suite.name]
    columns = (
        Column("Case", Kind.NAME, 0.9),
        Column("What is done, and what is expected", weight=4.2),
        Column("Method", Kind.NAME, 0.9),
        Column("Proves", weight=1.1),
        Column("Samples: quick, standard, campaign", Kind.NUMBER, 0.9),
        Column("Code", Kind.DIGEST, 0.8),
    )
    rows = tuple(_case(source, one) for one in cases)
    table = Table(suite.name, f"Cases of the suite {suite.name}", columns, rows)
    return Section(suite.name, suite.title, (Paragraph(paragraph(suite.goal)), table))


def _case(source: PackSource, case: PlannedCase) -> Row:
    entry = next(_entries(source, case.id), None)
    goal, procedure = goal_and_procedure((entry.procedure if entry else None) or "")
    why = f"Why this is enough: {paragraph(case.rationale)}"
    told = "\n\n".join(filter(None, (f"{case.title}. {goal}", paragraph(procedure), why)))
    samples = ", ".join(f"{count:,}" for count in case.samples.values())
    code = entry.code_sha256 if entry else None
    return Row(
        (
            Cell(case.id),
            Cell(told),
            Cell(case.method.value.replace("_", " ")),
            listed((*case.requirements, *case.implements, *case.proves_effective)),
            Cell(samples or "counted as they come"),
            given(code or "", "in no run"),
        ),
        anchor=case.id,
    )


def _entries(source: PackSource, case: str) -> Iterator[CaseEntry]:
    for one in source.evidence:
        entry = one.bundle.manifest.cases.get(case)
        if entry is not None and entry.code_sha256:
            yield entry
