"""What Word and spreadsheets open: whole, the same bytes each time, and nothing that runs."""

import csv
import io
import re
import time
import zipfile

import docx
import openpyxl
import pytest
from pack_lab import HOSTILE, ROOT, hostile_pack, matrix, pack_of, sample_pack

from edgeward_harness.pack.model import Cell, Column, Document, Kind, Row, Section, Table, absent
from edgeward_harness.pack.writing.docx import COPY, write_docx
from edgeward_harness.pack.writing.sheets import csv_files, write_csv, write_workbook
from edgeward_harness.pack.writing.zipped import names, zip_bytes

FORMULAS = ("=1+1", "+cmd", "-cmd", "@SUM(A1)", "\tx", "=HYPERLINK(0)", "|calc", "%x")


def sheet(*texts: str, kind: Kind = Kind.TEXT) -> Table:
    """A table of one column."""
    return Table("t", "c", (Column("value", kind),), tuple(Row((Cell(one),)) for one in texts))


def document(*tables: Table) -> Document:
    """A document of these tables."""
    return Document("03", "x", "X", "", (Section("s", "S", tables),))


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock of the machine be another one."""
    now = time.time() + 86_400 * 400
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "localtime", lambda _=None: time.gmtime(now))


@pytest.mark.slow
def test_the_same_bytes_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = sample_pack(20)
    first = [write_workbook(pack), *(write_docx(pack, one) for one in pack.documents)]
    later(monkeypatch)
    assert [write_workbook(pack), *(write_docx(pack, one) for one in pack.documents)] == first


def test_no_time_of_a_clock_is_in_a_file() -> None:
    pack = pack_of(document(sheet("a")))
    for made in (write_workbook(pack), write_docx(pack, pack.documents[0])):
        with zipfile.ZipFile(io.BytesIO(made)) as opened:
            assert {entry.date_time[:3] for entry in opened.infolist()} == {(2026, 11, 22)}
            times = re.findall(rb"\d{4}-\d\d-\d\dT[0-9:]+", opened.read("docProps/core.xml"))
        assert set(times) == {b"2026-11-22T00:00:00"}


def test_a_workbook_reads_back_and_says_which_sheet_is_what() -> None:
    pack = sample_pack(20)
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(pack)))
    assert book.sheetnames == ["Pack", "03 matrix", "03 orphans", "07 records", "07 retests"]
    rows = list(book["03 matrix"].iter_rows(values_only=True))
    assert len(rows) == 21
    assert rows[0][0] == "Requirement"
    assert rows[1][6] == 60
    assert isinstance(rows[1][6], int)
    assert rows[20][3] == "missing: not executed"
    assert any(ROOT in map(str, row) for row in book["Pack"].iter_rows(values_only=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(pack_of(document(sheet(text))))))
    cell = book["03 t"]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).strip() == text.strip()
    rows = list(csv.reader(io.StringIO(write_csv(sheet(text)).decode(), newline="")))
    assert rows[1][0].startswith("'")


@pytest.mark.parametrize("text", ["-3.25", "0", "12.5", "1e5", "007", "1.50", "12,345", "1.0"])
def test_a_number_is_one_only_where_it_reads_back(text: str) -> None:
    table = sheet(text, kind=Kind.NUMBER)
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(pack_of(document(table)))))
    assert str(book["03 t"]["A2"].value) == text
    assert write_csv(table).decode().splitlines()[1].strip('"') == text


def test_what_is_missing_says_so_without_colour() -> None:
    table = Table("t", "c", (Column("a"),), (Row((absent("no unit"),)),))
    assert write_csv(table) == b"a\nmissing: no unit\n"


def test_each_table_has_a_file_of_its_own_even_where_names_meet() -> None:
    one = document(sheet("a"), sheet("b"))
    assert list(csv_files(one)) == ["03-x-t.csv", "03-x-t~2.csv"]
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(pack_of(one))))
    assert book.sheetnames == ["Pack", "03 t", "03 t~2"]
    assert names(["x" * 40, "X" * 40], 31) == ["x" * 31, "X" * 29 + "~2"]


def test_hostile_text_is_text() -> None:
    pack = hostile_pack()
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(pack)))
    assert "⟨U+202E⟩" in str(book.worksheets[1]["A2"].value)
    opened = docx.Document(io.BytesIO(write_docx(pack, pack.documents[0])))
    told = "\n".join(one.text for one in opened.paragraphs)
    cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    for text in (told, *cells[-1:]):
        assert HOSTILE not in text
    assert "<script>alert(1)</script> #let x = 1;" in told
    assert any("⟨U+202E⟩" in cell for cell in cells)


def test_a_document_for_word_says_what_it_is_and_of_what() -> None:
    pack = sample_pack(20)
    opened = docx.Document(io.BytesIO(write_docx(pack, pack.documents[1])))
    told = [one.text for one in opened.paragraphs]
    assert COPY in told
    assert "\N{EN DASH} Missing in this document: 1" in told
    assert [
        one.text for one in opened.paragraphs if str(getattr(one.style, "name", "")) == "Heading 1"
    ] == [
        "Trace matrix",
        "Cases without a requirement",
    ]
    assert any(cell.text == ROOT for row in opened.tables[0].rows for cell in row.cells)
    grid = opened.tables[1]
    assert len(grid.rows) == 21
    assert [cell.text for cell in grid.rows[9].cells][:4][3] == "✗ failed"
    foot = opened.sections[0].footer.paragraphs[0].text
    assert foot.startswith(ROOT[:12])
    assert opened.sections[0].header.paragraphs[0].text.endswith(pack.state)
    assert [one.orientation for one in opened.sections] == [0, 1, 0]


def test_a_zip_file_of_a_day_that_zip_cannot_hold_is_of_the_nearest() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes({"b": b"1", "a": b"2"}, "1970-01-01"))) as opened:
        assert opened.namelist() == ["a", "b"]
        assert opened.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_matrix_is_the_same_everywhere() -> None:
    """The CSV of a table has what the table has, in its order."""
    table = matrix(5)
    rows = list(csv.reader(io.StringIO(write_csv(table).decode(), newline="")))
    assert [row[7] for row in rows[1:]] == [row.cells[7].text for row in table.rows]
