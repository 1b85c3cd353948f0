"""States, digests and quantities as cells: one place decides how a value of the evidence looks."""

from collections.abc import Iterable, Iterator

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
from edgeward_harness.pack.submission import Supplied
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


def paragraph(text: str) -> str:
    """A text of a TOML file or a docstring without the line breaks that only keep it narrow."""
    parts = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(filter(None, parts))


def supplied(document: str, what: str, why: str) -> Missing:
    """Something that people write, and did not give."""
    return Missing(what, why, f'[[supplied]] with number = "{document}" in submission.toml')


def sections(*found: Section | None) -> tuple[Section, ...]:
    """The sections that there are."""
    return tuple(one for one in found if one is not None)


def anchored(document: Document) -> Iterator[str]:
    """Every place in a document that others may link to."""
    for section in document.sections:
        yield f"{document.number}#{section.id}"


def written(given: Iterable[Supplied]) -> Table:
    """The documents that people wrote, as they named them."""
    columns = (Column("Document", Kind.NAME), Column("Title", weight=2), Column("Version"))
    rows = tuple(Row((Cell(one.id), Cell(one.title), Cell(one.version))) for one in given)
    return Table("given", "What people wrote", columns, rows)
