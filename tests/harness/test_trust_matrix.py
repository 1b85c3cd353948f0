"""Each way in which one end can be wrong is refused by the other, for its own reason, unheard.

What was said is read off the wire, opened with the secrets that the receiver's end wrote down.
"""

import contextlib
import datetime
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sending_lab import Sender
from trusting_lab import DEVICE, SPARE, Device

from edgeward.comms.delivery.transport import StrangerError, UnauthorisedError
from edgeward.errors import DeliveryError
from edgeward_harness.rig.authority import Defect, Issued
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.tls_records import said_by_client
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, server_context

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@dataclass
class Wire:
    """A receiver behind a proxy, and all that crosses."""

    bench: Bench
    sink: HttpsSink
    proxy: FaultProxy
    keys: Path

    def said(self) -> Counter[str]:
        """What the device said, over all connections."""
        keys = self.keys.read_text() if self.keys.exists() else ""
        said: Counter[str] = Counter()
        for trail in self.proxy.capture.trails:
            said += said_by_client(bytes(trail.up), bytes(trail.down), keys)
        return said


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, 5, NOW)


@contextlib.contextmanager
def wired(bench: Bench, context: ssl.SSLContext) -> Iterator[Wire]:
    """A receiver that speaks TLS like this."""
    keys = bench.folder / "keys"
    context.keylog_filename = str(keys)
    with (
        HttpsSink(bench.receiver(), context) as sink,
        FaultProxy(("127.0.0.1", sink.port)) as proxy,
    ):
        yield Wire(bench, sink, proxy, keys)
    sink.receiver.ledger.close()


def receiver_with(bench: Bench, defect: Defect | None) -> tuple[ssl.SSLContext, Issued]:
    """How a receiver speaks TLS whose certificate has a defect, and that certificate."""
    papers = bench.papers()
    own = bench.authority("server").server("localhost", defect)
    papers.own.write_bytes(own.pem)
    if defect is not Defect.WEAK:
        return server_context(papers), own
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(papers.own)
    return context, own


def revocations(bench: Bench) -> tuple[bytes, ...]:
    """What the authority has revoked: one certificate of the receiver, and nothing else."""
    desk = bench.authority("server")
    desk.server("localhost", Defect.REVOKED)
    return (desk.crl_pem(),)


def refused(device: Device) -> DeliveryError:
    """The refusal that a device meets when it wants to deliver."""
    transport = device.transport()
    with pytest.raises(DeliveryError) as told:
        transport.exchange(Sender(bytes(32), device=DEVICE).batch(grants=()))
    transport.close()
    return told.value


SERVER = [
    (Defect.EXPIRED, UnauthorisedError, "refused, expired"),
    (Defect.NOT_YET_VALID, UnauthorisedError, "refused, not yet valid"),
    (Defect.REVOKED, UnauthorisedError, "refused, revoked"),
    (Defect.WRONG_USE, UnauthorisedError, "refused, not for this use"),
    (Defect.WRONG_NAME, StrangerError, "refused, another name"),
    (Defect.OTHER_AUTHORITY, StrangerError, "refused, no authority of ours"),
    (Defect.SELF_SIGNED, StrangerError, "refused, self-signed"),
    (Defect.WEAK, UnauthorisedError, "refused, too weak"),
]


@pytest.mark.parametrize(("defect", "kind", "reason"), SERVER, ids=lambda cell: str(cell))
def test_a_receiver_with_a_defect_hears_nothing(
    bench: Bench, defect: Defect, kind: type[DeliveryError], reason: str
) -> None:
    context, own = receiver_with(bench, defect)
    with wired(bench, context) as wire:
        device = Device(bench, wire.proxy.port, pins=(own.pin, SPARE), revoked=revocations(bench))
        if defect is not Defect.REVOKED:
            device.revoked = ()
        error = refused(device)
    assert type(error) is kind
    assert reason in str(error)
    assert wire.said()["application"] == wire.said()["unopened"] == 0
    assert wire.sink.requests == 0


def test_a_receiver_whose_key_is_not_pinned_is_asked_for_pins_and_told_nothing(
    bench: Bench,
) -> None:
    context, _ = receiver_with(bench, None)
    with wired(bench, context) as wire:
        error = refused(Device(bench, wire.proxy.port, pins=(SPARE, "5b" * 32)))
    assert type(error) is UnauthorisedError
    assert "refused, a key that is not pinned" in str(error)
    asked = b"GET /v1/pins?after=1 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"
    assert wire.said()["application"] == len(asked)


def test_a_receiver_that_speaks_an_older_tls_hears_nothing(bench: Bench) -> None:
    context = server_context(bench.papers(), ssl.TLSVersion.TLSv1_2)
    with wired(bench, context) as wire:
        error = refused(Device(bench, wire.proxy.port))
    assert type(error) is UnauthorisedError
    assert "refused, TLS older than 1.3" in str(error)
    assert wire.sink.requests == 0


def test_a_receiver_that_wants_no_certificate_is_no_better_for_it(bench: Bench) -> None:
    context = server_context(bench.papers(), wants_certificate=False)
    with wired(bench, context) as wire:
        error = refused(Device(bench, wire.proxy.port))
    assert type(error) is UnauthorisedError
    assert "cannot know who sends" in str(error)
    assert wire.sink.requests == 1
    assert wire.said()["application"] < GREETING_BYTES_MAX


