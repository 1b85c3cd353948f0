"""Document 02: what is verified how, with how many observations, on what, and by which tools."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.plan import plan_of, plan_subject
from edgeward_harness.approval.words import Meaning
from edgeward_harness.pack.dress import listed, paragraph, supplied
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Document,
    Kind,
    Missing,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.numbers import instant
from edgeward_harness.trace.vocabulary import Depth, Method

_METHODS = {
    Method.MEASUREMENT: "a quantity is taken often enough that its confidence bound can be judged",
    Method.FUNCTIONAL_TEST: "a stimulus is given, and the answer that is due must come",
    Method.FAULT_INJECTION: "the harm is provoked, and the control must hold",
    Method.ANALYSIS: "figures are computed from what is known",
    Method.INSPECTION: "something is looked at and compared",
    Method.DEMONSTRATION: "it is shown once that it can be done",
}


def build(source: PackSource) -> Document:
    """The plan as it was on disk before the first case of each run."""
    return Document(
        number="02",
        slug="plan",
        title="Verification and validation plan",
        purpose="Levels and methods, acceptance criteria, the size of each sample, devices, data "
        "and tools; and by whom the plan was approved before the run it governs.",
        sections=(
            _scope(source),
            _methods(source),
            _samples(source),
            _devices(source),
            _approved(source),
        ),
        answers=("IEC 62304 5.1.5", "IEC 62304 5.1.6", "FDA AI lifecycle App. C"),
    )


def _scope(source: PackSource) -> Section:
    columns = (
        Column("Suite", Kind.NAME, 0.7),
        Column("What is known when all its cases have passed", weight=3),
        Column("Cases", Kind.NUMBER, 0.4),
        Column("Requirements", Kind.NUMBER, 0.6),
    )
    rows = []
    for suite in source.trace.suites.values():
        cases = [one for one in source.trace.cases.values() if one.suite == suite.name]
        cited = {name for one in cases for name in one.requirements}
        told = Cell(f"{suite.title}. {paragraph(suite.goal)}")
        name = Cell(suite.name, link=f"06#{suite.name}")
        rows.append(Row((name, told, Cell(f"{len(cases)}"), Cell(f"{len(cited)}"))))
    text = (
        "A run begins when its plan is on disk with a digest over every case that will be run, and "
        "ends when its records are sealed. A case that fails is looked into and run again on a new "
        "build; a second attempt on the same build counts as flaky, never as passed. A run passes "
        "only if every requirement in scope is verified, waived in writing, or does not apply."
    )
    table = Table("suites", "Suites", columns, tuple(rows))
    return Section("scope", "Scope, entry and exit", (Paragraph(text), table))


def _methods(source: PackSource) -> Section:
    counted = Counter(one.method for one in source.trace.cases.values())
    rows = tuple(
        Row((Cell(one.value.replace("_", " ")), Cell(_METHODS[one]), Cell(f"{counted[one]}")))
        for one in Method
    )
    columns = (
        Column("Method", Kind.NAME),
        Column("How it comes to a verdict", weight=3),
        Column("Cases", Kind.NUMBER, 0.5),
    )
    text = (
        "What is accepted is a confidence limit, never the figure observed. The criterion of each "
        "requirement stands beside it in document 03, the procedure of each case in document 06."
    )
    table = Table("methods", "Methods", columns, rows)
    return Section("methods", "Methods and acceptance", (Paragraph(text), table))


def _samples(source: PackSource) -> Section:
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Title", weight=2),
        *(Column(depth.value, Kind.NUMBER, 0.6) for depth in Depth),
        Column("Why that is enough", weight=3),
    )
    rows = tuple(
        Row(
            (
                Cell(one.id, link=f"06#{one.id}"),
                Cell(one.title),
                *(Cell(f"{one.samples[depth]:,}") for depth in Depth),
                Cell(paragraph(one.rationale)),
            )
        )
        for one in source.trace.cases.values()
        if one.samples
    )
    table = Table("samples", "Observations by depth", columns, rows)
    return Section("samples", "Size of each sample", (table,))


def _devices(source: PackSource) -> Section:
    rows = tuple(_device(one) for one in source.evidence)
    columns = (
        Column("Profile", Kind.NAME),
        Column("Unit", weight=1.4),
        Column("Depth", Kind.NAME, 0.6),
        Column("Seed", Kind.NUMBER, 0.8),
        Column("Data", weight=1.6),
        Column("Tools", weight=1.6),
    )
    table = Table("devices", "Devices, data and tools", columns, rows)
    return Section("devices", "Devices, data and tools", (table,))


def _device(one: Evidence) -> Row:
    manifest = one.bundle.manifest
    unit = f"{manifest.unit.name}, {manifest.unit.realization.replace('_', ' ')}"
    tool = f"{manifest.tool.get('name')} {manifest.tool.get('version')}"
    told = (Cell(one.profile), Cell(unit), Cell(manifest.depth), Cell(f"{manifest.seed}"))
    return Row((*told, listed(sorted(_data(one)), "simulated signals only"), Cell(tool)))


def _data(one: Evidence) -> Iterator[str]:
    """The collections of recordings that measurements rest on, each with its digest."""
    found = set()
    for record in one.bundle.records:
        for part in record.measurements:
            if part.origin is not None:
                found |= set(part.origin.collections.items())
    for name, sha256 in found:
        yield f"{name} ({sha256[:12]})"


def _approved(source: PackSource) -> Section:
    folder = source.approvals
    signed = folder.signed if folder is not None else ()
    found = [one for one in signed if one.approval.meaning is Meaning.APPROVED_PLAN]
    columns = (
        Column("Run", Kind.NAME),
        Column("Began", Kind.NAME),
        Column("Digest of its plan", Kind.DIGEST),
        Column("Approved by", weight=1.4),
        Column("When", Kind.NAME),
        Column("Before the run?", Kind.NAME),
    )
    rows = tuple(_approval(one, found) for one in source.evidence)
    blocks: list[Block] = [Table("approved", "Which plan was approved", columns, rows)]
    if not found:
        why = "A plan that nobody approved before the run could have been fitted to its results."
        remedy = "edgeward approve plan --profile NAME --approvals DIR, before edgeward verify"
        blocks.append(Missing("the approval of the plan", why, remedy))
    if not source.submission.supplied_for("02"):
        why = "Who validates the device with its users, and how, no suite can plan."
        blocks.append(supplied("02", "the plan for validation with users", why))
    return Section("approved", "Approval", tuple(blocks))


def _approval(one: Evidence, found: Sequence[Signed]) -> Row:
    """The first signature under the very plan of a run; one under another plan says nothing."""
    manifest = one.bundle.manifest
    plan = plan_subject(plan_of(manifest)).sha256
    head = (Cell(one.label), Cell(instant(manifest.started_utc)), Cell(plan))
    fitting = [each for each in found if each.approval.subject.sha256 == plan]
    if not fitting:
        return Row((*head, absent("nobody"), absent("never"), absent("not approved")))
    first = min(fitting, key=lambda each: each.moment)
    began = datetime.fromisoformat(manifest.started_utc.replace("Z", "+00:00"))
    told = Cell("yes", Tone.GOOD) if first.moment <= began else Cell("no", Tone.BAD)
    who = f"{first.approval.name}, {first.approval.role}"
    return Row((*head, Cell(who), Cell(instant(first.approval.signed_at)), told))
