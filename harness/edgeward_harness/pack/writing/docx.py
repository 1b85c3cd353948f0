"""A document for Word, whose readers write into it: the same text, and the same bytes each time.

Rules:
- The word processor's own headings, tables and fields, so that its contents and numbering work.
- The state and the root digest stand on each page, as they do in the PDF.
- It is a copy to work with: the PDF and the twin are what is filed, and the first page says so.
"""

import io
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from edgeward_harness.pack.model import (
    Block,
    Document,
    Facts,
    Figure,
    Kind,
    Missing,
    Pack,
    Paragraph,
    Signature,
    Signatures,
    Table,
    Tone,
)
from edgeward_harness.pack.writing.columns import fit, is_wide
from edgeward_harness.pack.writing.extra import load
from edgeward_harness.pack.writing.pdf import draw_png
from edgeward_harness.pack.writing.shown import (
    SIGNS,
    is_digest,
    paragraphs,
    short_digest,
    signed,
)
from edgeward_harness.pack.writing.zipped import read_day, rezipped
from edgeward_harness.report.safe import visible

COPY = "A copy to work with. The PDF and its attached twin are what is filed."
CELL = "Cell"
"""The style of what stands in tables."""
_NAVY, _ZEBRA, _SOFT = "1F3A5C", "F4F5F7", "525A66"
_COLOURS = {
    Tone.PLAIN: "",
    Tone.GOOD: "0B6239",
    Tone.BAD: "A31B16",
    Tone.DOUBT: "744700",
    Tone.MISSING: "8F3B0A",
    Tone.QUIET: _SOFT,
}
_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SPACE = f'xmlns:w="{_NAMESPACE}"'
_UNUSED_PARTS = ("/stylesWithEffects", "/thumbnail", "/customXml")
_TWENTIETHS = 20
_FACE, _MONO = "Georgia", "Courier New"
_LONG_PT, _SHORT_PT = 841.9, 595.3


def write_docx(pack: Pack, document: Document) -> bytes:
    """The document as DOCX.

    Raises:
        HarnessError: a drawing is none, or the extra `pack` is not installed.
    """
    writer = _Writer(pack, document)
    writer.cover()
    for section in document.sections:
        wide = any(isinstance(block, Table) and is_wide(block) for block in section.blocks)
        writer.turn(wide=wide)
        writer.file.add_heading(_text(section.title), 1)
        for block in section.blocks:
            writer.block(block, wide=wide)
    return writer.bytes()


def _text(text: str) -> str:
    return str(visible(text))


