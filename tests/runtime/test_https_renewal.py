"""New papers while records flow: nothing is lost, nothing is cut, and what fails goes back."""

import datetime
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sending_lab import Sender
from trusting_lab import DEVICE, Device

from edgeward.adapters.store import MemoryStore
from edgeward.comms.delivery.transport import UnauthorisedError, UnreachableError
from edgeward.comms.transports.entrance import Trust
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.transports.renewal import renew
from edgeward.comms.trust.wallet import TRIES_MAX, Outcome, Stage, Wallet
from edgeward.comms.wire import read_answer
from edgeward.errors import StoreError, TrustError
from edgeward_harness.rig.authority import Authority
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.server import HttpsSink, server_context

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DUE_DAYS = 1


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, 5, NOW)


@pytest.fixture
def sink(bench: Bench) -> Iterator[HttpsSink]:
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        yield sink
    sink.receiver.ledger.close()


def renewed(trust: Trust, transport: HttpsTransport) -> Stage:
    return renew(trust.wallet, transport, trust.time, rotation_days=DUE_DAYS)


def test_papers_are_changed_under_traffic_and_no_exchange_fails(
    bench: Bench, sink: HttpsSink
) -> None:
    device = Device(bench, sink.port)
    trust = device.trust()
    transport = device.transport(trust)
    sender = Sender(sink.receiver.opener.public)
    before = trust.wallet.current
    done, failures, sent = threading.Event(), [], 0

    def flow() -> None:
        nonlocal sent
        try:
            while not done.is_set() or sent < 20:
                sent += 1
                body = transport.exchange(sender.batch(sender.seal(sent)))
                assert read_answer(body, f"{sender.attempts:032x}").holds(sender.token, sent)
        except Exception as error:
            failures.append(error)

    flowing = threading.Thread(target=flow)
    flowing.start()
    for _ in range(3):
        assert renewed(trust, transport) is Stage.NONE
    done.set()
    flowing.join()
    transport.close()
    assert failures == []
    assert trust.wallet.current != before
    assert trust.wallet.outcome is Outcome.COMMITTED
    told = account(sink.receiver.ledger, DEVICE)
    assert told.outcomes()["delivered"] == sent
    assert told.faults() == []
    assert told.outcomes()["offered again"] == 0


def test_what_is_not_due_is_not_renewed(bench: Bench, sink: HttpsSink) -> None:
    device = Device(bench, sink.port)
    trust = device.trust()
    stage = renew(trust.wallet, device.transport(trust), trust.time, rotation_days=30)
    assert stage is Stage.NONE
    assert trust.wallet.outcome is Outcome.NOTHING
    assert sink.connections == 0


def test_papers_that_the_receiver_does_not_believe_are_given_up_and_the_old_ones_go_on(
    bench: Bench, sink: HttpsSink
) -> None:
    sink.receiver.enrol = Authority(99, NOW).sign_request
    device = Device(bench, sink.port)
    trust = device.trust()
    transport = device.transport(trust)
    transport.hello()
    before = trust.wallet.current
    for _ in range(TRIES_MAX):
        with pytest.raises(UnauthorisedError):
            renewed(trust, transport)
        transport.hello()
    assert trust.wallet.outcome is Outcome.ROLLED_BACK
    assert trust.wallet.current == before
    assert transport.connections == 1
    transport.close()


def test_a_receiver_that_is_away_costs_no_try(bench: Bench, sink: HttpsSink) -> None:
    device = Device(bench, sink.port)
    trust = device.trust()
    transport = device.transport(trust)
    transport.hello()
    for _ in range(TRIES_MAX + 1):
        sink.receiver.faults.order(Fault.SLOW)
        sink.receiver.faults.order(Fault.UNAVAILABLE)
        if trust.wallet.stage is not Stage.NONE:
            sink.receiver.faults.take()
        with pytest.raises(UnreachableError):
            renewed(trust, transport)
    assert trust.wallet.stage is Stage.TRYING
    assert renewed(trust, transport) is Stage.NONE
    assert trust.wallet.outcome is Outcome.COMMITTED
    transport.close()


class Cut(Exception):  # noqa: N818 - it stands for the end of a process
    """The process is killed."""


class Cutting(MemoryStore):
    """A disk whose machine dies at the n-th write, before or after it."""

    __slots__ = ("after", "left")

    def __init__(self, left: int, *, after: bool) -> None:
        super().__init__()
        self.left, self.after = left, after

    def write(self, name: str, data: bytes) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Cut
        super().write(name, data)
        if self.left == 0:
            raise Cut


WRITES = 6
"""The papers that it begins with; then requested, the time, issued, trying, committed."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(2, WRITES + 1))
def test_killed_at_any_write_it_has_papers_that_work_and_goes_on(
    bench: Bench, sink: HttpsSink, write: int, after: bool
) -> None:
    store = Cutting(write, after=after)
    device = Device(bench, sink.port, store=store)
    trust = device.trust()
    transport = device.transport(trust)
    with pytest.raises(Cut):
        renewed(trust, transport)
    transport.close()
    again = replace(trust, wallet=Wallet(store, DEVICE))
    transport = device.transport(again)
    transport.hello()
    renewed(again, transport)
    transport.hello()
    transport.close()
    assert again.wallet.outcome is Outcome.COMMITTED
    assert again.wallet.stage is Stage.NONE


def test_a_full_disk_leaves_the_old_papers_and_the_old_connection(
    bench: Bench, sink: HttpsSink
) -> None:
    class Full(MemoryStore):
        def write(self, name: str, data: bytes) -> None:
            if b'"stage":"none"' in data and b"committed" in data:
                raise StoreError("full")
            super().write(name, data)

    device = Device(bench, sink.port, store=Full())
    trust = device.trust()
    transport = device.transport(trust)
    transport.hello()
    before = trust.wallet.current
    with pytest.raises(StoreError):
        renewed(trust, transport)
    transport.hello()
    assert transport.connections == 1
    assert trust.wallet.current == before
    assert trust.wallet.stage is Stage.TRYING
    transport.close()


def test_a_receiver_that_names_another_certificate_confirms_nothing(
    bench: Bench, sink: HttpsSink
) -> None:
    device = Device(bench, sink.port)
    trust = device.trust()
    transport = device.transport(trust)
    trust.wallet.issued(transport.sign(trust.wallet.begin()))
    assert trust.wallet.current is not None
    trust.wallet.trying()
    with pytest.raises(TrustError, match="saw certificate"):
        trust.wallet.confirmed(trust.wallet.current.serial)
    transport.close()
