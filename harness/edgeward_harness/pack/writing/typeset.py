"""A document as the plain values that the typst templates set: text as data, never as markup.

What is shown is what the twin holds, with three differences: hidden characters are code points,
digests in tables are short, and a word that is longer than its column may be broken.
"""

import re
from collections.abc import Callable
from typing import Any

from edgeward_harness.pack.model import (
    Block,
    Cell,
    Document,
    Facts,
    Figure,
    Kind,
    Missing,
    Pack,
    Paragraph,
    Section,
    Signatures,
    Table,
    Tone,
)
from edgeward_harness.pack.writing.columns import PADDING_PT, Fit, fit, is_wide
from edgeward_harness.pack.writing.shown import (
    SIGNS,
    anchors,
    is_digest,
    paragraphs,
    short_digest,
    split_link,
)
from edgeward_harness.report.safe import visible

_BREAK = "\u200b"
_AFTER = re.compile(r"(?<=[-_./:@,;=&?#\\])(?=\w)")
_LETTER_EMS = 0.56
"""More than most letters take: a break too many does no harm."""

Show = Callable[[str], str]
"""Makes a text safe to set: with the fonts at hand, and nothing hidden in it."""


def typeset(pack: Pack, document: Document, show: Show, *, own_face: bool = True) -> dict[str, Any]:
    """What the templates read as `document.json`.

    Args:
        pack: what stands on each page.
        document: what is set.
        show: makes a text safe to set.
        own_face: whether tables are set in our own face, whose letters are known: a row that is
            sure to be one line high is set in half the time.
    """
    return _Setter(document, show, own_face=own_face).all(pack)


