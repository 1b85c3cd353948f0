"""The files of the alarm journal: their names, their lines by kind, and how they are read.

A segment begins with a `head` line and with one `carried` line for each entry that still stands, so
that the segments before it can go. `entry` lines follow, and a `lost` line whenever more entries
have been lost to an overflow.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from edgeward.alarm.journal.chain import Damage, DamageKind, Found, Line, Piece, judge, pieces
from edgeward.alarm.journal.slots import Mark
from edgeward.alarm.journal.standing import Recorded
from edgeward.errors import StoreError
from edgeward.ports import AppendLog

_NAME = re.compile(r"alarms-(\d{8})\.jsonl")


class LineKind(StrEnum):
    """What a line holds."""

    HEAD = "head"
    CARRIED = "carried"
    ENTRY = "entry"
    LOST = "lost"


@dataclass(slots=True)
class Content:
    """What was read of a journal, and where the next line belongs."""

    entries: tuple[Recorded, ...] = ()
    damage: list[Damage] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    tail: Line | None = None
    """The last line."""
    new_bytes: int = 0
    """What the newest segment holds beside what was carried over into it."""
    torn: bool = False
    """Whether it ends in the middle of a line."""
    lost: tuple[int, ...] = (0, 0, 0)
    """How many entries of each rank it knows to be lost."""


def segment_name(number: int) -> str:
    """The blob of a segment."""
    return f"alarms-{number:08d}.jsonl"


def read_journal(log: AppendLog, mark: Mark | None = None) -> Content:
    """Everything that can be read, and all that is wrong. Changes nothing."""
    content = Content()
    found: list[Piece] = []
    try:
        names = log.names()
    except StoreError as error:
        names = []
        content.damage.append(Damage(DamageKind.UNREADABLE, "the journal", str(error)))
    for name in names:
        if matched := _NAME.fullmatch(name):
            content.segments.append(int(matched[1]))
            found += _read_segment(log, name, content)
    judged = judge(found, mark)
    content.damage += [*judged.damage, *_beginning(judged.lines, content.segments)]
    content.entries = _entries(judged, content.damage)
    content.tail = judged.lines[-1] if judged.lines else None
    content.lost = _lost(judged.lines, content.damage)
    return content


def _read_segment(log: AppendLog, name: str, content: Content) -> Sequence[Piece]:
    try:
        raw = log.read(name) or b""
    except StoreError as error:
        content.damage.append(Damage(DamageKind.UNREADABLE, name, str(error)))
        return ()
    found = tuple(pieces(name, raw))
    content.torn = not raw.endswith(b"\n") and bool(raw)
    content.new_bytes = sum(len(piece) for line, _, piece in found if not _is_opening(line))
    return found


def _is_opening(line: Line | None) -> bool:
    return line is not None and line.body.get("kind") in (LineKind.HEAD, LineKind.CARRIED)


def recorded(body: dict[str, Any]) -> Recorded | None:
    """The entry that a line holds."""
    seq, at_ns, wall_ns = (body.get(name) for name in ("seq", "at_ns", "wall_ns"))
    entry = body.get("entry")
    if type(seq) is not int or type(at_ns) is not int or type(wall_ns) is not int:
        return None
    return Recorded(seq, at_ns, wall_ns, entry) if isinstance(entry, dict) else None


def _entries(found: Found, damage: list[Damage]) -> tuple[Recorded, ...]:
    by_seq: dict[int, Recorded] = {}
    for line in found.lines:
        if line.body.get("kind") not in (LineKind.ENTRY, LineKind.CARRIED):
            continue
        one = recorded(line.body)
        if one is None:
            damage.append(Damage(DamageKind.ALTERED, line.where, "the line holds no entry"))
        else:
            by_seq[one.seq] = one
    return tuple(by_seq[seq] for seq in sorted(by_seq))


def _lost(lines: Sequence[Line], damage: list[Damage]) -> tuple[int, ...]:
    """The newest word on how many entries are lost; the counts never fall."""
    lost = (0, 0, 0)
    for line in lines:
        if line.body.get("kind") not in (LineKind.HEAD, LineKind.LOST):
            continue
        told = line.body.get("lost")
        if isinstance(told, list) and [type(one) for one in told] == [int] * len(lost):
            lost = (told[0], told[1], told[2])
        else:
            damage.append(Damage(DamageKind.ALTERED, line.where, "the line counts nothing"))
    return lost


def _beginning(lines: Sequence[Line], segments: Sequence[int]) -> list[Damage]:
    """What lies before the first line must have gone by the declared retention."""
    heads = [line for line in lines if line.body.get("kind") == LineKind.HEAD]
    damage = []
    if lines and lines[0].body.get("kind") != LineKind.HEAD:
        text = f"what comes before line {lines[0].number} is missing"
        damage.append(Damage(DamageKind.MISSING, f"before {lines[0].where}", text))
    kept = heads[-1].body.get("oldest") if heads else None
    if isinstance(kept, int) and segments and segments[0] > kept:
        text = f"segments {kept} to {segments[0] - 1} are missing"
        damage.append(Damage(DamageKind.MISSING, segment_name(kept), text))
    return damage
