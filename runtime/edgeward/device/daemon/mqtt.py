"""Samples from an MQTT broker: each message is one frame (`frames`).

Rules:
1. No thread. The clinical thread lends itself to the client while it waits for samples, and never
   for longer than it was going to wait: connecting ends at the same instant.
2. A connection that is lost or refused is tried again, each time after twice as long, up to
   `BACKOFF_MAX_NS`. What was sent meanwhile is a gap in the stream, as with any sensor.
3. Whatever the broker sends, the connection is the worst that it can cost. The client would collect
   what it was told not to expect (packets of 256 MB, messages of a higher quality of service, and
   acknowledgements that the broker does not fetch): such a broker is left.
4. A session begins anew with each connection, and a message that the broker had stored for whoever
   comes later is refused: what it says was true at some other time.
5. The broker is found by its name once, at the start: asking for a name waits for the network.

Needs the extra `mqtt`. There is no TLS and no password here; on a link that others share, a broker
belongs behind one that has both.
"""

import select
import socket
from typing import TYPE_CHECKING, Any

from edgeward.device.daemon.datagrams import AddressError
from edgeward.device.daemon.frames import FrameError, decode
from edgeward.device.daemon.refusals import refuse
from edgeward.device.daemon.source import Arrival
from edgeward.errors import EdgewardError
from edgeward.ports import Clock

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

PORT = 1883
PACKET_BYTES_MAX = 1 << 19
"""The largest message the broker may send; a frame has at most 328,000 bytes."""
BACKOFF_MIN_NS = 100_000_000
BACKOFF_MAX_NS = 5_000_000_000
_KEEPALIVE_S = 5
_UNACKNOWLEDGED_MAX = 64
_UNSENT_MAX = 1024
"""Packets that the broker does not fetch, most of them acknowledgements."""
_AT_ONCE = 256
"""Messages taken before the first of them is worked off: no sender keeps the rest waiting."""
_ACCEPTED = "accepted: mqtt://HOST/TOPIC or mqtt://HOST:PORT/TOPIC"


class MqttError(EdgewardError):
    """Samples cannot be had from a broker."""


