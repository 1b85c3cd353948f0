"""States, digests and quantities as cells: one place decides how a value of the evidence looks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from edgeward_harness.approval.pdf import PdfState
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Kind,
    Missing,
    Row,
    Section,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import Supplied
from edgeward_harness.pack.words import Work
from edgeward_harness.report.numbers import decisive, observation, quantity
from edgeward_harness.report.words import Tone as Dress
from edgeward_harness.report.words import word_for

_TONES = {
    Dress.GOOD: Tone.GOOD,
    Dress.DONE: Tone.GOOD,
    Dress.BAD: Tone.BAD,
    Dress.DOUBT: Tone.DOUBT,
    Dress.OPEN: Tone.MISSING,
    Dress.ASIDE: Tone.QUIET,
}
NOTHING = Cell("\u2013", Tone.QUIET)
"""A cell that rightly has nothing in it."""
_DIGEST = re.compile("[0-9a-f]{40}")
_VERDICTS = {"passed": Tone.GOOD, "failed": Tone.BAD, "cannot_judge": Tone.DOUBT}


def state(name: str, link: str = "") -> Cell:
    """The state of a requirement, a case or an item, by the house's words for it."""
    word = word_for(name)
    return Cell(word.word, _TONES[word.tone], link)


def verdict(name: str) -> Cell:
    """The verdict of one measurement."""
    return Cell(name.replace("_", " "), _VERDICTS.get(name, Tone.DOUBT))


def given(text: str, what: str) -> Cell:
    """A text that there should be; without it the cell says what is missing."""
    return Cell(text) if text else absent(what)


def listed(parts: Iterable[str], empty: str = "none") -> Cell:
    """Several short texts in one cell."""
    told = ", ".join(parts)
    return Cell(told) if told else Cell(empty, Tone.QUIET)


def owed(parts: Iterable[str], what: str) -> Cell:
    """Several short texts of which there must be one."""
    told = ", ".join(parts)
    return Cell(told) if told else absent(what)


def expected(part: Measurement) -> Cell:
    """What was asked, with its unit."""
    return given(quantity(part.expected, part.unit), "no expectation")


def observed(part: Measurement) -> Cell:
    """What was seen."""
    return given(observation(part), "nothing observed")


def decided(part: Measurement) -> Cell:
    """The value a verdict rests on: the confidence bound where there is one."""
    value, what = decisive(part)
    return Cell(value if what == "observed" else f"{value} ({what})")


def fitted(columns: tuple[Column, ...], rows: Iterable[Row]) -> tuple[Column, ...]:
    """The columns of measurements: one in which a digest was seen is no column of numbers."""
    seen = {
        place
        for row in rows
        for place, cell in enumerate(row.cells)
        if columns[place].kind is Kind.NUMBER and _DIGEST.search(cell.text)
    }
    return tuple(
        replace(column, kind=Kind.TEXT) if place in seen else column
        for place, column in enumerate(columns)
    )


def paragraph(text: str) -> str:
    """A text of a TOML file or a docstring without the line breaks that only keep it narrow."""
    parts = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(filter(None, parts))


def supplied(document: str, what: str, why: str, work: Work | None = None) -> Missing:
    """Something that people write, and did not give; `work` is what it has to report."""
    reports = "" if work is None else f' and reports = ["{work}"]'
    remedy = f'[[supplied]] with number = "{document}"{reports} in submission.toml'
    return Missing(what, why, remedy)


def sections(*found: Section | None) -> tuple[Section, ...]:
    """The sections that there are."""
    return tuple(one for one in found if one is not None)


def anchored(document: Document) -> Iterator[str]:
    """Every place in a document that others may link to."""
    for section in document.sections:
        yield f"{document.number}#{section.id}"


def written(
    source: PackSource, given: Iterable[Supplied], caption: str = "What people wrote"
) -> Table:
    """The documents that people wrote, as they named them, and what is known of who signed them."""
    columns = (
        Column("Document", Kind.NAME),
        Column("Title", weight=2),
        Column("Version"),
        Column("Signatures inside", weight=1.2),
    )
    rows = tuple(
        Row((Cell(one.id), Cell(one.title), Cell(one.version), signatures_in(source, one)))
        for one in given
    )
    return Table("given", caption, columns, rows)


def signatures_in(source: PackSource, document: Supplied) -> Cell:
    """What is known of the signatures inside a document; one that never was looked at says so."""
    found = next((one for one in source.embedded if one.document.id == document.id), None)
    if found is None:
        return Cell("never checked", Tone.DOUBT)
    states = {one.state for one in found.signatures}
    tone = Tone.GOOD if states else Tone.QUIET
    if found.never or PdfState.NOT_CHECKED in states:
        tone = Tone.DOUBT
    if PdfState.BROKEN in states:
        tone = Tone.BAD
    return Cell(found.told, tone, link="20#embedded")
