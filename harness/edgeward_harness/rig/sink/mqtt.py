"""A receiver behind a broker: the same one as over HTTPS, reached in another way."""

import threading
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.sink.broker import RECEIVER, client_context
from edgeward_harness.rig.sink.receiver import Peer, Receiver
from edgeward_harness.rig.sink.server import Papers
from edgeward_harness.rig.sink.websocket import as_text, asked

START_S = 20.0
_ASKED = (("edgeward/v1/+/batch", 1), ("edgeward/v1/+/hello", 1), ("edgeward/v1/+/presence", 1))


class MqttSink:
    """Answers what devices publish, for as long as the context lasts."""

    def __init__(self, receiver: Receiver, port: int, papers: Papers) -> None:
        """Listen at the broker on this port, with these papers."""
        self.receiver = receiver
        self.presence: dict[str, str] = {}
        """What was last told of each device."""
        self._port = port
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, f"edgeward-{RECEIVER}", protocol=MQTTv5)
        self._client.tls_set_context(client_context(papers))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(list(_ASKED))
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._heard

    def __enter__(self) -> Self:
        self._client.connect("localhost", self._port)
        self._client.loop_start()
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait(self) -> None:
        """Wait until it listens: at first, and after the broker came back.

        Raises:
            HarnessError: it does not.
        """
        if not self._ready.wait(START_S):
            raise HarnessError(f"the receiver cannot listen at the broker on port {self._port}")
        self._ready.clear()

    def _heard(self, client: Client, _data: Any, message: MQTTMessage) -> None:  # noqa: ANN401 - paho
        _, _, device, what = message.topic.split("/")
        if what == "presence":
            self.presence[device] = bytes(message.payload).decode()
            return
        data = bytes(message.payload)
        payload = data if what == "batch" else data.decode("utf-8", "replace")
        reply = asked(self.receiver, payload, Peer(device))
        if reply.silent or reply.keep_bytes is not None:
            return
        client.publish(f"edgeward/v1/{device}/answer", as_text(reply, payload), 1)
