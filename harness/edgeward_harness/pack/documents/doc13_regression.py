"""Document 13: what changed since the release before, and what was done about it."""

from collections.abc import Mapping

from edgeward_harness.evidence.standing import Standing
from edgeward_harness.pack.dress import state
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
from edgeward_harness.pack.regression import LEVEL, Drift, Rerun, changes, drifts, reruns, suspects
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.numbers import instant, number, percent


def build(source: PackSource) -> Document:
    """The comparison with the baseline, for the bundles of its profile."""
    found = [section for one in _of_profile(source) for section in _compared(source, one)]
    return Document(
        number="13",
        slug="regression",
        title="Regression and change record",
        purpose="What changed since the release before, which requirements that makes doubtful, "
        "which cases were run again and which not, and which figures moved by more than chance.",
        sections=tuple(found) or (_nothing(source),),
        answers=("IEC 62304 5.6.6", "IEC 62304 5.7.3", "IEC 62304 7.4.1"),
    )


def _of_profile(source: PackSource) -> list[Evidence]:
    if source.baseline is None:
        return []
    return [one for one in source.evidence if one.profile == source.baseline.profile]


def _nothing(source: PackSource) -> Section:
    why = "Without a release before nobody can tell what was changed, and what that may break."
    remedy = "edgeward report --pack BUNDLE... --baseline BUNDLE; of a first release, say so"
    what = "the release before"
    if source.baseline is not None:
        what = f"a bundle of {source.baseline.profile}, the profile of the release before"
    return Section("baseline", "The release before", (Missing(what, why, remedy),))


def _compared(source: PackSource, after: Evidence) -> list[Section]:
    before = source.baseline
    assert before is not None
    found = tuple(changes(before, after))
    doubtful = suspects(after, found)
    facts = (
        ("before", Cell(f"{before.label}, {instant(before.bundle.manifest.started_utc)}")),
        ("now", Cell(f"{after.label}, {instant(after.bundle.manifest.started_utc)}")),
        ("statement of the release before", Cell(before.statement_sha256)),
    )
    columns = (
        Column("What", Kind.NAME, 0.8),
        Column("Which", Kind.NAME, 1.1),
        Column("Before", Kind.DIGEST, 1.5),
        Column("Now", Kind.DIGEST, 1.5),
    )
    rows = tuple(
        Row((Cell(one.what), Cell(one.name), Cell(one.before), Cell(one.after))) for one in found
    )
    changed = Table("changes", "What is not as it was", columns, rows, "nothing changed")
    return [
        Section("changes", "What changed", (Facts(facts), changed)),
        _suspects(after, doubtful),
        _reruns(tuple(reruns(before, after, doubtful))),
        _controls(before, after),
        _drifts(drifts(before, after)),
    ]


def _suspects(after: Evidence, doubtful: Mapping[str, tuple[str, ...]]) -> Section:
    rows = []
    for name, why in doubtful.items():
        entry = after.readable.assessment.requirements.get(name)
        told = absent("not in scope") if entry is None else state(entry.standing.value)
        rows.append(Row((Cell(name, link=f"03#{name}"), Cell("; ".join(why)), told)))
    columns = (
        Column("Requirement", Kind.NAME),
        Column("Doubtful for", weight=3),
        Column("Now", Kind.NAME),
    )
    text = "Another build, model or profile makes every requirement doubtful: all is run again."
    table = Table("suspects", "Doubtful requirements", columns, tuple(rows), "none is doubtful")
    return Section("suspects", "What that makes doubtful", (Paragraph(text), table))


def _reruns(found: tuple[Rerun, ...]) -> Section:
    rows = []
    for one in found:
        ran = Cell("yes", Tone.GOOD) if one.ran else Cell("no", Tone.DOUBT)
        fixed = one.before not in ("passed", "not_applicable", "not planned")
        word = "fixed, and run again" if fixed and one.after == "passed" else ""
        if one.before == "passed" and one.after not in ("passed", "not_applicable"):
            word = "passed before"
        why = "; ".join(one.why)
        why = why if one.ran else f"{why}. Not run: {one.after.replace('_', ' ')}"
        before = Cell(one.before.replace("_", " "))
        cells = (Cell(one.case, link=f"06#{one.case}"), Cell(why), before)
        after = state(one.after) if one.after != "not planned" else absent(one.after)
        rows.append(Row((*cells, after, ran, Cell(word or "as before", Tone.QUIET))))
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Why it had to be looked at", weight=2.6),
        Column("Before", Kind.NAME, 0.8),
        Column("Now", Kind.NAME, 0.8),
        Column("Run again?", Kind.NAME, 0.6),
        Column("In short", weight=1),
    )
    table = Table("reruns", "Cases that were selected, and those not run", columns, tuple(rows),
                  "no case had to be run again")  # fmt: skip
    return Section("reruns", "What was run again", (table,))


def _controls(before: Evidence, after: Evidence) -> Section:
    old = before.readable.assessment.controls
    rows = []
    for name, entry in after.readable.assessment.controls.items():
        was = old.get(name)
        lost = (
            was is not None
            and was.standing is Standing.VERIFIED
            and entry.standing is not Standing.VERIFIED
        )
        word = Cell("proven before, and not now", Tone.BAD) if lost else Cell("no loss", Tone.QUIET)
        first = absent("not there") if was is None else state(was.standing.value)
        rows.append(Row((Cell(name, link=f"04#{name}"), first, state(entry.standing.value), word)))
    columns = (
        Column("Control", Kind.NAME),
        Column("Before", Kind.NAME),
        Column("Now", Kind.NAME),
        Column("In short", weight=2),
    )
    table = Table("controls", "Risk controls before and now", columns, tuple(rows))
    return Section("controls", "Risk controls", (table,))


def _drifts(found: tuple[Drift, ...]) -> Section:
    rows = []
    for one in sorted(found, key=lambda each: each.probability):
        word = Cell("moved", Tone.DOUBT) if one.claimed else Cell("by chance", Tone.QUIET)
        rows.append(
            Row(
                (
                    Cell(one.case, link=f"06#{one.case}"),
                    Cell(f"{one.name.replace('_', ' ')}, {one.unit}"),
                    Cell(number(one.before)),
                    Cell(number(one.after)),
                    Cell(f"{one.n[0]:,} and {one.n[1]:,}"),
                    Cell(one.test),
                    Cell(f"{one.probability:.2g}"),
                    word,
                )
            )
        )
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Figure", weight=2),
        Column("Before", Kind.NUMBER, 0.7),
        Column("Now", Kind.NUMBER, 0.7),
        Column("n", Kind.NUMBER, 0.9),
        Column("Test", Kind.NAME, 0.6),
        Column("Chance of it", Kind.NUMBER, 0.7),
        Column("Verdict", Kind.NAME, 0.7),
    )
    text = (
        "Figures that both releases took: medians by the rank test of Mann and Whitney over the "
        "histograms kept, counts of failures by Fisher's exact test. The chance of any false claim "
        f"over all {len(found):,} tests is held at {percent(LEVEL)} by Holm's rule. Times of "
        "neighbouring windows resemble each other, so that a drift of times may be claimed too "
        "soon; a quiet host, and another run, tell."
    )
    blocks: tuple[Block, ...] = (
        Paragraph(text),
        Table("drifts", "Figures before and now", columns, tuple(rows), "no figure is in both"),
    )
    return Section("drifts", "What moved", blocks)
