"""Batches over HTTPS: to a real receiver, which is there, busy, gone, or somebody else."""

import datetime
import gc
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sending_lab import Sender
from trusting_lab import DEVICE, Device

from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.wire import read_answer
from edgeward_harness.rig.receiving import until
from edgeward_harness.rig.sink import server
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.server import HttpsSink, server_context

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
MS = 1_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, 5, NOW)


@pytest.fixture
def sink(bench: Bench) -> Iterator[HttpsSink]:
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        yield sink
    sink.receiver.ledger.close()


@pytest.fixture
def transport(bench: Bench, sink: HttpsSink) -> Iterator[HttpsTransport]:
    transport = Device(bench, sink.port).transport()
    yield transport
    transport.close()


@pytest.fixture
def sender(sink: HttpsSink) -> Sender:
    return Sender(sink.receiver.opener.public)


def test_a_greeting_says_the_key_and_the_time(sink: HttpsSink, transport: HttpsTransport) -> None:
    sink.receiver.now_ns = lambda: int(NOW.timestamp()) * 1000 * MS
    hello = transport.hello()
    assert hello.receiver_key == sink.receiver.opener.public
    assert hello.now_ns == int(NOW.timestamp()) * 1000 * MS


def test_many_batches_go_over_one_connection(
    sink: HttpsSink, transport: HttpsTransport, sender: Sender
) -> None:
    for sequence in range(1, 21):
        body = transport.exchange(sender.batch(sender.seal(sequence)))
        assert read_answer(body, f"{sequence:032x}").holds(sender.token, sequence)
    transport.hello()
    assert sink.connections == transport.connections == 1
    assert account(sink.receiver.ledger, DEVICE).faults() == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BUSY, UnreachableError),
        (Fault.UNAVAILABLE, UnreachableError),
        (Fault.ERROR, UnreachableError),
        (Fault.LOST_ANSWER, UnreachableError),
        (Fault.LOST_REQUEST, UnreachableError),
        (Fault.CUT_ANSWER, UnreachableError),
        (Fault.UNAUTHORISED, UnauthorisedError),
        (Fault.FORBIDDEN, UnauthorisedError),
        (Fault.PORTAL_PAGE, StrangerError),
        (Fault.PORTAL_REDIRECT, StrangerError),
        (Fault.NOT_JSON, StrangerError),
    ],
)
def test_each_wrong_answer_is_told_and_the_next_batch_goes_over_a_new_connection(
    sink: HttpsSink, transport: HttpsTransport, sender: Sender, fault: Fault, kind: type[Exception]
) -> None:
    transport.hello()
    batch = sender.batch(sender.seal(1))
    sink.receiver.faults.order(fault, value=7)
    with pytest.raises(kind) as told:
        transport.exchange(batch)
    if isinstance(told.value, UnreachableError):
        expected_ns = 7000 * MS if fault in (Fault.BUSY, Fault.UNAVAILABLE) else None
        assert told.value.retry_after_ns == expected_ns
    transport.exchange(batch)
    assert transport.connections == 2
    assert account(sink.receiver.ledger, DEVICE).outcomes()["delivered"] == 1


def test_the_answer_to_another_batch_is_handed_on_for_the_reader_of_answers_to_refuse(
    sink: HttpsSink, transport: HttpsTransport, sender: Sender
) -> None:
    transport.hello()
    sink.receiver.faults.order(Fault.WRONG_BATCH)
    body = transport.exchange(sender.batch(sender.seal(1)))
    assert json.loads(body)["batch"] == "0" * 32


def test_what_is_too_large_or_poisoned_is_told_over_the_same_connection(
    sink: HttpsSink, transport: HttpsTransport, sender: Sender
) -> None:
    batch = sender.batch(sender.seal(1))
    sink.receiver.faults.batch_bytes_max = 10
    with pytest.raises(TooLargeError):
        transport.exchange(batch)
    sink.receiver.faults.clear()
    sink.receiver.faults.poison = frozenset({1})
    with pytest.raises(RefusedError, match="poisoned"):
        transport.exchange(batch)
    assert transport.connections == 1


