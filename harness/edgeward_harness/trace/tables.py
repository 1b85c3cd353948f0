r"""Tables as spreadsheets and documents hold them: CSV and Markdown, out and in again unchanged.

Written CSV is what RFC 4180 calls so, with `\n` between rows. Written Markdown escapes what
would end a cell and puts `<br>` for a new line. Read CSV may use commas, semicolons or tabs, and
a byte order mark; a Markdown document may hold other text and other tables, which are left alone.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgeward_harness.errors import InputError

_DELIMITERS = (",", ";", "\t")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CELL = re.compile(r"((?:\\.|[^|\\]|\\$)*)(\||$)")
_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|<br\s*/?>", re.IGNORECASE)
_FENCE = re.compile(r"\s{0,3}(```|~~~)")

IsHeader = Callable[[Sequence[str]], int]
"""How many of these cells are headers that are looked for."""


class TableFormat(StrEnum):
    """How a table is written."""

    CSV = "csv"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table and where it is: the row of a spreadsheet, the line of a document."""

    place: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A header and what is under it; blank rows are left out."""

    header: Line
    lines: tuple[Line, ...]


def write_table(form: TableFormat, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as text, ending with a new line."""
    if form is TableFormat.MARKDOWN:
        rule = f"|{' --- |' * len(header)}\n"
        return _markdown_row(header) + rule + "".join(_markdown_row(row) for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def read_tables(form: TableFormat, text: str, source: str, is_header: IsHeader) -> list[Table]:
    """The tables of a text that have at least one header that is looked for.

    Raises:
        InputError: the text is no such table, or has none with such a header.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if form is TableFormat.CSV:
        tables = [_read_csv(plain, source, is_header)]
    else:
        tables = list(_read_markdown(plain))
    wanted = [table for table in tables if is_header(table.header.cells)]
    if not wanted:
        seen = "; ".join(", ".join(table.header.cells) for table in tables) or "no table"
        raise InputError(source, [f"has no known column: found {seen[:400]}"])
    return wanted


def _read_csv(text: str, source: str, is_header: IsHeader) -> Table:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda one: is_header(first.split(one)))
    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            lines.append(Line(f"row {number}", tuple(cells)))
    except csv.Error as error:
        raise InputError(source, [f"row {len(lines) + 1} is not CSV: {error}"]) from error
    filled = [line for line in lines if any(cell.strip() for cell in line.cells)]
    if not filled:
        raise InputError(source, ["is empty; expected a header and a row for each requirement"])
    return Table(filled[0], tuple(filled[1:]))


def _read_markdown(text: str) -> Iterator[Table]:
    lines = _outside_code(text.split("\n"))
    number = 0
    while number < len(lines) - 1:
        if "|" not in lines[number] or not _RULE.fullmatch(lines[number + 1]):
            number += 1
            continue
        header = _markdown_line(number, lines[number])
        number += 2
        found = []
        while number < len(lines) and lines[number].strip():
            found.append(_markdown_line(number, lines[number]))
            number += 1
        yield Table(header, tuple(line for line in found if any(line.cells)))


def _outside_code(lines: Sequence[str]) -> list[str]:
    """The lines, those of fenced code emptied."""
    kept = []
    fence = ""
    for line in lines:
        match = _FENCE.match(line)
        if match and fence in ("", match[1]):
            fence = "" if fence else match[1]
            kept.append("")
        else:
            kept.append("" if fence else line)
    return kept


def _markdown_line(number: int, line: str) -> Line:
    inner = line.strip(" \t")
    cells = [match[1] for match in _CELL.finditer(inner.removeprefix("|"))]
    cells.pop()  # the empty match at the end of the line
    return Line(f"line {number + 1}", tuple(_unescaped(cell.strip(" \t")) for cell in cells))


def _unescaped(cell: str) -> str:
    return _UNESCAPE.sub(lambda match: match[1] or "\n", cell)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |\n"


def _escaped(cell: str) -> str:
    for special in ("\\", "|", "<"):
        cell = cell.replace(special, f"\\{special}")
    return cell.replace("\n", "<br>")
