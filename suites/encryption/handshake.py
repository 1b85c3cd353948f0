"""What stands in the clear when a TLS connection begins: versions offered, cipher agreed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edgeward_harness.rig.network.tls_records import records

CIPHERS: Final = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
}
VERSIONS: Final = {0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_HANDSHAKE, _SUPPORTED_VERSIONS = 22, 43
_BEFORE_SESSION: Final = 38
"""In both greetings: type, length, version, random."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Of one connection."""

    versions: tuple[str, ...]
    """That the device offers, as far as they have a name."""
    agreed: str
    """The cipher, by its name or number."""


def greeting_of(up: bytes, down: bytes) -> Greeting:
    """What the first words of each side say."""
    client, server = _first(up), _first(down)
    number = 0
    if server:
        after = _BEFORE_SESSION + 1 + server[_BEFORE_SESSION]
        number = int.from_bytes(server[after : after + 2])
    return Greeting(tuple(_versions(client)), CIPHERS.get(number, f"cipher {number:#06x}"))


def _first(data: bytes) -> bytes:
    return next((body for kind, _, body in records(data) if kind == _HANDSHAKE), b"")


def _versions(client: bytes) -> Iterator[str]:
    """The extension rules; without it, the old field does."""
    if not client:
        return
    at = _BEFORE_SESSION + 1 + client[_BEFORE_SESSION]
    at += 2 + int.from_bytes(client[at : at + 2])
    at += 1 + client[at] + 2
    told = [int.from_bytes(client[4:6])]
    while at + 4 <= len(client):
        kind, size = int.from_bytes(client[at : at + 2]), int.from_bytes(client[at + 2 : at + 4])
        if kind == _SUPPORTED_VERSIONS:
            listed = client[at + 5 : at + 4 + size]
            told = [int.from_bytes(listed[n : n + 2]) for n in range(0, len(listed), 2)]
        at += 4 + size
    yield from (VERSIONS[one] for one in told if one in VERSIONS)
