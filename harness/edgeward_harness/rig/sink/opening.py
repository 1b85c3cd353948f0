"""What only a receiver can do: open granted keys and records, by the document."""

import functools
import json
from dataclasses import dataclass
from typing import Any

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edgeward_harness.rig.sink.decode import Grant, Record

PAYLOAD_BYTES_MAX = 64 << 20
KEYS_MAX = 4096


class UnreadableError(Exception):
    """A record or a grant that its receiver cannot open."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a record says."""

    told: dict[str, Any]
    samples: bytes | None = None
    """Packed samples, where it carries some."""


class Opener:
    """A receiver's private key."""

    def __init__(self, private: bytes) -> None:
        """Open with this X25519 key, raw."""
        self._private = X25519PrivateKey.from_private_bytes(private)
        self._suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

    @property
    def public(self) -> bytes:
        """What devices grant their keys to."""
        return self._private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )

    def carried(self, sealed: bytes, info: bytes) -> bytes:
        """What was encrypted to this receiver for one place on a medium.

        Raises:
            UnreadableError: it was changed, or is for another receiver or another place.
        """
        try:
            return self._suite.decrypt(sealed, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise UnreadableError(f"{len(sealed)} bytes do not open: {error!r}") from error

    def key(self, device: str, grant: Grant) -> bytes:
        """A data key.

        Raises:
            UnreadableError: it was granted to somebody else, or for something else.
        """
        info = b"edgeward key 1\0" + device.encode() + b"\0" + grant.token
        info += grant.key.to_bytes(4, "little") + bytes([grant.kind]) + grant.subject
        try:
            key = self._suite.decrypt(grant.sealed, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise UnreadableError(f"key {grant.key} of {grant.token.hex()}: {error!r}") from error
        if len(key) != 32:
            raise UnreadableError(f"key {grant.key} has {len(key)} bytes; a data key has 32")
        return key


def open_record(device: str, record: Record, key: bytes) -> bytes:
    """What was sealed.

    Raises:
        UnreadableError: it was changed, or is another record's.
    """
    nonce = bytes(4) + record.sequence.to_bytes(8, "big")
    bound = b"edgeward record 1\0" + device.encode() + b"\0" + record.token
    bound += record.sequence.to_bytes(8, "little") + bytes([record.kind])
    bound += record.key.to_bytes(4, "little")
    try:
        return _cipher(key).decrypt(nonce, record.blob, bound)
    except (InvalidTag, ValueError) as error:
        raise UnreadableError(
            f"record {record.sequence} of {record.token.hex()} does not open"
        ) from error


@functools.lru_cache(KEYS_MAX)
def _cipher(key: bytes) -> AESGCM:
    """Made once for a key: that takes longer than to open a record."""
    return AESGCM(key)


def read_payload(data: bytes) -> Payload:
    """What an opened record says.

    Raises:
        UnreadableError: it is of no known codec or form.
    """
    plain = _decoded(data)
    form = plain[:1]
    try:
        if form == b"\1":
            return Payload(_object(plain[1:]))
        if form == b"\2":
            size = int.from_bytes(plain[1:5], "little")
            return Payload(_object(plain[5 : 5 + size]), plain[5 + size :])
    except ValueError as error:
        raise UnreadableError(f"its object is none: {error}") from error
    raise UnreadableError(f"a payload of form {form!r}; known are 1 and 2")


def _decoded(data: bytes) -> bytes:
    codec, rest = data[:1], data[1:]
    if codec == b"\0":
        return rest
    if codec != b"\1":
        raise UnreadableError(f"a payload of codec {codec!r}; known are 0 and 1")
    try:
        size = zstandard.frame_content_size(rest)
        if not 0 <= size <= PAYLOAD_BYTES_MAX:
            told = "no size" if size < 0 else f"{size} bytes"
            raise UnreadableError(
                f"its frame declares {told}; accepted: 0 to {PAYLOAD_BYTES_MAX} bytes"
            )
        return zstandard.ZstdDecompressor().decompress(rest, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise UnreadableError(f"its frame does not open: {error}") from error


def _object(data: bytes) -> dict[str, Any]:
    told = json.loads(data)
    if not isinstance(told, dict):
        raise ValueError(f"{told!r:.40} is no object")
    return told
