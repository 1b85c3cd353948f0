"""What a document of the pack is made of, as plain frozen values.

Rules:
- Documents know nothing of how they are written; writers know nothing of where a value came from.
- What is missing is a block or a cell of its own, never an omission: `Missing`, or `absent()`.
- Texts are plain: a writer escapes them, and shows signs that hide or reorder text as code points.
- A figure is an SVG that draws without a network, a script or a font that is not at hand.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Tone(StrEnum):
    """What a value means to the reader; a writer gives each a colour and a sign."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"
    MISSING = "missing"
    QUIET = "quiet"


class Kind(StrEnum):
    """What a column holds, which decides how it is set."""

    TEXT = "text"
    NAME = "name"  # short, never broken: an id, a word of state
    NUMBER = "number"  # set to the right
    DIGEST = "digest"  # set in a face where all signs are of one width, and may be cut for print


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table. `link` names a document (`"07"`) or an anchor in one (`"07#TC-1"`)."""

    text: str
    tone: Tone = Tone.PLAIN
    link: str = ""


def absent(what: str) -> Cell:
    """A cell for what there should be, and is not."""
    return Cell(what, Tone.MISSING)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `weight` is its share of the width beside the others."""

    title: str
    kind: Kind = Kind.TEXT
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `anchor` is where others may link to."""

    cells: tuple[Cell, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; an empty line in it begins another paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values, one to a line."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a name for its file and a caption. Every row has a cell for every column."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "none"
    """What is said where there is no row."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                told = f"{len(row.cells)} cells under {len(self.columns)} columns"
                raise ValueError(f"table {self.id}: {told}: {row.cells[0].text!r}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing; `alt` says in words what it shows."""

    id: str
    caption: str
    alt: str
    svg: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Something this document owes and nobody gave: what, why it matters, and how to give it."""

    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A place to sign, or what was signed there: 21 CFR 11.50 asks for name, time and meaning."""

    meaning: str
    role: str
    name: str = ""
    signed_utc: str = ""
    digest: str = ""
    checked: str = ""
    """What was found about it; empty when nobody signed."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """A block of signatures."""

    places: tuple[Signature, ...]


Block = Paragraph | Facts | Table | Figure | Missing | Signatures


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a document."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the pack."""

    number: str
    slug: str
    title: str
    purpose: str
    """One or two sentences: what it is for."""
    sections: tuple[Section, ...] = ()
    answers: tuple[str, ...] = ()
    """The clauses that ask for it, each as the registry names it."""

    @property
    def name(self) -> str:
        """What its files are called, without an ending."""
        return f"{self.number}-{self.slug}"

    @property
    def blocks(self) -> Iterator[Block]:
        """All its blocks in order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def missing(self) -> tuple[str, ...]:
        """What it says is missing."""
        return tuple(_missing(self.blocks))

    @property
    def gaps(self) -> tuple[str, ...]:
        """The same, each kind of it once, with how often."""
        return tuple(
            what if count == 1 else f"{what} ({count:,} times)"
            for what, count in Counter(self.missing).items()
        )


def _missing(blocks: Iterator[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Missing):
            yield block.what
        elif isinstance(block, Table):
            for row in block.rows:
                yield from _cells(row.cells)
        elif isinstance(block, Facts):
            yield from _cells(tuple(cell for _, cell in block.rows))


def _cells(cells: tuple[Cell, ...]) -> Iterator[str]:
    for cell in cells:
        if cell.tone is Tone.MISSING:
            yield cell.text


@dataclass(frozen=True, slots=True)
class Pack:
    """All documents with what stands on each page of each."""

    title: str
    device: str
    release: str
    as_of: str
    root_sha256: str
    """One digest over every bundle the pack rests on."""
    state: str
    """The word of the gate, or that none was asked: it stands on every page."""
    documents: tuple[Document, ...]
    facts: tuple[tuple[str, str], ...] = field(default=())
    """What the cover shows besides."""
