"""A device that trusts a receiver of the bench: its papers, its pins, its time, its transport."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.comms.transports.connection import Address
from edgeward.comms.transports.entrance import Trust
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import PeerJudge
from edgeward.comms.trust.pin_store import PinStore
from edgeward.comms.trust.pins import PinSet
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import BLOB, Wallet
from edgeward.ports import Clock, Store
from edgeward_harness.rig.authority import Issued
from edgeward_harness.rig.sink.bench import Bench

DEVICE = "monitor-7"
SECOND_NS = 1_000_000_000
ROOT = Ed25519PrivateKey.from_private_bytes(b"\5" * 32)
ROOT_RAW = ROOT.public_key().public_bytes(
    serialization.Encoding.Raw, serialization.PublicFormat.Raw
)
SPARE = "5a" * 32


def signed(pins: PinSet, root: Ed25519PrivateKey = ROOT) -> dict[str, Any]:
    """A set of pins as it is handed over."""
    signature = base64.b64encode(root.sign(pins.signed_bytes)).decode()
    return {"set": pins.to_dict(), "signature": signature}


def wallet_with(own: Papers | Issued | None, store: Store | None = None) -> Wallet:
    """A wallet with these papers in use."""
    store = store or MemoryStore()
    if own is not None:
        chain = own.chain_pem if isinstance(own, Papers) else own.certificate_pem
        told = {"current": {"key": own.key_pem.decode(), "chain": chain.decode()}, "key": None,
                "stage": "none", "chain": None, "tries": 0, "outcome": ""}  # fmt: skip
        store.write(BLOB, json.dumps(told).encode())
    return Wallet(store, DEVICE)


@dataclass
class Device:
    """What a device needs to deliver to a receiver of a bench, each part to be changed."""

    bench: Bench
    port: int
    own: Issued | None = None
    pins: tuple[str, ...] = ()
    clock: Clock = field(default_factory=SystemClock)
    host: str = "127.0.0.1"
    revoked: tuple[bytes, ...] = ()
    store: Store | None = None

    def __post_init__(self) -> None:
        server = self.bench.authority("server").server("localhost")
        self.own = self.own or self.bench.authority("devices").client(DEVICE)
        self.pins = self.pins or (server.pin, SPARE)
        self.store = self.store or MemoryStore()

    @property
    def built_ns(self) -> int:
        return int(self.bench.now.timestamp()) * SECOND_NS

    def trust(self) -> Trust:
        assert self.store is not None
        first = signed(PinSet(1, self.pins, "", 0))
        authority = self.bench.authority().pem
        return Trust(
            PeerJudge("localhost", authority, revoked_pem=self.revoked),
            PinStore(self.store, ROOT_RAW, first),
            wallet_with(self.own, self.store),
            SecureTime(self.clock, self.store, built_ns=self.built_ns - 3600 * SECOND_NS),
        )

    def transport(self, trust: Trust | None = None, **more: int) -> HttpsTransport:
        return HttpsTransport(
            Address(self.host, self.port),
            trust or self.trust(),
            SystemClock(),
            SeededEntropy(3),
            **more,
        )
