"""The PDF of a document: the standard it declares, its twin inside, data that is never markup."""

import json
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from pack_lab import SVG, hostile_pack, matrix, sample_pack

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Figure,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
)
from edgeward_harness.pack.writing import pdf
from edgeward_harness.pack.writing.columns import LETTERS, UPRIGHT_PT, WIDE_PT, fit, is_wide
from edgeward_harness.pack.writing.pdf import draw_png, write_pdf
from edgeward_harness.pack.writing.twin import write_twin
from edgeward_harness.pack.writing.typeset import typeset

AGAIN = """
import hashlib, sys
from pack_lab import sample_pack
from edgeward_harness.pack.writing.pdf import write_pdf
pack = sample_pack(5)
for document in pack.documents:
    print(hashlib.sha256(write_pdf(pack, document)).hexdigest())
"""
LABS = Path(__file__).parents[1] / "labs"
WIDTHS = """\
#let all = json("letters.json")
#context [#metadata(all.map(c => calc.max(..(400, 600).map(w => measure(
  text(font: "Libertinus Serif", number-width: "tabular", size: 100pt, weight: w, c)).width / 100pt
)))) <widths>]
"""


def one(*blocks: Paragraph | Table | Figure) -> Document:
    """A document of these blocks."""
    return Document("03", "x", "X", "For a test.", (Section("s", "S", blocks),))


def attached(made: bytes) -> list[bytes]:
    """The files inside a PDF."""
    found = []
    for start in re.finditer(rb"<<[^<>]*/Type\s*/EmbeddedFile.*?>>\s*stream\r?\n", made, re.DOTALL):
        end = made.index(b"endstream", start.end())
        found.append(zlib.decompress(made[start.end() : end].rstrip(b"\r\n")))
    return found


@pytest.mark.slow
def test_two_processes_give_the_same_bytes() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", AGAIN],
            env={"PYTHONPATH": str(LABS), "PATH": ""},
            capture_output=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert len(found[0].split()) == len(sample_pack(5).documents)


def test_it_declares_its_standards_and_carries_its_twin() -> None:
    pack = sample_pack(5)
    for document in pack.documents:
        made = write_pdf(pack, document)
        assert b"<pdfaid:part>3</pdfaid:part>" in made
        assert b"<pdfaid:conformance>A</pdfaid:conformance>" in made
        assert b"<pdfuaid:part>1</pdfuaid:part>" in made
        assert attached(made) == [write_twin(pack, document)]


def test_a_large_document_goes_without_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "TAGGED_CELLS_MAX", 10)
    made = write_pdf(sample_pack(5), one(matrix(2)))
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in made
    assert b"pdfuaid" not in made


def test_markup_of_others_is_text() -> None:
    """Every block holds markup that would stop typst if it were run, or draw in its place."""
    pack = hostile_pack()
    assert b"<pdfaid:part>3" in write_pdf(pack, pack.documents[0])
    shown = json.dumps(typeset(pack, pack.documents[0], str), ensure_ascii=False)
    assert "\u202e" not in shown
    assert "⟨U+202E⟩" in shown


def test_a_sign_that_no_font_has_is_shown_as_its_code_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []

    def spy(*args: object, **more: object) -> object:
        shown = typeset(*args, **more)  # type: ignore[arg-type]
        said.append(json.dumps(shown, ensure_ascii=False))
        return shown

    monkeypatch.setattr(pdf, "typeset", spy)
    for _ in range(2):  # what the fonts lack is asked for once, and known for the next document
        assert write_pdf(sample_pack(1), one(Paragraph("漢字 and \U0001f600, and é ≤ ✓")))
        assert "⟨U+6F22⟩⟨U+5B57⟩ and ⟨U+1F600⟩, and é ≤ ✓" in said[-1]


@pytest.mark.parametrize(
    ("name", "broken", "told"),
    [
        ("document.typ", '\n#panic("mine")', r"03-x.pdf: document.typ:2: .*mine"),
        ("document.typ", "#let x = (", r"document.typ:1"),
        ("document.typ", '#import "@preview/a:1.0.0": b', r"document.typ: imports a package"),
        ("look.typ", "#let ink = 1", r"document.typ:\d+"),
    ],
)
def test_a_template_that_fails_is_told_with_its_place(
    tmp_path: Path, name: str, broken: str, told: str
) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / name).write_text(broken)
    with pytest.raises(HarnessError, match=told):
        write_pdf(sample_pack(1), one(), tmp_path)


