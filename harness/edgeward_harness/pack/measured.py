"""Measurements as rows of a document: what was asked, what was seen, on which profile."""

from collections.abc import Callable, Iterable, Iterator

from edgeward_harness.pack.dress import decided, expected, fitted, observed, verdict
from edgeward_harness.pack.model import Cell, Column, Kind, Row, Table
from edgeward_harness.pack.source import PackSource, Taken

Chosen = Callable[[Taken], bool]
COLUMNS = (
    Column("Profile", Kind.NAME, 0.9),
    Column("Case", Kind.NAME, 0.8),
    Column("What was measured", weight=2),
    Column("Expected", weight=1.3),
    Column("Observed", Kind.NUMBER, 0.9),
    Column("Judged by", Kind.NUMBER, 1.2),
    Column("n", Kind.NUMBER, 0.5),
    Column("Method", weight=1.4),
    Column("Verdict", Kind.NAME, 0.8),
)


def of_suite(source: PackSource, suite: str) -> Iterator[Taken]:
    """The measurements of a suite, the last attempt at each item only."""
    for taken in source.measurements():
        case = source.trace.cases.get(taken.case)
        if taken.current and case is not None and case.suite == suite:
            yield taken


def of_cases(taken: Iterable[Taken], cases: Iterable[str]) -> list[Taken]:
    """Those that belong to some cases, in the order of the cases."""
    order = {name: place for place, name in enumerate(cases)}
    found = [one for one in taken if one.case in order]
    return sorted(found, key=lambda one: (order[one.case], one.evidence.label))


def table(name: str, caption: str, taken: Iterable[Taken], empty: str = "not measured") -> Table:
    """A table of measurements."""
    rows = tuple(map(row, taken))
    return Table(name, caption, fitted(COLUMNS, rows), rows, empty)


def row(one: Taken) -> Row:
    """One measurement."""
    part = one.measurement
    return Row(
        (
            Cell(one.evidence.profile),
            Cell(one.case, link=f"07#{one.evidence.place}/{one.case}"),
            Cell(part.name.replace("_", " ")),
            expected(part),
            observed(part),
            decided(part),
            Cell(f"{part.n:,}"),
            Cell(part.method),
            verdict(part.verdict.value),
        )
    )
