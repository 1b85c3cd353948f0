"""Batches over one WebSocket: for receivers that stream.

The connection is judged and greeted as over HTTPS. One batch is under way at a time, and the next
one waits for its answer: a slow receiver slows the device down, and fills no memory. The bytes are
arranged by the library without a socket of its own, so that each exchange ends by its deadline.
"""

import json
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    Hello,
    RefusedError,
    StrangerError,
    TooLargeError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Address, told_by_tls
from edgeward.comms.transports.greeting import (
    NONCE_BYTES,
    Trust,
    has_seen,
    read_greeting,
    refuse,
)
from edgeward.comms.transports.timed import TimedSocket
from edgeward.comms.trust.peer import Dates
from edgeward.comms.wire import ANSWER_BYTES_MAX
from edgeward.ports import Clock, Entropy

PATH = "/v1/stream"
HELLO_TIMEOUT_NS = 5_000_000_000
EXCHANGE_TIMEOUT_NS = 30_000_000_000
PIECE_BYTES = 1 << 16


class Stream:
    """One WebSocket over a judged connection, for one thread at a time."""

    __slots__ = ("_buffer", "_protocol", "_timed", "dates")

    def __init__(self, timed: TimedSocket, name: str, dates: Dates) -> None:
        """Speak over this socket; whose it is was judged."""
        self._timed, self.dates = timed, dates
        uri = parse_uri(f"wss://{name}{PATH}")
        self._protocol = ClientProtocol(uri, max_size=ANSWER_BYTES_MAX)
        self._buffer = bytearray(PIECE_BYTES)

    @property
    def alive(self) -> bool:
        """Whether it can be used: the peer neither ended it nor said anything unasked."""
        return self._protocol.state is State.OPEN and self._timed.quiet

    def begin(self, timeout_ns: int) -> None:
        """Shake hands as a WebSocket.

        Raises:
            DeliveryError: it is none.
        """
        self._timed.allow(timeout_ns)
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
            self._receive()
        self._protocol.events_received()
        if self._protocol.handshake_exc is not None:
            raise StrangerError(f"no WebSocket is spoken there: {self._protocol.handshake_exc}")

    def ask(self, message: bytes | str, timeout_ns: int) -> dict[str, Any]:
        """Send a message, and return the object that answers it.

        Raises:
            DeliveryError: there is no answer, or it is none of a receiver.
        """
        self._timed.allow(timeout_ns)
        if isinstance(message, bytes):
            self._protocol.send_binary(message)
        else:
            self._protocol.send_text(message.encode())
        self._flush()
        body = self._message()
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        if not isinstance(told, dict) or told.get("protocol") != 1:
            raise StrangerError(f"{body[:160]!r}: no answer of a receiver")
        status = told.get("status", 200)
        if status != 200:
            wait = told.get("retry_after_s")
            wait_ns = wait * 1_000_000_000 if isinstance(wait, int) else None
            refuse(status if isinstance(status, int) else 0, f"{told!r:.160}", wait_ns)
        return told

    def close(self) -> None:
        """End it without waiting for the peer; closing twice is fine."""
        self._timed.close()

    def _message(self) -> bytes:
        """The next whole text message, however it was cut."""
        parts: list[bytes] = []
        while True:
            for event in self._protocol.events_received():
                if not isinstance(event, Frame) or event.opcode in (Opcode.PING, Opcode.PONG):
                    continue
                if event.opcode is Opcode.CLOSE:
                    raise UnreachableError("the receiver has ended the stream")
                if event.opcode is Opcode.BINARY:
                    raise StrangerError("an answer in bytes; accepted: text")
                parts.append(bytes(event.data))
                if sum(map(len, parts)) > ANSWER_BYTES_MAX:
                    raise StrangerError(f"an answer longer than {ANSWER_BYTES_MAX} bytes")
                if event.fin:
                    return b"".join(parts)
            self._receive()

    def _receive(self) -> None:
        try:
            size = self._timed.receive(self._buffer)
        except ssl.SSLError as error:
            raise told_by_tls(error) from error
        except OSError as error:
            raise UnreachableError(f"the stream: {error}") from error
        if not size:
            raise UnreachableError("the receiver has ended the stream")
        try:
            self._protocol.receive_data(bytes(self._buffer[:size]))
        except (WebSocketException, ValueError) as error:
            raise StrangerError(f"what came is no WebSocket: {error}") from error
        if self._protocol.parser_exc is not None:
            raise StrangerError(f"what came is no WebSocket: {self._protocol.parser_exc}")
        self._flush()

    def _flush(self) -> None:
        """Send what is to be sent; of a peer that has gone, what it said last is read instead."""
        try:
            for data in self._protocol.data_to_send():
                self._timed.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            return
        except OSError as error:
            raise UnreachableError(f"the stream: {error}") from error


@dataclass(slots=True)
class WebSocketTransport:
    """Carries batches to one receiver. Threads may share it; one exchange goes on at a time."""

    address: Address
    trust: Trust
    clock: Clock
    entropy: Entropy
    hello_timeout_ns: int = HELLO_TIMEOUT_NS
    exchange_timeout_ns: int = EXCHANGE_TIMEOUT_NS
    connections: int = 0
    """How many were opened for batches."""
    _open: Stream | None = field(init=False, default=None)
    _fresh: Hello | None = field(init=False, default=None)
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)

    def hello(self) -> Hello:
        """Ask whether the receiver is there.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`.
        """
        with self._lock:
            try:
                stream = self._ready()
                fresh, self._fresh = self._fresh, None
                return fresh or self._greet(stream)[0]
            except BaseException:
                self.close()
                raise

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        """Send a batch and return the body that answers it.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`. Whether the receiver has the
                batch is not known.
        """
        with self._lock:
            try:
                told = self._ready().ask(batch, min(self.exchange_timeout_ns, within_ns))
                return json.dumps(told).encode()
            except (TooLargeError, RefusedError):
                raise
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        with self._lock:
            stream, self._open, self._fresh = self._open, None, None
            if stream is not None:
                stream.close()

    def _ready(self) -> Stream:
        if self._open is not None and not self._open.alive:
            self.close()
        if self._open is None:
            papers = self.trust.papers()
            peer, dates = self.trust.open(self.address, papers)
            stream = Stream(TimedSocket(peer, self.clock), self.trust.judge.name, dates)
            try:
                stream.begin(self.hello_timeout_ns)
                self._fresh, serial = self._greet(stream)
                has_seen(serial, papers)
            except BaseException:
                stream.close()
                raise
            self._open = stream
            self.connections += 1
        return self._open

    def _greet(self, stream: Stream) -> tuple[Hello, str]:
        nonce = self.entropy.token(NONCE_BYTES).hex()
        asked = json.dumps({"protocol": 1, "hello": nonce})
        hello, serial = read_greeting(stream.ask(asked, self.hello_timeout_ns), nonce)
        self.trust.believe(hello, stream.dates)
        return hello, serial
