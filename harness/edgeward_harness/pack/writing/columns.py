"""How wide the columns of a printed table are, and which of its rows are one line high.

Rules:
- Names, numbers and digests get what their longest entry needs, up to a bound; texts share the rest
  by weight, and each gets what makes it readable.
- A table that does not fit an upright page lies on a wide one; what does not fit there either is
  set smaller and may be broken anywhere.
- A row is called one line high only where that is sure: the letters are added up as the face has
  them, and what is outside ASCII counts as wide as anything can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from edgeward_harness.pack.model import Cell, Column, Kind, Table
from edgeward_harness.pack.writing.shown import DIGEST_SHOWN, SIGNS, is_digest

UPRIGHT_PT = 481.0
"""Between the margins of an upright A4 page."""
WIDE_PT = 734.0
"""Between those of a wide one."""
SIZE_PT = 8.2
SIZE_MIN_PT = 5.5
PADDING_PT = 9.0
"""Left and right of a cell together; `look.typ` has the half of it."""
ROW_PADDING_PT = 7.2
"""Above and below together."""
LETTERS: dict[str, float] = {
    letter: width
    for width, letters in (
        (0.22, "'|"),
        (0.24, ":;"),
        (0.26, " ,."),
        (0.3, "!ijl"),
        (0.32, "()I\\{}"),
        (0.34, "/ft"),
        (0.36, "-"),
        (0.38, '"J[]'),
        (0.4, "`"),
        (0.42, "rs"),
        (0.44, "*?cz"),
        (0.48, "#$ae~"),
        (0.5, "0123456789S_"),
        (0.52, "F^bgoq"),
        (0.54, "Ldkpvxy"),
        (0.56, "+<=>Phu"),
        (0.58, "En"),
        (0.6, "T"),
        (0.62, "BRY"),
        (0.64, "%Z"),
        (0.66, "KV"),
        (0.68, "CU"),
        (0.7, "A"),
        (0.72, "DNX"),
        (0.74, "&GHOQ"),
        (0.78, "w"),
        (0.82, "m"),
        (0.86, "M"),
        (1.0, "@W"),
    )
    for letter in letters
}
"""The widths of Libertinus Serif, regular or semibold, in sizes of the letters, rounded up."""
_CODE_POINT_EMS = 5.0
"""What is outside ASCII may be shown as its code point: `⟨U+1F600⟩`."""
_WIDE_SIGN_EMS = 1.05
_MONO_EMS = 0.53
_SIGN_EMS = 1.4
_CAPITALS_EMS = 0.66
_NAME_MAX_PT = 118.0
_TEXT_MIN_PT = 84.0
_TEXT_LETTER_EMS = 0.485
_SPARE_PT = 0.1
"""So that what was rounded still fits."""
_LOW_LINES = 24
"""About half of a wide page."""
_WORD_EMS = 2.5
"""What a line may leave empty before a long word."""
_WANT_PT = _TEXT_LETTER_EMS * SIZE_PT * 1.08
"""For each letter of a text that would stand on one line."""
_LOOKED_AT = 64
"""Of the longest names; the widest is among them."""
_KNOWN_SIGNS = "≤≥±µ·–—…×÷°²³§“”‘’✓✗→←"  # noqa: RUF001 - the signs themselves
_WIDTHS = LETTERS | dict.fromkeys(_KNOWN_SIGNS, _WIDE_SIGN_EMS)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table is laid out: points for each column, the size of its letters, which page."""

    widths_pt: tuple[float, ...]
    size_pt: float

    @property
    def row_pt(self) -> float:
        """How high a row of one line is."""
        return round(self.size_pt * _CAPITALS_EMS + ROW_PADDING_PT, 2)

    def is_one_line(self, cells: Sequence[Cell]) -> bool:
        """Whether a row is one line high, whatever the face makes of its letters."""
        return all(map(self._fits, cells, self.widths_pt))

    def is_low(self, cells: Sequence[Cell]) -> bool:
        """Whether a row is sure to be so low that it can stand on one page."""
        return all(map(self._is_low, cells, self.widths_pt))

    def _is_low(self, cell: Cell, width_pt: float) -> bool:
        room = max(1.0, (width_pt - PADDING_PT) / self.size_pt - _WORD_EMS)
        if len(cell.text) < room:
            return cell.text.count("\n") < _LOW_LINES
        return ems(cell.text) / room + cell.text.count("\n") <= _LOW_LINES

    def _fits(self, cell: Cell, width_pt: float) -> bool:
        room = (width_pt - PADDING_PT) / self.size_pt - (_SIGN_EMS if SIGNS[cell.tone] else 0.0)
        text = cell.text
        if is_digest(text):
            return room >= (DIGEST_SHOWN + 1) * _MONO_EMS
        return len(text) * 0.22 <= room and "\n" not in text and ems(text) <= room


