"""One connection to a receiver that was judged: requests go over it one by one."""

import contextlib
import http.client
import json
import select
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from edgeward.comms.delivery.transport import (
    StrangerError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.timed import TimedSocket, say_goodbye
from edgeward.comms.trust.peer import Dates, PeerJudge, refusal_of
from edgeward.comms.trust.refusal import PeerError
from edgeward.comms.trust.secure_time import Span
from edgeward.comms.wire import ANSWER_BYTES_MAX
from edgeward.errors import DeliveryError

HEED_MS = 250
_REFUSES_US = ("_ALERT_", "CERTIFICATE_REQUIRED")
"""In the reasons of the TLS library: the peer has told us that it refuses something."""
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a receiver listens."""

    host: str
    port: int
    connect_timeout_ns: int = 10_000_000_000
    """For the connection and the handshake together."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    kind: str
    """Its content type, without parameters."""
    body: bytes
    retry_after_ns: int | None

    def json(self) -> dict[str, Any]:
        """The object in the body of a 200.

        Raises:
            StrangerError: there is none: somebody else answers.
        """
        told = None
        if self.status == 200 and self.kind == "application/json":
            try:
                told = json.loads(self.body)
            except ValueError:
                told = None
        if not isinstance(told, dict) or told.get("protocol") != 1:
            raise StrangerError(f"{self.shown}: no answer of a receiver")
        return told

    @property
    def shown(self) -> str:
        """What it was, for a person."""
        start = self.body[:160].decode("utf-8", "replace")
        return f"{self.status} {self.kind!r:.60} with {start!r}"


class Connection:
    """A judged connection, for one thread at a time."""

    __slots__ = ("_http", "_timed", "dates")

    def __init__(self, timed: TimedSocket, host: str, dates: Dates) -> None:
        """Speak over this socket; whose it is was judged."""
        self._timed, self.dates = timed, dates
        self._http = http.client.HTTPConnection(host)
        self._http.auto_open = 0  # a lost connection is opened by us, and judged
        self._http.sock = timed  # it has what is used of a socket

    def ask(
        self,
        method: str,
        path: str,
        timeout_ns: int,
        body: bytes | None = None,
        kind: str | None = None,
    ) -> Response:
        """One request and its whole answer, within the timeout.

        Raises:
            UnreachableError: the connection broke, or nothing came in time.
            UnauthorisedError: the peer refuses our certificate.
            StrangerError: what came is no HTTP, or is longer than any honest answer.
        """
        self._timed.allow(timeout_ns)
        headers = {} if kind is None else {"Content-Type": kind}
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                self._http.request(method, path, body, headers)  # it may answer before the end
            return _read(self._http.getresponse())
        except ssl.SSLError as error:
            raise told_by_tls(error) from error
        except http.client.IncompleteRead as error:
            raise UnreachableError(f"the answer to {method} {path} was cut off") from error
        except http.client.RemoteDisconnected as error:
            raise UnreachableError(f"no answer to {method} {path}: {error}") from error
        except (http.client.NotConnected, http.client.ResponseNotReady) as error:
            raise UnreachableError(f"{method} {path}: the connection has ended") from error
        except http.client.HTTPException as error:
            raise StrangerError(f"{method} {path}: {error!r:.120} is no HTTP") from error
        except OSError as error:
            raise UnreachableError(f"{method} {path}: {error}") from error

    @property
    def alive(self) -> bool:
        """Whether it can be used: the peer neither ended it nor said anything unasked."""
        return self._http.sock is not None and self._timed.quiet

    @property
    def sent_bytes(self) -> int:
        """How much was sent over it, before encryption."""
        return self._timed.sent_bytes

    def close(self) -> None:
        """End it; closing twice is fine."""
        self._http.close()
        self._timed.close()


def judged_socket(
    address: Address,
    judge: PeerJudge,
    own_pem: bytes | None,
    span: Span,
    pins: Collection[str] | None,
) -> tuple[ssl.SSLSocket, Dates]:
    """Open a connection, and judge who is there before a byte of ours is sent.

    Raises:
        UnreachableError: nobody is there.
        PeerError: who is there is refused.
        TrustError: our own papers cannot be used.
        DeliveryError: the peer refuses us, or does not speak TLS.
    """
    context = judge.context(own_pem)
    try:
        peer = _connected(context, address, judge.name)
    except (OSError, ValueError) as error:
        raise UnreachableError(f"{address.host}:{address.port}: {error}") from error
    try:
        peer.do_handshake()
    except ssl.SSLError as error:
        peer.close()
        raise told_by_tls(error) from error
    except (OSError, ValueError) as error:
        peer.close()
        raise UnreachableError(f"{address.host}:{address.port}: handshake: {error}") from error
    try:
        dates = judge.judge(peer, span, pins)
        heed(peer)
    except BaseException as error:
        say_goodbye(peer)
        if isinstance(error, ssl.SSLError):
            raise told_by_tls(error) from error
        if isinstance(error, OSError):
            raise UnreachableError(f"{address.host}:{address.port}: {error}") from error
        raise
    return peer, dates


def _connected(context: ssl.SSLContext, address: Address, name: str) -> ssl.SSLSocket:
    """A connection to the first address that answers, before its handshake.

    It is wrapped first and connected then: `wrap_socket` leaves one open whose peer has just gone.
    """
    refused = OSError("it has no address")
    for family, *_, where in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        plain = socket.socket(family, socket.SOCK_STREAM)
        with plain:  # empty as soon as it is wrapped
            peer = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
        try:
            peer.settimeout(address.connect_timeout_ns / 1e9)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.connect(where)
        except OSError as error:
            peer.close()
            refused = error
        else:
            return peer
    raise refused


def heed(peer: ssl.SSLSocket) -> None:
    """Wait a moment for what a server says once it has looked at our certificate.

    One that refuses us says so, and gets nothing; one that accepts us hands over a ticket at once,
    as a rule. A refusal that came after we had begun to speak could be lost with the connection,
    and would look like a server that has died.

    Raises:
        OSError: it refuses us, or has ended the connection.
    """
    waiting = select.poll()
    waiting.register(peer, select.POLLIN)
    if not waiting.poll(HEED_MS):
        return
    peer.settimeout(0)
    with contextlib.suppress(ssl.SSLWantReadError):
        said = peer.recv(1)
        raise ConnectionResetError(f"it said {said!r} before it was asked, and nothing is accepted")
    peer.settimeout(None)


def told_by_tls(error: ssl.SSLError) -> DeliveryError | PeerError:
    """What an error of the TLS library means for delivery."""
    refusal = refusal_of(error)
    if refusal is not None:
        return refusal
    reason = error.reason or ""
    if any(word in reason for word in _NOT_TLS):
        return StrangerError(f"no TLS is spoken there: {reason}")
    if any(word in reason for word in _REFUSES_US):
        return UnauthorisedError(f"the receiver refuses us: {reason}")
    return UnreachableError(f"TLS broke: {error}")


def _read(response: http.client.HTTPResponse) -> Response:
    body = response.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise StrangerError(f"an answer longer than {ANSWER_BYTES_MAX} bytes")
    wanted = response.length
    if wanted:
        raise http.client.IncompleteRead(body, wanted)
    wait = response.getheader("Retry-After", "")
    retry_after_ns = int(wait) * 1_000_000_000 if wait.isdecimal() and len(wait) < 10 else None
    kind = response.getheader("Content-Type", "").partition(";")[0].strip()
    return Response(response.status, kind, body, retry_after_ns)
