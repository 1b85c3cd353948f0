"""A receiver over WebSocket: the same one as over HTTPS, reached in another way."""

import contextlib
import json
import ssl
import threading
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from edgeward_harness.rig.sink.receiver import Peer, Receiver, Reply
from edgeward_harness.rig.sink.server import BODY_BYTES_MAX, peer_of

PATH = "/v1/stream"


class WebSocketSink:
    """A receiver on a port of this machine, for as long as the context lasts."""

    def __init__(self, receiver: Receiver, context: ssl.SSLContext) -> None:
        """Listen on any port; streams wait until the context begins."""
        self.receiver = receiver
        self.streams = 0
        """How many were begun."""
        self._server = serve(
            self._stream, "127.0.0.1", 0, ssl=context, max_size=BODY_BYTES_MAX, compression=None
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()

    def _stream(self, connection: ServerConnection) -> None:
        assert isinstance(connection.socket, ssl.SSLSocket)
        peer = peer_of(connection.socket)
        self.streams += 1
        with contextlib.suppress(ConnectionClosed):
            for message in connection:
                reply = asked(self.receiver, message, peer)
                if reply.silent or reply.keep_bytes is not None:
                    connection.socket.close()
                    return
                connection.send(as_text(reply, message))


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
