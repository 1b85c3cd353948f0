"""What a receiver says when it is greeted, whatever carries it, and how far it is believed."""

import base64
import binascii
import ssl
from dataclasses import dataclass
from typing import Any, NoReturn

from edgeward.comms.delivery.transport import (
    Hello,
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Address, judged_socket
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import Dates, PeerJudge
from edgeward.comms.trust.pin_store import PinStore
from edgeward.comms.trust.refusal import IMPOSTORS, PeerError, Refusal
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Wallet
from edgeward.errors import DeliveryError, TrustError

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

    def papers(self) -> Papers:
        """The papers in use.

        Raises:
            UnauthorisedError: there are none yet.
        """
        papers = self.wallet.current
        if papers is None:
            raise UnauthorisedError("this device has no certificate; it has to ask for one first")
        return papers

    def open(self, address: Address, papers: Papers) -> tuple[ssl.SSLSocket, Dates]:
        """A connection to whom the pins of now name.

        Raises:
            DeliveryError: nobody is there, or one of both refuses the other.
        """
        pins, span = self.pins.current.pins, self.time.now()
        try:
            return judged_socket(address, self.judge, papers.pem, span, pins)
        except PeerError as error:
            raise as_delivery(error) from error
        except TrustError as error:
            raise UnauthorisedError(str(error)) from error

    def believe(self, hello: Hello, dates: Dates) -> None:
        """Take the time that a receiver with a certificate of these dates tells.

        Raises:
            DeliveryError: by that time its certificate may not be used.
        """
        fault = self.time.now().fault(dates.begin_ns, dates.end_ns)
        if hello.now_ns is not None:
            fault = self.time.told(hello.now_ns, dates.begin_ns, dates.end_ns)
        if fault is not None:
            refused = PeerError(Refusal(fault), "by the time that it tells itself")
            raise as_delivery(refused) from refused


def read_greeting(told: dict[str, Any], nonce: str) -> tuple[Hello, str]:
    """What a receiver said to this nonce, and the serial number that it saw; empty where it cannot.

    Raises:
        StrangerError: it is no greeting, or one to somebody else.
    """
    shown = f"{told!r:.160}"
    if told.get("nonce") != nonce:
        raise StrangerError(f"{shown}: an answer to another nonce")
    now_ns = told.get("now_ns")
    try:
        key = base64.b64decode(told["receiver"]["key"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        key = b""
    timed = now_ns is None or (isinstance(now_ns, int) and not isinstance(now_ns, bool))
    if len(key) != KEY_BYTES or not timed:
        raise StrangerError(f"{shown}: no greeting of a receiver")
    return Hello(key, now_ns), str(told.get("client_serial") or "")


def has_seen(serial: str, papers: Papers) -> None:
    """Make sure that a receiver has seen our certificate.

    Raises:
        UnauthorisedError: it has not.
    """
    if serial != papers.serial:
        raise UnauthorisedError(
            f"the receiver saw certificate {serial!r:.80}, not ours, {papers.serial}: it cannot"
            " know who sends"
        )


def refuse(status: int, shown: str, retry_after_ns: int | None = None) -> NoReturn:
    """Say of a status other than 200 what it means.

    Raises:
        DeliveryError: always.
    """
    if status in (401, 403):
        raise UnauthorisedError(f"the receiver refuses this device: {shown}")
    if status == 413:
        raise TooLargeError(shown)
    if status in LATER or status >= 500:
        raise UnreachableError(shown, retry_after_ns)
    if status == 400:
        raise RefusedError(shown)
    raise StrangerError(f"{shown}: no answer of a receiver")


def as_delivery(error: PeerError) -> DeliveryError:
    """A refused peer, as delivery knows it."""
    return (StrangerError if error.why in IMPOSTORS else UnauthorisedError)(str(error))
