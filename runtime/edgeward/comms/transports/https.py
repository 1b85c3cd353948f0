"""Batches over HTTPS: one kept connection, TLS 1.3, certificates on both sides.

Rules:
1. A connection that failed in any way is ended, and the next exchange opens a new one: what is left
   in it could be taken for the answer to something else.
2. New papers are tried over a second connection; the first one stays until they are confirmed.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    Hello,
    RefusedError,
    StrangerError,
    TooLargeError,
)
from edgeward.comms.transports.connection import Address, Connection, Response
from edgeward.comms.transports.entrance import Entrance, Greeted, Trust, raise_for
from edgeward.comms.trust.papers import Papers
from edgeward.comms.wire import CONTENT_TYPE
from edgeward.ports import Clock, Entropy

HELLO_TIMEOUT_NS = 5_000_000_000
EXCHANGE_TIMEOUT_NS = 30_000_000_000


@dataclass(slots=True)
class HttpsTransport:
    """Carries batches to one receiver. Threads may share it; one exchange goes on at a time."""

    address: Address
    trust: Trust
    clock: Clock
    entropy: Entropy
    hello_timeout_ns: int = HELLO_TIMEOUT_NS
    exchange_timeout_ns: int = EXCHANGE_TIMEOUT_NS
    connections: int = 0
    """How many were opened for batches."""
    _entrance: Entrance = field(init=False)
    _open: Connection | None = field(init=False, default=None)
    _fresh: Hello | None = field(init=False, default=None)
    """What the kept connection began with, until somebody asks for it."""
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Nothing is opened before it is needed."""
        self._entrance = Entrance(
            self.address, self.trust, self.clock, self.entropy, self.hello_timeout_ns
        )

    def hello(self) -> Hello:
        """Ask whether the receiver is there: over the kept connection, or over a new one.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`.
        """
        with self._using() as connection:
            fresh, self._fresh = self._fresh, None
            return fresh or self._entrance.greet(connection).hello

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        """Send a batch and return the body that answers it.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`. Whether the receiver has the
                batch is not known.
        """
        with self._using() as connection:
            limit_ns = min(self.exchange_timeout_ns, within_ns)
            response = connection.ask("POST", "/v1/batches", limit_ns, batch, CONTENT_TYPE)
            if response.status == 400 and not _names(response, batch):
                raise StrangerError(f"{response.shown}: refuses something that is not this batch")
            raise_for(response)
            response.json()
            return response.body

    def sign(self, request_pem: bytes) -> bytes:
        """Have a request for new papers signed, over the connection of the old ones.

        Raises:
            DeliveryError: nobody signed it.
        """
        with self._using() as connection:
            limit_ns, path = self.exchange_timeout_ns, "/v1/certificates"
            response = connection.ask("POST", path, limit_ns, request_pem, "application/pkcs10")
            raise_for(response)
            if not response.body.startswith(b"-----BEGIN CERTIFICATE-----"):
                raise StrangerError(f"{response.shown}: no certificate")
            return response.body

    def try_papers(self, papers: Papers) -> Greeted:
        """Open a second connection with new papers; the first one is untouched until `adopt`.

        Raises:
            DeliveryError: the receiver is not there, or refuses them.
        """
        return self._entrance.open(papers)

    def adopt(self, greeted: Greeted) -> None:
        """Go over to a connection that was tried, once the exchange under way has ended."""
        with self._lock:
            self.close()
            self._open, self._fresh = greeted.connection, greeted.hello
            self.connections += 1

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        with self._lock:
            connection, self._open, self._fresh = self._open, None, None
            if connection is not None:
                connection.close()

    @contextlib.contextmanager
    def _using(self) -> Iterator[Connection]:
        """The kept connection, or a new one; rule 1."""
        with self._lock:
            if self._open is not None and not self._open.alive:
                self.close()
            if self._open is None:
                greeted = self._entrance.open(self.trust.papers())
                self._open, self._fresh = greeted.connection, greeted.hello
                self.connections += 1
            try:
                yield self._open
            except (TooLargeError, RefusedError):
                raise
            except BaseException:
                self.close()
                raise


def _names(response: Response, batch: bytes) -> bool:
    """Whether an answer is about this batch: a stranger cannot know its name."""
    try:
        name = json.loads(response.body)["batch"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    header = batch[8 : 8 + int.from_bytes(batch[4:8], "little")]
    return len(name) == 32 and name in header
