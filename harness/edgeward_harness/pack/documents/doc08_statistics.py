"""Document 08: what was claimed of each figure, on how much it rests, and where the limit lies."""

import re
from collections.abc import Iterable, Iterator
from math import ceil, log

from edgeward_harness.evidence.judge import direction, recompute
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.acceptance import rate_upper_bound
from edgeward_harness.pack.documents.doc08_curves import curves
from edgeward_harness.pack.documents.doc08_drawings import drawings
from edgeward_harness.pack.dress import NOTHING, decided, expected, fitted, observed, verdict
from edgeward_harness.pack.model import (
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
)
from edgeward_harness.pack.source import PackSource, Taken
from edgeward_harness.report.numbers import number, percent, quantity

_CLAIMS = ((0.95, 0.05), (0.95, 0.01), (0.95, 0.001), (0.99, 0.001))
"""Confidence, and the rate that is excluded: what n must be without a single failure."""
_CONFIDENCE = 0.95
_DROPPED = re.compile(r"dropped|left_out|without_an_answer|no_answer|answered_with")
_ZERO = "no failure in the sample"


def build(source: PackSource) -> Document:
    """Every measurement as a hypothesis, then what its kind needs."""
    taken = [one for one in source.measurements() if one.current]
    return Document(
        number="08",
        slug="statistics",
        title="Statistical acceptance report",
        purpose="For each figure the hypothesis, the margin, n, the confidence limit it was "
        "accepted on and the verdict reached again from both; subgroups, windows without an "
        "answer, samples without a failure, and the distributions themselves.",
        sections=(
            _hypotheses(taken),
            _zero(taken),
            _percentiles(taken),
            _groups(taken),
            _dropped(taken),
            *drawings(source, taken),
            curves(source),
        ),
        answers=("FDA AI lifecycle App. C", "FDA PCCP VII.3"),
    )


def _hypotheses(taken: Iterable[Taken]) -> Section:
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Profile", Kind.NAME, 0.9),
        Column("Figure", weight=1.5),
        Column("Rejected if the limit lies right", weight=1.8),
        Column("n", Kind.NUMBER, 0.5),
        Column("Observed", Kind.NUMBER, 0.8),
        Column("Decided on", Kind.NUMBER, 1.1),
        Column("Method", weight=1.5),
        Column("Reached again", Kind.NAME, 0.8),
    )
    rows = tuple(map(_hypothesis, taken))
    text = (
        "The hypothesis to reject is that the device breaks its promise. It is rejected only where "
        "the confidence limit, not the figure observed, lies on the right side; the last column is "
        "the verdict computed again for this document from limit and bound. Each case judges its "
        "own requirement; no correction is made over the whole file, since one failure fails it."
    )
    caption, empty = "Every figure and its limit", "nothing was measured"
    table = Table("hypotheses", caption, fitted(columns, rows), rows, empty)
    return Section("hypotheses", "Hypotheses and acceptance", (Paragraph(text), table))


def _hypothesis(one: Taken) -> Row:
    part = one.measurement
    again, why = recompute(part)
    agrees = again is part.verdict
    word = verdict(again.value) if agrees else Cell(f"{again.value}: {why}", Tone.BAD)
    return Row(
        (
            Cell(one.case, link=f"07#{one.evidence.place}/{one.case}"),
            Cell(one.evidence.profile),
            Cell(part.name.replace("_", " ")),
            Cell(null_hypothesis(part)),
            Cell(f"{part.n:,}"),
            observed(part),
            decided(part),
            Cell(part.method),
            word,
        )
    )


def null_hypothesis(part: Measurement) -> str:
    """What has to be rejected, in words."""
    if part.method.startswith(_ZERO):
        return f"it happens at all where there must be: {expected(part).text}"
    if part.limit is None:
        return f"it is not so that: {expected(part).text}"
    side = "below" if direction(part) else "above"
    return f"the true value lies {side} {quantity(part.limit, part.unit)}"


def needed(confidence: float, rate: float) -> int:
    """How many must pass without a failure to exclude a rate with a confidence."""
    return ceil(log(1 - confidence) / log(1 - rate))


def _zero(taken: Iterable[Taken]) -> Section:
    claims = tuple(
        Row((Cell(percent(confidence)), Cell(percent(rate)), Cell(f"{needed(confidence, rate):,}")))
        for confidence, rate in _CLAIMS
    )
    heads = (
        Column("With confidence", Kind.NUMBER),
        Column("the rate lies below", Kind.NUMBER),
        Column("after so many without a failure", Kind.NUMBER),
    )
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Profile", Kind.NAME, 0.9),
        Column("What must not happen", weight=2),
        Column("n", Kind.NUMBER, 0.5),
        Column("Seen", Kind.NUMBER, 0.5),
        Column("The rate lies below (95 %)", Kind.NUMBER, 1),
        Column("Largest claim it carries", weight=1.4),
    )
    rows = tuple(_zero_row(one) for one in taken if one.measurement.method.startswith(_ZERO))
    text = (
        "Where nothing may fail, a sample without a failure bounds the rate by the exact binomial "
        "limit. A small sample is honest here: it carries a small claim, and says which."
    )
    blocks = (
        Paragraph(text),
        Table("claims", "How many are needed", heads, claims),
        Table("zero", "How many there were", columns, rows, "no such case ran"),
    )
    return Section("zero", "Samples without a failure", blocks)


