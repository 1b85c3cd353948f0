"""The smallest HTTP server that a scraper needs: one page, one peer after the other.

Rules:
1. It only reads. `GET /metrics` (or HEAD) gets the page; everything else is refused in a line.
2. Whoever connects has a second and 8 KiB for the request, and the same second to fetch the answer:
   a slow or endless one costs nothing but that. At most four others wait meanwhile.
3. Its thread inherits the real-time class of the one that made it, and steps one priority below it.
   It does not leave the class: it may hold the interpreter when the clinical thread wants it, and
   must then not wait behind busy processes.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.scheduling import step_below
from edgeward.errors import EdgewardError

PATH = "/metrics"
REQUEST_BYTES_MAX = 8192
PEER_NS = 1_000_000_000
WAITING_MAX = 4
RETRY_S = 0.1
"""Before it listens again: a thread in a real-time class must not spin."""
_SAID = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}
_TEXT = "text/plain; charset=utf-8"


class MetricsAddressError(EdgewardError):
    """An address that cannot be listened on."""


class MetricsServer:
    """Answers scrapers on a thread of its own until it is closed."""

    def __init__(self, address: str, page: Callable[[], bytes], content_type: str) -> None:
        """Listen on HOST:PORT, and begin to answer; no host means this machine only.

        Raises:
            MetricsAddressError: it is no such address, or cannot be listened on.
        """
        self._page = page
        self._content_type = content_type
        self._clock = SystemClock()
        self._closing = threading.Event()
        self._socket = _listen(address)
        host, port = self._socket.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """Where it listens, with the port that the system chose where it was to."""
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; closing twice is fine."""
        if self._closing.is_set():
            return
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        step_below()
        while not self._closing.is_set():
            try:
                peer, _ = self._socket.accept()
            except OSError:  # closed, a peer that left before its turn, or no descriptor is free
                self._closing.wait(RETRY_S)
                continue
            with peer, contextlib.suppress(OSError):
                self._answer(peer)

    def _answer(self, peer: socket.socket) -> None:
        """Rules 1 and 2."""
        deadline_ns = self._clock.monotonic_ns() + PEER_NS
        request = bytearray()
        while b"\r\n\r\n" not in request and len(request) < REQUEST_BYTES_MAX:
            self._limit(peer, deadline_ns)
            piece = peer.recv(REQUEST_BYTES_MAX - len(request))
            if not piece:
                break
            request += piece
        status, head_only = judge(bytes(request))
        body, kind = f"{_SAID[status]}: there is GET {PATH}\n".encode(), _TEXT
        if status == 200:
            try:
                body, kind = self._page(), self._content_type
            except Exception as error:  # the scraper is told, and the next one is answered
                status, body = 500, f"{type(error).__name__}\n".encode()
        self._limit(peer, deadline_ns)
        peer.sendall(_head(status, kind, len(body)) + (b"" if head_only else body))

    def _limit(self, peer: socket.socket, deadline_ns: int) -> None:
        left_ns = deadline_ns - self._clock.monotonic_ns()
        if left_ns <= 0:
            raise TimeoutError
        peer.settimeout(left_ns / 1e9)


def judge(request: bytes) -> tuple[int, bool]:
    """The status for a request, and whether only the head of the answer was asked for."""
    line, found, _ = request.partition(b"\r\n")
    words = line.split(b" ")
    whole = found and b"\r\n\r\n" in request and len(words) == 3
    if not whole or not words[2].startswith(b"HTTP/1."):
        return 400, False
    if words[0] not in (b"GET", b"HEAD"):
        return 405, False
    known = words[1].partition(b"?")[0] == PATH.encode()
    return 200 if known else 404, words[0] == b"HEAD"


def _head(status: int, kind: str, length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_SAID[status]}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        "Cache-Control: no-store",
        "Connection: close",
        *(["Allow: GET, HEAD"] if status == 405 else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not (port.isascii() and port.isdigit() and int(port) <= 0xFFFF):
        raise MetricsAddressError(
            f"{address}: accepted: HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=WAITING_MAX)
    except (OSError, UnicodeError) as error:
        raise MetricsAddressError(f"{address}: cannot be listened on: {error}") from error
