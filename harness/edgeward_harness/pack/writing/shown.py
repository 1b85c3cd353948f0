"""What all writers share: signs beside colours, shortened digests, paragraphs, where links lead."""

import re
from collections.abc import Iterator, Mapping

from edgeward_harness.pack.model import Cell, Document, Figure, Table, Tone
from edgeward_harness.report.safe import visible

SIGNS: Mapping[Tone, str] = {
    Tone.PLAIN: "",
    Tone.GOOD: "✓",
    Tone.BAD: "✗",
    Tone.DOUBT: "?",
    Tone.MISSING: "\N{EN DASH}",
    Tone.QUIET: "",
}
"""Beside each colour a sign, so that no meaning rests on colour alone."""
MISSING_WORD = "missing: "
"""What stands before a missing value where there is neither colour nor sign."""
DIGEST_SHOWN = 12
"""Digits of a digest that print shows; the twin has them all."""
DIGITS_MIN = 40
_DIGEST = re.compile(f"[0-9a-f]{{{DIGITS_MIN},128}}")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n\s*")


def is_digest(text: str) -> bool:
    """Whether a text is a digest and nothing else."""
    return len(text) >= DIGITS_MIN and _DIGEST.fullmatch(text) is not None


def short_digest(text: str) -> str:
    """The beginning of a digest; anything else as it is."""
    return f"{text[:DIGEST_SHOWN]}…" if is_digest(text) else text


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, safe to show."""
    return [visible(part) for part in _EMPTY_LINE.split(text.strip()) if part]


def signed(cell: Cell) -> str:
    """A cell as plain text: its sign, and what it says with hidden characters made visible."""
    sign = SIGNS[cell.tone]
    return f"{sign} {visible(cell.text)}" if sign else str(visible(cell.text))


def anchors(document: Document) -> Iterator[str]:
    """Every name in a document that a link may lead to."""
    for section in document.sections:
        yield section.id
        for block in section.blocks:
            if isinstance(block, Table | Figure):
                yield block.id
            if isinstance(block, Table):
                yield from (row.anchor for row in block.rows if row.anchor)


def split_link(link: str, number: str) -> tuple[str, str]:
    """The document and the anchor that a link names; one without a document stays in its own."""
    document, _, anchor = link.partition("#")
    return document or number, anchor
