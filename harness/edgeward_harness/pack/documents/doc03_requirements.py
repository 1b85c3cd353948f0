"""Document 03: what the software shall do, and the trace from danger to proof, both ways."""

from collections import Counter
from collections.abc import Iterator

from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.pack.dress import NOTHING, listed, owed, paragraph, state
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
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.trace.completeness import check
from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.model import Requirement
from edgeward_harness.trace.rows import matrix, summary
from edgeward_harness.trace.vocabulary import Kind as Content

_ID, _WORD = Kind.NAME, Kind.NAME
GRAVITY = (
    Standing.NOT_APPLICABLE,
    Standing.VERIFIED,
    State.PASSED,
    Standing.WAIVED,
    Standing.NOT_EXECUTED,
    Standing.SKIPPED,
    Standing.NO_EVIDENCE,
    Standing.PARTIAL,
    Standing.STALE,
    Standing.ORPHAN,
    Standing.CANNOT_JUDGE,
    Standing.KNOWN_ANOMALY,
    Standing.UNEXPECTED_PASS,
    Standing.FLAKY,
    Standing.ERROR,
    Standing.FAILED,
)
"""What two runs of a profile may say of one thing, the worst last, which counts: nothing that
failed in one run is made good by another, whichever came first."""


def build(source: PackSource) -> Document:
    """The requirements, the matrix and every gap of either."""
    return Document(
        number="03",
        slug="requirements-and-trace",
        title="Software requirements and trace matrix",
        purpose="What the software shall do, which danger each requirement answers, which case "
        "proves it and with what result; what has no answer is a row of its own.",
        sections=(_requirements(source), _matrix(source), _kinds(source), _gaps(source)),
        answers=("IEC 62304 5.1.1", "IEC 62304 5.2.1", "IEC 62304 5.2.2", "IEC 62304 7.3.3"),
    )


def _requirements(source: PackSource) -> Section:
    columns = (
        Column("Requirement", _ID, 1.1),
        Column("What it asks, and when it is met", weight=3.4),
        Column("Kind, class", weight=0.9),
        Column("Answers", _ID, 0.9),
        *(Column(name, _WORD, 0.8) for name in source.profiles),
    )
    rows = tuple(_requirement(source, one) for one in source.trace.requirements.values())
    table = Table("requirements", "Every requirement with its result by profile", columns, rows)
    return Section("requirements", "Requirements", (Paragraph(summary(source.trace)), table))


def _requirement(source: PackSource, one: Requirement) -> Row:
    said = f"{one.title}. {paragraph(one.text)} Met when: {paragraph(one.criterion)}"
    return Row(
        (
            Cell(one.id),
            Cell(said),
            Cell(f"{one.kind.value}, class {one.safety_class.value}"),
            listed(one.risks, "no risk"),
            *(standing(source, profile, one.id) for profile in source.profiles),
        ),
        anchor=one.id,
    )


def standing(source: PackSource, profile: str, requirement: str) -> Cell:
    """What is known about a requirement on a profile; the least of what its bundles say."""
    found = [
        entry.standing.value
        for one in source.evidence
        if one.profile == profile
        and (entry := one.readable.assessment.requirements.get(requirement)) is not None
    ]
    if not found:
        return absent("not run")
    return state(max(found, key=GRAVITY.index), f"07#{profile}")


def _matrix(source: PackSource) -> Section:
    cited = {name for case in source.trace.cases.values() for name in case.requirements}
    columns = (
        Column("Hazard", _ID),
        Column("Control", _ID),
        Column("Requirement", _ID),
        Column("Case", _ID),
        Column("Proves", weight=0.9),
        *(Column(name, _WORD, 0.8) for name in source.profiles),
    )
    rows = []
    for row in matrix(source.trace):
        names = (row.hazard, row.control, row.requirement, row.case)
        whats = ("no hazard", "no control", "no requirement", "no case")
        told = [
            Cell(name, link=_place(name)) if name else _nothing(what, row.requirement or row.case)
            for name, what in zip(names, whats, strict=True)
        ]
        results = [_case(source, profile, row.case) for profile in source.profiles]
        rows.append(Row((*told, Cell(row.proof or "the requirement"), *results)))
    text = (
        "Read from the left it leads from danger to proof, from the right back again. A control or "
        "a hazard that a requirement does not need stands as a dash; a requirement without a case "
        f"is missing. {len(cited):,} requirements are cited by cases."
    )
    table = Table("matrix", "From hazard to result", columns, tuple(rows))
    return Section("matrix", "Trace matrix", (Paragraph(text), table))


def _nothing(what: str, named: str) -> Cell:
    """A gap; what stands to the left of a requirement may rightly be empty."""
    if what in ("no hazard", "no control") and named:
        return NOTHING
    return absent(what)


def _place(name: str) -> str:
    where = {"HAZ": "04", "RC": "04", "REQ": "03", "TC": "06"}
    return f"{where[name.partition('-')[0]]}#{name}"


def _case(source: PackSource, profile: str, case: str) -> Cell:
    """What came of a case on a profile; the least of what its bundles say, with its place."""
    found = [
        (entry.state.value, one.place)
        for one in source.evidence
        if one.profile == profile and (entry := one.readable.assessment.cases.get(case)) is not None
    ]
    if not found:
        return absent("not run") if case else NOTHING
    name, place = max(found, key=lambda each: GRAVITY.index(each[0]))
    return state(name, f"07#{place}/{case}")


def _kinds(source: PackSource) -> Section:
    """Whether each kind of content that IEC 62304 asks to consider is there."""
    counted = Counter(one.kind for one in source.trace.requirements.values())
    rows = []
    for kind in Content:
        number = counted[kind]
        names = [one.id for one in source.trace.requirements.values() if one.kind is kind]
        told = f"{', '.join(names[:6])}{' and others' if len(names) > 6 else ''}"
        rows.append(
            Row((Cell(kind.value), Cell(f"{number:,}"), owed(filter(None, [told]), "none stated")))
        )
    columns = (
        Column("Kind", _WORD),
        Column("Requirements", Kind.NUMBER, 0.7),
        Column("Which", weight=4),
    )
    text = (
        "A kind without a requirement needs a reason in writing why the device has no place for "
        "it; the suites of this harness cover what it can judge, not all that a device is."
    )
    table = Table("kinds", "Requirements by kind of content", columns, tuple(rows))
    return Section("kinds", "Is each kind of content there?", (Paragraph(text), table))


def _gaps(source: PackSource) -> Section:
    rows = [
        Row((Cell(fault.item or "the trace"), Cell(str(fault.code.value)), Cell(fault.sentence)))
        for fault in check(source.trace)
    ]
    rows += [Row(cells) for cells in _stale(source)]
    columns = (
        Column("Item", _ID),
        Column("What is wrong", _WORD, 1.2),
        Column("In words", weight=4),
    )
    table = Table("gaps", "Gaps and stale evidence", columns, tuple(rows), "no gap was found")
    marks = tuple(
        (one.id, Cell(fingerprint(one))) for one in list(source.trace.requirements.values())
    )
    return Section("gaps", "Gaps", (table, Facts(marks)))


def _stale(source: PackSource) -> Iterator[tuple[Cell, ...]]:
    for one in source.evidence:
        for name, entry in one.readable.assessment.requirements.items():
            if entry.standing.value in ("stale", "orphan", "partial"):
                told = "; ".join(entry.reasons) or "no reason is given"
                yield Cell(name), state(entry.standing.value), Cell(f"{one.label}: {told}")
