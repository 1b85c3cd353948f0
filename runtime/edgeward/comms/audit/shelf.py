"""Where the trail lies: segments of lines, what was rolled up, and the head, which lies apart.

Rules:
1. A segment is named by the number of its first line. Only the newest one grows.
2. When there are more segments than are kept, the oldest ones are summed up in the roll-up: how
   many lines of which action, through which line, with which chain, and what was wrong with them.
   It is signed, and written before the segments are removed.
3. The head is in another store than the lines, so that whoever cuts the end of one must reach the
   other too. It is signed, and delivered to the receiver, where nobody here can reach it.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edgeward.canonical import canonical_json
from edgeward.comms.audit.lines import ORIGIN, Head, read_head, signed
from edgeward.ports import Store

HEAD: Final = "audit-head.json"
ROLL_UP: Final = "audit-rollup.json"
_SEGMENT = "audit-{:012d}.jsonl"
_LENGTH = len(_SEGMENT.format(0))


@dataclass(frozen=True, slots=True)
class RollUp:
    """What is left of lines that were removed."""

    through: int = 0
    chain: str = ORIGIN
    counts: dict[str, int] = field(default_factory=dict)
    """Lines by action."""
    faults: int = 0
    """What was wrong with them when they were removed."""
    first_fault: str = ""


def segment_name(first: int) -> str:
    """The blob of the segment that begins with this line."""
    return _SEGMENT.format(first)


def segments(store: Store) -> list[str]:
    """The segments, oldest first."""
    return [
        name
        for name in store.names()
        if len(name) == _LENGTH and name.startswith("audit-") and name.endswith(".jsonl")
    ]


def write_head(store: Store, head: Head, key: Ed25519PrivateKey) -> None:
    """Rule 3.

    Raises:
        StoreError: the older head is still there.
    """
    store.write(HEAD, canonical_json(signed(head, key)))


def stored_head(store: Store, key: Ed25519PublicKey) -> Head | str | None:
    """The head; None where there is none, and a text where there is one that proves nothing.

    Raises:
        StoreError: the store cannot be read.
    """
    raw = store.read(HEAD)
    if raw is None:
        return None
    head = read_head(_object(raw), key)
    return head or f"{HEAD}: {len(raw)} bytes that this device's key did not sign"


def write_roll_up(store: Store, device: str, told: RollUp, key: Ed25519PrivateKey) -> None:
    """Rule 2.

    Raises:
        StoreError: the older one is still there.
    """
    body = _plain(told)
    signature = base64.b64encode(key.sign(_message(device, body))).decode()
    store.write(ROLL_UP, canonical_json({**body, "signature": signature}))


def stored_roll_up(store: Store, device: str, key: Ed25519PublicKey) -> RollUp | str:
    """What was rolled up; a text where there is something that proves nothing.

    Raises:
        StoreError: the store cannot be read.
    """
    raw = store.read(ROLL_UP)
    if raw is None:
        return RollUp()
    body = _object(raw)
    try:
        signature = base64.b64decode(body.pop("signature"), validate=True)
        key.verify(signature, _message(device, body))
        return RollUp(**body)
    except (KeyError, TypeError, ValueError, InvalidSignature):
        return f"{ROLL_UP}: {len(raw)} bytes that this device's key did not sign"


def _plain(told: RollUp) -> dict[str, Any]:
    return {
        "through": told.through,
        "chain": told.chain,
        "counts": told.counts,
        "faults": told.faults,
        "first_fault": told.first_fault,
    }


def _message(device: str, body: dict[str, Any]) -> bytes:
    return b"edgeward audit roll-up 1\0" + canonical_json({**body, "device": device})


def _object(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
