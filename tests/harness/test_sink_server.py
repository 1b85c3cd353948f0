"""A receiver over HTTPS: who may speak to it, what it answers, and what it is asked to do wrong."""

import datetime
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sending_lab import Sender

from edgeward_harness.rig.authority import Defect, Issued
from edgeward_harness.rig.sink.account import account
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.process import SinkProcess
from edgeward_harness.rig.sink.server import HttpsSink, server_context

DEVICE = "monitor-7"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
NONCE = "ab" * 16


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, 5, NOW)


@pytest.fixture
def sink(bench: Bench) -> Iterator[HttpsSink]:
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        yield sink
    sink.receiver.ledger.close()


class Caller:
    """A device's side of a connection, with no more than the standard library has."""

    def __init__(self, bench: Bench, port: int, own: Issued | None = None) -> None:
        context = ssl.create_default_context(cadata=bench.authority().pem.decode())
        pem = bench.folder / "caller.pem"
        pem.write_bytes((own or bench.authority("devices").client(DEVICE)).pem)
        context.load_cert_chain(pem)
        self._connection = http.client.HTTPSConnection("localhost", port, context=context)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def caller(bench: Bench, sink: HttpsSink) -> Iterator[Caller]:
    caller = Caller(bench, sink.port)
    yield caller
    caller.close()


def posted(caller: Caller, batch: bytes) -> tuple[int, dict[str, Any]]:
    status, body = caller.ask("POST", "/v1/batches", batch)
    return status, json.loads(body)


def test_it_says_who_it_is_and_whom_it_speaks_to(
    bench: Bench, sink: HttpsSink, caller: Caller
) -> None:
    status, body = caller.ask("GET", f"/v1/hello?nonce={NONCE}")
    told = json.loads(body)
    assert (status, told["protocol"], told["nonce"]) == (200, 1, NONCE)
    assert told["client_serial"] == bench.authority("devices").client(DEVICE).serial
    assert caller.ask("GET", "/v1/hello?nonce=..")[0] == 400
    assert caller.ask("GET", "/v1/anything")[0] == 404


def test_a_batch_is_taken_over_one_connection_and_accounted_for(
    sink: HttpsSink, caller: Caller
) -> None:
    sender = Sender(sink.receiver.opener.public)
    for sequence in range(1, 4):
        status, told = posted(caller, sender.batch(sender.seal(sequence)))
        assert (status, told["durable"]) == (200, [["01" * 8, sequence, sequence]])
    assert sink.connections == 1
    assert sink.requests == 3
    assert account(sink.receiver.ledger, DEVICE).outcomes()["delivered"] == 3


def test_what_is_no_batch_is_refused_by_name(sink: HttpsSink, caller: Caller) -> None:
    sender = Sender(sink.receiver.opener.public, changes={"records": 9})
    status, told = posted(caller, sender.batch(sender.seal(1)))
    assert (status, told["batch"]) == (400, f"{1:032x}")
    assert posted(caller, b"nothing")[0] == 400


def test_nobody_sends_in_the_name_of_another(sink: HttpsSink, caller: Caller) -> None:
    sender = Sender(sink.receiver.opener.public, device="monitor-8")
    assert posted(caller, sender.batch(sender.seal(1)))[0] == 403
    assert account(sink.receiver.ledger, "monitor-8").foreign == 1


