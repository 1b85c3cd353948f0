"""A receiver over WebSocket: the same one as over HTTPS, reached in another way."""

import json
import ssl
from collections.abc import Callable
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import Event
from websockets.server import ServerProtocol

from edgeward_harness.rig.sink.receiver import Peer, Receiver, Reply
from edgeward_harness.rig.sink.server import BODY_BYTES_MAX, HttpsSink, peer_of

PIECE_BYTES = 1 << 16
PATH = "/v1/stream"


class WebSocketSink(HttpsSink):
    """A receiver on a port of this machine, for as long as the context lasts."""

    streams = 0
    """How many were begun."""

    def _handler(self) -> Callable[[Any, Any, Any], Any]:
        return self._stream

    def _stream(self, peer: ssl.SSLSocket, _address: object, _listener: object) -> None:
        """One connection, until either side has enough of it."""
        protocol, who, parts = ServerProtocol(max_size=BODY_BYTES_MAX), peer_of(peer), [b""]
        while data := peer.recv(PIECE_BYTES):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if not self._taken(protocol, event, parts, who):
                    return
            for out in protocol.data_to_send():
                peer.sendall(out)

    def _taken(self, protocol: ServerProtocol, event: Event, parts: list[bytes], who: Peer) -> bool:
        """Take a request or a part of a message; whether the stream goes on."""
        if isinstance(event, Request):
            self._begun(protocol, event)
            return True
        assert isinstance(event, Frame)
        if event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return event.opcode is not Opcode.CLOSE
        if event.opcode is not Opcode.CONT:
            parts[:] = [bytes([event.opcode])]
        parts.append(bytes(event.data))
        if not event.fin:
            return True
        kind, whole = parts[0][0], b"".join(parts[1:])
        message = whole if kind == Opcode.BINARY else whole.decode("utf-8", "replace")
        reply = asked(self.receiver, message, who)
        if reply.silent or reply.keep_bytes is not None:
            return False
        protocol.send_text(as_text(reply, message).encode())
        return True

    def _begun(self, protocol: ServerProtocol, request: Request) -> None:
        if request.path != PATH:
            protocol.send_response(protocol.reject(404, f"{request.path} is nothing here"))
            return
        self.streams += 1
        protocol.send_response(protocol.accept(request))


def asked(receiver: Receiver, message: str | bytes, peer: Peer) -> Reply:
    """The receiver's answer to one message: a batch in bytes, or a greeting in text."""
    if isinstance(message, bytes):
        return receiver.answer("POST", "/v1/batches", {}, message, peer)
    told = _object(message)
    return receiver.answer("GET", "/v1/hello", {"nonce": str(told.get("hello"))}, b"", peer)


def as_text(reply: Reply, message: str | bytes) -> str:
    """An answer as one text: what HTTP says by its status stands in the object."""
    if reply.status == 200:
        return reply.body.decode()
    told = {"protocol": 1, **_object(reply.body), "status": reply.status}
    wait = reply.headers.get("Retry-After")
    if wait is not None:
        told["retry_after_s"] = int(wait)
    if isinstance(message, bytes):
        told["batch"] = _name(message)
    else:
        told["hello"] = _object(message).get("hello")
    return json.dumps(told)


def _name(batch: bytes) -> object:
    """The name of a batch that is refused, as far as it can be read."""
    return _object(batch[8 : 8 + int.from_bytes(batch[4:8], "little")]).get("batch")


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
