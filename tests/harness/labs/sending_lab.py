"""A device in a few lines, by the document: it seals, grants and packs, and knows what it sent."""

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

CLASSES = {"waveform": 1, "trend": 2, "event": 3, "alarm": 4, "audit": 5}
Sealed = tuple[int, int, int, bytes]
"""Sequence, class, flags, sealed bytes."""


def said(what: object) -> bytes:
    """A payload: not compressed, a JSON object."""
    return b"\0\1" + json.dumps({"said": what}).encode()


@dataclass
class Sender:
    """One epoch of a device, with one data key a class."""

    receiver: bytes
    device: str = "monitor-7"
    token: bytes = b"\1" * 8
    ordinal: int = 1
    attempts: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    """What the header says instead of the truth."""

    def secret(self, kind: int) -> bytes:
        return bytes([kind]) * 32

    def seal(
        self, sequence: int, word: str = "trend", *, flags: int = 0, payload: bytes | None = None
    ) -> Sealed:
        kind = CLASSES[word]
        bound = b"edgeward record 1\0" + self.device.encode() + b"\0" + self.token
        bound += struct.pack("<QBI", sequence, kind, kind)
        nonce = bytes(4) + sequence.to_bytes(8, "big")
        data = said(sequence) if payload is None else payload
        return sequence, kind, flags, AESGCM(self.secret(kind)).encrypt(nonce, data, bound)

    def grant(self, word: str) -> dict[str, Any]:
        kind = CLASSES[word]
        info = b"edgeward key 1\0" + self.device.encode() + b"\0" + self.token
        info += struct.pack("<IB", kind, kind)
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        public = X25519PublicKey.from_public_bytes(self.receiver)
        sealed = base64.b64encode(suite.encrypt(self.secret(kind), public, info)).decode()
        return {"epoch": self.token.hex(), "key": kind, "class": word, "subject": None,
                "sealed": sealed}  # fmt: skip

    def gap(self, word: str, first: int, last: int, count: int, reason: str) -> dict[str, Any]:
        return {"epoch": self.token.hex(), "class": word, "first": first, "last": last,
                "count": count, "reason": reason}  # fmt: skip

    def batch(
        self,
        *records: Sealed,
        gaps: tuple[dict[str, Any], ...] = (),
        grants: tuple[str, ...] | None = None,
    ) -> bytes:
        self.attempts += 1
        if grants is None:
            grants = tuple(
                word for word, kind in CLASSES.items() if kind in {r[1] for r in records}
            )
        header = {
            "protocol": 1,
            "device": self.device,
            "batch": f"{self.attempts:032x}",
            "records": len(records),
            "epochs": [{"token": self.token.hex(), "ordinal": self.ordinal}],
            "keys": [self.grant(word) for word in grants],
            "gaps": list(gaps),
        } | self.changes
        data = json.dumps(header).encode()
        parts = [b"EWB1", struct.pack("<I", len(data)), data]
        for sequence, kind, flags, blob in records:
            parts += [struct.pack("<8sQBBHII", self.token, sequence, kind, flags, 0, kind,
                                  len(blob)), blob]  # fmt: skip
        return b"".join(parts)
