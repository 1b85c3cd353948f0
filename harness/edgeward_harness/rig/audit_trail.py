"""The audit trail of a device, read by docs/audit.md alone, and held against what its receiver got.

It shares no code with whoever wrote the trail: a mistake made there is not made here again.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ORIGIN: Final = "0" * 64
ROLL_UP: Final = "audit-rollup.json"
CHECKPOINT: Final = "audit.checkpoint"
OPENED: Final = "audit.opened"
_SEGMENT: Final = re.compile(r"audit-(\d{12})\.jsonl")
_HEAD: Final = b"edgeward audit head 1\0"
_ROLLED: Final = b"edgeward audit roll-up 1\0"


@dataclass(slots=True)
class Trail:
    """What a folder holds, and what is wrong with it."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    """Lines that prove themselves, oldest first."""
    faults: list[str] = field(default_factory=list)
    after: int = 0
    """The line that the first one has to follow,"""
    chain: str = ORIGIN
    """and its chain."""

    @property
    def last(self) -> int:
        """The number of the last line."""
        return int(self.entries[-1]["n"]) if self.entries else self.after

    def actions(self) -> list[str]:
        """What was done, in order."""
        return [str(one["action"]) for one in self.entries]


def read_trail(
    folder: Path, device: str, key: bytes, heads: Sequence[dict[str, Any]] = ()
) -> Trail:
    """Read and judge a trail.

    Args:
        folder: where it lies.
        device: whose it must be.
        key: the public key that the receiver was told, raw Ed25519.
        heads: what the receiver holds of it.
    """
    trail = Trail()
    _begin(trail, folder, device, key)
    for path in segments(folder):
        _segment(trail, path, device, key)
    chains = {trail.after: trail.chain} | {one["n"]: one["chain"] for one in trail.entries}
    for head in heads:
        _hold_against(trail, head, chains, device, key)
    return trail


def segments(folder: Path) -> list[Path]:
    """Its files of lines, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name))


def canonical(value: object) -> bytes:
    """The one form in which things are digested and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain_of(line: dict[str, Any]) -> str:
    """The chain that a line must have."""
    body = {name: value for name, value in line.items() if name != "chain"}
    return hashlib.sha256(canonical(body)).hexdigest()


def _begin(trail: Trail, folder: Path, device: str, key: bytes) -> None:
    """What the trail begins after: nothing, or what was rolled up."""
    path = folder / ROLL_UP
    if not path.exists():
        return
    told = _object(path.read_bytes())
    signature = told.pop("signature", None)
    if not _signed(key, signature, _ROLLED + canonical({**told, "device": device})):
        trail.faults.append(f"{ROLL_UP} is not signed by the device")
        return
    trail.after, trail.chain = told["through"], told["chain"]
    if told["faults"]:
        trail.faults.append(f"lines that were rolled up: {told['first_fault']}")


def _segment(trail: Trail, path: Path, device: str, key: bytes) -> None:
    *lines, torn = path.read_bytes().split(b"\n")
    if torn and path != segments(path.parent)[-1]:
        trail.faults.append(f"{path.name} ends in the middle of a line, and others follow it")
    for place, raw in enumerate(lines):
        line = _object(raw)
        if canonical(line) != raw or line.get("chain") != chain_of(line) or "n" not in line:
            trail.faults.append(f"{path.name}, line {place + 1} does not prove itself")
            continue
        if not place and path.name != f"audit-{line['n']:012d}.jsonl":
            trail.faults.append(f"{path.name} begins with line {line['n']}")
        if line["n"] > trail.after:
            _line(trail, line, device, key)


def _line(trail: Trail, line: dict[str, Any], device: str, key: bytes) -> None:
    before = trail.entries[-1]["chain"] if trail.entries else trail.chain
    number, expected = line["n"], trail.last + 1
    if number != expected:
        trail.faults.append(f"line {number} where {expected} belongs")
    elif line["prev"] != before:
        trail.faults.append(f"line {number} was written after another line {number - 1}")
    if line["action"] == CHECKPOINT:
        fault = _head_fault(line["detail"], device, key)
        if fault or (line["detail"]["through"], line["detail"]["chain"]) != (
            number - 1, line["prev"],
        ):  # fmt: skip
            trail.faults.append(f"checkpoint {number} does not sign the line before it")
    if line["action"] == OPENED and line["detail"].get("faults"):
        found = line["detail"].get("first_fault", "")
        trail.faults.append(f"the device itself found its trail changed, line {number}: {found}")
    trail.entries.append(line)


def _hold_against(
    trail: Trail, head: dict[str, Any], chains: dict[int, str], device: str, key: bytes
) -> None:
    fault = _head_fault(head, device, key)
    if fault:
        trail.faults.append(fault)
    elif head["through"] > trail.last:
        trail.faults.append(f"lines {trail.last + 1} to {head['through']} are cut off")
    elif head["through"] >= trail.after and chains.get(head["through"]) != head["chain"]:
        trail.faults.append(f"line {head['through']} is not the one that the receiver was told of")


def _head_fault(head: dict[str, Any], device: str, key: bytes) -> str:
    told = {name: value for name, value in head.items() if name != "signature"}
    if told.keys() != {"chain", "device", "through"} or told["device"] != device:
        return f"a head of another form or device: {str(told)[:80]}"
    if not _signed(key, head.get("signature"), _HEAD + canonical(told)):
        return f"the head of line {told['through']} is not signed by the device"
    return ""


def _signed(key: bytes, signature: object, message: bytes) -> bool:
    try:
        raw = base64.b64decode(str(signature), validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(raw, message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _object(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
