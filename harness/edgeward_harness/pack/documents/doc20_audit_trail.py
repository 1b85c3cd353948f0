"""Document 20: who did what when: runs, signatures and accepted deviations in the order of time."""

from collections.abc import Iterator

from edgeward_harness.approval.folder import Folder
from edgeward_harness.approval.pdf import PdfState
from edgeward_harness.pack.dress import NOTHING, paragraph, sections, signatures_in
from edgeward_harness.pack.embedded import LABELS, Embedded
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
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.numbers import instant

Event = tuple[str, Row]
_KNOWN = {
    PdfState.GOOD: Tone.GOOD,
    PdfState.NOT_CHECKED: Tone.DOUBT,
    PdfState.BROKEN: Tone.BAD,
}


def build(source: PackSource) -> Document:
    """Everything that has a moment, and what is wrong with the trail of signatures."""
    return Document(
        number="20",
        slug="audit-trail",
        title="Audit trail",
        purpose="Every run, signature and accepted deviation with its moment and digest; the "
        "signatures are a chain in which nothing can be dropped or moved unseen.",
        sections=sections(_events(source), _trail(source), _embedded(source), _deviations(source)),
        answers=("Part 11 11.10(e)",),
    )


def _events(source: PackSource) -> Section:
    events = [event for one in source.evidence for event in _run(one)]
    events += _signatures(source.approvals) if source.approvals else []
    columns = (
        Column("When", Kind.NAME, 1.2),
        Column("What", weight=2),
        Column("Who", weight=1.2),
        Column("Digest", Kind.DIGEST, 1.4),
    )
    rows = tuple(row for _, row in sorted(events, key=lambda event: event[0]))
    text = (
        "Moments of runs are of the host's clock, those of signatures of the signer's, unless a "
        "time stamp authority saw it."
    )
    table = Table("events", "In the order of time", columns, rows)
    return Section("events", "What happened", (Paragraph(text), table))


def _run(one: Evidence) -> Iterator[Event]:
    manifest, ended = one.bundle.manifest, one.bundle.ended
    who = Cell(f"key {(one.verification.signer or 'none')[:16]}")
    began = Cell(f"run {one.label} began; its plan is on disk")
    yield (
        manifest.started_utc,
        Row(
            (
                Cell(instant(manifest.started_utc)),
                began,
                who,
                Cell(one.bundle.digests["manifest.json"]),
            )
        ),
    )
    if ended is None:
        row = Row((absent("no end"), Cell(f"run {one.label}"), who, absent("never sealed")))
        yield manifest.started_utc, row
        return
    told = f"run {one.label} ended and was sealed: {one.readable.assessment.verdict.value}"
    yield ended.utc, Row((Cell(instant(ended.utc)), Cell(told), who, Cell(one.statement_sha256)))


def _signatures(folder: Folder) -> list[Event]:
    found = []
    for line in folder.trail:
        cells = (Cell(instant(line.utc)), Cell(line.what), Cell(line.who), Cell(line.sha256))
        found.append((line.utc, Row(cells)))
    return found


def _trail(source: PackSource) -> Section:
    folder = source.approvals
    if folder is None or not folder.trail:
        why = "Without a signature nobody but the bench has said anything about these results."
        remedy = "edgeward approve BUNDLE --approvals DIR, then report --pack --approvals DIR"
        missing = Missing("signatures of people", why, remedy)
        return Section("trail", "The chain of signatures", (missing,))
    faults = tuple(Row((Cell(fault, Tone.BAD),)) for fault in folder.faults)
    table = Table("faults", "Faults of the chain", (Column("Fault"),), faults, "no fault")
    facts = (
        ("signatures", Cell(f"{len(folder.trail):,}")),
        ("head of the chain", Cell(folder.head)),
    )
    return Section("trail", "The chain of signatures", (Facts(facts), table))


def _embedded(source: PackSource) -> Section | None:
    """Signatures inside what people supplied; None where nobody supplied anything."""
    if not source.embedded:
        return None
    columns = (
        Column("Document", Kind.NAME, 0.8),
        Column("Field", weight=1.2),
        Column("As its certificate says", weight=1.6),
        Column("For", weight=1.4),
        Column("What is known", weight=1.8),
    )
    rows = tuple(row for one in source.embedded for row in _inside(source, one))
    text = (
        "The signer is known where the certificates in the document lead to a root that was given "
        f"({len(source.pdf_roots)} were, with --pdf-root), valid at the end of the day that this "
        "pack is of. No network was asked, so nobody knows here whether one was withdrawn. Only "
        "signatures in PDF are looked for."
    )
    table = Table("embedded", "Signatures inside what people supplied", columns, rows)
    return Section("inside", "Signatures inside documents", (Paragraph(text), table))


def _inside(source: PackSource, one: Embedded) -> Iterator[Row]:
    name = Cell(one.document.id)
    if not one.signatures:
        yield Row((name, NOTHING, NOTHING, NOTHING, signatures_in(source, one.document)))
    for each in one.signatures:
        why = f"{LABELS[each.state]}: {each.why}" if each.why else LABELS[each.state]
        said = (Cell(each.name) if each.name else absent("nobody"), Cell(each.reason or "not told"))
        yield Row((name, Cell(each.field), *said, Cell(why, _KNOWN[each.state])))


def _deviations(source: PackSource) -> Section:
    rows = []
    for one in source.trace.deviations.values():
        left = (one.expires - source.as_of).days
        told = f"{one.expires.isoformat()}, {left} days left"
        until = Cell(told) if left >= 0 else Cell(f"expired {-left} days ago", Tone.BAD)
        about = ", ".join((*one.requirements, *one.cases))
        rows.append(
            Row((Cell(one.id), Cell(about), Cell(paragraph(one.reason)), Cell(one.owner), until))
        )
    columns = (
        Column("Deviation", Kind.NAME),
        Column("For", weight=1.4),
        Column("Why it is acceptable", weight=2.4),
        Column("Answers for it"),
        Column("Holds until", Kind.NAME),
    )
    table = Table("deviations", "Deviations accepted in writing", columns, tuple(rows))
    return Section("deviations", "Deviations", (table,))
