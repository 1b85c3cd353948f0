"""All documents as one page: no network, no script needed, no text of others taken for markup.

Rules:
- Every value is escaped; characters that hide, reorder or break text are shown as code points.
- Style and script are part of the page and allowed by digest; a drawing is an image, which runs
  nothing.
- With the script one document is seen at a time, and tables can be searched and sorted. Without it
  the page is whole.
- A link leads to what the page has; one that leads nowhere is plain text (`dangling` names them).
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from edgeward_harness.errors import HarnessError
from edgeward_harness.pack.model import Cell, Document, Facts, Kind, Pack, Row, Table, Tone
from edgeward_harness.pack.writing.columns import least_ems
from edgeward_harness.pack.writing.shown import SIGNS, anchors, is_digest, paragraphs, split_link
from edgeward_harness.report.environment import make_environment
from edgeward_harness.report.page import located, page_bytes, page_policy, page_source
from edgeward_harness.report.safe import anchor

PAGE = "pack/page.html.j2"
STYLES = ("report.css", "pack/page.css")
SCRIPT = "pack/page.js"
MANY_ROWS = 150
"""From here on the rows of a table are grids, of which only those in view are laid out."""
SEARCHED_ROWS = 8
_REM_PER_EM = 0.9
_CELL_REM = 1.8
"""The padding of a cell, and room for the arrow of a head."""
_IMAGES = "img-src data:; "

Places = Mapping[tuple[str, str], str]
"""The id on the page of each document, and of each name in it that a link may lead to."""


def write_html(pack: Pack, templates: Path | None = None) -> bytes:
    """The page as bytes.

    Raises:
        InputError: the folder of templates is not one.
        HarnessError: a template is missing, broken, or names something a pack does not have.
    """
    environment = make_environment(templates)
    try:
        grids = _Grids(pack)
        css = "\n".join([*(page_source(environment, name) for name in STYLES), grids.css])
        script = page_source(environment, SCRIPT)
        places = _places(pack)
        pieces = environment.get_template(PAGE).generate(
            pack=pack,
            css=environment.filters["trusted"](css),
            script=environment.filters["trusted"](script),
            policy=page_policy(css, script, _IMAGES),
            grid=grids.name,
            href=_leads(places),
            place=lambda number, name: places.get((number, name), ""),
            id_of=_once(places),
            kind=lambda block: type(block).__name__.lower(),
            tones=_tones,
            row_tones=_row_tones,
            image=_image,
            is_digest=is_digest,
            parts=paragraphs,
            anchor_of=anchor,
            signs={tone.value: sign for tone, sign in SIGNS.items()},
            DIGEST=Kind.DIGEST,
            NUMBER=Kind.NUMBER,
            PLAIN=Tone.PLAIN,
            SEARCHED=SEARCHED_ROWS,
        )
        return page_bytes(pieces)
    except HarnessError:
        raise
    except Exception as fault:  # a template may do anything: what it raises is told with its place
        raise HarnessError(located(fault, PAGE)) from fault


def dangling(pack: Pack) -> tuple[str, ...]:
    """Every link of the pack that leads to nothing, as `document: link`."""
    places = _places(pack)
    found: dict[str, None] = {}
    for document in pack.documents:
        for link in _links(document):
            if split_link(link, document.number) not in places:
                found[f"{document.number}: {link}"] = None
    return tuple(found)


def _links(document: Document) -> Iterator[str]:
    for block in document.blocks:
        if isinstance(block, Table):
            yield from (cell.link for row in block.rows for cell in row.cells if cell.link)
        elif isinstance(block, Facts):
            yield from (cell.link for _, cell in block.rows if cell.link)


def _places(pack: Pack) -> Places:
    places: dict[tuple[str, str], str] = {}
    for document in pack.documents:
        prefix = anchor(document.number, "d")
        places.setdefault((document.number, ""), prefix)
        for name in anchors(document):
            places.setdefault((document.number, name), anchor(name, prefix))
    return places


def _once(places: Places) -> Callable[[str, str], str]:
    """The id of a place for the first that asks; empty for another of the same name."""
    given: set[tuple[str, str]] = set()

    def id_of(number: str, name: str) -> str:
        if (number, name) in given:
            return ""
        given.add((number, name))
        return places.get((number, name), "")

    return id_of


def _leads(places: Places) -> Callable[[Cell, str], str]:
    """Where the link of a cell leads on the page; empty where there is nothing."""

    def href(cell: Cell, number: str) -> str:
        if not cell.link:
            return ""
        place = places.get(split_link(cell.link, number), "")
        return f"#{place}" if place else ""

    return href


def _row_tones(row: Row) -> str:
    """The tones in a row, for the filter."""
    told = dict.fromkeys(cell.tone.value for cell in row.cells if cell.tone is not Tone.PLAIN)
    return " ".join(told)


def _tones(table: Table) -> list[str]:
    """The tones in a table in the order of the model, each once."""
    seen = {cell.tone for row in table.rows for cell in row.cells}
    return [tone.value for tone in Tone if tone in seen and tone is not Tone.PLAIN]


def _image(svg: str) -> str:
    """A drawing as an address that holds it: an image runs no script and loads nothing."""
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    return f"data:image/svg+xml;base64,{data}"


class _Grids:
    """The columns of the long tables, as classes: a policy by digest allows no style in place."""

    def __init__(self, pack: Pack) -> None:
        self._names: dict[_Tracks, str] = {}
        self._of: dict[tuple[str, str], str] = {}
        for document in pack.documents:
            for block in document.blocks:
                if isinstance(block, Table) and len(block.rows) >= MANY_ROWS:
                    tracks = _tracks(block)
                    name = self._names.setdefault(tracks, f"grid-{len(self._names)}")
                    self._of[document.number, block.id] = name

    def name(self, document: Document, table: Table) -> str:
        """The class of a table; empty for one that is short."""
        return self._of.get((document.number, table.id), "")

    @property
    def css(self) -> str:
        """The rules of all classes."""
        rules = [
            f".{name} {{ min-width: {tracks.least_rem:.2f}rem; }} "
            f".{name} tr {{ grid-template-columns: {tracks.template}; }}"
            for tracks, name in self._names.items()
        ]
        return f"@media screen {{ {' '.join(rules)} }}" if rules else ""


class _Tracks(NamedTuple):
    """The columns of a grid, and the least that they take together."""

    template: str
    least_rem: float


def _tracks(table: Table) -> _Tracks:
    tracks, together = [], 0.0
    for column, ems in zip(table.columns, least_ems(table), strict=True):
        least = round(ems * _REM_PER_EM + _CELL_REM, 2)
        together += least
        share = column.weight if column.kind is Kind.TEXT else 0.0
        tracks.append(f"minmax({least}rem, {share:g}fr)" if share else f"{least}rem")
    return _Tracks(" ".join(tracks), together)
