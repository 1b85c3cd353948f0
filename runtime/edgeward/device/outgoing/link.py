"""Where a device delivers to: what it was told, checked as a whole, and kept over restarts."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.canonical import canonical_json
from edgeward.comms.delivery.pace import Connection
from edgeward.comms.delivery.transport import Transport
from edgeward.comms.transports.connection import Address
from edgeward.comms.transports.entrance import Trust
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.trust.peer import CIPHERS, PeerJudge
from edgeward.comms.trust.pin_store import PinStore
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Wallet
from edgeward.errors import DamagedError, EdgewardError, TrustError
from edgeward.ports import Clock, Entropy, Store

BLOB = "link"
KEY_BYTES = 32
PORTS = {"https": 443, "wss": 443, "mqtts": 8883}
"""By scheme: batches over HTTPS, over a WebSocket, through an MQTT broker."""
MQTT_VERSIONS = {"": 5, "version=5": 5, "version=3.1.1": 4}
"""By the query of the address."""
URLS = (
    "https://HOST or https://HOST:PORT; wss: likewise; mqtts: likewise, with ?version=3.1.1 where"
    " a broker does not speak 5"
)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a device has of its own to judge by, and to show."""

    wallet: Wallet
    store: Store
    time: SecureTime
    clock: Clock
    entropy: Entropy
    ciphers: tuple[str, ...] = CIPHERS
    """TLS cipher suites by their IANA names."""


class LinkError(EdgewardError):
    """A link cannot be used as it was described. Carries every fault; nothing was changed."""

    def __init__(self, faults: list[str]) -> None:
        """Keep each fault."""
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True, slots=True)
class Link:
    """One receiver, and whom to believe that it is it."""

    url: str
    authorities: str
    """PEM."""
    revocations: str
    """PEM; empty when nothing was revoked."""
    pin_root: bytes
    """Signs sets of pins."""
    pins: Any
    """The first signed set."""
    receiver_key: bytes
    connection: Connection
    answer_key: bytes | None = None
    """Signs the answers to what was carried by hand; None where nothing comes back so."""

    @property
    def address(self) -> Address:
        """Host and port."""
        parts = urlsplit(self.url)
        return Address(parts.hostname or "", parts.port or PORTS[parts.scheme])

    def public_answer_key(self) -> Ed25519PublicKey | None:
        """What signs answers that are carried by hand."""
        key = self.answer_key
        return None if key is None else Ed25519PublicKey.from_public_bytes(key)

    def to_dict(self) -> dict[str, Any]:
        """As it is kept."""
        told = {
            "url": self.url,
            "authorities": self.authorities,
            "revocations": self.revocations,
            "pin_root": base64.b64encode(self.pin_root).decode(),
            "pins": self.pins,
            "receiver_key": base64.b64encode(self.receiver_key).decode(),
            "connection": self.connection.value,
        }
        if self.answer_key is not None:
            told["answer_key"] = base64.b64encode(self.answer_key).decode()
        return told

    def transport(self, device: str, trusted: Trusted) -> Transport:
        """What carries batches of this device there.

        Raises:
            LinkError: it needs an extra that is not installed.
            TrustError: authorities, revocations or pins are not what they should be.
        """
        judge = PeerJudge(
            self.address.host,
            self.authorities.encode(),
            revoked_pem=[self.revocations.encode()] if self.revocations else (),
            ciphers=trusted.ciphers,
        )
        pins = PinStore(trusted.store, self.pin_root, self.pins)
        trust = Trust(judge, pins, trusted.wallet, trusted.time)
        clock, entropy = trusted.clock, trusted.entropy
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            return HttpsTransport(self.address, trust, clock, entropy)
        module, extra = ("paho", "mqtt") if parts.scheme == "mqtts" else ("websockets", "websocket")
        if find_spec(module) is None:
            raise LinkError([f"url: {self.url}: needs the extra {extra}: edgeward[{extra}]"])
        if parts.scheme == "wss":
            from edgeward.comms.transports.websocket import WebSocketTransport

            return WebSocketTransport(self.address, trust, clock, entropy)
        from edgeward.comms.transports.mqtt import MqttTransport

        version = MQTT_VERSIONS[parts.query]
        return MqttTransport(device, self.address, trust, clock, entropy, version=version)


def read_link(told: Mapping[str, Any]) -> Link:
    """A link as `link.connect` describes it.

    Raises:
        LinkError: with every fault.
    """
    faults: list[str] = []
    url = str(told.get("url", ""))
    try:
        parts = urlsplit(url)
        accepted = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        queries = MQTT_VERSIONS if parts.scheme == "mqtts" else ("",)
        accepted = accepted and parts.query in queries
    except ValueError:
        accepted = False
    if not accepted:
        faults.append(f"url: found {url[:80]!r}, accepted: {URLS}")
    try:
        connection = Connection(told.get("connection") or Connection.ALWAYS)
    except ValueError:
        connection = Connection.ALWAYS
        known = ", ".join(one.value for one in Connection)
        faults.append(f"connection: found {told['connection']!r:.40}, accepted: {known}")
    link = Link(
        url=url,
        authorities=str(told.get("authorities") or ""),
        revocations=str(told.get("revocations") or ""),
        pin_root=_key(told, "pin_root", faults),
        pins=told.get("pins"),
        receiver_key=_key(told, "receiver_key", faults),
        connection=connection,
        answer_key=None if told.get("answer_key") is None else _key(told, "answer_key", faults),
    )
    if faults:
        raise LinkError(faults)
    return link


def _key(told: Mapping[str, Any], name: str, faults: list[str]) -> bytes:
    try:
        key = base64.b64decode(str(told.get(name, "")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        faults.append(f"{name}: found {told.get(name)!r:.60}, accepted: {KEY_BYTES} bytes, base64")
    return key


def keep_link(store: Store, link: Link | None) -> None:
    """Deliver there after a restart too; None for nowhere any more.

    Raises:
        StoreError: the disk refused.
    """
    if link is None:
        store.delete(BLOB)
    else:
        store.write(BLOB, canonical_json(link.to_dict()))


def kept_link(store: Store) -> Link | None:
    """Where to deliver to; None where nothing was told.

    Raises:
        DamagedError: what lies there was never written here.
        StoreError: it cannot be read.
    """
    blob = store.read(BLOB)
    if blob is None:
        return None
    try:
        return read_link(json.loads(blob))
    except (ValueError, AttributeError, LinkError, TrustError) as error:
        raise DamagedError(f"{BLOB}: {error}") from error
