"""Over a hostile network, all arrives that is sent until it is answered: once in effect, in order.

Each schedule comes from one integer; `EDGEWARD_WEATHERS` asks for more of them.
"""

import datetime
import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sending_lab import Sender
from trusting_lab import DEVICE, Device

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.transport import Transport
from edgeward.comms.transports.connection import Address
from edgeward.comms.transports.greeting import Trust
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.transports.websocket import WebSocketTransport
from edgeward.comms.wire import read_answer
from edgeward.errors import DeliveryError
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.weather import Drawn, Kind
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, server_context
from edgeward_harness.rig.sink.websocket import WebSocketSink

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
MS = 1_000_000
BATCHES = 12
RECORDS = 3
TRIES_MAX = 400
SEEDS = range(int(os.environ.get("EDGEWARD_WEATHERS", "4")))
ROUGH = tuple(kind for kind in Kind if kind is not Kind.CLEAR)
pytestmark = pytest.mark.slow


def https(address: Address, trust: Trust, seed: int) -> HttpsTransport:
    return HttpsTransport(
        address, trust, SystemClock(), SeededEntropy(seed), 400 * MS, 400 * MS
    )  # fmt: skip


def websocket(address: Address, trust: Trust, seed: int) -> WebSocketTransport:
    return WebSocketTransport(
        address, trust, SystemClock(), SeededEntropy(seed), 400 * MS, 400 * MS
    )  # fmt: skip


def until_answered(transport: Transport, batch: Callable[[], bytes], sender: Sender) -> int:
    """Send until the receiver holds all of it; how often it was tried."""
    for tries in range(1, TRIES_MAX):
        body = batch()
        try:
            answer = read_answer(transport.exchange(body), f"{sender.attempts:032x}")
        except DeliveryError:
            continue
        if answer.durable:
            return tries
    pytest.fail(f"tried {TRIES_MAX} times")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("made", "listening"), [(https, HttpsSink), (websocket, WebSocketSink)], ids=["https", "ws"]
)
def test_what_is_sent_until_it_is_answered_arrives_once_and_in_order(
    tmp_path: Path,
    made: Callable[[Address, Trust, int], Transport],
    listening: Callable[..., HttpsSink | WebSocketSink],
    seed: int,
) -> None:
    bench = Bench(tmp_path, 5, NOW)
    receiver = bench.receiver()
    sender = Sender(receiver.opener.public)
    tried = 0
    with (
        listening(receiver, server_context(bench.papers())) as sink,
        FaultProxy(
            ("127.0.0.1", sink.port), Drawn(seed, ROUGH, wait_ms_max=10, bytes_max=9000)
        ) as proxy,
    ):
        address = Address("127.0.0.1", proxy.port, 400 * MS)
        transport = made(address, Device(bench, proxy.port).trust(), seed)
        for number in range(BATCHES):
            first = number * RECORDS + 1
            sealed = [sender.seal(first + more) for more in range(RECORDS)]
            tried += until_answered(transport, functools.partial(sender.batch, *sealed), sender)
            proxy.reset_all()
        transport.close()
    told = account(receiver.ledger, DEVICE)
    receiver.ledger.close()
    assert tried > BATCHES, "the weather was too good to prove anything"
    assert told.outcomes()["delivered"] == BATCHES * RECORDS
    assert told.faults() == []
    assert proxy.capture.found([b"said", b"edgeward record", DEVICE.encode()]) == []
