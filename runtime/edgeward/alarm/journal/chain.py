"""The lines of the alarm journal: each tied to the one before, and what can be said of a file.

Rules:
1. A line is canonical JSON. `line` counts from 1 without a hole over all segments, `prev` is the
   chain of the line before, and `chain` is the SHA-256 of the line without it. So each line proves
   itself, and says which line came before it.
2. Reading keeps every line that proves itself, wherever it lies, and names all that is wrong.
3. A piece that is no line, where no number is missing, is what a cut of the power or a full disk
   has left of a write that was later repeated or had never been answered: it is told, as benign.
4. A chain without a key shows accidents and edits; who writes the whole of it anew, and the marks
   that say how far it must go, is not found out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from json import loads
from typing import Any

from edgeward.alarm.journal.slots import Mark
from edgeward.canonical import canonical_json, sha256_hex

ORIGIN = "0" * 64
"""What stands before the first line."""


class DamageKind(StrEnum):
    """What can be wrong with a journal."""

    TORN = "torn"
    """Left of a write that did not come to its end; nothing that had been promised is missing."""
    REPEATED = "repeated"
    """The same line again: a write that was repeated because its end had been in doubt."""
    ALTERED = "altered"
    """A line does not hold what was written."""
    MISSING = "missing"
    MOVED = "moved"
    """A line lies where another one belongs."""
    REPLACED = "replaced"
    """A line proves itself, but another one was there when the next was written."""
    UNREADABLE = "unreadable"
    """The disk does not give it."""


BENIGN = (DamageKind.TORN, DamageKind.REPEATED)


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong, and where."""

    kind: DamageKind
    where: str
    text: str

    @property
    def benign(self) -> bool:
        """Whether nothing is missing or doubtful because of it."""
        return self.kind in BENIGN


@dataclass(frozen=True, slots=True)
class Line:
    """One line that proves itself."""

    number: int
    prev: str
    chain: str
    body: dict[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a journal: its lines by number, and what is wrong with it."""

    lines: tuple[Line, ...]
    damage: tuple[Damage, ...]


def tie(body: dict[str, Any], number: int, prev: str) -> tuple[bytes, str]:
    """The line that holds a body, without its newline, and its chain.

    Raises:
        ValueError: the body holds NaN, infinity or half a surrogate pair.
        TypeError: the body holds something JSON has no word for.
    """
    whole = {**body, "line": number, "prev": prev}
    chain = sha256_hex(canonical_json(whole))
    return canonical_json({**whole, "chain": chain}), chain


def read_line(raw: bytes, where: str) -> Line | None:
    """The line, if it proves itself."""
    try:
        body = loads(raw)
        chain = body.pop("chain")
        number, prev = body["line"], body["prev"]
        if tie(body, number, prev) != (raw, chain):
            return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if type(number) is not int or number < 1 or not isinstance(prev, str):
        return None
    return Line(number, prev, chain, body, where)


Piece = tuple[Line | None, str, bytes]
"""A line or nothing, where it lies, and its bytes, with the newline that ended it."""


def pieces(name: str, content: bytes) -> Iterator[Piece]:
    """What lies between the newlines of a segment."""
    *whole, rest = content.split(b"\n")
    for place, raw in enumerate([*(one + b"\n" for one in whole), rest], 1):
        if raw.strip(b"\n"):
            where = f"{name}:{place}"
            yield read_line(raw.removesuffix(b"\n"), where), where, raw


def judge(found: Sequence[Piece], mark: Mark | None) -> Found:
    """Rule 2: the lines by number, and all that is wrong with them."""
    by_number: dict[int, Line] = {}
    damage: list[Damage] = []
    newest = 0
    for line, _, _ in found:
        if line is None:
            continue
        twin = by_number.setdefault(line.number, line)
        if twin is not line:
            damage.append(_twins(twin, line))
        elif line.number < newest:
            text = f"line {line.number} lies after line {newest}"
            damage.append(Damage(DamageKind.MOVED, line.where, text))
        newest = max(newest, line.number)
    lines = [by_number[number] for number in sorted(by_number)]
    damage += _scraps(found, newest, mark)
    damage += _breaks(lines)
    damage += _end(by_number, newest, mark)
    return Found(tuple(lines), tuple(damage))


def _twins(first: Line, second: Line) -> Damage:
    if first.chain == second.chain:
        text = f"line {first.number} is also at {first.where}"
        return Damage(DamageKind.REPEATED, second.where, text)
    text = f"line {first.number} has another content than at {first.where}"
    return Damage(DamageKind.REPLACED, second.where, text)


def _scraps(found: Sequence[Piece], newest: int, mark: Mark | None) -> Iterator[Damage]:
    """Rule 3, for each piece that is no line."""
    following: list[int | None] = []
    number: int | None = None
    for line, _, _ in reversed(found):
        number = line.number if line is not None else number
        following.append(number)
    before = 0
    for (line, where, raw), after in zip(found, reversed(following), strict=True):
        if line is not None:
            before = line.number
            continue
        if after is None:
            lost = (mark is not None and mark.line > newest) or _looks_whole(raw)
        else:
            lost = after > before + 1
        text = f"{len(raw)} bytes are no line of this journal: {raw[:40]!r}"
        yield Damage(DamageKind.ALTERED if lost else DamageKind.TORN, where, text)


def _looks_whole(raw: bytes) -> bool:
    """Whether a piece was a line once: the beginning of one closes less than it opens."""
    return raw.endswith(b"}\n") and raw.count(b"{") <= raw.count(b"}")


def _breaks(lines: Sequence[Line]) -> Iterator[Damage]:
    """Where a number is missing, or a line is not the one that the next was tied to."""
    for one, other in pairwise(lines):
        gap = other.number - one.number - 1
        if gap:
            text = f"{_lines(one.number + 1, other.number - 1)} missing"
            yield Damage(DamageKind.MISSING, f"before {other.where}", text)
        elif other.prev != one.chain:
            text = f"line {one.number} is not the one that line {other.number} was written after"
            yield Damage(DamageKind.REPLACED, one.where, text)
    if lines and lines[0].number == 1 and lines[0].prev != ORIGIN:
        text = "the first line was written after another one"
        yield Damage(DamageKind.REPLACED, lines[0].where, text)


def _end(lines: dict[int, Line], newest: int, mark: Mark | None) -> Iterator[Damage]:
    """What the mark says that the journal must hold."""
    if mark is None:
        return
    if mark.line > newest:
        text = f"{_lines(newest + 1, mark.line)} missing at the end"
        yield Damage(DamageKind.MISSING, "the end", text)
    elif mark.line in lines and lines[mark.line].chain != mark.chain:
        text = f"line {mark.line} is not the one that was written"
        yield Damage(DamageKind.REPLACED, lines[mark.line].where, text)


def _lines(first: int, last: int) -> str:
    return f"line {first} is" if first == last else f"lines {first} to {last} are"
