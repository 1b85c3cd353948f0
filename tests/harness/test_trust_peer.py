"""Who may answer, judged without a network: what a device was given decides, and nothing else."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from trusting_lab import Device

from edgeward.comms.delivery.transport import UnauthorisedError
from edgeward.comms.transports.greeting import Trust
from edgeward.comms.trust.peer import PeerJudge, dates_of, refusal_of
from edgeward.comms.trust.refusal import PeerError, Refusal
from edgeward.comms.trust.secure_time import DAY_NS, Span
from edgeward.errors import TrustError
from edgeward_harness.rig.authority import Authority, Defect
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, server_context

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
AUTHORITY = Authority(1, NOW)


def at(days: int) -> Span:
    instant_ns = NOW_NS + days * DAY_NS
    return Span(instant_ns, instant_ns)


def test_dates_are_those_of_the_certificate_to_the_nanosecond() -> None:
    dates = dates_of(AUTHORITY.server().certificate)
    assert dates.begin_ns == NOW_NS - DAY_NS
    assert dates.end_ns == NOW_NS + 90 * DAY_NS


@pytest.mark.parametrize(
    ("days", "why"), [(-2, Refusal.NOT_YET_VALID), (0, None), (90, None), (91, Refusal.EXPIRED)]
)
def test_a_certificate_counts_between_its_dates(days: int, why: Refusal | None) -> None:
    judge, shown = PeerJudge("localhost", AUTHORITY.pem), AUTHORITY.server().certificate
    if why is None:
        judge.check(shown, at(days))
        return
    with pytest.raises(PeerError) as told:
        judge.check(shown, at(days))
    assert told.value.why is why


def test_an_authority_that_has_ended_makes_what_it_signed_end_too() -> None:
    long_lived = Authority(1, NOW, days=9000)
    judge, shown = PeerJudge("localhost", long_lived.pem), long_lived.server().certificate
    judge.check(shown, at(7299))
    with pytest.raises(PeerError) as told:
        judge.check(shown, at(7301))
    assert told.value.why is Refusal.EXPIRED
    assert "authority" in str(told.value)


def test_only_what_we_were_given_counts_as_an_authority() -> None:
    judge = PeerJudge("localhost", AUTHORITY.pem)
    other = AUTHORITY.server("localhost", Defect.OTHER_AUTHORITY).certificate
    with pytest.raises(PeerError) as told:
        judge.check(other, at(0))
    assert told.value.why is Refusal.AUTHORITY


@pytest.mark.parametrize("authorities", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAA=="])
def test_without_an_authority_nobody_is_judged(authorities: bytes) -> None:
    with pytest.raises(TrustError, match="cannot be read"):
        PeerJudge("localhost", authorities)


def test_a_list_of_what_is_revoked_counts_when_an_authority_of_ours_signed_it() -> None:
    desk = Authority(1, NOW, desk="server")
    revoked, sound = desk.server("localhost", Defect.REVOKED), desk.server()
    judge = PeerJudge("localhost", desk.pem, revoked_pem=[desk.crl_pem()])
    judge.check(sound.certificate, at(0))
    with pytest.raises(PeerError) as told:
        judge.check(revoked.certificate, at(0))
    assert told.value.why is Refusal.REVOKED
    with pytest.raises(TrustError, match="signed by none"):
        PeerJudge("localhost", desk.pem, revoked_pem=[Authority(2, NOW).crl_pem()])


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", Refusal.OLD_PROTOCOL),
        ("UNSUPPORTED_PROTOCOL", Refusal.OLD_PROTOCOL),
        ("TLSV1_ALERT_UNKNOWN_CA", None),
        (None, None),
    ],
)
def test_what_the_tls_library_says_of_versions_is_told_apart(
    reason: str | None, why: Refusal | None
) -> None:
    error = ssl.SSLError(1, "it broke")
    error.reason = reason  # type: ignore[assignment]
    told = refusal_of(error)
    assert (told.why if told else None) is why


def test_an_unknown_fault_of_a_chain_is_a_refusal_too() -> None:
    error = ssl.SSLCertVerificationError(1, "it broke")
    error.verify_code, error.verify_message = 999, "something new"
    told = refusal_of(error)
    assert told is not None
    assert told.why is Refusal.OTHER
    assert "something new" in str(told)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[Bench, HttpsSink]]:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    bench = Bench(tmp_path, 5, now)
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        yield bench, sink
    sink.receiver.ledger.close()


def test_a_cipher_that_the_profile_does_not_name_is_refused(sink: tuple[Bench, HttpsSink]) -> None:
    bench, receiver = sink
    device = Device(bench, receiver.port)
    trust = device.trust()
    judge = PeerJudge("localhost", bench.authority().pem, ciphers=["TLS_CHACHA20_POLY1305_SHA256"])
    strict = Trust(judge, trust.pins, trust.wallet, trust.time)
    with pytest.raises(UnauthorisedError, match="a cipher that the profile does not name"):
        device.transport(strict).hello()
    assert receiver.requests == 0


def test_secrets_of_connections_are_not_written_where_the_environment_says(
    sink: tuple[Bench, HttpsSink], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "stolen"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    bench, receiver = sink
    transport = Device(bench, receiver.port).transport()
    transport.hello()
    transport.close()
    assert not log.exists()
