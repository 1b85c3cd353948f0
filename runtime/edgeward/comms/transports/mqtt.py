"""Batches through an MQTT broker, 3.1.1 or 5: for receivers that only a broker reaches.

Rules:
1. The broker is judged as a receiver is over HTTPS, before anything is sent to it.
2. Its acknowledgement is no receipt: brokers forget. Only the receiver's answer is one.
3. A session begins anew with each connection; what is durable is the outbox, not the broker.
4. No thread: whoever asks lends itself to the client until the answer is there or its time is over.
5. A connection that failed in any way is ended, with what the client still holds.
"""

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    Hello,
    RefusedError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Address
from edgeward.comms.transports.greeting import (
    NONCE_BYTES,
    Trust,
    read_greeting,
    refuse,
)
from edgeward.comms.transports.timed import say_goodbye
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import Dates
from edgeward.comms.wire import ANSWER_BYTES_MAX
from edgeward.ports import Clock, Entropy

HELLO_TIMEOUT_NS = 5_000_000_000
EXCHANGE_TIMEOUT_NS = 30_000_000_000
KEEPALIVE_S = 30
QOS = 1
TURN_S = 0.2
"""The longest that the client waits by itself; the deadline is looked at in between."""
TOPIC = "edgeward/v1/{device}/{what}"
BEYOND = "judged"
"""The library wants a name; nobody looks it up."""
LINES = 6
"""Of the client's log: why a connection ended stands in the last ones."""
_REFUSED = frozenset({"Not authorized", "Bad user name or password", "Banned"})
_WORDS = frozenset({"status", "nonce", "batch"})


class _Client(Client):
    """A client of the library over a connection that was judged already."""

    def over(self, peer: ssl.SSLSocket) -> None:
        """Begin a session over this connection."""
        self._judged = peer
        self.connect(BEYOND, keepalive=KEEPALIVE_S)

    def _create_socket(self) -> ssl.SSLSocket:
        """The one place where the library makes a connection; it has no public one to give it."""
        return self._judged


