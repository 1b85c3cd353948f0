"""The hostile network: what it can do to a connection, seen from both ends; what it saw."""

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.rig.network.capture import Capture
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.tls_records import said_by_client
from edgeward_harness.rig.network.weather import HARMLESS, Act, Drawn, Kind, Written
from edgeward_harness.rig.receiving import until
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, Papers, server_context

PATIENCE_S = 20
WHOLE = bytes(range(256)) * 40


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """Somebody who says again what it hears."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(PATIENCE_S)

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=repeat, args=(peer,), daemon=True).start()

    def repeat(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            while data := peer.recv(4096):
                peer.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()
    listening.close()


def through(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S)


def heard(peer: socket.socket, size: int) -> bytes:
    """What comes back, until it is all there or the connection ends."""
    data = b""
    while len(data) < size and (more := peer.recv(size - len(data))):
        data += more
    return data


@pytest.mark.parametrize("act", [Act(), Act(Kind.DELAY, value=1), Act(Kind.STALL, 100, 5),
                                 Act(Kind.THROTTLE, value=100_000)])  # fmt: skip
def test_what_only_takes_time_loses_nothing(echo: tuple[str, int], act: Act) -> None:
    with FaultProxy(echo, Written([act])) as proxy, through(proxy) as peer:
        peer.sendall(WHOLE)
        assert heard(peer, len(WHOLE)) == WHOLE
        (trail,) = proxy.capture.trails
        assert trail.up == trail.down == WHOLE
        assert proxy.capture.whole


def broken(proxy: FaultProxy, said: int = 0) -> bool:
    """Whether we are told that the connection broke, and not that the other has finished."""
    try:
        with through(proxy) as peer:
            peer.sendall(bytes(said))
            return ended(peer)
    except ConnectionError:
        return True


def ended(peer: socket.socket) -> bool:
    """Whether it ends with a break."""
    try:
        while peer.recv(4096):
            pass
    except ConnectionError:
        return True
    return False


def test_a_reset_is_told_and_a_truncation_looks_like_an_end(echo: tuple[str, int]) -> None:
    acts = [Act(Kind.RESET, 100), Act(Kind.TRUNCATE, 100), Act(Kind.REFUSE)]
    with FaultProxy(echo, Written(acts)) as proxy:
        told = [broken(proxy, said) for said in (200, 200, 0)]
    assert told == [True, False, True]
    assert [len(trail.up) for trail in proxy.capture.trails] == [100, 100, 0]


def test_a_half_open_connection_says_nothing_at_all(echo: tuple[str, int]) -> None:
    with FaultProxy(echo, Written([Act(Kind.BLACKHOLE, 10)])) as proxy, through(proxy) as peer:
        peer.sendall(WHOLE)
        peer.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        assert proxy.capture.crossed_bytes == 10


def test_a_portal_answers_instead(echo: tuple[str, int]) -> None:
    with FaultProxy(echo, Written([Act(Kind.PORTAL)])) as proxy, through(proxy) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"sign in" in heard(peer, 10_000)


def test_a_partition_holds_what_comes_and_lets_it_through_in_its_order(
    echo: tuple[str, int],
) -> None:
    with FaultProxy(echo) as proxy, through(proxy) as peer:
        peer.sendall(b"before")
        assert heard(peer, 6) == b"before"
        proxy.partition()
        peer.sendall(b"one")
        peer.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        peer.sendall(b"two")
        proxy.heal()
        peer.settimeout(PATIENCE_S)
        assert heard(peer, 6) == b"onetwo"
        proxy.reset_all()
        assert ended(peer)


def test_what_was_said_is_said_again_by_somebody_else(echo: tuple[str, int]) -> None:
    with FaultProxy(echo, Written([Act(Kind.REPLAY)])) as proxy:
        with through(proxy) as peer:
            peer.sendall(b"once")
            assert heard(peer, 4) == b"once"
        trails = proxy.capture.trails
        assert until(lambda: len(trails) == 2 and trails[1].down == b"once", PATIENCE_S)
    assert [trail.number for trail in proxy.capture.trails] == [0, 0]
    assert proxy.capture.trails[1].up == b"once"


def test_nobody_there_is_a_broken_connection() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with FaultProxy(held.getsockname()) as proxy:
            assert broken(proxy)


@given(st.integers(0, 2**64), st.integers(0, 1000))
def test_a_seed_is_all_that_a_connection_depends_on(seed: int, number: int) -> None:
    assert Drawn(seed).act(number) == Drawn(seed).act(number)
    assert Drawn(seed, HARMLESS).act(number).kind in HARMLESS


def test_a_seed_has_every_kind_of_weather_in_it() -> None:
    weather = Drawn(1)
    assert {weather.act(number).kind for number in range(200)} == set(Kind)


def test_not_more_is_kept_than_was_allowed_and_it_is_known() -> None:
    capture = Capture(kept_bytes_max=10)
    trail = capture.begin(0)
    capture.keep(trail.up, b"a name: Erika")
    assert capture.found([b"a name"]) == [(b"a name", 0)]
    assert capture.found([b"Erika"]) == []
    assert not capture.whole
    assert capture.crossed_bytes == 13


def test_what_was_said_within_tls_is_counted_exactly(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 1, datetime.datetime.now(datetime.UTC))
    papers, own = bench.papers(), tmp_path / "own.pem"
    logged = Papers(papers.own, papers.authorities, keys_log=tmp_path / "keys")
    own.write_bytes(bench.authority("devices").client("monitor-7").pem)
    context = ssl.create_default_context(cadata=bench.authority().pem.decode())
    context.load_cert_chain(own)
    asked = b"GET /v1/hello?nonce=abcd HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        HttpsSink(bench.receiver(), server_context(logged)) as sink,
        FaultProxy(("127.0.0.1", sink.port)) as proxy,
        context.wrap_socket(through(proxy), server_hostname="localhost") as peer,
    ):
        peer.sendall(asked)
        assert peer.recv(1000).startswith(b"HTTP/1.1 200")
    sink.receiver.ledger.close()
    (trail,) = proxy.capture.trails
    said = said_by_client(bytes(trail.up), bytes(trail.down), (tmp_path / "keys").read_text())
    assert not proxy.capture.found([b"/v1/hello", b"receiver"])
    assert said["application"] == len(asked)
    assert said["unopened"] == 0
    assert said["handshake"] > 500
