"""A receiver of which each word is heard: what it was asked, and all that crossed its wire."""

import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.tls_records import said_by_client
from edgeward_harness.rig.receiving import Receiving
from edgeward_harness.rig.sink.bench import NAME
from edgeward_harness.rig.sink.receiver import Peer, Receiver, Reply
from edgeward_harness.rig.sink.server import HttpsSink, Papers, server_context
from edgeward_harness.target import DeviceSession

HOST: Final = "127.0.0.1"
BATCHES: Final = "/v1/batches"
AT_ONCE: Final = {"connection": "intermittent"}
"""A device that is connected like this lets no record wait for company."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes
    peer: Peer


class Hearing(Receiver):
    """A receiver that remembers what it was asked."""

    def __init__(self, own: Receiver) -> None:
        """With the ledger and the key of another one."""
        super().__init__(own.ledger, own.opener, enrol=own.enrol, devices=own.devices)
        self.asked: list[Asked] = []

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, peer: Peer
    ) -> Reply:
        """Remember it, and answer."""
        self.asked.append(Asked(method, path, body, peer))
        return super().answer(method, path, query, body, peer)

    @property
    def batches(self) -> list[Asked]:
        """The batches among it."""
        return [one for one in self.asked if one.path == BATCHES]


@dataclass(slots=True)
class Wire:
    """A way to a receiver, and all that crossed it."""

    proxy: FaultProxy
    keys: Path
    """The secrets of each connection, as the receiver's end wrote them down."""

    @property
    def url(self) -> str:
        """Where a device finds it."""
        return f"https://{NAME}:{self.proxy.port}"

    def said(self) -> Counter[str]:
        """What the device said, in bytes of each kind, over all connections."""
        keys = self.keys.read_text() if self.keys.exists() else ""
        said: Counter[str] = Counter()
        for trail in self.proxy.capture.trails:
            said += said_by_client(bytes(trail.up), bytes(trail.down), keys)
        return said

    def crossed(self) -> Iterator[tuple[str, bytes]]:
        """The raw bytes of each connection."""
        for trail in self.proxy.capture.trails:
            yield f"connection {trail.number} to the receiver", bytes(trail.up)
            yield f"connection {trail.number} to the device", bytes(trail.down)


@contextlib.contextmanager
def heard(
    receiver: Receiver, context: ssl.SSLContext, folder: Path, name: str = "keys"
) -> Iterator[Wire]:
    """This receiver behind a wire that is tapped, for as long as the context lasts."""
    keys = folder / name
    context.keylog_filename = str(keys)
    with HttpsSink(receiver, context) as sink, FaultProxy((HOST, sink.port)) as proxy:
        yield Wire(proxy, keys)


def right_context(rx: Receiving) -> ssl.SSLContext:
    """How the right receiver speaks TLS."""
    return server_context(rx.bench.papers())


def papers_with(rx: Receiving, own_pem: bytes, name: str) -> Papers:
    """Papers of a receiver with a certificate of its own."""
    path = rx.bench.folder / f"{name}.pem"
    path.write_bytes(own_pem)
    return Papers(path, rx.bench.papers().authorities)


def connect(device: DeviceSession, rx: Receiving, **changed: object) -> None:
    """Have an enrolled device deliver there from now on, each record at once."""
    device.call("link.connect", {**rx.link(), **AT_ONCE, **changed})
