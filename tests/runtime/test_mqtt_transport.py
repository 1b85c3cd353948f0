"""Batches through a real broker: it is judged, it forgets, it dies, and nothing hangs on it."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import MQTTv5, MQTTv311
from sending_lab import Sender
from trusting_lab import DEVICE, SPARE, Device

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
from edgeward.comms.transports.mqtt import MqttTransport
from edgeward.comms.wire import read_answer
from edgeward.errors import DeliveryError
from edgeward_harness.rig.authority import Defect
from edgeward_harness.rig.receiving import until
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.broker import RECEIVER, Broker, mosquitto
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.mqtt import MqttSink
from edgeward_harness.rig.sink.server import Papers

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
MS = 1_000_000
PATIENCE_S = 20
pytestmark = pytest.mark.slow


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    if mosquitto() is None:
        pytest.skip("no mosquitto here; on Debian, apt-get install mosquitto")
    return Bench(tmp_path, 5, NOW)


@pytest.fixture
def broker(bench: Bench) -> Iterator[Broker]:
    with Broker(bench.folder, bench.papers()) as broker:
        yield broker


@pytest.fixture
def sink(bench: Bench, broker: Broker) -> Iterator[MqttSink]:
    own = bench.folder / "receiver.pem"
    own.write_bytes(bench.authority("receivers").client(RECEIVER).pem)
    receiver = bench.receiver()
    with MqttSink(receiver, broker.port, Papers(own, broker.papers.authorities)) as sink:
        yield sink
    receiver.ledger.close()


def to(device: Device, **more: int) -> MqttTransport:
    address = Address(device.host, device.port)
    trust, clock = device.trust(), SystemClock()
    return MqttTransport(DEVICE, address, trust, clock, SeededEntropy(3), **more)


@pytest.fixture
def sender(sink: MqttSink) -> Sender:
    return Sender(sink.receiver.opener.public)


@pytest.mark.parametrize("version", [MQTTv311, MQTTv5])
def test_batches_go_and_answers_come_in_either_version(
    bench: Bench, broker: Broker, sink: MqttSink, sender: Sender, version: int
) -> None:
    with contextlib.closing(to(Device(bench, broker.port), version=version)) as transport:
        assert transport.hello().receiver_key == sink.receiver.opener.public
        for sequence in range(1, 21):
            body = transport.exchange(sender.batch(sender.seal(sequence)))
            assert read_answer(body, f"{sequence:032x}").holds(sender.token, sequence)
        large = sender.batch(sender.seal(21, payload=bytes(1 << 20)))
        assert read_answer(transport.exchange(large), f"{21:032x}").holds(sender.token, 21)
        transport.hello()
        assert transport.connections == 1
    told = account(sink.receiver.ledger, DEVICE)
    assert told.outcomes()["delivered"] == 21
    assert told.faults() == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BUSY, UnreachableError),
        (Fault.LOST_ANSWER, UnreachableError),
        (Fault.LOST_REQUEST, UnreachableError),
        (Fault.FORBIDDEN, UnauthorisedError),
        (Fault.NOT_JSON, UnreachableError),
        (Fault.WRONG_BATCH, UnreachableError),
    ],
)
def test_each_wrong_answer_is_told_and_the_next_batch_goes_over_a_new_connection(
    bench: Bench,
    broker: Broker,
    sink: MqttSink,
    sender: Sender,
    fault: Fault,
    kind: type[DeliveryError],
) -> None:
    device = Device(bench, broker.port)
    with contextlib.closing(to(device, exchange_timeout_ns=500 * MS)) as transport:
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


@pytest.mark.parametrize("limits_ns", [(300 * MS, FOR_EVER_NS), (FOR_EVER_NS, 300 * MS)])
def test_nobody_waits_longer_for_an_answer_than_was_said(
    bench: Bench, broker: Broker, sink: MqttSink, sender: Sender, limits_ns: tuple[int, int]
) -> None:
    timeout_ns, within_ns = limits_ns
    device = Device(bench, broker.port)
    with contextlib.closing(to(device, exchange_timeout_ns=timeout_ns)) as transport:
        transport.hello()
        sink.receiver.faults.order(Fault.SLOW, value=1000)
        with pytest.raises(UnreachableError):
            transport.exchange(sender.batch(sender.seal(1)), within_ns)


def test_what_is_too_large_or_poisoned_is_told_over_the_same_connection(
    bench: Bench, broker: Broker, sink: MqttSink, sender: Sender
) -> None:
    with contextlib.closing(to(Device(bench, broker.port))) as transport:
        batch = sender.batch(sender.seal(1))
        transport.hello()
        sink.receiver.faults.batch_bytes_max = 10
        with pytest.raises(TooLargeError):
            transport.exchange(batch)
        sink.receiver.faults.clear()
        sink.receiver.faults.poison = frozenset({1})
        with pytest.raises(RefusedError, match="poisoned"):
            transport.exchange(batch)
        assert transport.connections == 1


def test_a_broker_that_acknowledges_and_has_no_receiver_behind_it_is_no_receiver(
    bench: Bench, broker: Broker
) -> None:
    with pytest.raises(UnreachableError, match="receiver behind the broker"):
        to(Device(bench, broker.port), hello_timeout_ns=300 * MS).hello()


def test_a_killed_broker_is_unreachable_and_one_that_is_back_is_used_again(
    bench: Bench, broker: Broker, sink: MqttSink, sender: Sender
) -> None:
    with contextlib.closing(to(Device(bench, broker.port))) as transport:
        transport.exchange(sender.batch(sender.seal(1)))
        broker.kill()
        with pytest.raises(UnreachableError):
            transport.exchange(sender.batch(sender.seal(2)))
        broker.start()
        sink.wait()
        transport.exchange(sender.batch(sender.seal(2)))
    assert account(sink.receiver.ledger, DEVICE).outcomes()["delivered"] == 2


def test_a_device_is_told_to_be_there_and_to_be_gone(
    bench: Bench, broker: Broker, sink: MqttSink
) -> None:
    transport = to(Device(bench, broker.port))
    transport.hello()
    assert until(lambda: sink.presence.get(DEVICE) == "here", PATIENCE_S)
    transport.close()
    assert until(lambda: sink.presence.get(DEVICE) == "gone", PATIENCE_S)


@pytest.mark.parametrize("defect", [Defect.EXPIRED, Defect.OTHER_AUTHORITY, Defect.WRONG_USE])
def test_a_device_with_wrong_papers_is_told_so(
    bench: Bench, broker: Broker, defect: Defect
) -> None:
    own = bench.authority("devices").client(DEVICE, defect)
    with pytest.raises(UnauthorisedError):
        to(Device(bench, broker.port, own=own)).hello()


@pytest.mark.parametrize(
    ("defect", "kind"),
    [
        (Defect.EXPIRED, UnauthorisedError),
        (Defect.WRONG_NAME, StrangerError),
        (Defect.OTHER_AUTHORITY, StrangerError),
    ],
)
def test_a_broker_with_a_defect_is_refused(
    bench: Bench, defect: Defect, kind: type[DeliveryError]
) -> None:
    papers = bench.papers()
    own = bench.authority("server").server("localhost", defect)
    papers.own.write_bytes(own.pem)
    with Broker(bench.folder, papers) as broker, pytest.raises(kind, match="refused"):
        to(Device(bench, broker.port, pins=(own.pin, SPARE))).hello()


def test_a_broker_whose_key_is_not_pinned_is_refused(bench: Bench, broker: Broker) -> None:
    with pytest.raises(UnauthorisedError, match="not pinned"):
        to(Device(bench, broker.port, pins=(SPARE, "5b" * 32))).hello()


def test_no_device_publishes_in_the_name_of_another(
    bench: Bench, broker: Broker, sink: MqttSink
) -> None:
    own = bench.authority("devices").client("monitor-8")
    device = Device(bench, broker.port, own=own)
    with pytest.raises(DeliveryError):
        to(device, hello_timeout_ns=500 * MS).hello()
    assert DEVICE not in sink.presence
