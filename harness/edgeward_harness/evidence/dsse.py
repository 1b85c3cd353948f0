"""DSSE v1 envelopes with one Ed25519 signature.

What is signed is never the JSON around it but the *pre-authentication encoding*: type and payload,
each with its length in bytes. The envelope is read strictly (canonical JSON, canonical base64, one
signature), so that no byte of the file can change unseen.
"""

import base64
import binascii
from dataclasses import dataclass

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.strict import (
    HEX64,
    IDENTIFIER,
    Json,
    Rule,
    check_fields,
    encode,
    load_json,
)

IN_TOTO = "application/vnd.in-toto+json"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding of DSSE v1. Lengths count bytes, not characters."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and who signed it."""

    payload: bytes
    payload_type: str
    keyid: str
    signature: bytes

    @classmethod
    def sign(cls, payload: bytes, key: SigningKey, payload_type: str = IN_TOTO) -> "Envelope":
        """Sign a payload."""
        signature = key.sign(pae(payload_type, payload))
        return cls(payload, payload_type, key.public.keyid, signature)

    def signed_by(self, key: PublicKey) -> bool:
        """Whether this key made the signature. The key id is a hint and not asked."""
        return key.accepts(self.signature, pae(self.payload_type, self.payload))

    def to_bytes(self) -> bytes:
        """The canonical JSON of the envelope."""
        signature = {"keyid": self.keyid, "sig": base64.b64encode(self.signature).decode()}
        return encode(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [signature],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "envelope") -> "Envelope":
        """Read an envelope strictly.

        Raises:
            InputError: with every fault.
        """
        value = load_json(data, source)
        faults: list[str] = []
        if not check_fields(value, _ENVELOPE_RULES, "envelope", faults):
            raise InputError(source, faults)
        (signature,) = value["signatures"]
        if not check_fields(signature, _SIGNATURE_RULES, "signatures[0]", faults):
            raise InputError(source, faults)
        return cls(
            payload=base64.b64decode(value["payload"]),
            payload_type=value["payloadType"],
            keyid=signature["keyid"],
            signature=base64.b64decode(signature["sig"]),
        )


def _is_base64(value: Json) -> bool:
    if type(value) is not str or not value.isascii():
        return False
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode() == value
    except binascii.Error:
        return False


_BASE64 = Rule(_is_base64, "base64 in its canonical form")
_ENVELOPE_RULES = {
    "payload": _BASE64,
    "payloadType": IDENTIFIER,
    "signatures": Rule(lambda v: type(v) is list and len(v) == 1, "a list of one signature"),
}
_SIGNATURE_RULES = {"keyid": HEX64, "sig": _BASE64}