GREETING_BYTES_MAX = 150
"""More than a greeting has, and less than one with a record."""

CLIENT = [
    (Defect.EXPIRED, "certificate has expired", "EXPIRED"),
    (Defect.NOT_YET_VALID, "not yet valid", "BAD_CERTIFICATE"),
    (Defect.REVOKED, "certificate revoked", "REVOKED"),
    (Defect.WRONG_USE, "unsuitable certificate purpose", "UNSUPPORTED_CERTIFICATE"),
    (Defect.OTHER_AUTHORITY, "unable to get local issuer", "UNKNOWN_CA"),
    (Defect.SELF_SIGNED, "self-signed certificate", "UNKNOWN_CA"),
]


@pytest.mark.parametrize(("defect", "seen", "told"), CLIENT, ids=lambda cell: str(cell))
def test_a_device_with_a_defect_is_refused_and_has_said_nothing(
    bench: Bench, defect: Defect, seen: str, told: str
) -> None:
    papers, desk = bench.papers(), bench.authority("devices")
    own = desk.client(DEVICE, defect)
    papers.authorities.write_bytes(bench.authority().pem + desk.crl_pem())
    with wired(bench, server_context(replace(papers, checks_revocation=True))) as wire:
        error = refused(Device(bench, wire.proxy.port, own=own))
        assert seen in wire.sink.refusal()
    assert type(error) is UnauthorisedError
    assert told in str(error)
    assert wire.sink.requests == 0
    assert wire.said()["application"] == 0


def test_a_device_with_another_name_or_key_is_forbidden(bench: Bench) -> None:
    desk = bench.authority("devices")
    known = desk.client(DEVICE)
    with wired(bench, server_context(bench.papers())) as wire:
        wire.sink.receiver.devices = {DEVICE: frozenset({known.pin})}
        for own in (desk.client(DEVICE, Defect.WRONG_NAME), desk.client(DEVICE)):
            error = refused(Device(bench, wire.proxy.port, own=own))
            assert type(error) is UnauthorisedError
            assert "no device" in str(error)
        assert wire.sink.requests == 2


def test_a_device_with_a_weak_key_does_not_even_try(bench: Bench) -> None:
    own = bench.authority("devices").client(DEVICE, Defect.WEAK)
    with wired(bench, server_context(bench.papers())) as wire:
        error = refused(Device(bench, wire.proxy.port, own=own))
    assert type(error) is UnauthorisedError
    assert "our own certificate cannot be used" in str(error)
    assert wire.proxy.connections == 0


def bare(bench: Bench) -> ssl.SSLContext:
    """How somebody speaks TLS who is no device of ours."""
    return ssl.create_default_context(cadata=bench.authority().pem.decode())


def no_certificate(bench: Bench) -> ssl.SSLContext:
    return bare(bench)


def weak_key(bench: Bench) -> ssl.SSLContext:
    context, pem = bare(bench), bench.folder / "weak.pem"
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    pem.write_bytes(bench.authority("devices").client(DEVICE, Defect.WEAK).pem)
    context.load_cert_chain(pem)
    return context


def older_tls(bench: Bench) -> ssl.SSLContext:
    context = bare(bench)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.mark.parametrize(
    ("speaking", "seen", "told"),
    [
        (no_certificate, "PEER_DID_NOT_RETURN_A_CERTIFICATE", "CERTIFICATE_REQUIRED"),
        (weak_key, "key too weak", "ALERT"),
        (older_tls, "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION"),
    ],
)
def test_what_no_device_of_ours_would_do_is_refused_too(
    bench: Bench, speaking: Callable[[Bench], ssl.SSLContext], seen: str, told: str
) -> None:
    context = speaking(bench)
    with wired(bench, server_context(bench.papers())) as wire:
        assert told in answered(context, wire.proxy.port)
        assert seen in wire.sink.refusal()
    assert wire.sink.requests == 0


def answered(context: ssl.SSLContext, port: int) -> str:
    """What the receiver says to somebody who wants to hear something."""
    plain = socket.create_connection(("127.0.0.1", port), 20)
    try:
        with plain, context.wrap_socket(plain, server_hostname="localhost") as peer:
            return f"it says {peer.recv(1)!r}"
    except ssl.SSLError as error:
        return str(error)


def test_both_ends_without_a_defect_speak(bench: Bench) -> None:
    papers, desk = bench.papers(), bench.authority("devices")
    own = desk.client(DEVICE)
    papers.authorities.write_bytes(bench.authority().pem + desk.crl_pem())
    with wired(bench, server_context(replace(papers, checks_revocation=True))) as wire:
        sender = Sender(wire.sink.receiver.opener.public)
        batch = sender.batch(sender.seal(1))
        transport = Device(bench, wire.proxy.port, own=own).transport()
        transport.exchange(batch)
        transport.close()
    assert wire.said()["application"] > len(batch)
    assert wire.said()["unopened"] == 0
    assert wire.sink.refused == []