def test_a_folder_of_templates_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder of templates"):
        write_pdf(sample_pack(1), one(), tmp_path / "none")


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected a day"):
        write_pdf(replace(sample_pack(1), as_of="tomorrow"), one())


def test_a_drawing_that_is_none_is_refused() -> None:
    drawing = Figure("f", "c", "a", "no drawing")
    with pytest.raises(HarnessError, match=r"03-x\.pdf: look\.typ:\d+: .*(SVG|svg)"):
        write_pdf(sample_pack(1), one(drawing))
    with pytest.raises(HarnessError, match="a drawing"):
        draw_png(drawing.svg)
    assert draw_png(SVG).startswith(b"\x89PNG")
    assert draw_png(SVG) == draw_png(SVG)


def test_the_letters_are_not_wider_than_we_think(tmp_path: Path) -> None:
    """A row that is called one line high must be one: its letters are what the face has."""
    import typst

    letters = [letter for letter in LETTERS if letter != " "]
    (tmp_path / "letters.json").write_text(json.dumps(letters))
    (tmp_path / "m.typ").write_text(WIDTHS)
    compiler = typst.Compiler(str(tmp_path / "m.typ"), ignore_system_fonts=True)
    widths = json.loads(compiler.query("<widths>", field="value", one=True))
    wider = {
        letter: width
        for letter, width in zip(letters, widths, strict=True)
        if width > LETTERS[letter] + 1e-9
    }
    assert wider == {}
    assert set(map(chr, range(32, 127))) == set(LETTERS)


def test_columns_fill_the_page_and_long_names_are_not_broken() -> None:
    wide = matrix(30)
    assert is_wide(wide)
    layout = fit(wide, wide=True)
    assert sum(layout.widths_pt) == pytest.approx(WIDE_PT, abs=1)
    assert all(layout.is_one_line(row.cells) for row in wide.rows), "it sets in half the time"
    narrow = Table("t", "c", (Column("a", Kind.NAME), Column("b")), (Row((Cell("x"), Cell("y"))),))
    assert not is_wide(narrow)
    assert sum(fit(narrow, wide=False).widths_pt) == pytest.approx(UPRIGHT_PT, abs=1)


@pytest.mark.parametrize(
    ("text", "sure"),
    [("short", True), ("W" * 400, False), ("two\nlines", False), ("漢" * 90, False), ("", True)],
)
def test_a_row_is_one_line_high_only_where_that_is_sure(text: str, *, sure: bool) -> None:
    row = Row((Cell(text),))
    table = Table("t", "c", (Column("a"),), (row,))
    assert fit(table, wide=False).is_one_line(row.cells) is sure


def test_a_word_longer_than_its_column_may_be_broken() -> None:
    columns = tuple(Column("c", Kind.NAME) for _ in range(9))
    table = Table("t", "c", columns, (Row((Cell("REQ-" + "X" * 90),) * 9),))
    shown = typeset(sample_pack(1), one(table), str)
    cell = shown["sections"][0]["blocks"][0]["cells"][0]
    assert "\u200b" in cell
    assert cell.replace("\u200b", "") == "REQ-" + "X" * 90


@pytest.mark.parametrize("own_face", [True, False])
def test_a_row_that_is_one_line_high_holds_its_texts_as_they_are(*, own_face: bool) -> None:
    """In our own face nothing needs to be broken there: a name is found and copied whole."""
    name = "REQ-BEN-" + "0" * 20
    columns = (Column("a", Kind.NAME), Column("b"))
    table = Table("t", "c", columns, (Row((Cell(name), Cell("x " * 40))),))
    shown = typeset(sample_pack(1), one(table), str, own_face=own_face)
    block = shown["sections"][0]["blocks"][0]
    assert block["cells"][0].replace("\u200b", "") == name
    assert (block["cells"][0] == name) is own_face
    assert (block["heights"][0] > 0) is own_face