def is_wide(table: Table) -> bool:
    """Whether a table asks for a wide page."""
    return sum(_needs(table)) > UPRIGHT_PT


def least_ems(table: Table) -> list[float]:
    """What each column asks for, in sizes of its letters: for pages that have no points."""
    return [round(need / SIZE_PT, 1) for need in _needs(table)]


def fit(table: Table, *, wide: bool) -> Fit:
    """The layout of a table on a page of one kind."""
    needs = _needs(table)
    room = WIDE_PT if wide else UPRIGHT_PT
    size = SIZE_PT
    if sum(needs) >= room:
        size = max(SIZE_MIN_PT, SIZE_PT * room / sum(needs))
        widths = [need * room / sum(needs) for need in needs]
    else:
        widths = _shared(table, needs, room)
    return Fit(tuple(round(width, 2) for width in widths), round(size, 2))


def ems(text: str) -> float:
    """How wide a text is at most, in sizes of its letters."""
    try:
        return sum(map(_WIDTHS.__getitem__, text))
    except KeyError:
        return sum(_WIDTHS.get(sign, _CODE_POINT_EMS) for sign in text)


def _shared(table: Table, needs: Sequence[float], room: float) -> list[float]:
    """The needs with what is left over given to texts by weight, to none more than it can fill.

    What nobody can fill goes to all alike: a table is as wide as its page.
    """
    widths = list(needs)
    wants = {
        index: (max((len(row.cells[index].text) for row in table.rows), default=0) * _WANT_PT)
        for index, column in enumerate(table.columns)
        if column.kind is Kind.TEXT
    }
    hungry = {index for index, want in wants.items() if want > widths[index]}
    while hungry and room - sum(widths) > 1.0:
        left = room - sum(widths)
        weights = sum(table.columns[index].weight for index in hungry)
        for index in sorted(hungry):
            given = left * table.columns[index].weight / weights
            widths[index] = min(wants[index], widths[index] + given)
        hungry = {index for index in hungry if widths[index] < wants[index] - 0.01}
    share = (room - sum(widths)) / max(1, len(widths))
    return [width + share for width in widths]


def _needs(table: Table) -> list[float]:
    return [
        _need(column, [row.cells[index] for row in table.rows])
        for index, column in enumerate(table.columns)
    ]


def _need(column: Column, cells: Sequence[Cell]) -> float:
    """What a column asks for at the full size."""
    head = max(map(ems, column.title.split()), default=0.0) * SIZE_PT
    if column.kind is Kind.TEXT:
        longest = max((len(cell.text) for cell in cells), default=0) * _TEXT_LETTER_EMS * SIZE_PT
        least = _TEXT_MIN_PT * min(2.0, max(0.6, column.weight))
        return max(min(head, _NAME_MAX_PT), min(longest, least)) + PADDING_PT
    if column.kind is Kind.DIGEST:
        body = (DIGEST_SHOWN + 1) * _MONO_EMS * SIZE_PT
    else:
        longest_few = nlargest(_LOOKED_AT, cells, key=lambda cell: len(cell.text))
        body = max(map(_cell_ems, longest_few), default=0.0) * SIZE_PT
    return max(min(head, _NAME_MAX_PT), min(body, _NAME_MAX_PT)) + PADDING_PT + _SPARE_PT


def _cell_ems(cell: Cell) -> float:
    return ems(cell.text) + (_SIGN_EMS if SIGNS[cell.tone] else 0.0)