class MqttSource:
    """Receives frames from `mqtt://HOST:PORT/TOPIC`; the topic may have wildcards."""

    refused: dict[str, int]
    streams_expected: int | None = None

    def __init__(self, address: str, clock: Clock) -> None:
        """Find the broker; the connection is made when samples are asked for.

        Raises:
            AddressError: it is no such address, or the broker's name is not known.
            MqttError: paho-mqtt is not installed.
        """
        host, port, self._topic = parse_address(address)
        self._brokers = _found(address, host, port)
        self._client = _new_client(self)
        self._address = address
        self._clock = clock
        self._arrived: list[Arrival] = []
        self._state = "not connected"
        self._subscribed = False
        self._tries = 0
        self._next_try_ns = clock.monotonic_ns()
        self.refused = {}
        self.ended = False

    @property
    def said(self) -> str:
        """Where it listens, and whether it does at this moment."""
        return f"frames on {self._address}, {self._state}"

    def receive(self, until_ns: int) -> list[Arrival]:
        """The frames that have arrived; waits for one at most until this instant."""
        while not self.ended:
            self._lend(until_ns)
            if self._arrived or self._clock.monotonic_ns() >= until_ns:
                break
        arrived, self._arrived = self._arrived, []
        return arrived

    def close(self) -> None:
        """Leave the broker; closing twice is fine."""
        if not self.ended:
            self.ended = True
            self._client.disconnect()

    def _lend(self, until_ns: int) -> None:
        """Rule 1: do what the connection needs next, or wait for it."""
        connection = self._client.socket()
        if connection is None:
            self._connect(until_ns)
            return
        try:
            self._serve(connection, until_ns)
        except Exception as error:  # rule 3: the client trusts the broker and raises what it likes
            connection.close()
            self._client = _new_client(self)
            said = str(error) if isinstance(error, MqttError) else type(error).__name__
            self._state = f"not connected: the broker sent {said}"

    def _serve(self, connection: Any, until_ns: int) -> None:  # noqa: ANN401 - paho's own
        """Read and write what there is, and wait until the instant when there is nothing."""
        wait_ms = max(0.0, (until_ns - self._clock.monotonic_ns()) / 1e6)
        poll = select.poll()
        poll.register(connection, select.POLLIN | select.POLLOUT * self._client.want_write())
        taken = 0
        while taken < _AT_ONCE and (ready := poll.poll(0 if taken else wait_ms)):
            if ready[0][1] & select.POLLOUT:
                self._client.loop_write()
            if ready[0][1] & ~select.POLLOUT:
                self._client.loop_read()
                self._check_bounds()
            taken += 1
            if self._client.socket() is not connection:
                return
        self._client.loop_misc()

    def _check_bounds(self) -> None:
        """Rule 3: what the client itself does not bound.

        Raises:
            MqttError: the broker sends what the memory cannot hold.
        """
        client: Any = self._client
        announced = client._in_packet["remaining_length"]
        if announced > PACKET_BYTES_MAX:
            raise MqttError(f"a packet of {announced} bytes; accepted: {PACKET_BYTES_MAX}")
        if client._in_messages:
            raise MqttError("a message of quality of service 2; accepted: 0 and 1")
        if len(client._out_packet) > _UNSENT_MAX:
            raise MqttError(f"more than {_UNSENT_MAX} messages without fetching what it is sent")

    def _connect(self, until_ns: int) -> None:
        """Rule 2: try when it is time to, and for no longer than until the instant."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_try_ns:
            self._clock.sleep_ns(min(self._next_try_ns, until_ns) - now_ns)
            return
        host, port = self._brokers[self._tries % len(self._brokers)]
        backoff_ns = min(BACKOFF_MAX_NS, BACKOFF_MIN_NS << min(self._tries, 16))
        self._tries += 1
        self._next_try_ns = now_ns + backoff_ns
        self._client = _new_client(self)  # one that has failed does not take another timeout
        self._client.connect_timeout = max(1e-3, (until_ns - now_ns) / 1e9)
        try:
            self._client.connect(
                host, port, _KEEPALIVE_S, clean_start=True, properties=_properties()
            )
        except OSError as error:
            self._state = f"not connected: {error.strerror or error}"

    # What the client calls, always from within `receive`.

    def on_connected(self, client: "Client", reason: Any) -> None:  # noqa: ANN401 - paho's own
        """The broker has answered: subscribe, or say why it will not have us."""
        if reason.is_failure:
            self._state = f"refused by the broker: {reason}"
            client.disconnect()
            return
        from paho.mqtt.subscribeoptions import SubscribeOptions

        fresh = SubscribeOptions(
            qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND, retainAsPublished=True
        )
        client.subscribe(self._topic, options=fresh)

    def on_subscribed(self, client: "Client", reasons: Any) -> None:  # noqa: ANN401 - paho's own
        """The broker will send, or says why it will not."""
        if any(one.is_failure for one in reasons):
            self._state = f"subscription refused by the broker: {reasons[0]}"
            client.disconnect()
            return
        self._state = "connected"
        self._tries = 0

    def on_disconnected(self) -> None:
        """The connection is gone, whoever ended it."""
        if self._state == "connected":
            self._state = "not connected: the connection was lost"
            self._next_try_ns = self._clock.monotonic_ns()

    def on_message(self, message: "MQTTMessage") -> None:
        """One message: a frame, or refused with the reason."""
        if message.retain:
            refuse(self.refused, "a stored message")
            return
        try:
            self._arrived.append(decode(bytes(message.payload), self._clock.monotonic_ns()))
        except FrameError as error:
            refuse(self.refused, error)


def parse_address(address: str) -> tuple[str, int, str]:
    """Host, port and topic.

    Raises:
        AddressError: it is none, or asks for what is not in this version.
    """
    kind, _, rest = address.partition("://")
    if kind == "mqtts":
        raise AddressError(f"{address}: TLS belongs to secure comms, not in this version")
    place, _, topic = rest.partition("/")
    if "@" in place:
        raise AddressError("mqtt://...@...: passwords belong to secure comms, not in this version")
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    host, port = (host, port) if colon else (place, str(PORT))
    host = host.removeprefix("[").removesuffix("]")
    number = int(port) if port.isascii() and port.isdigit() else 0
    if kind != "mqtt" or not host or not 0 < number <= 0xFFFF or not _is_filter(topic):
        raise AddressError(f"{address}: {_ACCEPTED}")
    return host, number, topic


def _is_filter(topic: str) -> bool:
    """Whether a broker would take it: wildcards stand alone between slashes, `#` at the end."""
    levels = topic.split("/")
    wild = [one for one in levels if "+" in one or "#" in one]
    placed = all(one in "+#" for one in wild) and "#" not in levels[:-1]
    fits = 0 < len(topic.encode("utf-8", "replace")) <= 0xFFFF
    return placed and fits and topic.isprintable()


def _found(address: str, host: str, port: int) -> list[tuple[str, int]]:
    """Rule 5: every address of the broker."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"{address}: no broker of this name is known: {error}") from error
    return [(str(one[4][0]), port) for one in found]


def _properties() -> Any:  # noqa: ANN401 - paho's own
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # as paho has it
    properties.MaximumPacketSize = PACKET_BYTES_MAX
    properties.ReceiveMaximum = _UNACKNOWLEDGED_MAX
    return properties


def _new_client(source: MqttSource) -> "Client":
    try:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise MqttError(
            "MQTT needs paho-mqtt; install it with: pip install 'edgeward[mqtt]'"
        ) from error
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
    client.on_connect = lambda of, _u, _f, reason, _p: source.on_connected(of, reason)
    client.on_subscribe = lambda of, _u, _m, reasons, _p: source.on_subscribed(of, reasons)
    client.on_disconnect = lambda *_: source.on_disconnected()
    client.on_message = lambda _c, _u, message: source.on_message(message)
    return client
