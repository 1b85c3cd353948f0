"""Document 22: what a program reads instead of a person, and how anybody checks it."""

from collections.abc import Iterable

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
)
from edgeward_harness.pack.source import PackSource

_FORMS = (
    ("documents/NN-*.json", "canonical JSON", "every value of a document; attached to its PDF"),
    ("tables/*.csv, tables.xlsx", "CSV, XLSX", "every table of every document"),
    ("requirements.reqif", "ReqIF 1.2", "the requirements, for another tool"),
    ("bundles/*/records.jsonl", "canonical JSON lines", "every record, chained by digest"),
    ("bundles/*/junit.xml", "JUnit XML", "the same run for a build server"),
    ("bundles/*/statement.dsse.json", "in-toto statement in DSSE", "what was signed of a run"),
    ("inputs/*", "as they were given", "what people said, and the plans of the day"),
    (
        "pack.json, pack.dsse.json",
        "canonical JSON, DSSE",
        "the digest of every file, and who says so",
    ),
)


def build(source: PackSource, documents: Iterable[Document]) -> Document:
    """The forms there are, and the way to check them."""
    return Document(
        number="22",
        slug="machine-twins",
        title="Machine-readable twins",
        purpose="Which file holds the same as which document for a program, and how anybody can "
        "check the pack without its makers.",
        sections=(_forms(), _tables(documents), _check(source)),
        answers=("Part 11 11.10(b)",),
    )


def _forms() -> Section:
    columns = (Column("File", Kind.NAME, 1.2), Column("Form"), Column("Holds", weight=2))
    rows = tuple(Row(tuple(map(Cell, form))) for form in _FORMS)
    return Section("forms", "Forms", (Table("forms", "Files for programs", columns, rows),))


def _tables(documents: Iterable[Document]) -> Section:
    rows = tuple(
        Row((Cell(one.number), Cell(one.title), Cell(block.caption), Cell(f"{len(block.rows):,}")))
        for one in documents
        for block in one.blocks
        if isinstance(block, Table)
    )
    columns = (
        Column("Document", Kind.NAME, 0.6),
        Column("Title"),
        Column("Table", weight=2),
        Column("Rows", Kind.NUMBER, 0.5),
    )
    table = Table("tables", "Tables, each a file and a sheet", columns, rows)
    return Section("tables", "Tables", (table,))


def _check(source: PackSource) -> Section:
    text = (
        "`edgeward inspect` on the folder of this pack needs no network: it checks "
        "the signature over the list of files, the digest of each file, the signature of each "
        "bundle, and writes every document again from the bundles and inputs inside to compare "
        "the bytes. A page that was made from other data than is enclosed is found."
    )
    facts = (("digest over all bundles", Cell(source.root_sha256)),)
    return Section("check", "How to check it", (Paragraph(text), Facts(facts)))
