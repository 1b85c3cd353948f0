"""Batches over a WebSocket: to a real receiver, which is there, slow, gone, or somebody else."""

import contextlib
import datetime
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sending_lab import Sender
from trusting_lab import DEVICE, Device

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Address
from edgeward.comms.transports.websocket import WebSocketTransport
from edgeward.comms.wire import read_answer
from edgeward_harness.rig.authority import Defect
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.server import HttpsSink, server_context
from edgeward_harness.rig.sink.websocket import WebSocketSink

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
MS = 1_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, 5, NOW)


@pytest.fixture
def sink(bench: Bench) -> Iterator[WebSocketSink]:
    receiver = bench.receiver()
    with WebSocketSink(receiver, server_context(bench.papers())) as sink:
        yield sink
    receiver.ledger.close()


def to(device: Device, **more: int) -> WebSocketTransport:
    address = Address(device.host, device.port)
    return WebSocketTransport(address, device.trust(), SystemClock(), SeededEntropy(3), **more)


@pytest.fixture
def transport(bench: Bench, sink: WebSocketSink) -> Iterator[WebSocketTransport]:
    with contextlib.closing(to(Device(bench, sink.port))) as transport:
        yield transport


@pytest.fixture
def sender(sink: WebSocketSink) -> Sender:
    return Sender(sink.receiver.opener.public)


def test_many_batches_go_over_one_stream(
    sink: WebSocketSink, transport: WebSocketTransport, sender: Sender
) -> None:
    assert transport.hello().receiver_key == sink.receiver.opener.public
    for sequence in range(1, 21):
        body = transport.exchange(sender.batch(sender.seal(sequence)))
        assert read_answer(body, f"{sequence:032x}").holds(sender.token, sequence)
    transport.hello()
    assert sink.streams == transport.connections == 1
    told = account(sink.receiver.ledger, DEVICE)
    assert told.outcomes()["delivered"] == 20
    assert told.faults() == []


def test_a_batch_of_a_megabyte_comes_whole(
    sink: WebSocketSink, transport: WebSocketTransport, sender: Sender
) -> None:
    record = sender.seal(1, payload=bytes(1 << 20))
    assert read_answer(transport.exchange(sender.batch(record)), f"{1:032x}").holds(sender.token, 1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BUSY, UnreachableError),
        (Fault.ERROR, UnreachableError),
        (Fault.LOST_ANSWER, UnreachableError),
        (Fault.LOST_REQUEST, UnreachableError),
        (Fault.FORBIDDEN, UnauthorisedError),
        (Fault.PORTAL_PAGE, StrangerError),
        (Fault.NOT_JSON, StrangerError),
    ],
)
def test_each_wrong_answer_is_told_and_the_next_batch_goes_over_a_new_stream(
    sink: WebSocketSink,
    transport: WebSocketTransport,
    sender: Sender,
    fault: Fault,
    kind: type[Exception],
) -> None:
    transport.hello()
    batch = sender.batch(sender.seal(1))
    sink.receiver.faults.order(fault, value=7)
    with pytest.raises(kind) as told:
        transport.exchange(batch)
    if isinstance(told.value, UnreachableError):
        assert told.value.retry_after_ns == (7000 * MS if fault is Fault.BUSY else None)
    transport.exchange(batch)
    assert transport.connections == 2
    assert account(sink.receiver.ledger, DEVICE).outcomes()["delivered"] == 1


def test_what_is_too_large_or_poisoned_is_told_over_the_same_stream(
    sink: WebSocketSink, transport: WebSocketTransport, sender: Sender
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


@pytest.mark.parametrize("limits_ns", [(50 * MS, FOR_EVER_NS), (FOR_EVER_NS, 50 * MS)])
def test_a_slow_receiver_slows_the_device_down_and_a_silent_one_ends_at_the_timeout(
    bench: Bench, sink: WebSocketSink, sender: Sender, limits_ns: tuple[int, int]
) -> None:
    timeout_ns, within_ns = limits_ns
    device = Device(bench, sink.port)
    with contextlib.closing(to(device, exchange_timeout_ns=timeout_ns)) as transport:
        transport.hello()
        sink.receiver.faults.order(Fault.SLOW, value=200)
        with pytest.raises(UnreachableError, match=r"timed out|deadline"):
            transport.exchange(sender.batch(sender.seal(1)), within_ns)


@pytest.mark.parametrize("defect", [Defect.EXPIRED, Defect.OTHER_AUTHORITY])
def test_a_device_with_wrong_papers_is_told_so(
    bench: Bench, sink: WebSocketSink, defect: Defect
) -> None:
    own = bench.authority("devices").client(DEVICE, defect)
    with pytest.raises(UnauthorisedError):
        to(Device(bench, sink.port, own=own)).hello()
    assert sink.streams == 0


def test_a_receiver_whose_key_is_not_pinned_hears_nothing(
    bench: Bench, sink: WebSocketSink
) -> None:
    device = Device(bench, sink.port, pins=("1" * 64, "2" * 64))
    with pytest.raises(UnauthorisedError, match="not pinned"):
        to(device).hello()
    assert sink.streams == 0


def test_a_receiver_that_speaks_no_websocket_is_a_stranger(bench: Bench) -> None:
    receiver = bench.receiver()
    sink = HttpsSink(receiver, server_context(bench.papers()))
    with sink, pytest.raises(StrangerError, match="no WebSocket"):
        to(Device(bench, sink.port)).hello()
    receiver.ledger.close()


def test_nobody_is_unreachable(bench: Bench) -> None:
    bench.papers()
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError):
            to(Device(bench, held.getsockname()[1])).hello()


def test_threads_that_share_it_take_turns(
    sink: WebSocketSink, transport: WebSocketTransport, sender: Sender
) -> None:
    batches = [sender.batch(sender.seal(sequence)) for sequence in range(1, 21)]
    failures: list[Exception] = []

    def flow(part: list[bytes]) -> None:
        try:
            for batch in part:
                transport.exchange(batch)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=flow, args=(batches[first::4],)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert account(sink.receiver.ledger, DEVICE).outcomes()["delivered"] == 20
