"""The lines of `records.jsonl`: contexts, the end, and how each line is tied to the one before.

Every line carries `chain` = SHA-256(chain of the line before + canonical JSON of this line without
`chain`); before the first line stands SHA-256 of the manifest. So a line that was edited, dropped,
replayed or moved breaks the chain at its place, and records cannot be put under another manifest.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeward_harness.evidence.strict import (
    BOOLEAN,
    COUNT,
    IDENTIFIER,
    OBJECT,
    TEXT,
    UTC,
    Json,
    check_fields,
    encode,
    list_of,
    one_of,
)

LINE_BYTES_MAX = 1 << 24
"""A line of the records; bulk belongs into an artifact."""
REALIZATIONS = ("simulated", "emulated", "on_target")
"""How real the device was; the words of the bench unit."""


@dataclass(frozen=True, slots=True)
class Context:
    """What records were taken on: the device as it described itself, and how it was held."""

    device: Mapping[str, Any]
    realization: str
    enforcement: tuple[Mapping[str, Any], ...] = ()
    scheduler: str = ""

    def to_json(self) -> dict[str, Any]:
        """The line it becomes, without name and chain. A clock reading is no identity: left out."""
        device = dict(self.device)
        if isinstance(device.get("clock"), Mapping):
            device["clock"] = {k: v for k, v in device["clock"].items() if k != "now_ns"}
        return {
            "type": "context",
            "device": device,
            "realization": str(self.realization),
            "enforcement": [dict(entry) for entry in self.enforcement],
            "scheduler": self.scheduler,
        }


@dataclass(frozen=True, slots=True)
class End:
    """The last line of a run that reached its end, in order or on an interrupt."""

    records: int
    interrupted: bool
    utc: str

    def to_json(self) -> dict[str, Any]:
        """The line it becomes, without its chain."""
        return {
            "type": "end",
            "records": self.records,
            "interrupted": self.interrupted,
            "utc": self.utc,
        }


def link(previous: str, body: dict[str, Any]) -> tuple[bytes, str]:
    """The line that ties a body to the chain before it, without its newline, and its own chain.

    The body is encoded once: `chain` sorts before every key but `artifacts` and `attempt`.

    Raises:
        ValueError: the body holds NaN, infinity or half a surrogate pair.
        TypeError: the body holds something JSON has no word for.
    """
    text = encode(body)
    chain = chain_of(previous, text)
    return with_chain(body, text, chain), chain


def with_chain(body: dict[str, Any], text: bytes, chain: str) -> bytes:
    """The canonical form of a body with its chain, given the one without."""
    if "artifacts" in body or "attempt" in body:
        return encode({**body, "chain": chain})
    return b'{"chain":"%s",%s' % (chain.encode(), text[1:])


def chain_of(previous: str, text: bytes) -> str:
    """The chain of a line whose canonical form without `chain` is `text`."""
    return hashlib.sha256(previous.encode() + text).hexdigest()


_CONTEXT_RULES = {
    "type": one_of(("context",)),
    "context": IDENTIFIER,
    "device": OBJECT,
    "realization": one_of(REALIZATIONS),
    "enforcement": list_of(OBJECT),
    "scheduler": TEXT,
}
_END_RULES = {
    "type": one_of(("end",)),
    "records": COUNT,
    "interrupted": BOOLEAN,
    "utc": UTC,
}


def read_context(value: Json, path: str, faults: list[str]) -> tuple[str, Context] | None:
    """The name and content of a context line, or None after appending every fault."""
    if not check_fields(value, _CONTEXT_RULES, path, faults):
        return None
    return value["context"], Context(
        device=value["device"],
        realization=value["realization"],
        enforcement=tuple(value["enforcement"]),
        scheduler=value["scheduler"],
    )


def read_end(value: Json, path: str, faults: list[str]) -> End | None:
    """The end line, or None after appending every fault."""
    if not check_fields(value, _END_RULES, path, faults):
        return None
    return End(records=value["records"], interrupted=value["interrupted"], utc=value["utc"])