def _zero_row(one: Taken) -> Row:
    part = one.measurement
    failures = part.observed if isinstance(part.observed, int | float) else 0
    bound = rate_upper_bound(round(failures), part.n, _CONFIDENCE) if part.n else 1.0
    carried = [claim for claim in _CLAIMS if part.n >= needed(*claim) and not failures]
    word = Cell("none of those above", Tone.QUIET)
    if carried:
        confidence, rate = carried[-1]
        word = Cell(f"below {percent(rate)} with {percent(confidence)}")
    return Row(
        (
            Cell(one.case, link=f"07#{one.evidence.place}/{one.case}"),
            Cell(one.evidence.profile),
            Cell(part.name.replace("_", " ")),
            Cell(f"{part.n:,}"),
            Cell(number(failures)),
            Cell(percent(float(f"{bound:.3g}"))),
            word,
        )
    )


def _percentiles(taken: Iterable[Taken]) -> Section:
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Profile", Kind.NAME, 0.9),
        Column("Figure", weight=1.6),
        Column("n", Kind.NUMBER, 0.5),
        *(Column(name, Kind.NUMBER, 0.6) for name in ("Least", "Median", "p95", "p99", "Most")),
        Column("Promised", Kind.NUMBER, 0.7),
        Column("Bound", Kind.NUMBER, 0.7),
    )
    rows = tuple(_percentile(one) for one in taken if one.measurement.distribution)
    table = Table("percentiles", "Distributions in figures", columns, rows, "none was taken")
    text = "Bounds of percentiles are those of order statistics; none assumes a shape."
    return Section("percentiles", "Percentiles", (Paragraph(text), table))


def _percentile(one: Taken) -> Row:
    part = one.measurement
    shape = part.distribution or {}
    names = ("min", "p50", "p95", "p99", "max")
    values = [Cell(number(shape[name])) if name in shape else NOTHING for name in names]
    return Row(
        (
            Cell(one.case, link=f"07#{one.evidence.place}/{one.case}"),
            Cell(one.evidence.profile),
            Cell(f"{part.name.replace('_', ' ')}, {part.unit}"),
            Cell(f"{part.n:,}"),
            *values,
            Cell(number(part.limit)) if part.limit is not None else NOTHING,
            Cell(number(part.bound)) if part.bound is not None else NOTHING,
        )
    )


def _groups(taken: Iterable[Taken]) -> Section:
    columns = (
        Column("Figure", weight=1.4),
        Column("Profile", Kind.NAME, 0.9),
        Column("Group", weight=1.6),
        Column("n", Kind.NUMBER, 0.5),
        Column("Value", Kind.NUMBER, 0.7),
        Column("From", Kind.NUMBER, 0.7),
        Column("To", Kind.NUMBER, 0.7),
        Column("Limit of the whole", Kind.NUMBER, 0.8),
    )
    rows = tuple(row for one in taken for row in _group_rows(one))
    if not rows:
        why = "A pooled figure hides the group on which a model fails."
        missing = Missing("figures by group", why, "edgeward verify --suite accuracy")
        return Section("groups", "Groups", (missing,))
    text = (
        "Groups are shown and not judged: the promise is about the whole, unless a requirement is "
        "about groups. Intervals resample patients, since windows of one patient resemble each "
        "other. An interval that is open says that this side was not bounded."
    )
    table = Table("groups", "By group and profile", columns, rows)
    return Section("groups", "Groups", (Paragraph(text), table))


def _group_rows(one: Taken) -> Iterator[Row]:
    part = one.measurement
    for group in part.groups:
        ends = [
            Cell(number(end)) if end is not None else Cell("open")
            for end in (group.low, group.high)
        ]
        value = Cell("none") if group.value is None else Cell(quantity(group.value, part.unit))
        limit = NOTHING if part.limit is None else Cell(quantity(part.limit, part.unit))
        name = Cell(part.name.replace("_", " "), link=f"07#{one.evidence.place}/{one.case}")
        head = (name, Cell(one.evidence.profile), Cell(group.name), Cell(f"{group.n:,}"))
        yield Row((*head, value, *ends, limit))


def _dropped(taken: Iterable[Taken]) -> Section:
    found = [one for one in taken if _DROPPED.search(one.measurement.name)]
    if not found:
        why = "Windows that a device declines to answer could be the ones it would get wrong."
        missing = Missing("windows without an answer", why, "edgeward verify --suite accuracy")
        return Section("dropped", "Windows without an answer", (missing,))
    columns = (
        Column("Case", Kind.NAME, 0.8),
        Column("Profile", Kind.NAME, 0.9),
        Column("What was counted", weight=1.5),
        Column("n", Kind.NUMBER, 0.5),
        Column("Decided on", Kind.NUMBER, 1),
        Column("What is known", weight=2.4),
    )
    rows = tuple(
        Row(
            (
                Cell(one.case, link=f"07#{one.evidence.place}/{one.case}"),
                Cell(one.evidence.profile),
                Cell(one.measurement.name.replace("_", " ")),
                Cell(f"{one.measurement.n:,}"),
                decided(one.measurement),
                Cell(one.measurement.note or one.measurement.method),
            )
        )
        for one in found
    )
    text = (
        "The worst case is what counts: `dropped` takes each window without an answer for a wrong "
        "one, and is judged by the same margin as the rest."
    )
    table = Table("dropped", "Without an answer, and the worst that may hide in it", columns, rows)
    return Section("dropped", "Windows without an answer", (Paragraph(text), table))
