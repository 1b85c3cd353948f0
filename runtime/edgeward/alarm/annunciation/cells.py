"""Text that stays in its place on a terminal: so many cells wide, and no control of its own."""

import unicodedata

_DOUBLE = ("W", "F")
_ON_TOP = ("Mn", "Me")


def plain(text: str) -> str:
    """The text without anything that moves the cursor or is no character; `?` stands in for it."""
    return "".join("?" if unicodedata.category(each)[0] in "CZ" and each != " " else each
                   for each in text)  # fmt: skip


def cells(text: str) -> int:
    """How many cells it takes."""
    return sum(_cells(each) for each in text)


def fitted(text: str, width: int) -> str:
    """The text in exactly so many cells; what was cut off ends in `~`."""
    text = plain(text)
    if cells(text) <= width:
        return text + " " * (width - cells(text))
    kept, used = "", 0
    for each in text:
        if used + _cells(each) > width - 1:
            break
        kept += each
        used += _cells(each)
    return (kept + "~" + " " * (width - used - 1)) if width > 0 else ""


def _cells(each: str) -> int:
    if unicodedata.category(each) in _ON_TOP:
        return 0
    return 2 if unicodedata.east_asian_width(each) in _DOUBLE else 1
