"""The tables of the pack for programs: a CSV file each, and one workbook with a sheet each.

Rules:
- A value is what the document says. What is missing says so in words, for there is no colour.
- A cell that a spreadsheet could take for a formula is text: CSV has an apostrophe before it, the
  workbook stores it as text.
- A number is stored as one only where it reads back as it was written.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from edgeward_harness.pack.model import Cell, Column, Document, Kind, Pack, Table, Tone
from edgeward_harness.pack.writing.extra import load
from edgeward_harness.pack.writing.shown import MISSING_WORD
from edgeward_harness.pack.writing.zipped import names, read_day, rezipped
from edgeward_harness.report.safe import visible

CELL_CHARACTERS_MAX = 32_767
SHEET_NAME_MAX = 31
INDEX = "Pack"
CORE = "docProps/core.xml"
_ACTIVE = re.compile(r"[=+\-@\t\r|%]")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,11}[1-9])?")
_PLAIN_NUMBER = re.compile(r"-\d+(\.\d+)?")
_NOT_IN_SHEETS = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_WIDTH_MAX = 60
_COLOURS = {
    Tone.GOOD: "FF0B6239",
    Tone.BAD: "FFA31B16",
    Tone.DOUBT: "FF744700",
    Tone.MISSING: "FF8F3B0A",
    Tone.QUIET: "FF525A66",
}


def write_csv(table: Table) -> bytes:
    """One table as CSV in UTF-8, with a line feed between rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_neutral(str(visible(column.title))) for column in table.columns])
    for row in table.rows:
        writer.writerow([_neutral(_said(cell)) for cell in row.cells])
    return out.getvalue().encode("utf-8", "replace")


def csv_files(document: Document) -> Mapping[str, bytes]:
    """A CSV file for each table of a document, by name."""
    tables = [block for block in document.blocks if isinstance(block, Table)]
    plain = [f"{document.name}-{_safe_name(table.id)}" for table in tables]
    return {
        f"{name}.csv": write_csv(table)
        for name, table in zip(names(plain, 120), tables, strict=True)
    }


def write_workbook(pack: Pack) -> bytes:
    """One workbook with a sheet for each table, and one in front that says which is which.

    Raises:
        HarnessError: the extra `pack` is not installed.
    """
    openpyxl = load("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    listed = [
        (document, block)
        for document in pack.documents
        for block in document.blocks
        if isinstance(block, Table)
    ]
    called = names(
        [INDEX, *(f"{one.number} {_sheet_name(table.id)}" for one, table in listed)],
        SHEET_NAME_MAX,
    )
    styles = _Styles()
    _index(book.create_sheet(INDEX), pack, called[1:], listed, styles)
    for name, (_, table) in zip(called[1:], listed, strict=True):
        _fill(book.create_sheet(name), table, styles)
    stamp = datetime.combine(read_day(pack.as_of), datetime.min.time())
    book.properties.creator = "Edgeward"
    book.properties.title = str(visible(pack.title))
    book.properties.created = stamp
    out = io.BytesIO()
    book.save(out)
    return rezipped(out.getvalue(), pack.as_of, {CORE: _without_time})


def _without_time(core: bytes) -> bytes:
    """The properties without the time of saving, which the library takes from the clock."""
    return re.sub(rb"<dcterms:modified.*?</dcterms:modified>", b"", core)


class _Styles:
    """How cells look, made once: a style in each of 80,000 cells would be compared 80,000 times."""

    def __init__(self) -> None:
        styles = load("openpyxl.styles")
        self.cells = load("openpyxl.cell")
        self.head = styles.Font(bold=True, color="FFFFFFFF")
        self.fill = styles.PatternFill("solid", fgColor="FF1F3A5C")
        self.tones = {tone: styles.Font(color=colour) for tone, colour in _COLOURS.items()}

    def header(self, sheet: Any, title: str) -> Any:  # noqa: ANN401 - a library without types
        """A cell of the head."""
        cell = self.cells.WriteOnlyCell(sheet, _cut(str(visible(title))))
        cell.data_type = "s"
        cell.font, cell.fill = self.head, self.fill
        return cell

    def value(self, sheet: Any, cell: Cell, kind: Kind) -> Any:  # noqa: ANN401 - same
        """A cell of the body: a number where it is one, else text that is never a formula."""
        text = _cut(_said(cell))
        if kind is Kind.NUMBER and cell.tone is Tone.PLAIN and _NUMBER.fullmatch(text):
            number = float(text) if "." in text else int(text)
            if str(number) == text:
                return number
        made = self.cells.WriteOnlyCell(sheet, text)
        made.data_type = "s"
        if cell.tone in self.tones:
            made.font = self.tones[cell.tone]
        return made


def _index(
    sheet: Any,  # noqa: ANN401 - a library without types
    pack: Pack,
    called: list[str],
    listed: list[tuple[Document, Table]],
    styles: _Styles,
) -> None:
    for letter, width in zip("ABCD", (28, 34, 46, 10), strict=True):
        sheet.column_dimensions[letter].width = width
    head = [
        ("Pack", pack.title),
        ("Device", pack.device),
        ("Release", pack.release),
        ("State", pack.state),
        ("As of", pack.as_of),
        ("Root digest of the evidence", pack.root_sha256),
        *pack.facts,
    ]
    for name, value in head:
        row = [styles.value(sheet, Cell(text), Kind.TEXT) for text in (name, value)]
        sheet.append(row)
    sheet.append([])
    sheet.append([styles.header(sheet, name) for name in ("Sheet", "Document", "Table", "Rows")])
    for name, (document, table) in zip(called, listed, strict=True):
        texts = (name, f"{document.number} {document.title}", table.caption)
        row = [styles.value(sheet, Cell(text), Kind.TEXT) for text in texts]
        sheet.append([*row, len(table.rows)])


def _fill(sheet: Any, table: Table, styles: _Styles) -> None:  # noqa: ANN401 - same
    sheet.freeze_panes = "A2"
    letters = load("openpyxl.utils").get_column_letter
    for index, column in enumerate(table.columns):
        width = max(_widths(column, table, index), default=8)
        sheet.column_dimensions[letters(index + 1)].width = min(_WIDTH_MAX, width + 3)
    if table.columns:
        sheet.auto_filter.ref = f"A1:{letters(len(table.columns))}{len(table.rows) + 1}"
    sheet.append([styles.header(sheet, column.title) for column in table.columns])
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        pairs = zip(row.cells, kinds, strict=True)
        sheet.append([styles.value(sheet, cell, kind) for cell, kind in pairs])


def _widths(column: Column, table: Table, index: int) -> Iterator[int]:
    yield len(column.title)
    yield from (len(row.cells[index].text) for row in table.rows)


def _said(cell: Cell) -> str:
    text = str(visible(cell.text))
    return f"{MISSING_WORD}{text}" if cell.tone is Tone.MISSING else text


def _neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula; a number stays one."""
    if _ACTIVE.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _cut(text: str) -> str:
    """A text that a cell of a workbook can hold; the twin has all of it."""
    if len(text) <= CELL_CHARACTERS_MAX:
        return text
    return f"{text[: CELL_CHARACTERS_MAX - 1]}…"


def _sheet_name(name: str) -> str:
    return _NOT_IN_SHEETS.sub("-", str(visible(name)))


def _safe_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)
