"""Captured TLS 1.3, opened with the secrets that one end wrote down: what was said in it, exactly.

Lengths of encrypted records say nothing of what is in them; this does. It counts, of each kind, the
bytes that a side sent, so that "not one byte of ours was sent" can be seen to hold.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256, sha384
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

PLAIN = {20: "change", 21: "alert", 22: "handshake", 23: "application"}
Keys = tuple[AESGCM | ChaCha20Poly1305, bytes]
"""What opens records under one secret, and where their nonces begin."""
Cipher = type[AESGCM | ChaCha20Poly1305]
_CIPHERS: dict[int, tuple[Callable[..., Any], int, Cipher]] = {
    0x1301: (sha256, 16, AESGCM),
    0x1302: (sha384, 32, AESGCM),
    0x1303: (sha256, 32, ChaCha20Poly1305),
}
_ENCRYPTED = 23
_SERVER_HELLO = 2
_STAGES = ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0")


def said_by_client(up: bytes, down: bytes, keys_log: str) -> Counter[str]:
    """How many bytes of each kind a client sent; what cannot be opened counts as `unopened`.

    Kinds: `handshake`, `alert`, `application`, `change`.
    """
    random = up[11:43]
    secrets = _secrets(keys_log, random)
    suite = _suite(down)
    said: Counter[str] = Counter()
    sealed = []
    for kind, header, body in records(up):
        if kind == _ENCRYPTED:
            sealed.append((header, body))
        else:
            said[PLAIN.get(kind, "unopened")] += len(body)
    for word, size_bytes in _opened(sealed, secrets, suite):
        said[word] += size_bytes
    return said


def records(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The records of one direction: kind, header, body; a last one that was cut is left out."""
    offset = 0
    while offset + 5 <= len(data):
        size = int.from_bytes(data[offset + 3 : offset + 5])
        body = data[offset + 5 : offset + 5 + size]
        if len(body) < size:
            return
        yield data[offset], data[offset : offset + 5], body
        offset += 5 + size


def _secrets(keys_log: str, random: bytes) -> list[bytes]:
    lines = [line.split() for line in keys_log.splitlines()]
    told = {line[0]: line[2] for line in lines if len(line) == 3 and line[1] == random.hex()}
    return [bytes.fromhex(told[stage]) for stage in _STAGES if stage in told]


def _suite(down: bytes) -> int | None:
    for kind, _, body in records(down):
        if kind == 22 and body[:1] == bytes([_SERVER_HELLO]):
            after_session = 39 + body[38]
            return int.from_bytes(body[after_session : after_session + 2])
    return None


def _opened(
    sealed: list[tuple[bytes, bytes]], secrets: list[bytes], suite: int | None
) -> Iterator[tuple[str, int]]:
    """Open record by record; when one secret opens no more, the next one does, from its start."""
    keys = [] if suite is None else [_keys(secret, suite) for secret in secrets]
    stage = number = 0
    for header, body in sealed:
        plain = None
        while plain is None and stage < len(keys):
            plain = _open(keys[stage], number, header, body)
            if plain is None:
                stage, number = stage + 1, 0
        if plain is None:
            yield "unopened", len(body)
            continue
        number += 1
        inner = plain.rstrip(b"\0")
        yield PLAIN.get(inner[-1], "unopened"), len(inner) - 1


def _open(keys: Keys, number: int, header: bytes, body: bytes) -> bytes | None:
    cipher, start = keys
    nonce = bytes(a ^ b for a, b in zip(start, number.to_bytes(12), strict=True))
    try:
        return cipher.decrypt(nonce, body, header)
    except InvalidTag:
        return None


def _keys(secret: bytes, suite: int) -> Keys:
    digest, key_bytes, cipher = _CIPHERS[suite]

    def expanded(label: bytes, size: int) -> bytes:
        name = b"tls13 " + label
        info = size.to_bytes(2) + bytes([len(name)]) + name + b"\0\1"
        return hmac.new(secret, info, digest).digest()[:size]

    return cipher(expanded(b"key", key_bytes)), expanded(b"iv", 12)
