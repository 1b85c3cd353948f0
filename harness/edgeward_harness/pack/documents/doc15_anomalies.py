"""Document 15: what is known to be wrong, what was decided about it, and what nobody judged."""

from collections import Counter
from collections.abc import Iterator

from edgeward_harness.evidence.identity import builds
from edgeward_harness.pack.dress import NOTHING, given, listed, paragraph, sections, state
from edgeward_harness.pack.model import (
    Block,
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
from edgeward_harness.pack.source import FAILING, PackSource
from edgeward_harness.pack.submission import Anomaly
from edgeward_harness.pack.tracked import Export
from edgeward_harness.pack.words import Disposition, Effect

_REMEDY = "--anomalies EXPORT, or [[anomaly]] or no_known_anomalies = true in submission.toml"
_TONES = {
    Effect.NONE: Tone.GOOD,
    Effect.ACCEPTABLE: Tone.QUIET,
    Effect.UNACCEPTABLE: Tone.BAD,
    Effect.UNDECIDED: Tone.MISSING,
}


def build(source: PackSource) -> Document:
    """The anomalies people listed, and what failed without being on the list."""
    return Document(
        number="15",
        slug="anomalies",
        title="Unresolved anomalies",
        purpose="Each anomaly with its cause, what it does to safety and to security, and what was "
        "decided; and each case that did not pass and that no anomaly names.",
        sections=(
            *sections(_listed(source), _exports(source)),
            _unnamed(source),
            _counts(source),
        ),
        answers=("IEC 62304 5.8.2", "IEC 62304 5.8.3", "FDA software 2023 VI.J"),
    )


def _listed(source: PackSource) -> Section:
    anomalies = source.submission.anomalies
    if anomalies is None:
        why = "Without a list nobody can tell whether nothing is wrong or nobody looked."
        missing = Missing("the list of anomalies", why, _REMEDY)
        return Section("anomalies", "Anomalies", (missing,))
    columns = (
        Column("Anomaly", Kind.NAME, 0.9),
        Column("What is wrong, and why", weight=2.6),
        Column("Found", Kind.NAME, 0.7),
        Column("Safety", weight=1.5),
        Column("Security", weight=1.5),
        Column("Touches", Kind.NAME, 0.9),
        Column("Decided", weight=1.2),
        Column("Meanwhile", weight=1.2),
    )
    rows = tuple(_anomaly(source, one) for one in sorted(anomalies, key=lambda one: one.id))
    none = "people say that none is known"
    table = Table("anomalies", "Anomalies with their dispositions", columns, rows, none)
    return Section("anomalies", "Anomalies", (table,))


def _anomaly(source: PackSource, one: Anomaly) -> Row:
    cause = f"{one.title}. {paragraph(one.cause)}" if one.cause else f"{one.title}. No cause given"
    weak = f" ({', '.join(one.cwe)})" if one.cwe else ""
    day = one.decided.isoformat() if one.decided else ""
    told = f"{one.disposition.value}, {day}" if day else one.disposition.value
    decided = (
        Cell(told) if day or one.disposition is Disposition.OPEN else absent(f"{told}, no day")
    )
    return Row(
        (
            Cell(one.id),
            Cell(f"{cause}{weak}"),
            Cell(one.found.isoformat()),
            _effect(one.safety, one.safety_rationale),
            _effect(one.security, one.security_rationale),
            listed((*one.risks, *one.cases), "no risk, no case"),
            _of_release(source, one, decided),
            given(paragraph(one.workaround), "nothing said")
            if one.disposition is not Disposition.FIXED
            else Cell("not needed", Tone.QUIET),
        ),
        anchor=one.id,
    )


def _effect(effect: Effect, why: str) -> Cell:
    if effect is Effect.UNDECIDED:
        return absent("not judged")
    if not why:
        return absent(f"{effect.value}, without a reason")
    return Cell(f"{effect.value}: {paragraph(why)}", _TONES[effect])


def _of_release(source: PackSource, one: Anomaly, decided: Cell) -> Cell:
    """A decision about another build says nothing about this one."""
    found = {build for each in source.evidence for build in builds(each.bundle.contexts)}
    if one.build_sha256 and found and one.build_sha256 not in found:
        return Cell(f"{decided.text}; of another build, {one.build_sha256[:12]}", Tone.BAD)
    return decided


def _exports(source: PackSource) -> Section | None:
    """Where anomalies come from that a tracker has; None where no export was given."""
    if not source.exports:
        return None
    day = source.submission.about.anomalies_on
    dated = Cell(day.isoformat()) if day else absent("no day: anomalies_on in [submission]")
    columns = (
        Column("Export", Kind.NAME, 1.2),
        Column("Of", weight=0.8),
        Column("SHA-256", Kind.DIGEST),
        Column("Of the day", Kind.NAME, 0.8),
        Column("Issues", weight=1.2),
        Column("Listed above", Kind.NUMBER, 0.6),
        Column("Closed as fixed", Kind.NUMBER, 0.6),
        Column("Closed as duplicates", Kind.NUMBER, 0.6),
    )
    rows = tuple(
        Row(
            (
                Cell(one.name),
                Cell(one.tracker.name),
                Cell(one.sha256),
                dated,
                _whole(one),
                Cell(f"{len(one.listed)}"),
                Cell(f"{len(one.mended)}"),
                Cell(f"{len(one.twice)}"),
            )
        )
        for one in source.exports
    )
    text = (
        "Each issue of an export that is not closed as fixed is an anomaly. Its verdicts are those "
        "that somebody wrote into it; none is derived. Where submission.toml has an anomaly of the "
        "same name, that is what people say of the issue, and it stands above instead. The exports "
        "are kept in this pack."
    )
    exports = Table("exports", "Exports as they were given", columns, rows)
    return Section("exports", "Where they come from", (Paragraph(text), exports, _issues(source)))


def _whole(one: Export) -> Cell:
    told = f"{one.count}"
    if not one.cut:
        return Cell(told)
    return Cell(
        f"{told}, where such an export ends unless told otherwise: is it whole?", Tone.DOUBT
    )


def _issues(source: PackSource) -> Table:
    columns = (
        Column("Anomaly", Kind.NAME),
        Column("Export", Kind.NAME, 1.2),
        Column("Place", Kind.NAME, 0.7),
        Column("In the tracker", weight=0.9),
        Column("Address", weight=2),
    )
    rows = tuple(
        Row(
            (
                Cell(one.id, link=f"15#{one.id}"),
                Cell(export.name),
                Cell(one.place),
                Cell(f"closed: {one.reason}", Tone.DOUBT) if one.closed else Cell("open"),
                Cell(one.address) if one.address else NOTHING,
            )
        )
        for export in source.exports
        for one in export.listed
    )
    return Table("issues", "Each anomaly and the issue it is", columns, rows, "no issue is open")


def _unnamed(source: PackSource) -> Section:
    named = {case for one in source.submission.anomalies or () for case in one.cases}
    rows = tuple(_failing(source, named))
    columns = (
        Column("Case", Kind.NAME),
        Column("Bundle", Kind.NAME, 1.2),
        Column("Came of it", Kind.NAME),
        Column("Why", weight=2.4),
        Column("Anomaly", Kind.NAME),
    )
    table = Table("failing", "Cases that did not pass", columns, rows, "every case passed")
    return Section("failing", "What did not pass", (table,))


def _failing(source: PackSource, named: set[str]) -> Iterator[Row]:
    for one in source.evidence:
        for name, entry in one.readable.assessment.cases.items():
            if entry.state not in FAILING:
                continue
            known = (
                Cell("named above", link="15#anomalies") if name in named else absent("no anomaly")
            )
            why = "; ".join(entry.reasons) or "no reason is given"
            yield Row(
                (
                    Cell(name, link=f"07#{one.place}/{name}"),
                    Cell(one.label),
                    state(entry.state.value),
                    Cell(why),
                    known,
                )
            )


def _counts(source: PackSource) -> Section:
    anomalies = source.submission.anomalies or ()
    by_disposition = Counter(one.disposition for one in anomalies)
    by_month = Counter(one.found.isoformat()[:7] for one in anomalies)
    facts = tuple((one.value, Cell(f"{by_disposition[one]}")) for one in Disposition)
    columns = (Column("Month", Kind.NAME), Column("Found", Kind.NUMBER))
    rows = tuple(Row((Cell(month), Cell(f"{by_month[month]}"))) for month in sorted(by_month))
    blocks: tuple[Block, ...] = (
        Facts(facts),
        Table("trend", "Found by month", columns, rows, "nothing was found in any month"),
    )
    return Section("counts", "Counts and trend", blocks)