class _Writer:
    """One document on its way."""

    def __init__(self, pack: Pack, document: Document) -> None:
        self._pack, self._document = pack, document
        self._library = load("docx")
        self._shared = load("docx.shared")
        self._parse = load("docx.oxml").parse_xml
        self.file: Any = self._library.Document()
        self._wide = False
        self._slim()
        self._styles()
        self._running()

    def _slim(self) -> None:
        """Leave out what the library's template brings and nothing here uses: 800 kB of it."""
        for relations in (self.file.part.rels, self.file.part.package.rels):
            for key, relation in list(relations.items()):
                if relation.reltype.endswith(_UNUSED_PARTS):
                    del relations[key]
        styles = self.file.styles
        for element in list(styles.element):
            if element.get(f"{{{_NAMESPACE}}}type") == "table":
                styles.element.remove(element)

    def _styles(self) -> None:
        styles, points = self.file.styles, self._shared.Pt
        normal = styles["Normal"]
        normal.font.name, normal.font.size = _FACE, points(10.5)
        normal.paragraph_format.space_after = points(6)
        cell = styles.add_style(CELL, self._library.enum.style.WD_STYLE_TYPE.PARAGRAPH)
        cell.base_style = normal
        cell.font.size = points(8.5)
        cell.paragraph_format.space_before = cell.paragraph_format.space_after = points(1.5)
        for name, size in (("Title", 26), ("Heading 1", 16)):
            style = styles[name]
            style.font.name, style.font.size = _FACE, points(size)
            style.font.color.rgb = self._shared.RGBColor.from_string("171A20")
            fonts = style.element.rPr.rFonts
            for key in list(fonts.attrib):
                if "Theme" in key:
                    del fonts.attrib[key]
        section = self.file.sections[0]
        section.page_width, section.page_height = points(_SHORT_PT), points(_LONG_PT)
        for side in ("left", "right", "top", "bottom"):
            setattr(section, f"{side}_margin", points(57))

    def _running(self) -> None:
        """What stands on each page."""
        pack, document = self._pack, self._document
        section = self.file.sections[0]
        head = section.header.paragraphs[0]
        head.text = f"{_text(document.number)}  {_text(document.title)}\t\t{_text(pack.state)}"
        foot = section.footer.paragraphs[0]
        told = f"{short_digest(pack.root_sha256)}  {_text(pack.as_of)}\t{_text(pack.device)}\t"
        foot.add_run(told)
        for code in ("PAGE", "NUMPAGES"):
            foot._p.append(
                self._parse(f'<w:fldSimple {_SPACE} w:instr="{code}"><w:r/></w:fldSimple>')
            )
            if code == "PAGE":
                foot.add_run(" / ")
        for paragraph in (head, foot):
            for run in paragraph.runs:
                run.font.size = self._shared.Pt(8.5)
                run.font.color.rgb = self._shared.RGBColor.from_string(_SOFT)

    def cover(self) -> None:
        """What the document is, of what, and what it lacks."""
        pack, document = self._pack, self._document
        self.file.add_paragraph(_text(pack.title))
        self.file.add_heading(f"{_text(document.number)} {_text(document.title)}", 0)
        for part in paragraphs(document.purpose):
            self.file.add_paragraph(part)
        rows = [
            ("Device", pack.device),
            ("Release", pack.release),
            ("State", pack.state),
            ("As of", pack.as_of),
            *pack.facts,
            ("Root digest of the evidence", pack.root_sha256),
            *((("Answers", "; ".join(document.answers)),) if document.answers else ()),
        ]
        self._pairs([(name, _text(value), Tone.PLAIN) for name, value in rows])
        if document.missing:
            count = len(document.missing)
            self._coloured(f"{SIGNS[Tone.MISSING]} Missing in this document: {count:,}")
            self.file.add_paragraph(_text("; ".join(document.gaps[:20])))
        self.file.add_paragraph(COPY).runs[0].italic = True

    def turn(self, *, wide: bool) -> None:
        """Begin pages of the other kind where the next section needs them."""
        if wide == self._wide:
            return
        self._wide = wide
        section = self.file.add_section(self._library.enum.section.WD_SECTION.NEW_PAGE)
        orient = self._library.enum.section.WD_ORIENT
        section.orientation = orient.LANDSCAPE if wide else orient.PORTRAIT
        sizes = (_LONG_PT, _SHORT_PT) if wide else (_SHORT_PT, _LONG_PT)
        section.page_width, section.page_height = map(self._shared.Pt, sizes)

    def block(self, block: Block, *, wide: bool) -> None:
        """One block."""
        if isinstance(block, Paragraph):
            for part in paragraphs(block.text):
                self.file.add_paragraph(part)
        elif isinstance(block, Facts):
            self._pairs([(name, signed(cell), cell.tone) for name, cell in block.rows])
        elif isinstance(block, Table):
            self._table(block, wide=wide)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, Missing):
            self._coloured(f"{SIGNS[Tone.MISSING]} Missing: {_text(block.what)}")
            for text in filter(None, (block.why, block.remedy)):
                self.file.add_paragraph(_text(text))
        else:
            self._signatures(block)

    def _figure(self, block: Figure) -> None:
        picture = self.file.add_picture(io.BytesIO(draw_png(block.svg)), self._shared.Pt(460))
        picture._inline.docPr.set("descr", _text(block.alt))
        self._caption(block.caption)

    def _signatures(self, block: Signatures) -> None:
        for one in block.places:
            self._caption(f"{one.meaning} ({one.role})")
            self._pairs(_signature(one))

    def _coloured(self, text: str) -> None:
        run = self.file.add_paragraph().add_run(text)
        run.bold = True
        run.font.color.rgb = self._shared.RGBColor.from_string(_COLOURS[Tone.MISSING])

    def _caption(self, text: str) -> None:
        paragraph = self.file.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run(_text(text)).bold = True

    def _pairs(self, rows: list[tuple[str, str, Tone]]) -> None:
        """Names and values, one to a line."""
        if not rows:
            return
        lines = [
            _row((_cell(_text(name), _SOFT), _cell(value, _COLOURS[tone])))
            for name, value, tone in rows
        ]
        self._put(lines, (140.0, 340.0))

    def _table(self, table: Table, *, wide: bool) -> None:
        self._caption(table.caption)
        if not table.rows:
            self.file.add_paragraph(_text(table.empty)).runs[0].italic = True
            return
        widths = fit(table, wide=wide).widths_pt
        heads = [_cell(_text(one.title), "FFFFFF", _NAVY, bold=True) for one in table.columns]
        lines = [_row(heads, head=True)]
        digests = [column.kind is Kind.DIGEST for column in table.columns]
        for number, row in enumerate(table.rows):
            fill = _ZEBRA if number % 2 else ""
            cells = []
            for cell, digest in zip(row.cells, digests, strict=True):
                text = short_digest(cell.text) if is_digest(cell.text) else signed(cell)
                cells.append(_cell(text, _COLOURS[cell.tone], fill, mono=digest))
            lines.append(_row(cells))
        self._put(lines, widths)

    def _put(self, lines: list[str], widths: tuple[float, ...]) -> None:
        """A table as the text of its XML: cell by cell through the library takes minutes."""
        grid = "".join(f'<w:gridCol w:w="{_units(width)}"/>' for width in widths)
        markup = (
            f'<w:tbl {_SPACE}><w:tblPr><w:tblW w:w="{_units(sum(widths))}" w:type="dxa"/>'
            '<w:tblBorders><w:bottom w:val="single" w:sz="4" w:color="DCDFE5"/>'
            '<w:insideH w:val="single" w:sz="4" w:color="DCDFE5"/></w:tblBorders>'
            f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
            f"{''.join(lines)}</w:tbl>"
        )
        self.file.element.body.insert_element_before(self._parse(markup.encode()), "w:sectPr")
        self.file.add_paragraph()

    def bytes(self) -> bytes:
        """The file."""
        stamp = datetime.combine(read_day(self._pack.as_of), datetime.min.time())
        core = self.file.core_properties
        core.title = f"{_text(self._document.number)} {_text(self._document.title)}"
        core.author = core.last_modified_by = "Edgeward"
        core.comments = ""
        core.created = core.modified = stamp
        core.revision = 1
        out = io.BytesIO()
        self.file.save(out)
        return rezipped(out.getvalue(), self._pack.as_of)


