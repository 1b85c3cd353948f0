"""Reading `records.jsonl`: every line strictly, the chain, and what is wrong where.

Pure: bytes in, lines and faults out. A broken chain is told apart as far as the data allow:

- a line whose true predecessor stands elsewhere in the file was *replayed* or *reordered*, or what
  stands between them was *inserted*;
- a line without any predecessor was *edited* (or comes from another run) when no record is missing
  by the count of the end line, else the line before it was *dropped*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgeward_harness.evidence.chain import (
    LINE_BYTES_MAX,
    Context,
    End,
    chain_of,
    read_context,
    read_end,
    with_chain,
)
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.record import Record, read_record
from edgeward_harness.evidence.strict import HEX64, encode, parse, shown

BREAKS_EXPLAINED_MAX = 5
"""Breaks of the chain that are looked into; each costs a pass over the file."""


@dataclass(slots=True)
class Lines:
    """What a file of records holds. `torn` bytes at its end belong to no whole line."""

    records: list[Record] = field(default_factory=list)
    contexts: dict[str, Context] = field(default_factory=dict)
    ended: End | None = None
    torn: int = 0
    faults: list[str] = field(default_factory=list)
    breaks: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """One line as far as the chain is concerned."""

    number: int
    body: Mapping[str, Any]
    text: bytes  # canonical, without its chain; kept where the chain breaks
    chain: str
    follows: bool


def read_lines(data: bytes, manifest_sha256: str) -> Lines:
    """Read every line and hold the chain against the digest of the manifest."""
    lines = Lines()
    *whole, rest = data.split(b"\n")
    lines.torn = len(rest)
    previous: str | None = manifest_sha256  # None: behind an unreadable line nothing can be said
    for number, line in enumerate(whole, start=1):
        path = f"line {number}"
        read = _read_line(line, path, lines.faults)
        if read is None:
            previous = None
            continue
        body, text, chain = read
        if previous is not None and chain_of(previous, text) != chain:
            lines.breaks += 1
        previous = chain
        _take(body, path, lines)
    if lines.breaks:
        _explain_breaks(_tie(whole, manifest_sha256), manifest_sha256, lines)
    return lines


def _tie(whole: Sequence[bytes], manifest_sha256: str) -> list[_Line]:
    """The readable lines once more, for a chain that breaks: each with whether it follows."""
    tied: list[_Line] = []
    previous: str | None = manifest_sha256
    for number, line in enumerate(whole, start=1):
        read = _read_line(line, "", [])
        if read is None:
            previous = None
            continue
        body, text, chain = read
        follows = previous is None or chain_of(previous, text) == chain
        tied.append(_Line(number, body, b"" if follows else text, chain, follows))
        previous = chain
    return tied


def _read_line(
    line: bytes, path: str, faults: list[str]
) -> tuple[dict[str, Any], bytes, str] | None:
    """The body of a line, its canonical form and its chain; None after appending why not."""
    if len(line) >= LINE_BYTES_MAX:
        faults.append(f"{path}: {len(line)} bytes, over the limit of {LINE_BYTES_MAX}")
        return None
    try:
        body = parse(line)
        if type(body) is not dict or not HEX64.accepts(body.get("chain")):
            faults.append(f"{path}: found {shown(body)}, expected an object with its chain")
            return None
        chain: str = body.pop("chain")
        text = encode(body)
        if with_chain(body, text, chain) != line:
            faults.append(f"{path}: not in canonical form")
    except ValueError as fault:
        faults.append(f"{path}: not canonical JSON: {fault}")
        return None
    return body, text, chain


def _take(body: dict[str, Any], path: str, lines: Lines) -> None:
    """Sort one line in by its type; appends every fault."""
    if lines.ended is not None:
        lines.faults.append(f"{path}: stands behind the end of the run")
    kind = body.get("type")
    if kind == "record":
        record = read_record(body, path, lines.faults)
        if record is not None:
            lines.records.append(record)
    elif kind == "context":
        named = read_context(body, path, lines.faults)
        if named is not None and named[0] in lines.contexts:
            lines.faults.append(f"{path}: a second context {named[0]!r}")
        elif named is not None:
            lines.contexts[named[0]] = named[1]
    elif kind == "end":
        lines.ended = read_end(body, path, lines.faults) or lines.ended
    else:
        lines.faults.append(f"{path}.type: found {shown(kind)}, expected record, context or end")


def _label(body: Mapping[str, Any]) -> str:
    kind = body.get("type")
    key = {"record": "item", "context": "context"}.get(kind) if isinstance(kind, str) else None
    return f"{kind} {shown(body.get(key))}" if key else shown(kind)


def _explain_breaks(tied: Sequence[_Line], root: str, lines: Lines) -> None:
    breaks = [line for line in tied if not line.follows]
    chains = {line.chain: line for line in reversed(tied)}
    missing = 0 if lines.ended is None else lines.ended.records - len(lines.records)
    named: set[int] = set()
    for line in breaks[:BREAKS_EXPLAINED_MAX]:
        why = _explain(line, tied, chains, root, named, missing)
        named.add(line.number)
        if why:
            place = f"line {line.number} ({_label(line.body)})"
            lines.faults.append(f"the chain breaks at {place}: {why}")
    if len(breaks) > BREAKS_EXPLAINED_MAX:
        more = len(breaks) - BREAKS_EXPLAINED_MAX
        lines.faults.append(f"the chain breaks at {more} more lines behind these")


def _explain(
    line: _Line,
    tied: Sequence[_Line],
    chains: Mapping[str, _Line],
    root: str,
    named: set[int],
    missing: int,
) -> str:
    """Why a line does not follow from the one before it; empty when that was named already."""
    first = chains[line.chain]
    if first.number < line.number:
        return f"it replays line {first.number}"
    before = _predecessor(line, tied, root)
    if before is None:
        return _without_predecessor(line, missing)
    if before > line.number:
        return f"reordered, it belongs behind line {before}"
    between = [number for number in range(before + 1, line.number) if number not in named]
    if not between:
        return ""
    return f"it follows line {before}; line {between[0]} was put in between or changed"


def _predecessor(line: _Line, tied: Sequence[_Line], root: str) -> int | None:
    """The number of the line this one was tied to when it was written; 0 is the manifest."""
    if chain_of(root, line.text) == line.chain:
        return 0
    for other in tied:
        if chain_of(other.chain, line.text) == line.chain:
            return other.number
    return None


def _without_predecessor(line: _Line, missing: int) -> str:
    if missing > 0:
        return f"the line before it was dropped, or it was edited ({missing} records are missing)"
    if line.number == 1:
        return "it was edited, or these records belong to another manifest"
    return "it was edited, or comes from another run"


def check_lines(lines: Lines, manifest: Manifest) -> list[str]:
    """What the lines say that this manifest does not allow, by item."""
    faults: list[str] = []
    attempts: dict[str, int] = {}
    for record in lines.records:
        entry = manifest.items.get(record.item)
        if entry is None:
            name = shown(record.item)
            faults.append(f"a record for {name}, which is not an item of the manifest")
        elif not entry.applies:
            name = shown(record.item)
            faults.append(f"a record for {name}, which does not apply by the manifest")
        expected = attempts.get(record.item, 0) + 1
        attempts[record.item] = expected
        if record.attempt != expected:
            told = f"{shown(record.item)} says it is attempt {record.attempt}"
            faults.append(f"record {expected} of {told}")
        if record.context is not None and record.context not in lines.contexts:
            told = f"{shown(record.item)} rests on an unknown context {record.context!r}"
            faults.append(f"the record of {told}")
    if lines.ended is not None and lines.ended.records != len(lines.records):
        faults.append(_miscount(lines.ended.records, attempts, manifest))
    return faults


def _miscount(announced: int, recorded: Mapping[str, int], manifest: Manifest) -> str:
    found = sum(recorded.values())
    planned = (entry.item for entry in manifest.items.values() if entry.applies)
    absent = [item for item in planned if item not in recorded]
    hint = f"; without a record: {', '.join(absent[:5])}" if absent and found < announced else ""
    return f"{found} records, but the end says {announced}{hint}"