class _Setter:
    """Turns one document into values."""

    def __init__(self, document: Document, show: Show, *, own_face: bool) -> None:
        self._document = document
        self._own_face = own_face
        self._show: Show = lambda text: show(visible(text))
        known = set(anchors(document))
        wanted = dict.fromkeys(self._targets())
        self._labels = {name: f"to-{n}" for n, name in enumerate(wanted) if name in known}
        self._given: set[str] = set()

    def _targets(self) -> list[str]:
        """Where links within this document lead."""
        found = []
        for block in self._document.blocks:
            if isinstance(block, Table):
                links = (cell.link for row in block.rows for cell in row.cells if cell.link)
            elif isinstance(block, Facts):
                links = (cell.link for _, cell in block.rows if cell.link)
            else:
                continue
            for link in links:
                number, anchor = split_link(link, self._document.number)
                if number == self._document.number and anchor:
                    found.append(anchor)
        return found

    def all(self, pack: Pack) -> dict[str, Any]:
        """All that the templates read."""
        show, document = self._show, self._document
        return {
            "pack": {
                "title": show(pack.title),
                "device": show(pack.device),
                "release": show(pack.release),
                "as_of": show(pack.as_of),
                "state": show(pack.state),
                "root": show(pack.root_sha256),
                "root_short": show(short_digest(pack.root_sha256)),
                "facts": [[show(name), show(value)] for name, value in pack.facts],
            },
            "number": show(document.number),
            "title": show(document.title),
            "name": show(document.name),
            "purpose": [show(part) for part in paragraphs(document.purpose)],
            "answers": [show(clause) for clause in document.answers],
            "missing": [show(what) for what in document.gaps],
            "lacking": len(document.missing),
            "sections": [self._section(section) for section in document.sections],
        }

    def _section(self, section: Section) -> dict[str, Any]:
        wide = any(isinstance(block, Table) and is_wide(block) for block in section.blocks)
        return {
            "title": self._show(section.title),
            "label": self._label(section.id),
            "wide": wide,
            "blocks": [self._block(block, wide=wide) for block in section.blocks],
        }

    def _label(self, name: str) -> str:
        """The label of a place, where anything links to it; the first of a name has it."""
        label = self._labels.get(name, "")
        if not label or label in self._given:
            return ""
        self._given.add(label)
        return label

    def _block(self, block: Block, *, wide: bool) -> dict[str, Any]:
        show = self._show
        if isinstance(block, Paragraph):
            return {"kind": "paragraph", "texts": [show(one) for one in paragraphs(block.text)]}
        if isinstance(block, Facts):
            rows = [[show(name), self._fact(cell)] for name, cell in block.rows]
            return {"kind": "facts", "rows": rows}
        if isinstance(block, Table):
            return self._table(block, fit(block, wide=wide))
        if isinstance(block, Figure):
            return {
                "kind": "figure",
                "caption": show(block.caption),
                "alt": show(block.alt),
                "svg": block.svg,
                "label": self._label(block.id),
            }
        if isinstance(block, Missing):
            told = {"what": show(block.what), "why": show(block.why), "remedy": show(block.remedy)}
            return {"kind": "missing", **told}
        return self._signatures(block)

    def _signatures(self, block: Signatures) -> dict[str, Any]:
        show = self._show
        places = [
            {
                "meaning": show(one.meaning),
                "role": show(one.role),
                "name": show(one.name),
                "utc": show(one.signed_utc),
                "digest": show(short_digest(one.digest)),
                "checked": show(one.checked),
            }
            for one in block.places
        ]
        return {"kind": "signatures", "places": places}

    def _fact(self, cell: Cell) -> Any:  # noqa: ANN401 - a text, or what the template makes of one
        return self._dressed(cell, self._show(cell.text), mono=is_digest(cell.text))

    def _table(self, table: Table, layout: Fit) -> dict[str, Any]:
        show = self._show
        cells: list[Any] = []
        heights: list[float] = []
        for row in table.rows:
            low = self._own_face and layout.is_one_line(row.cells)
            heights.append(layout.row_pt if low else 0)
            label = self._label(row.anchor) if row.anchor in self._labels else ""
            tall = not low and not layout.is_low(row.cells)
            for index, cell in enumerate(row.cells):
                text = cell.text
                text = show(short_digest(text)) if low else self._in_column(text, index, layout)
                mono = table.columns[index].kind is Kind.DIGEST
                made = self._dressed(cell, text, mono=mono, label="" if index else label)
                cells.append(_breaking(made) if tall else made)
        return {
            "kind": "table",
            "id": show(table.id),
            "caption": show(table.caption),
            "empty": show(table.empty),
            "size": layout.size_pt,
            "heads": [
                self._in_column(column.title, index, layout)
                for index, column in enumerate(table.columns)
            ],
            "widths": layout.widths_pt,
            "right": [column.kind is Kind.NUMBER for column in table.columns],
            "cells": cells,
            "heights": heights,
            "label": self._label(table.id),
        }

    def _in_column(self, text: str, index: int, layout: Fit) -> str:
        """A text that fits its column: short where it is a digest, breakable where it is long."""
        text = short_digest(text)
        room = (layout.widths_pt[index] - PADDING_PT) / (layout.size_pt * _LETTER_EMS)
        return _breakable(self._show(text), max(4, int(room)))

    def _leads(self, link: str) -> str:
        """The label that a link leads to; empty where it leads out of this document."""
        number, anchor = split_link(link, self._document.number)
        return self._labels.get(anchor, "") if number == self._document.number else ""

    def _dressed(self, cell: Cell, text: str, *, mono: bool = False, label: str = "") -> Any:  # noqa: ANN401 - a text, or what the template makes of one
        """A text alone where it is plain, which most are; else with what dresses it."""
        link = self._leads(cell.link) if cell.link else ""
        if cell.tone is Tone.PLAIN and not (mono or label or link):
            return text
        dressed: dict[str, Any] = {"t": text}
        if cell.tone is not Tone.PLAIN:
            dressed |= {"c": cell.tone.value, "s": SIGNS[cell.tone]}
        if mono:
            dressed["m"] = True
        return dressed | ({"l": link} if link else {}) | ({"a": label} if label else {})


def _breaking(cell: Any) -> dict[str, Any]:  # noqa: ANN401 - a text, or what dresses one
    """A cell of a row that may go on over a page: it could be taller than one."""
    return {**(cell if isinstance(cell, dict) else {"t": cell}), "b": True}


def _breakable(text: str, room: int) -> str:
    """A text whose words that are longer than the room may be broken: after signs, or anywhere."""
    if len(text) <= room or max(map(len, text.split()), default=0) <= room:
        return text
    return re.sub(rf"\S{{{room + 1},}}", lambda found: _broken(found.group(), room), text)


def _broken(word: str, room: int) -> str:
    parts = _AFTER.sub(_BREAK, word).split(_BREAK)
    return _BREAK.join(
        _BREAK.join(part[start : start + room] for start in range(0, len(part), room))
        for part in parts
    )
