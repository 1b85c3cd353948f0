"""The files on a medium, byte for byte (docs/delivery.md).

A bundle is a folder `edgeward-NAME`: parts, each one batch, and a manifest that is written last.
Every file is encrypted to the receiver by HPKE: a medium that is lost tells nothing but its size.
The manifest names each part with its SHA-256, holds the device's certificate, and is signed with
the key of that: ECDSA on P-256 over SHA-256. An answer is a file `edgeward-NAME.answer`, signed
with the receiver's Ed25519 key.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edgeward.canonical import canonical_json
from edgeward.comms.trust.papers import Papers
from edgeward.errors import DamagedError, TrustError

FORMAT: Final = 1
PART_BYTES_MAX: Final = 16 << 20
PARTS_MAX: Final = 16_384
MANIFEST_BYTES_MAX: Final = 4 << 20
ANSWER_BYTES_MAX: Final = 64 << 20
MANIFEST: Final = "manifest"
NAME_CHARS: Final = 16
_PREFIX, _ANSWER = "edgeward-", ".answer"
_MANIFEST_MAGIC, _ANSWER_MAGIC = b"EWM1", b"EWA1"
_SIGNATURE_BYTES = 64
_FAULTS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class PartFile:
    """One file of a bundle, as its manifest names it."""

    number: int
    size_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's."""
        return f"part-{self.number:06d}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle is and holds."""

    device: str
    bundle: str
    """Sixteen hex digits, drawn for each."""
    ordinal: int
    """Counts the bundles of a device: for order, not for identity."""
    parts: tuple[PartFile, ...]
    chain_pem: bytes
    """The certificate of whoever signed it, and what stands above that."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """What a receiver says of a bundle: the answers to its batches, as on the wire."""

    device: str
    bundle: str
    answers: tuple[dict[str, Any], ...]


def folder_of(bundle: str) -> str:
    """The folder of a bundle."""
    return _PREFIX + bundle


def answer_of(bundle: str) -> str:
    """The file with the answer to a bundle."""
    return _PREFIX + bundle + _ANSWER


def bundle_in(name: str) -> str | None:
    """The bundle whose folder or answer has this name; None for anything else."""
    inner = name.removeprefix(_PREFIX).removesuffix(_ANSWER)
    known = name in (folder_of(inner), answer_of(inner)) and len(inner) == NAME_CHARS
    return inner if known and not set(inner) - set("0123456789abcdef") else None


def seal_part(
    data: bytes, receiver: X25519PublicKey, device: str, bundle: str, number: int
) -> bytes:
    """One batch, for the receiver alone, at its place in this bundle alone."""
    return _suite().encrypt(data, receiver, _part_info(device, bundle, number))


def open_part(
    sealed: bytes, receiver: X25519PrivateKey, device: str, bundle: str, number: int
) -> bytes:
    """The batch in a part.

    Raises:
        DamagedError: it is another part's, another receiver's, or was changed.
    """
    try:
        return _suite().decrypt(sealed, receiver, _part_info(device, bundle, number))
    except (InvalidTag, ValueError):
        raise DamagedError(
            f"part {number} of bundle {bundle}: {len(sealed)} bytes do not open; accepted: what was"
            " sealed for this receiver at this place"
        ) from None


def write_manifest(manifest: Manifest, receiver: X25519PublicKey, papers: Papers) -> bytes:
    """The bytes of a manifest; who signs it is whose certificate it holds."""
    plain = canonical_json({
        "format": FORMAT,
        "device": manifest.device,
        "bundle": manifest.bundle,
        "ordinal": manifest.ordinal,
        "parts": [[one.number, one.size_bytes, one.sha256] for one in manifest.parts],
        "chain": manifest.chain_pem.decode(),
    })  # fmt: skip
    info = b"edgeward manifest 1\0" + manifest.bundle.encode()
    whole = _MANIFEST_MAGIC + _suite().encrypt(plain, receiver, info)
    return whole + b"".join(
        part.to_bytes(_SIGNATURE_BYTES // 2)
        for part in decode_dss_signature(papers.sign(info + whole))
    )


def read_manifest(
    data: bytes, bundle: str, receiver: X25519PrivateKey
) -> tuple[Manifest, bytes, bytes]:
    """A manifest, and what was signed by its device, and the signature: not yet believed.

    Raises:
        DamagedError: it is none, another bundle's or another receiver's.
    """
    info = b"edgeward manifest 1\0" + bundle.encode()
    whole, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    try:
        if whole[:4] != _MANIFEST_MAGIC:
            raise ValueError("no manifest")
        told = json.loads(_suite().decrypt(whole[4:], receiver, info))
        parts = tuple(PartFile(_whole(n), _whole(size), str(sha)) for n, size, sha in told["parts"])
        chain_pem = str(told["chain"]).encode()
        manifest = Manifest(
            str(told["device"]), told["bundle"], _whole(told["ordinal"]), parts, chain_pem
        )
        numbers = [part.number for part in parts]
        good = told["format"] == FORMAT and manifest.bundle == bundle and len(parts) <= PARTS_MAX
        if not good or numbers != sorted(set(numbers)):
            raise ValueError("another one")
    except (*_FAULTS, InvalidTag):
        raise DamagedError(
            f"the manifest of bundle {bundle}: {len(data)} bytes do not open; accepted: one of"
            f" format {FORMAT} for this receiver, whole"
        ) from None
    return manifest, info + whole, signature


def write_answer(answer: AnswerFile, key: Ed25519PrivateKey) -> bytes:
    """The bytes of an answer, as a receiver writes it."""
    body = _ANSWER_MAGIC + canonical_json({
        "format": FORMAT,
        "device": answer.device,
        "bundle": answer.bundle,
        "answers": list(answer.answers),
    })  # fmt: skip
    return body + key.sign(b"edgeward answer 1\0" + body)


def read_answer_file(
    data: bytes, bundle: str, device: str, keys: Sequence[Ed25519PublicKey]
) -> AnswerFile:
    """An answer that one of these keys signed, to this bundle of this device.

    Raises:
        TrustError: nobody who is trusted signed it, or it is about something else.
    """
    body, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    where = answer_of(bundle)
    if not any(_verified(key, signature, b"edgeward answer 1\0" + body) for key in keys):
        raise TrustError(
            f"{where}: {len(data)} bytes that none of {len(keys)} trusted receivers signed"
        )
    try:
        told = json.loads(body.removeprefix(_ANSWER_MAGIC))
        found = AnswerFile(told["device"], told["bundle"], tuple(told["answers"]))
        whole = told["format"] == FORMAT and all(isinstance(one, dict) for one in found.answers)
    except _FAULTS:
        whole = False
    if not whole or not body.startswith(_ANSWER_MAGIC):
        raise TrustError(f"{where}: no answer of format {FORMAT}, though it is signed")
    if (found.device, found.bundle) != (device, bundle):
        raise TrustError(
            f"{where}: about bundle {found.bundle!r} of {found.device!r}; accepted: {bundle!r} of"
            f" {device!r}"
        )
    return found


def signed_by(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether this key of a device signed this manifest."""
    half = _SIGNATURE_BYTES // 2
    both = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        key.verify(encode_dss_signature(*both), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _verified(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether this key of a receiver signed this answer."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _part_info(device: str, bundle: str, number: int) -> bytes:
    place = number.to_bytes(4, "little")
    return b"edgeward part 1\0" + device.encode() + b"\0" + bundle.encode() + place


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.40} is no count")
    return value