class Session:
    """One connection to the broker, for one thread at a time."""

    __slots__ = ("_answers", "_client", "_clock", "_deadline_ns", "_device", "_said", "dates")

    def __init__(self, device: str, version: int, clock: Clock) -> None:
        """A client that is not connected yet."""
        self._device, self._clock = device, clock
        self._answers: list[dict[str, Any]] = []
        self._said: deque[str] = deque(maxlen=LINES)
        self._deadline_ns = 0
        self.dates = Dates(0, 0, "")
        self._client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"edgeward-{device}",
            protocol=MQTTProtocolVersion(version),
            reconnect_on_failure=False,
            clean_session=None if version == MQTTv5 else True,
        )
        self._client.max_queued_messages_set(4)
        self._client.on_message = self._heard
        self._client.on_log = lambda *told: self._said.append(str(told[-1]))
        self._client.will_set(self._topic("presence"), b"gone", QOS, retain=True)

    def begin(self, address: Address, trust: Trust, papers: Papers, timeout_ns: int) -> None:
        """Connect to a judged broker, and listen for answers.

        Raises:
            DeliveryError: nobody is there, or one of both refuses the other.
        """
        self._deadline_ns = self._clock.monotonic_ns() + timeout_ns
        peer, self.dates = trust.open(address, papers)
        try:
            self._client.over(peer)
        except (OSError, ValueError) as error:
            say_goodbye(peer)
            raise UnreachableError(f"the broker: {error}") from error
        self._until(self._client.is_connected, "the broker")
        done: list[int] = []
        self._client.on_subscribe = lambda *_: done.append(1)
        self._client.subscribe(self._topic("answer"), QOS)
        self._until(lambda: bool(done), "the broker")
        self._client.publish(self._topic("presence"), b"here", QOS, retain=True)

    @property
    def alive(self) -> bool:
        """Whether it can be used; reads what has come meanwhile."""
        self._client.loop(0)
        return self._client.is_connected()

    def ask(
        self, what: str, message: bytes, timeout_ns: int, ours: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Publish a message, and wait for the answer that is ours; older ones are left aside.

        Raises:
            DeliveryError: there is none in time, or it is a refusal.
        """
        self._deadline_ns = self._clock.monotonic_ns() + timeout_ns
        self._answers.clear()
        self._client.publish(self._topic(what), message, QOS)
        found: list[dict[str, Any]] = []

        def answered() -> bool:
            found.extend(one for one in self._answers if ours(one))
            self._answers.clear()
            return bool(found)

        self._until(answered, "the receiver behind the broker")
        told = found[0]
        status = told.get("status", 200)
        if status != 200:
            wait = told.get("retry_after_s")
            wait_ns = wait * 1_000_000_000 if isinstance(wait, int) else None
            refuse(status if isinstance(status, int) else 0, f"{told!r:.160}", wait_ns)
        return told

    def close(self) -> None:
        """End it; what the client still holds is gone."""
        self._client.publish(self._topic("presence"), b"gone", QOS, retain=True)
        self._client.disconnect()
        self._client.loop(0)
        peer = self._client.socket()
        if isinstance(peer, ssl.SSLSocket):
            say_goodbye(peer)

    def _topic(self, what: str) -> str:
        return TOPIC.format(device=self._device, what=what)

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if len(message.payload) > ANSWER_BYTES_MAX or message.retain:
            return
        try:
            told = json.loads(message.payload)
        except ValueError:
            return
        if isinstance(told, dict) and told.get("protocol") == 1 and _WORDS & set(told):
            self._answers.append(told)

    def _until(self, true: Callable[[], bool], who: str) -> None:
        """Lend the thread to the client until something holds."""
        while not true():
            left_ns = self._deadline_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                raise UnreachableError(f"{who} does not answer in time")
            code = self._client.loop(min(left_ns / 1e9, TURN_S))
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS and not true():
                raise self._ended(code)

    def _ended(self, code: MQTTErrorCode) -> UnreachableError | UnauthorisedError:
        """Why the connection ended: of a refused certificate only the client's log knows."""
        said = " / ".join(self._said)
        refuses = any(word in said for word in ("_ALERT_", "CERTIFICATE_REQUIRED", *_REFUSED))
        kind = UnauthorisedError if refuses else UnreachableError
        return kind(f"the broker ended the connection ({code.name}): {said:.300}")


@dataclass(slots=True)
class MqttTransport:
    """Carries batches to one receiver behind a broker. Threads may share it, one at a time."""

    device: str
    address: Address
    trust: Trust
    clock: Clock
    entropy: Entropy
    version: int = MQTTv5
    """`MQTTv5` or `MQTTv311` of paho."""
    hello_timeout_ns: int = HELLO_TIMEOUT_NS
    exchange_timeout_ns: int = EXCHANGE_TIMEOUT_NS
    connections: int = 0
    """How many were opened for batches."""
    _open: Session | None = field(init=False, default=None)
    _fresh: Hello | None = field(init=False, default=None)
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Refuse a version that nobody speaks.

        Raises:
            ValueError: it is none of the two.
        """
        if self.version not in (MQTTv311, MQTTv5):
            raise ValueError(f"MQTT version {self.version}; accepted: {MQTTv311} or {MQTTv5}")

    def hello(self) -> Hello:
        """Ask whether the receiver is there, behind the broker.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`.
        """
        with self._lock:
            try:
                session = self._ready()
                fresh, self._fresh = self._fresh, None
                return fresh or self._greet(session)
            except BaseException:
                self.close()
                raise

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        """Send a batch and return the body that answers it.

        Raises:
            DeliveryError: one of `edgeward.comms.delivery.transport`. Whether the receiver has the
                batch is not known.
        """
        header = batch[8 : 8 + int.from_bytes(batch[4:8], "little")]

        def ours(told: dict[str, Any]) -> bool:
            name = told.get("batch")
            return isinstance(name, str) and len(name) == 32 and name.encode() in header

        with self._lock:
            try:
                limit_ns = min(self.exchange_timeout_ns, within_ns)
                told = self._ready().ask("batch", batch, limit_ns, ours)
                return json.dumps(told).encode()
            except (TooLargeError, RefusedError):
                raise
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        with self._lock:
            session, self._open, self._fresh = self._open, None, None
            if session is not None:
                session.close()

    def _ready(self) -> Session:
        if self._open is not None and not self._open.alive:
            self.close()
        if self._open is None:
            papers = self.trust.papers()
            session = Session(self.device, self.version, self.clock)
            try:
                session.begin(self.address, self.trust, papers, self.hello_timeout_ns)
                self._fresh = self._greet(session)
            except BaseException:
                session.close()
                raise
            self._open = session
            self.connections += 1
        return self._open

    def _greet(self, session: Session) -> Hello:
        """Whom the receiver sees is the broker's to say: it admits a device to its topics only."""
        nonce = self.entropy.token(NONCE_BYTES).hex()
        asked = json.dumps({"protocol": 1, "hello": nonce}).encode()

        def ours(told: dict[str, Any]) -> bool:
            return told.get("nonce") == nonce or told.get("hello") == nonce

        told = session.ask("hello", asked, self.hello_timeout_ns, ours)
        hello, _ = read_greeting(told, nonce)
        self.trust.believe(hello, session.dates)
        return hello
