"""A receiver over HTTPS: TLS 1.3, certificates on both sides, as many devices as come."""

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.authority import spki_digest
from edgeward_harness.rig.sink.receiver import Peer, Receiver, Reply

BODY_BYTES_MAX = 64 << 20
SILENCE_S = 60.0
"""A connection on which nothing comes for so long is ended."""


@dataclass(frozen=True, slots=True)
class Papers:
    """The files with which a receiver shows who it is and judges who comes."""

    own: Path
    """Its private key and certificate, PEM."""
    authorities: Path
    """Whom it trusts, PEM; with lists of what is revoked, these are checked."""
    checks_revocation: bool = False
    keys_log: Path | None = None
    """Where the secrets of each connection are written, so that a bench can read the wire."""


def server_context(
    papers: Papers,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    *,
    wants_certificate: bool = True,
) -> ssl.SSLContext:
    """How a receiver speaks TLS; other versions are for a bench that shows them refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(papers.own)
    context.load_verify_locations(papers.authorities)
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    if papers.checks_revocation:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if papers.keys_log is not None:
        context.keylog_filename = str(papers.keys_log)
    return context


class HttpsSink:
    """A receiver on a port of this machine, for as long as the context lasts."""

    def __init__(self, receiver: Receiver, context: ssl.SSLContext, port: int = 0) -> None:
        """Listen on the port, or on any; connections wait until `start`."""
        self.receiver = receiver
        self._server = Listener(("127.0.0.1", port), receiver, context, self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def connections(self) -> int:
        """How many were accepted, those refused in their handshake included."""
        return self._server.accepted

    @property
    def requests(self) -> int:
        """How many requests came."""
        return self._server.requests

    @property
    def refused(self) -> list[str]:
        """Why handshakes failed, each in the words of the TLS library."""
        return list(self._server.refused)

    def refusal(self) -> str:
        """Why the next handshake failed that nobody asked about yet, once it has.

        Raises:
            HarnessError: none fails.
        """
        try:
            return self._server.told.get(timeout=SILENCE_S)
        except queue.Empty:
            raise HarnessError("every handshake with the receiver was accepted") from None

    def _handler(self) -> Callable[[Any, Any, Any], Any]:
        """What is done with a connection once hands were shaken."""
        return _Handler

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def hang_up(self) -> None:
        """End every connection at once, and go on listening."""
        self._server.hang_up()

    def close(self) -> None:
        """End all connections, and listen no more."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()


class Listener(ThreadingHTTPServer):
    """Accepts connections, and shakes hands with each in a thread of its own."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        receiver: Receiver,
        context: ssl.SSLContext,
        handler: Callable[[Any, Any, Any], Any],
    ) -> None:
        """Listen there; the handler is given connection, address and this."""
        self.receiver, self.context = receiver, context
        self.accepted = self.requests = 0
        self.refused: list[str] = []
        self.told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept, and leave the handshake to the connection's own thread."""
        plain, address = super().get_request()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(SILENCE_S)
        self.accepted += 1
        try:
            own = self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        except OSError:  # it has gone already
            plain.close()
            raise
        self._open.add(own)
        return own, address

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as it is
        """Shake hands, then answer until the connection ends."""
        try:
            request.do_handshake()
        except (OSError, ValueError) as error:
            self.refused.append(str(error))
            self.told.put(str(error))
            return
        with contextlib.suppress(OSError):  # whoever breaks a connection is told nothing more
            super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as it is
        """Forget the connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection at once."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # below TLS: nothing is said


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.peer = peer_of(self.request)

    def do_GET(self) -> None:
        """A question without a body."""
        self._answer(b"")

    def do_POST(self) -> None:
        """A question with a body."""
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(Reply(413 if size.isdecimal() else 411))
            return
        body = self.rfile.read(int(size))
        if len(body) == int(size):
            self._answer(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Say nothing: what came is in the ledger."""

    def _answer(self, body: bytes) -> None:
        self.server.requests += 1
        asked = urlsplit(self.path)
        query = dict(parse_qsl(asked.query))
        receiver = self.server.receiver
        self._send(receiver.answer(self.command, asked.path, query, body, self.peer))

    def _send(self, reply: Reply) -> None:
        """One write for all of it: two would wait for each other."""
        if reply.silent:
            self.close_connection = True
            return
        headers = {**reply.headers, "Content-Length": str(len(reply.body))}
        lines = [f"HTTP/1.1 {reply.status} ."]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.close_connection |= reply.keep_bytes is not None
        body = reply.body[: reply.keep_bytes]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)


def peer_of(connection: ssl.SSLSocket) -> Peer:
    """Who is at the other end, by its certificate."""
    data = connection.getpeercert(binary_form=True)
    if data is None:
        return Peer("")
    certificate = x509.load_der_x509_certificate(data)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Peer(
        names.get_values_for_type(x509.DNSName)[0],
        f"{certificate.serial_number:x}",
        spki_digest(certificate),
    )
