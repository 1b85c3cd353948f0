"""A device's audit trail on its disk: what its receiver was told of it, and ways to change it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from edgeward_harness.rig.audit_trail import CHECKPOINT, canonical, chain_of, segments
from edgeward_harness.rig.receiving import Receiving
from edgeward_harness.rig.sink.opening import UnreadableError, read_payload

TRAIL: Final = "records/audit"
"""Where it lies (docs/audit.md),"""
APART: Final = "records/trust/audit-head.json"
"""and where its newest head does."""
Line = dict[str, Any]
Change = Callable[[list[Line], int, Random], list[Line]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a receiver was told of a trail."""

    heads: list[dict[str, Any]]
    """Oldest first."""
    key: bytes
    """The one it was told first; empty where there was none."""

    @property
    def through(self) -> int:
        """How far the trail went at least."""
        return max((one["through"] for one in self.heads), default=0)


def told_of(rx: Receiving, device: str) -> Told:
    """What has arrived."""
    heads: list[tuple[int, dict[str, Any], bytes]] = []
    for payload in rx.payloads(device).values():
        try:
            about = read_payload(payload).told.get("audit")
        except UnreadableError:
            continue
        if isinstance(about, dict):
            head = about["head"]
            heads.append((int(head["through"]), head, base64.b64decode(about["key"])))
    heads.sort(key=lambda one: one[0])
    return Told([head for _, head, _ in heads], heads[0][2] if heads else b"")


def changed(folder: Path, name: str, through: int, random: Random) -> str:
    """Change a trail in one way, at a line that the receiver was told of; what, in words."""
    lines = [json.loads(raw) for path in segments(folder) for raw in _raw(path)]
    known = [at for at, line in enumerate(lines) if line["n"] <= through]
    at = random.choice(known[:-1])
    kept = CHANGES[name](lines, at, random)
    first, *others = segments(folder)
    for path in others:
        path.unlink()
    first.write_bytes(b"".join(canonical(line) + b"\n" for line in kept))
    return f"{name} at line {lines[at]['n']} of {len(lines)}"


def _raw(path: Path) -> list[bytes]:
    return [raw for raw in path.read_bytes().split(b"\n") if raw]


def _removed(lines: list[Line], at: int, _: Random) -> list[Line]:
    return [*lines[:at], *lines[at + 1 :]]


def _swapped(lines: list[Line], at: int, _: Random) -> list[Line]:
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def _edited(lines: list[Line], at: int, random: Random) -> list[Line]:
    word = f"x{random.randrange(10**6)}"
    return [*lines[:at], {**lines[at], "detail": {"by": word}}, *lines[at + 1 :]]


def _numbered_anew(lines: list[Line], at: int, _: Random) -> list[Line]:
    """Removed, and everything after it tied as if it had never been."""
    return _tied(_removed(lines, at, _), at)


def _edited_and_tied(lines: list[Line], at: int, random: Random) -> list[Line]:
    return _tied(_edited(lines, at, random), at)


def _tied(lines: list[Line], at: int) -> list[Line]:
    """Whoever does this knows the format, and has not got the key: signatures stay as they were."""
    tied = lines[:at]
    for line in lines[at:]:
        before = tied[-1]["chain"] if tied else "0" * 64
        mended = {**line, "n": len(tied) + 1, "prev": before}
        if mended["action"] == CHECKPOINT:
            head = {**mended["detail"], "through": len(tied), "chain": before}
            mended["detail"] = head
        tied.append({**mended, "chain": chain_of(mended)})
    return tied


def _cut(lines: list[Line], at: int, _: Random) -> list[Line]:
    return lines[:at]


CHANGES: Final[dict[str, Change]] = {
    "removed": _removed,
    "swapped": _swapped,
    "edited": _edited,
    "edited and tied anew": _edited_and_tied,
    "removed and numbered anew": _numbered_anew,
    "cut off": _cut,
}
