"""How a connection begins: its peer is judged, greeted, and judged again at the time it told.

Rules:
1. Before anything else is sent over a new connection, its peer is judged and asked for a greeting:
   a receiver that refuses our certificate or has not seen it, or that only seems to be one, gets no
   record.
2. The time that a greeting tells is believed as far as the peer's certificate reaches; then its
   dates are judged once more.
3. A peer whose key is not pinned may hand over signed sets of pins, and is sent nothing else. It is
   judged anew by the pins that follow from them.
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from edgeward.comms.delivery.transport import (
    Hello,
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Address, Connection, Response, connect
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import PeerJudge
from edgeward.comms.trust.pin_store import PinStore
from edgeward.comms.trust.refusal import IMPOSTORS, PeerError, Refusal
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Wallet
from edgeward.errors import DeliveryError, StoreError, TrustError
from edgeward.ports import Clock, Entropy

NONCE_BYTES = 16
KEY_BYTES = 32
LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Trust:
    """All that decides who may talk to whom."""

    judge: PeerJudge
    pins: PinStore
    wallet: Wallet
    time: SecureTime


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

    def open(self, papers: Papers | None) -> Greeted:
        """A connection with these papers.

        Raises:
            DeliveryError: nobody is there, or one of both refuses the other.
        """
        if papers is None:
            raise UnauthorisedError("this device has no certificate; it has to ask for one first")
        try:
            connection = self._connect(papers)
        except PeerError as error:
            raise _as_delivery(error) from error
        except TrustError as error:
            raise UnauthorisedError(str(error)) from error
        try:
            greeted = self.greet(connection)
            if greeted.serial != papers.serial:
                raise UnauthorisedError(
                    f"the receiver saw certificate {greeted.serial!r:.80}, not ours,"
                    f" {papers.serial}: it cannot know who sends"
                )
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
        told = response.json()
        if told.get("nonce") != nonce:
            raise StrangerError(f"{response.shown}: an answer to another nonce")
        hello = _hello(told, response)
        dates, time = connection.dates, self.trust.time
        fault = time.now().fault(dates.begin_ns, dates.end_ns)
        if hello.now_ns is not None:
            fault = time.told(hello.now_ns, dates.begin_ns, dates.end_ns)
        if fault is not None:
            refused = PeerError(Refusal(fault), "by the time that it tells itself")
            raise _as_delivery(refused) from refused
        return Greeted(connection, hello, str(told.get("client_serial", "")))

    def _connect(self, papers: Papers) -> Connection:
        try:
            return self._judged(papers, self.trust.pins.current.pins)
        except PeerError as error:
            if error.why is not Refusal.UNPINNED or not self._follow(papers):
                raise
        return self._judged(papers, self.trust.pins.current.pins)

    def _judged(self, papers: Papers, pins: Collection[str] | None) -> Connection:
        span = self.trust.time.now()
        return connect(self.address, self.trust.judge, papers.pem, span, pins, self.clock)

    def _follow(self, papers: Papers) -> bool:
        """Rule 3: whether there are newer pins now."""
        pins = self.trust.pins
        connection = self._judged(papers, None)
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
    status = response.status
    if status == 200:
        return
    if status in (401, 403):
        raise UnauthorisedError(f"the receiver refuses this device: {response.shown}")
    if status == 413:
        raise TooLargeError(response.shown)
    if status in LATER or status >= 500:
        raise UnreachableError(response.shown, response.retry_after_ns)
    if status == 400:
        raise RefusedError(response.shown)
    raise StrangerError(f"{response.shown}: no answer of a receiver")


def _hello(told: dict[str, Any], response: Response) -> Hello:
    now_ns = told.get("now_ns")
    try:
        key = base64.b64decode(told["receiver"]["key"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        key = b""
    timed = now_ns is None or (isinstance(now_ns, int) and not isinstance(now_ns, bool))
    if len(key) != KEY_BYTES or not timed:
        raise StrangerError(f"{response.shown}: no greeting of a receiver")
    return Hello(key, now_ns)


def _as_delivery(error: PeerError) -> DeliveryError:
    """A refused peer, as delivery knows it."""
    return (StrangerError if error.why in IMPOSTORS else UnauthorisedError)(str(error))
