"""The lines of the audit trail, and the statements that are signed about them.

A line is canonical JSON: `n` counts from 1 without a hole, `prev` is the chain of the line before,
`chain` the SHA-256 of the line without it. A *head* says how far the trail went at one moment and
with which chain; it is signed with the device's Ed25519 key.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edgeward.canonical import canonical_json, sha256_hex

ORIGIN: Final = "0" * 64
"""What stands before the first line."""
CHECKPOINT: Final = "audit.checkpoint"
"""The action of a line that holds a signed head."""
_FAULTS = (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that proves itself."""

    number: int
    at_ns: int
    action: str
    detail: dict[str, Any]
    prev: str
    chain: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far the trail goes: the number of a line, and its chain."""

    device: str
    through: int
    chain: str


def tie(number: int, at_ns: int, action: str, detail: dict[str, Any], prev: str) -> Line:
    """The line after the one with this chain.

    Raises:
        ValueError: the detail holds NaN, infinity or half a surrogate pair.
        TypeError: the detail holds something JSON has no word for.
    """
    chain = sha256_hex(canonical_json(_body(number, at_ns, action, detail, prev)))
    return Line(number, at_ns, action, detail, prev, chain)


def written(line: Line) -> bytes:
    """A line with its newline."""
    body = _body(line.number, line.at_ns, line.action, line.detail, line.prev)
    return canonical_json({**body, "chain": line.chain}) + b"\n"


def read(raw: bytes) -> Line | None:
    """The line in these bytes, with its newline, if it proves itself."""
    try:
        told = json.loads(raw)
        line = tie(told["n"], told["at_ns"], told["action"], told["detail"], told["prev"])
        if type(line.number) is not int or not isinstance(line.action, str):
            return None
        return line if written(line) == raw and isinstance(line.detail, dict) else None
    except _FAULTS:
        return None


def signed(head: Head, key: Ed25519PrivateKey) -> dict[str, Any]:
    """A head with its signature, as an object."""
    return {**_head(head), "signature": base64.b64encode(key.sign(_message(head))).decode()}


def read_head(told: object, key: Ed25519PublicKey) -> Head | None:
    """The head in an object, if this key signed it."""
    try:
        assert isinstance(told, dict)
        head = Head(told["device"], told["through"], told["chain"])
        key.verify(base64.b64decode(told["signature"], validate=True), _message(head))
    except (*_FAULTS, AssertionError, InvalidSignature):
        return None
    return head


def _body(
    number: int, at_ns: int, action: str, detail: dict[str, Any], prev: str
) -> dict[str, Any]:
    return {"n": number, "at_ns": at_ns, "action": action, "detail": detail, "prev": prev}


def _head(head: Head) -> dict[str, Any]:
    return {"device": head.device, "through": head.through, "chain": head.chain}


def _message(head: Head) -> bytes:
    return b"edgeward audit head 1\0" + canonical_json(_head(head))
