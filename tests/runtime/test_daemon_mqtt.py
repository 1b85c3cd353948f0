"""Samples from a broker: from a real one that dies and comes back, and from hostile ones."""

import builtins
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from urllib.request import urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import publish
from paho.mqtt.client import MQTTv5
from playbacks import simulated_patients

from edgeward.adapters.clock import SystemClock
from edgeward.device.daemon.datagrams import AddressError
from edgeward.device.daemon.frames import encode
from edgeward.device.daemon.mqtt import MqttError, MqttSource, parse_address
from edgeward.device.daemon.source import Arrival

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
COMMAND = str(Path(sys.executable).with_name("edgeward"))
CLOCK = SystemClock()
MS = 1_000_000
PATIENCE_NS = 60_000 * MS
TOPIC = "ward/ecg"


class Broker:
    """A real broker on a port of its own; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port: int = found.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}/{TOPIC}"

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def publish(self, *payloads: bytes, retain: bool = False, qos: int = 1) -> None:
        publish.multiple(
            [{"topic": TOPIC, "payload": one, "qos": qos, "retain": retain} for one in payloads],
            hostname="127.0.0.1",
            port=self.port,
            protocol=MQTTv5,
        )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if MOSQUITTO is None:
        pytest.skip("no mosquitto here; on Debian, apt-get install mosquitto")
    broker = Broker(tmp_path)
    yield broker
    broker.kill()


@contextlib.contextmanager
def listening(address: str) -> Iterator[MqttSource]:
    with contextlib.closing(MqttSource(address, CLOCK)) as source:
        yield source


def frame(number: int) -> bytes:
    samples = np.arange(number, number + 10, dtype=np.float32)
    return encode("bed-7", number * 10, samples, None, 5)


def received(source: MqttSource, enough: Callable[[list[Arrival]], bool]) -> list[Arrival]:
    """What arrives until it is enough; after a minute, what has arrived by then."""
    arrived: list[Arrival] = []
    end_ns = CLOCK.monotonic_ns() + PATIENCE_NS
    while not enough(arrived) and CLOCK.monotonic_ns() < end_ns:
        arrived += source.receive(CLOCK.monotonic_ns() + 20 * MS)
    return arrived


def connected(source: MqttSource) -> None:
    received(source, lambda _: source.said.endswith(", connected"))
    assert source.said.endswith(", connected")


@pytest.mark.parametrize("qos", [0, 1])
def test_each_message_is_a_block_and_they_come_in_order(broker: Broker, qos: int) -> None:
    with listening(broker.address) as source:
        connected(source)
        broker.publish(*map(frame, range(300)), qos=qos)
        arrived = received(source, lambda some: len(some) >= 300)
        assert [block.first for _, block in arrived] == [number * 10 for number in range(300)]
        assert {name for name, _ in arrived} == {"bed-7"}
        assert arrived[3][1].samples.tolist() == list(range(3, 13))
        assert source.refused == {}
        assert not source.ended
    assert source.ended
    assert source.receive(CLOCK.monotonic_ns() + PATIENCE_NS) == []


def test_what_is_no_frame_is_counted_by_reason_and_the_rest_arrives(broker: Broker) -> None:
    damaged = bytearray(frame(2))
    damaged[-1] ^= 1
    with listening(broker.address) as source:
        connected(source)
        broker.publish(frame(1), b"", b"hello", bytes(damaged), b"\xff" * 100, frame(3))
        arrived = received(source, lambda some: len(some) >= 2)
        assert [block.first for _, block in arrived] == [10, 30]
        assert sum(source.refused.values()) == 4
        assert len(source.refused) == 4


def test_whoever_sends_ever_new_nonsense_does_not_fill_the_memory(broker: Broker) -> None:
    with listening(broker.address) as source:
        connected(source)
        broker.publish(*[b"x" * length for length in range(30)], frame(1))
        received(source, lambda some: len(some) >= 1)
        assert sum(source.refused.values()) == 30
        assert len(source.refused) == 17
        assert source.refused["other"] == 14


def test_what_a_broker_had_stored_is_not_taken_for_now(broker: Broker) -> None:
    with listening(broker.address) as source:
        connected(source)
        broker.publish(frame(1), retain=True)
        broker.publish(frame(2))
        arrived = received(source, lambda some: len(some) >= 1)
        assert [block.first for _, block in arrived] == [20]
        assert source.refused == {"a stored message": 1}
    with listening(broker.address) as late:
        connected(late)
        broker.publish(frame(3))
        arrived = received(late, lambda some: len(some) >= 1)
        assert [block.first for _, block in arrived] == [30]
        assert late.refused == {}


def test_a_broker_that_dies_holds_nothing_up_and_is_found_again(broker: Broker) -> None:
    with listening(broker.address) as source:
        connected(source)
        broker.publish(frame(1))
        assert len(received(source, lambda some: len(some) >= 1)) == 1
        broker.kill()
        received(source, lambda _: "refused" in source.said.lower())
        assert source.said.endswith("not connected: Connection refused")
        for _ in range(5):
            until_ns = CLOCK.monotonic_ns() + 5 * MS
            assert source.receive(until_ns) == []
            assert CLOCK.monotonic_ns() >= until_ns
        broker.start()
        connected(source)
        broker.publish(frame(2))
        arrived = received(source, lambda some: len(some) >= 1)
        assert [block.first for _, block in arrived] == [20]


def test_a_topic_may_have_wildcards(broker: Broker) -> None:
    with listening(broker.address.replace(TOPIC, "ward/#")) as source:
        connected(source)
        broker.publish(frame(1))
        assert len(received(source, lambda some: len(some) >= 1)) == 1


def test_nobody_waits_for_a_broker_that_does_not_answer() -> None:
    """Its queue of connections is full, so that connecting would take as long as it may."""
    with socket.socket() as full, contextlib.ExitStack() as held:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(3):
            peer = held.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", port))
        with listening(f"mqtt://127.0.0.1:{port}/a") as source:
            started_ns = CLOCK.monotonic_ns()
            assert source.receive(started_ns + 30 * MS) == []
            patience_s = source._client.connect_timeout
            assert CLOCK.monotonic_ns() >= started_ns + 30 * MS
            assert patience_s <= 0.03
            assert "timed out" in source.said


HOSTILE = [
    b"", b"\x00", b"\x20\x00", b"\x20\x03\x00\x87\x00", b"\x20\xff\xff\xff\xff\xff",
    b"\x20\x06\x00\x00\x03\x21\x00\x00\x90\x02\x00\x01", b"\x30\x02\xff\xff",
    b"\x20\x03\x00\x00\x00\x30\x05\x00\x01\xff\x7f\x7f", b"HTTP/1.1 400\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_peer_that_is_no_broker_costs_no_more_than_the_connection(answer: bytes) -> None:
    met = threading.Semaphore(0)

    def talk(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                with peer:
                    peer.recv(4096)
                    peer.sendall(answer)
                met.release()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server,), daemon=True)
        thread.start()
        with listening(f"mqtt://127.0.0.1:{server.getsockname()[1]}/a") as source:
            tries: list[bool] = []

            def tried_again(_: list[Arrival]) -> bool:
                if met.acquire(blocking=False):
                    tries.append(True)
                return len(tries) == 2

            assert received(source, tried_again) == []
            assert len(tries) == 2
            assert not source.said.endswith(", connected")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def leave_no_room(source: MqttSource) -> None:
    """What the broker does not fetch has no room on its way."""
    connection = source._client.socket()
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)


ACCEPTED = b"\x20\x03\x00\x00\x00"
MESSAGE = b"\x00\x01a\x00\x07\x00"  # topic, packet identifier, no properties


@pytest.mark.parametrize(
    ("flood", "said"),
    [
        ((b"\x30\xff\xff\xff\x7f" + bytes(1000),), "a packet of 268435455 bytes; accepted: 524288"),
        ((b"\x34\x06" + MESSAGE,), "a message of quality of service 2; accepted: 0 and 1"),
        ((b"\x32\x06" + MESSAGE,) * 20_000, "more than 1024 messages without fetching"),
    ],
)
def test_a_broker_that_sends_more_than_the_memory_holds_is_left(
    flood: tuple[bytes, ...], said: str
) -> None:
    def talk(server: socket.socket) -> None:
        peer, _ = server.accept()
        with contextlib.suppress(OSError), peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            peer.recv(4096)
            peer.sendall(ACCEPTED)
            peer.sendall(b"".join(flood))
            peer.recv(1)
            ended.wait(60)

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server,), daemon=True)
        thread.start()
        with listening(f"mqtt://127.0.0.1:{server.getsockname()[1]}/a") as source:
            until_ns = CLOCK.monotonic_ns() + PATIENCE_NS
            while said not in source.said and CLOCK.monotonic_ns() < until_ns:
                source.receive(CLOCK.monotonic_ns() + 10 * MS)
                leave_no_room(source)
            assert said in source.said
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mqtt://h/a/b", ("h", 1883, "a/b")),
        ("mqtt://h:1/+/x/#", ("h", 1, "+/x/#")),
        ("mqtt://[::1]:99/a", ("::1", 99, "a")),
        ("mqtt://[::1]/a", ("::1", 1883, "a")),
    ],
)
def test_an_address_is_read(address: str, said: tuple[str, int, str]) -> None:
    assert parse_address(address) == said


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mqtts://h/a", "TLS belongs to secure comms, not in this version"),
        ("mqtt://me:secret@h/a", "passwords belong to secure comms"),
        ("mqtt://h", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h/", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt:///a", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt:h/a", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h:0/a", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h:x/a", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h:70000/a", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h/a/#/b", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h/a+", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://h/a\0", "accepted: mqtt://HOST/TOPIC"),
        (f"mqtt://h/{'a' * 70_000}", "accepted: mqtt://HOST/TOPIC"),
        ("mqtt://no-such-broker.invalid/a", "no broker of this name is known"),
    ],
)
def test_what_is_no_address_is_refused_in_words(address: str, said: str) -> None:
    with pytest.raises(AddressError) as caught:
        MqttSource(address, CLOCK)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(AddressError):
        host, port, topic = parse_address(f"mqtt://{text}")
        assert host
        assert topic
        assert 0 < port < 65536


def test_without_its_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Sequence[object]) -> ModuleType:
        if name.startswith("paho"):
            raise ImportError(name)
        found: ModuleType = real(name, *rest)  # type: ignore[arg-type]
        return found

    for name in [one for one in sys.modules if one.startswith("paho")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MqttError, match=r"edgeward\[mqtt\]"):
        MqttSource("mqtt://127.0.0.1/a", CLOCK)


@pytest.mark.slow
@pytest.mark.alone
def test_the_daemon_judges_what_a_broker_sends_and_its_metrics_say_so(
    broker: Broker, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        metrics = f"127.0.0.1:{found.getsockname()[1]}"
    samples = simulated_patients(1, 3, 250)[0].samples
    words = ("--profile", "wearable", "--state", tmp_path / "state", "--quiet")
    daemon = subprocess.Popen(
        [COMMAND, "run", *words, "--source", broker.address, "--metrics", metrics],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        waited(tmp_path / "state", ", connected")
        starts = range(0, 2500, 250)
        frames = [encode("bed-7", at, samples[at : at + 250], None, 0) for at in starts]
        broker.publish(*frames, b"nonsense")
        waited(tmp_path / "state", "results    6: 6 answered")
        end_ns = CLOCK.monotonic_ns() + PATIENCE_NS
        page = ""
        while "edgeward_windows_total 6.0\n" not in page and CLOCK.monotonic_ns() < end_ns:
            with urlopen(f"http://{metrics}/metrics") as answer:
                page = answer.read().decode()
        assert "edgeward_windows_total 6.0\n" in page
        assert 'edgeward_stream_next_sample{stream="bed-7"} 2500.0\n' in page
        assert 'edgeward_arrivals_refused_total{reason="found 8 bytes"} 1.0\n' in page
        daemon.terminate()
        _, said = daemon.communicate(timeout=60)
        assert daemon.returncode in (0, 1)  # 1: a busy host made a result late
        assert "sums       add up" in said
    finally:
        daemon.kill()
        daemon.communicate()


def waited(state: Path, text: str) -> None:
    """Until the daemon's status says this; after a minute, whatever it says then."""
    end_ns = CLOCK.monotonic_ns() + PATIENCE_NS
    said = ""
    while text not in said and CLOCK.monotonic_ns() < end_ns:
        done = subprocess.run(
            [COMMAND, "status", "--state", state], capture_output=True, text=True, check=False
        )
        said = done.stdout
    assert text in said
