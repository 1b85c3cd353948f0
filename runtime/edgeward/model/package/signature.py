"""The signature of a package: a sigstore bundle with one DSSE envelope, as model-signing writes it.

Only the one compact form is read that both writers write, so that a package has no two signatures
that differ in blanks, and every changed byte is seen.
"""

import base64
import binascii
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from edgeward.model.package.fields import parse_json
from edgeward.model.package.keys import Trust, hint_of
from edgeward.model.package.layout import SIGNATURE, Files, told
from edgeward.model.package.statement import statement_bytes, statement_faults

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def sign(name: str, files: Files, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The file with the signature over the others; equal files and key give equal bytes.

    Raises:
        UnsupportedAlgorithm: the OpenSSL here is older than 3.2 and would draw a random number.
    """
    payload = statement_bytes(name, files)
    algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
    return _bundle(hint_of(key.public_key()), payload, key.sign(pae(payload), algorithm))


def pae(payload: bytes) -> bytes:
    """What is really signed: the payload with its type and its length, as DSSE says."""
    return b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload,
    )  # fmt: skip


def signature_faults(files: Files, trust: Trust) -> list[str]:
    """Why a signature proves nothing about these files; none where it does."""
    faults: list[str] = []
    value = parse_json(files[SIGNATURE], SIGNATURE, faults)
    if faults:
        return faults
    try:
        hint, payload, signature = _parts(value)
    except (KeyError, TypeError, ValueError) as error:
        what = f"no signature of one key: {error!r}"
        return [told(SIGNATURE, what, "one signature as OpenSSF model-signing 1.1 writes it")]
    if _bundle(hint, payload, signature) != files[SIGNATURE]:
        return [told(SIGNATURE, "something beside the signature", "the compact form alone")]
    if hint not in trust.keys:
        accepted = f"one of the {len(trust.keys)} trusted keys: {', '.join(sorted(trust.keys))}"
        faults.append(f"{SIGNATURE}: found the unknown key {hint}; accepted: {accepted}")
    elif not trust.accepts(hint, signature, pae(payload)):
        faults.append(told(SIGNATURE, "a signature that is not the key's", f"one of {hint}"))
    return faults + statement_faults(payload, files)


def key_of(signature: bytes) -> str:
    """What a signature, that was found good, calls its key."""
    hint: str = json.loads(signature)["verificationMaterial"]["publicKey"]["hint"]
    return hint


def _parts(value: Any) -> tuple[str, bytes, bytes]:  # noqa: ANN401 - any JSON value
    """Key, payload and signature of a bundle; raises whatever another form leads to."""
    envelope = value["dsseEnvelope"]
    if (value["mediaType"], envelope["payloadType"]) != (MEDIA_TYPE, PAYLOAD_TYPE):
        raise ValueError(f"it is of {value['mediaType']}, {envelope['payloadType']}")
    if len(envelope["signatures"]) != 1:
        raise ValueError(f"{len(envelope['signatures'])} signatures")
    hint = value["verificationMaterial"]["publicKey"]["hint"]
    if not isinstance(hint, str):
        raise TypeError("the key has no name")
    return hint, _decoded(envelope["payload"]), _decoded(envelope["signatures"][0]["sig"])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error


def _bundle(hint: str, payload: bytes, signature: bytes) -> bytes:
    """The one form; what is read has to be equal to it."""
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode("ascii"), "keyid": ""}],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode("ascii")
