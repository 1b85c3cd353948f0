"""How a connection over HTTPS begins: its peer is judged, greeted, and judged at the time it told.

Rules:
1. Before anything else is sent over a new connection, its peer is judged and asked for a greeting:
   a receiver that refuses our certificate or has not seen it, or that only seems to be one, gets no
   record.
2. The time that a greeting tells is believed as far as the peer's certificate reaches; then its
   dates are judged once more.
3. A peer whose key is not pinned may hand over signed sets of pins, and is sent nothing else. It is
   judged anew by the pins that follow from them.
"""

import ssl
from dataclasses import dataclass

from edgeward.comms.delivery.transport import Hello, UnauthorisedError
from edgeward.comms.transports.connection import Address, Connection, Response, judged_socket
from edgeward.comms.transports.greeting import (
    NONCE_BYTES,
    Trust,
    has_seen,
    read_greeting,
    refuse,
)
from edgeward.comms.transports.timed import TimedSocket
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import Dates
from edgeward.comms.trust.refusal import PeerError, Refusal
from edgeward.errors import DeliveryError, StoreError, TrustError
from edgeward.ports import Clock, Entropy

__all__ = ["Entrance", "Greeted", "Trust", "raise_for"]


@dataclass(frozen=True, slots=True)
class Greeted:
    """A connection that may be used, and what its receiver said."""

    connection: Connection
    hello: Hello
    serial: str
    """The serial number of our certificate, as the receiver saw it."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Opens connections to one receiver."""

    address: Address
    trust: Trust
    clock: Clock
    entropy: Entropy
    hello_timeout_ns: int

    def open(self, papers: Papers) -> Greeted:
        """A connection with these papers.

        Raises:
            DeliveryError: nobody is there, or one of both refuses the other.
        """
        connection = self._connected(papers)
        try:
            greeted = self.greet(connection)
            has_seen(greeted.serial, papers)
            return greeted
        except BaseException:
            connection.close()
            raise

    def greet(self, connection: Connection) -> Greeted:
        """Rules 1 and 2; on a kept connection, the heartbeat.

        Raises:
            DeliveryError: it is not the receiver, or not any more.
        """
        nonce = self.entropy.token(NONCE_BYTES).hex()
        response = connection.ask("GET", f"/v1/hello?nonce={nonce}", self.hello_timeout_ns)
        raise_for(response)
        hello, serial = read_greeting(response.json(), nonce)
        self.trust.believe(hello, connection.dates)
        return Greeted(connection, hello, serial)

    def _connected(self, papers: Papers) -> Connection:
        try:
            peer, dates = self.trust.open(self.address, papers)
        except UnauthorisedError as error:
            cause = error.__cause__
            unpinned = isinstance(cause, PeerError) and cause.why is Refusal.UNPINNED
            if not unpinned or not self._follow(papers):
                raise
            peer, dates = self.trust.open(self.address, papers)
        return self._over(peer, dates)

    def _over(self, peer: ssl.SSLSocket, dates: Dates) -> Connection:
        return Connection(TimedSocket(peer, self.clock), self.trust.judge.name, dates)

    def _follow(self, papers: Papers) -> bool:
        """Rule 3: whether there are newer pins now."""
        pins, judge, span = self.trust.pins, self.trust.judge, self.trust.time.now()
        try:
            connection = self._over(*judged_socket(self.address, judge, papers.pem, span, None))
        except (TrustError, DeliveryError):
            return False
        try:
            path = f"/v1/pins?after={pins.current.version}"
            sets = connection.ask("GET", path, self.hello_timeout_ns).json().get("sets")
            followed = isinstance(sets, list) and pins.follow(sets)
        except (TrustError, StoreError, DeliveryError):
            return False  # it is not pinned: that is what is told
        finally:
            connection.close()
        if followed:
            self.trust.time.proved(pins.current.issued_ns)
        return followed


def raise_for(response: Response) -> None:
    """Say of any answer but a 200 what it means.

    Raises:
        DeliveryError: it is not a 200.
    """
    if response.status != 200:
        refuse(response.status, response.shown, response.retry_after_ns)