def test_a_receiver_that_does_not_even_read_a_large_batch_is_heard(
    sink: HttpsSink,
    transport: HttpsTransport,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It answers, and ends the connection while most of the batch is still to be sent."""
    monkeypatch.setattr(server, "BODY_BYTES_MAX", 1000)
    transport.hello()
    with pytest.raises(TooLargeError):
        transport.exchange(sender.batch(sender.seal(1, payload=bytes(8 << 20))))


@pytest.mark.parametrize("limits_ns", [(30 * MS, FOR_EVER_NS), (FOR_EVER_NS, 30 * MS)])
def test_a_silent_receiver_ends_the_exchange_at_its_timeout(
    bench: Bench, sink: HttpsSink, sender: Sender, limits_ns: tuple[int, int]
) -> None:
    timeout_ns, within_ns = limits_ns
    transport = Device(bench, sink.port).transport(exchange_timeout_ns=timeout_ns)
    transport.hello()
    sink.receiver.faults.order(Fault.SLOW, value=2000)
    with pytest.raises(UnreachableError, match=r"timed out|deadline"):
        transport.exchange(sender.batch(sender.seal(1)), within_ns)
    transport.close()


def test_an_answer_that_drips_byte_by_byte_ends_at_the_timeout_too(
    bench: Bench, sink: HttpsSink, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = Device(bench, sink.port).transport(exchange_timeout_ns=60 * MS)
    transport.hello()
    (handler_socket,) = sink._server._open
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.005):
            try:
                handler_socket.sendall(b"H")
            except OSError:
                return

    sink.receiver.faults.order(Fault.SLOW, value=1000)
    dripping = threading.Thread(target=drip)
    dripping.start()
    with pytest.raises(UnreachableError, match=r"timed out|deadline"):
        transport.exchange(sender.batch(sender.seal(1)))
    stop.set()
    dripping.join()
    transport.close()


def test_a_connection_that_the_receiver_ended_is_not_used_again(
    sink: HttpsSink, transport: HttpsTransport, sender: Sender
) -> None:
    transport.hello()
    sink.hang_up()
    assert until(lambda: not (transport._open and transport._open.alive), 20)
    transport.exchange(sender.batch(sender.seal(1)))
    assert transport.connections == 2


def refusing() -> socket.socket:
    """A port at which nobody listens, as long as it is held."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


def answering(data: bytes) -> Callable[[], socket.socket]:
    """Somebody who says one thing to whoever comes, and does not speak TLS."""

    def listen() -> socket.socket:
        listening = socket.create_server(("127.0.0.1", 0))

        def answer() -> None:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer:
                peer.recv(1 << 16)
                peer.sendall(data)

        threading.Thread(target=answer, daemon=True).start()
        return listening

    return listen


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (refusing, UnreachableError),
        (answering(b""), UnreachableError),
        (answering(b"HTTP/1.1 200 OK\r\n\r\n<html>Welcome"), StrangerError),
        (answering(b"220 mail\r\n"), StrangerError),
    ],
    ids=["nobody", "hangs up", "portal", "another protocol"],
)
def test_who_is_no_receiver_is_told_apart(
    bench: Bench, who: Callable[[], socket.socket], kind: type[Exception]
) -> None:
    bench.papers()
    with who() as listening:
        transport = Device(bench, listening.getsockname()[1]).transport()
        with pytest.raises(kind):
            transport.hello()


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_peer_that_is_gone_at_once_leaves_nothing_open(bench: Bench) -> None:
    """It may go between any two of our steps; one in a thousand did between the two that leaked."""
    at_once = struct.pack("ii", 1, 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset_all() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                peer.close()

        thread = threading.Thread(target=reset_all)
        thread.start()
        transport = Device(bench, listener.getsockname()[1]).transport()
        for _ in range(1000):
            with pytest.raises(UnreachableError):
                transport.exchange(b"batch")
        transport.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    gc.collect()


def test_a_device_without_papers_sends_nothing(bench: Bench, sink: HttpsSink) -> None:
    device = Device(bench, sink.port)
    device.own = None
    with pytest.raises(UnauthorisedError, match="no certificate"):
        device.transport().hello()
    assert sink.connections == 0