def _units(points: float) -> int:
    return round(points * _TWENTIETHS)


def _row(cells: Any, *, head: bool = False) -> str:  # noqa: ANN401 - texts
    told = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{told}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(
    text: str,
    colour: str = "",
    fill: str = "",
    *,
    bold: bool = False,
    mono: bool = False,
) -> str:
    """A cell; its face and size are those of the style `CELL`, and only what differs is said."""
    shade = (
        f'<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="{fill}"/></w:tcPr>' if fill else ""
    )
    dress = (
        (f'<w:rFonts w:ascii="{_MONO}" w:hAnsi="{_MONO}"/>' if mono or is_digest(text) else "")
        + ("<w:b/>" if bold else "")
        + (f'<w:color w:val="{colour}"/>' if colour else "")
    )
    lines = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n")
    )
    told = f"<w:rPr>{dress}</w:rPr>" if dress else ""
    style = f'<w:pPr><w:pStyle w:val="{CELL}"/></w:pPr>'
    return f"<w:tc>{shade}<w:p>{style}<w:r>{told}{lines}</w:r></w:p></w:tc>"


def _signature(one: Signature) -> list[tuple[str, str, Tone]]:
    if not one.name:
        blank = [(name, "", Tone.PLAIN) for name in ("Name", "Time (UTC)", "Signature")]
        return [*blank, ("", f"{SIGNS[Tone.MISSING]} not signed", Tone.MISSING)]
    checked = (_text(one.checked), Tone.PLAIN) if one.checked else ("? not checked", Tone.DOUBT)
    return [
        ("Name", _text(one.name), Tone.PLAIN),
        ("Time (UTC)", _text(one.signed_utc), Tone.PLAIN),
        ("Of", _text(one.digest), Tone.PLAIN),
        ("Found", *checked),
    ]