def test_too_large_and_poisoned_batches_are_refused_until_it_is_cleared(
    sink: HttpsSink, caller: Caller
) -> None:
    sender = Sender(sink.receiver.opener.public)
    batch = sender.batch(sender.seal(1))
    faults = sink.receiver.faults
    faults.batch_bytes_max = len(batch) - 1
    assert posted(caller, batch)[0] == 413
    faults.clear()
    faults.poison = frozenset({1})
    status, told = posted(caller, batch)
    assert (status, told["batch"]) == (400, f"{1:032x}")
    faults.clear()
    assert posted(caller, batch)[0] == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.BUSY, 429),
        (Fault.UNAVAILABLE, 503),
        (Fault.ERROR, 500),
        (Fault.UNAUTHORISED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.PORTAL_PAGE, 200),
        (Fault.PORTAL_REDIRECT, 302),
        (Fault.NOT_JSON, 200),
        (Fault.WRONG_BATCH, 200),
        (Fault.SLOW, 200),
    ],
)
def test_each_fault_is_answered_once_and_as_it_says(
    sink: HttpsSink, caller: Caller, fault: Fault, status: int
) -> None:
    sender = Sender(sink.receiver.opener.public)
    sink.receiver.faults.order(fault, value=1)
    answered, body = caller.ask("POST", "/v1/batches", sender.batch(sender.seal(1)))
    assert answered == status
    assert (f"{1:032x}".encode() in body) == (fault is Fault.SLOW)
    assert posted(caller, sender.batch(sender.seal(2)))[0] == 200


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.CUT_ANSWER])
def test_a_lost_answer_ends_the_connection_and_says_nothing_of_what_was_kept(
    sink: HttpsSink, caller: Caller, fault: Fault
) -> None:
    sender = Sender(sink.receiver.opener.public)
    sink.receiver.faults.order(fault)
    with pytest.raises((http.client.HTTPException, OSError)):
        posted(caller, sender.batch(sender.seal(1)))
    kept = account(sink.receiver.ledger, DEVICE).outcomes()["delivered"]
    assert kept == (0 if fault is Fault.LOST_REQUEST else 1)


def test_forgotten_keys_are_asked_for(sink: HttpsSink, caller: Caller) -> None:
    sender = Sender(sink.receiver.opener.public)
    posted(caller, sender.batch(sender.seal(1)))
    sink.receiver.faults.order(Fault.FORGET_KEYS)
    _, told = posted(caller, sender.batch(sender.seal(2), grants=()))
    assert told["keys_unknown"] == [{"epoch": "01" * 8, "key": 2}]


@pytest.mark.parametrize(
    ("defect", "said_of_it"),
    [
        (Defect.EXPIRED, "expired"),
        (Defect.OTHER_AUTHORITY, "issuer"),
        (Defect.WRONG_USE, "purpose"),
    ],
)
def test_a_device_with_wrong_papers_gets_no_answer(
    bench: Bench, sink: HttpsSink, defect: Defect, said_of_it: str
) -> None:
    caller = Caller(bench, sink.port, bench.authority("devices").client(DEVICE, defect))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        caller.ask("GET", f"/v1/hello?nonce={NONCE}")
    caller.close()
    assert sink.requests == 0
    assert said_of_it in sink.refusal()


def test_a_device_whose_key_is_not_registered_is_forbidden(bench: Bench, sink: HttpsSink) -> None:
    known, stranger = (bench.authority(desk).client(DEVICE) for desk in ("known", "stranger"))
    sink.receiver.devices = {DEVICE: frozenset({known.pin})}
    for own, status in ((known, 200), (stranger, 403)):
        caller = Caller(bench, sink.port, own)
        assert caller.ask("GET", f"/v1/hello?nonce={NONCE}")[0] == status
        caller.close()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "kept"), [(Fault.DIE_BEFORE, 0), (Fault.DIE_AFTER, 1)])
def test_a_killed_receiver_holds_what_it_kept_and_listens_where_it_did(
    bench: Bench, fault: Fault, kept: int
) -> None:
    with SinkProcess(bench) as sink:
        sender = Sender(bench.receiver().opener.public)
        batch = sender.batch(sender.seal(1))
        sink.ask("fault", fault=fault.value)
        caller = Caller(bench, sink.port)
        with pytest.raises((http.client.HTTPException, OSError)):
            posted(caller, batch)
        caller.close()
        sink.wait()
        sink.start()
        assert sink.ask("account", device=DEVICE)["outcomes"]["delivered"] == kept
        caller = Caller(bench, sink.port)
        status, _ = posted(caller, batch)
        caller.close()
        told = sink.ask("account", device=DEVICE)["outcomes"]
    assert (status, told["delivered"], told["offered again"]) == (200, 1, kept)
