"""A document as PDF/A-3 with its twin attached, set by typst: the same bytes on every machine.

Rules:
- Nothing is fetched, and fonts of the machine are not looked at; a folder of templates may bring
  its own, in `pack/fonts`.
- A sign that no font has is shown as its code point: a reader never sees a box.
- Up to `TAGGED_CELLS_MAX` cells of tables the file is PDF/A-3a and PDF/UA-1, which programs that
  read aloud can follow; a larger one is PDF/A-3b, for tags would double what it costs.
- The time in the file is the day that the pack states.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.pack.model import Document, Pack, Table
from edgeward_harness.pack.writing.extra import load
from edgeward_harness.pack.writing.twin import write_twin
from edgeward_harness.pack.writing.typeset import typeset
from edgeward_harness.pack.writing.zipped import read_day

MAIN = "document.typ"
LOOK = "look.typ"
TWIN, DATA = "twin.json", "document.json"
FONTS = "fonts"
TAGGED_CELLS_MAX = 20_000
_PROBE = """\
#set document(title: "p", date: datetime(year: 2000, month: 1, day: 1))
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), lang: "en")
#for s in json("signs.json") { par(s) }
"""
_UNSEEN = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_PACKAGE = re.compile(rb'"@[a-z]+/')
_TRIES = 4
_OURS: dict[str, bool] = {}
"""Whether our own faces lack a sign; each is asked for once, for a pack has two dozen documents."""


def write_pdf(pack: Pack, document: Document, templates: Path | None = None) -> bytes:
    """The PDF of one document.

    Raises:
        InputError: the folder of templates is not one.
        HarnessError: a template is broken, or the extra `pack` is not installed.
    """
    own_face = not _has_own_look(templates)
    with _workshop(templates) as folder:
        (folder / TWIN).write_bytes(write_twin(pack, document))
        shown = typeset(pack, document, str, own_face=own_face)
        signs = {sign for sign in set(_json(shown)) if not sign.isascii()}
        lacking = _lacking(folder, signs, _OURS if own_face else {})
        for _ in range(_TRIES):
            if lacking:
                shown = typeset(pack, document, _shower(lacking), own_face=own_face)
            (folder / DATA).write_text(_json(shown), encoding="utf-8", errors="replace")
            made, unseen, why = _compile(folder, MAIN, _standards(document), pack.as_of)
            if made is not None:
                return made
            if not unseen - lacking:
                raise HarnessError(f"{document.name}.pdf: {why}")
            lacking |= unseen
        raise HarnessError(f"{document.name}.pdf: no font shows {''.join(sorted(lacking))!r}")


def _json(shown: dict[str, Any]) -> str:
    return json.dumps(shown, ensure_ascii=False)


def draw_png(svg: str, pixels_per_inch: float = 200.0) -> bytes:
    """A drawing as PNG, for what cannot hold SVG.

    Raises:
        HarnessError: it is no SVG, or the extra `pack` is not installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "drawing.svg").write_text(svg, encoding="utf-8", errors="replace")
        page = '#set page(width: auto, height: auto, margin: 0pt)\n#image("drawing.svg")'
        (folder / MAIN).write_text(page, encoding="utf-8")
        typst = load("typst")
        try:
            made: bytes = typst.compile(
                folder / MAIN,
                root=folder,
                ignore_system_fonts=True,
                format="png",
                ppi=pixels_per_inch,
            )
        except typst.TypstError as fault:
            raise HarnessError(f"a drawing: {_told(fault)}") from fault
        return made


@contextmanager
def _workshop(templates: Path | None) -> Iterator[Path]:
    """A folder with the templates, those of the user over the shipped ones."""
    if templates is not None and not templates.is_dir():
        raise InputError("--templates", [f"found {templates}, expected a folder of templates"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in (resources.templates(), templates):
            if source is not None:
                _bring(source / "pack", folder)
        yield folder


def _bring(source: Path, folder: Path) -> None:
    """Copy what typst reads: the templates, and the fonts that lie beside them."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and (path.suffix == ".typ" or path.parent.name == FONTS):
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            if path.suffix == ".typ" and _PACKAGE.search(target.read_bytes()):
                raise HarnessError(
                    f"{path}: imports a package, which typst would fetch; copy it in"
                )


def _has_own_look(templates: Path | None) -> bool:
    """Whether a folder of templates sets tables in another face than ours."""
    own = None if templates is None else templates / "pack"
    return own is not None and ((own / LOOK).exists() or (own / FONTS).exists())


def _standards(document: Document) -> list[str]:
    cells = sum(
        len(block.rows) * len(block.columns)
        for block in document.blocks
        if isinstance(block, Table)
    )
    return ["a-3a", "ua-1"] if cells <= TAGGED_CELLS_MAX else ["a-3b"]


def _compile(
    folder: Path, main: str, standards: list[str], as_of: str
) -> tuple[bytes | None, set[str], str]:
    """The PDF, or the signs that no font has, and what went wrong."""
    typst = load("typst")
    day = datetime.combine(read_day(as_of), time.min, UTC)
    tags: dict[str, Any] = {} if "a-3a" in standards else {"pdf_tags": False}
    try:
        made = typst.compile(
            folder / main,
            root=folder,
            font_paths=[folder],
            ignore_system_fonts=True,
            pdf_standards=standards,
            timestamp=day,
            **tags,
        )
    except typst.TypstError as fault:
        found = str(fault.diagnostic)
        unseen = {sign for text in _UNSEEN.findall(found) for sign in _unescaped(text)}
        return None, {sign for sign in unseen if not sign.isascii()}, _told(fault)
    return made, set(), ""


def _lacking(folder: Path, signs: set[str], known: dict[str, bool]) -> set[str]:
    """The signs among these that no font at hand has; what is found out joins what is known."""
    asked = sorted(signs - known.keys())
    if asked:
        (folder / "signs.json").write_text(json.dumps(asked), encoding="utf-8")
        (folder / "probe.typ").write_text(_PROBE, encoding="utf-8")
        unseen = _compile(folder, "probe.typ", ["a-3b"], "2000-01-01")[1]
        known.update({sign: sign in unseen for sign in asked})
    return {sign for sign in signs if known[sign]}


def _unescaped(text: str) -> str:
    r"""A text as typst quotes it: `\u{301}` is one sign."""
    return re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: chr(int(found[1], 16)), text)


def _shower(lacking: set[str]) -> Any:  # noqa: ANN401 - a function of a text
    """Shows signs that no font has as code points."""
    table = {ord(sign): f"⟨U+{ord(sign):04X}⟩" for sign in lacking}
    return (lambda text: text.translate(table)) if table else (lambda text: text)


def _told(fault: Any) -> str:  # noqa: ANN401 - an error of typst, which has no types
    """What typst says in one line: message, file and line, hints."""
    place = re.search(r"┌─ (?:\S*/)?(\S+?:\d+)", str(fault.diagnostic))
    hints = f" ({'; '.join(fault.hints)})" if fault.hints else ""
    return f"{place[1] if place else MAIN}: {fault.message}{hints}"
