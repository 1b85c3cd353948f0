"""Document 04: each hazard with its controls, and for each control two proofs."""

from collections import Counter
from collections.abc import Iterable

from edgeward_harness.pack.documents.doc03_requirements import standing
from edgeward_harness.pack.dress import listed, paragraph, state, written
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Missing,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.trace.links import Proofs, proofs_of
from edgeward_harness.trace.model import Control
from edgeward_harness.trace.vocabulary import ControlType

_PEOPLE = (
    (
        "ISO 14971 4.4",
        "the risk acceptability matrix",
        "Without it nobody can tell which risk may remain.",
    ),
    (
        "ISO 14971 7.3 and 7.4",
        "the evaluation of what risk remains after the controls",
        "Evidence says that a control works; whether that is enough is decided by people.",
    ),
    (
        "ISO 14971 7.5",
        "the answer, control by control, to which new risks it brings",
        "A control may itself harm.",
    ),
    (
        "ISO 14971 8",
        "the evaluation of the overall residual risk",
        "It is decided before release.",
    ),
)
"""What people owe, by the clause that a supplied document says it covers."""
_REMEDY = '[[supplied]] with number = "04" and covers = ["{clause}"] in submission.toml'


def build(source: PackSource) -> Document:
    """The hazards, the controls, both proofs of each, and what people owe."""
    return Document(
        number="04",
        slug="risk-controls",
        title="Risk-control matrix",
        purpose="Which danger is answered by which control, where the control is shown to be "
        "there, where it is shown to work, and what follows for the release.",
        sections=(
            _hazards(source),
            _controls(source),
            _proofs(source),
            _kinds(source),
            _people(source),
        ),
        answers=("IEC 62304 7.1.1", "IEC 62304 7.2.1", "IEC 62304 7.3.1", "ISO 14971 7.2"),
    )


def _hazards(source: PackSource) -> Section:
    controls: dict[str, list[str]] = {name: [] for name in source.trace.hazards}
    for control in source.trace.controls.values():
        for name in control.hazards:
            controls.get(name, []).append(control.id)
    rows = tuple(
        Row(
            (
                Cell(one.id),
                Cell(f"{one.title}. {paragraph(one.situation)}"),
                Cell(paragraph(one.harm)),
                Cell(one.severity.value),
                listed(controls[one.id]) if controls[one.id] else absent("no control"),
            ),
            anchor=one.id,
        )
        for one in source.trace.hazards.values()
    )
    columns = (
        Column("Hazard", Kind.NAME, 0.8),
        Column("How people come to harm", weight=3.2),
        Column("Harm", weight=1.6),
        Column("Severity", Kind.NAME, 0.9),
        Column("Controls", Kind.NAME),
    )
    text = (
        "The analysis behind this list is the manufacturer's. What is shown here is that every "
        "hazard on it has a control, and every control its proofs."
    )
    table = Table("hazards", "Hazards before any control", columns, rows)
    return Section("hazards", "Hazards", (Paragraph(text), table))


def _controls(source: PackSource) -> Section:
    rows = tuple(
        Row(
            (
                Cell(one.id),
                Cell(f"{one.title}. {paragraph(one.text)}"),
                Cell(one.type.value),
                listed(one.hazards),
                Cell(", ".join(one.requirements), link="03#requirements"),
            ),
            anchor=one.id,
        )
        for one in source.trace.controls.values()
    )
    columns = (
        Column("Control", Kind.NAME, 0.9),
        Column("What is done, and why it helps", weight=3.4),
        Column("Type", Kind.NAME, 0.8),
        Column("Against", Kind.NAME),
        Column("Realised by", weight=1.6),
    )
    table = Table("controls", "Risk controls and the requirements they became", columns, rows)
    return Section("controls", "Risk controls", (table,))


def _proofs(source: PackSource) -> Section:
    proofs = proofs_of(source.trace)
    rows = [
        row
        for control in source.trace.controls.values()
        for row in _proof_rows(source, control, proofs[control.id])
    ]
    columns = (
        Column("Control", Kind.NAME),
        Column("Profile", Kind.NAME, 1.1),
        Column("Shown to be there by", weight=1.6),
        Column("Is there", Kind.NAME, 0.9),
        Column("Shown to work by", weight=1.6),
        Column("Works", Kind.NAME, 0.9),
        Column("Its requirements", Kind.NAME, 1.1),
        Column("Anomalies", Kind.NAME, 0.9),
    )
    text = (
        "That a control is there and that it works are two things, proven by different cases; for "
        "a control that acts by itself the second provokes the harm."
    )
    table = Table("proofs", "Both proofs of each control, by profile", columns, tuple(rows))
    return Section("proofs", "Is it there, and does it work?", (Paragraph(text), table))


def _proof_rows(source: PackSource, control: Control, proofs: Proofs) -> Iterable[Row]:
    for one in source.evidence:
        entry = one.readable.assessment.controls.get(control.id)
        wanted = [standing(source, one.profile, name) for name in control.requirements]
        short = [cell for cell in wanted if cell.tone not in (Tone.GOOD, Tone.QUIET)]
        met = Cell(f"{len(wanted) - len(short)} of {len(wanted)} met")
        yield Row(
            (
                Cell(control.id, link=f"04#{control.id}"),
                Cell(one.profile),
                _cases(proofs.implementation),
                absent("not run") if entry is None else state(entry.implementation.value),
                _cases(proofs.effectiveness),
                absent("not run") if entry is None else state(entry.effectiveness.value),
                Cell(met.text, Tone.BAD) if short else met,
                _anomalies(source, control),
            )
        )


def _cases(names: tuple[str, ...]) -> Cell:
    return Cell(", ".join(names)) if names else absent("no case")


def _anomalies(source: PackSource, control: Control) -> Cell:
    if source.submission.anomalies is None:
        return absent("no list")
    touching = {control.id, *control.hazards}
    return listed(one.id for one in source.submission.anomalies if touching & set(one.risks))


def _kinds(source: PackSource) -> Section:
    counted = Counter(one.type for one in source.trace.controls.values())
    whole = sum(counted.values()) or 1
    rows: list[tuple[str, Cell]] = [
        (kind.value, Cell(f"{counted[kind]} ({counted[kind] / whole:.0%})")) for kind in ControlType
    ]
    told = [
        hazard
        for hazard in source.trace.hazards
        if _kinds_against(source, hazard) == {ControlType.INFORMATION}
    ]
    word = Cell(", ".join(told), Tone.DOUBT) if told else Cell("none", Tone.GOOD)
    rows.append(("hazards that are answered by information only", word))
    text = "The preferred way comes first: safe by design, then protection, then information."
    return Section("order", "How controls work", (Paragraph(text), Facts(tuple(rows))))


def _kinds_against(source: PackSource, hazard: str) -> set[ControlType]:
    return {one.type for one in source.trace.controls.values() if hazard in one.hazards}


def _people(source: PackSource) -> Section:
    given = source.submission.supplied_for("04")
    blocks: list[Missing | Table] = []
    if given:
        blocks.append(written(source, given))
    covered = {clause for one in given for clause in one.covers}
    for clause, what, why in _PEOPLE:
        if clause not in covered:
            blocks.append(Missing(what, why, _REMEDY.format(clause=clause)))
    return Section("people", "What people decide", tuple(blocks))
