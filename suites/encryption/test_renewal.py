"""New papers while records flow: the receiver sees them, and no record notices."""

import contextlib
import datetime
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from cryptography import x509

from edgeward_harness.rig.authority import Authority
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.rig.sink.server import HttpsSink
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE, Hearing, right_context
from .kept import Kept
from .recording import count

WITHIN_S: Final = 15.0
SETTLES_S: Final = 1.0
"""What is signed is tried by then."""
RECORDS: Final = 5
PACE_NS: Final = 80_000_000
OLD_DAYS: Final = 80
"""Of ninety: the last part of the life of a certificate, in which a new one is due."""
Sign = Callable[[bytes], bytes]


@pytest.mark.case("TC-ENC-008")
def test_renewal(measure: Measure, rig: Rig) -> None:
    """Certificates are renewed under traffic, and a renewal that fails changes nothing.

    Method: the device is given a certificate that has little of its life left, while records go to
    its receiver. The receiver must see another certificate soon, and each record, whichever it came
    with. Then another device is in the same place; what is signed for it is for another name, or by
    another authority, so that its receiver refuses it. Batches must go on coming with the old one,
    over a new connection as well: each time the one at hand is broken before the last records.
    """
    repeats = rig.samples("TC-ENC-008")
    not_renewed: list[str] = []
    gone: list[str] = []
    lost: list[str] = []
    records = 0
    for number in range(repeats):
        with receiving(rig.seed(f"renewal {number}")) as rx:
            faults, kept = _renewed(rig, rx)
            not_renewed += faults
            lost += kept.judged(rx)
            records += len(kept.puts)
        for name, sign in _wrong_signers(rig, number).items():
            with receiving(rig.seed(f"renewal {number}")) as rx:
                faults, kept = _refused(rig, rx, sign)
                gone += [f"{name}: {one}" for one in faults]
                lost += kept.judged(rx)
                records += len(kept.puts)
        rig.progress(number + 1, repeats)
    count(measure, "certificates_not_renewed", not_renewed, repeats, "a new one is seen in time")
    count(measure, "failed_renewals_that_harmed", gone, 2 * repeats, "the old one goes on")
    count(measure, "records_lost_or_changed", lost, records, "each comes once, unchanged")


def _wrong_signers(rig: Rig, number: int) -> dict[str, Sign]:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    seed = rig.seed(f"renewal {number}")
    right, other = Authority(seed, now, desk="wrong"), Authority(seed + 1, now)
    return {
        "another name": lambda request: right.sign_request(request, name="somebody-else"),
        "another authority": other.sign_request,
    }


def _renewed(rig: Rig, rx: Receiving) -> tuple[list[str], Kept]:
    with rig.open_device() as device, _heard(rx) as (hearing, sink):
        kept = Kept(device.description["device"]["id"])
        old = _enrolled(device, rx, sink)
        seen = _flowing(device, kept, lambda: bool(_serials(hearing) - {old}), WITHIN_S)
        until(lambda: kept.arrived(rx), WITHIN_S)
        sink.hang_up()
        kept.some(device, RECORDS, "with the new one")
        until(lambda: kept.arrived(rx), WITHIN_S)
        last = hearing.batches[-1].peer.serial if hearing.batches else old
    faults = [] if seen else ["no batch came with another certificate"]
    return faults + (["the last batch came with the old one"] if seen and last == old else []), kept


def _refused(rig: Rig, rx: Receiving, sign: Sign) -> tuple[list[str], Kept]:
    with rig.open_device() as device, _heard(rx) as (hearing, sink):
        kept = Kept(device.description["device"]["id"])
        asked: list[bytes] = []

        def signed(request: bytes) -> bytes:
            asked.append(request)
            return sign(request)

        hearing.enrol = signed
        old = _enrolled(device, rx, sink)
        _flowing(device, kept, lambda: bool(asked), WITHIN_S)
        _flowing(device, kept, lambda: False, SETTLES_S)
        sink.hang_up()
        kept.some(device, RECORDS, "after it was refused")
        came = until(lambda: kept.arrived(rx), WITHIN_S)
    faults = [] if asked else ["nothing was asked to be signed"]
    faults += [] if came else ["no record comes over a new connection"]
    others = _serials(hearing) - {old}
    return faults + ([f"batches came with {others}"] if others else []), kept


@contextlib.contextmanager
def _heard(rx: Receiving) -> Iterator[tuple[Hearing, HttpsSink]]:
    """A receiver that is heard, in the place of the plain one."""
    rx.stop()
    hearing = Hearing(rx.receiver)
    with HttpsSink(hearing, right_context(rx)) as sink:
        yield hearing, sink


def _enrolled(device: DeviceSession, rx: Receiving, sink: HttpsSink) -> str:
    """Give it a certificate with little of its life left; the serial of it."""
    rx.port = sink.port
    then = rx.bench.now - datetime.timedelta(days=OLD_DAYS)
    desk = Authority(rx.bench.seed, then, desk="old papers")
    request = device.call("link.request", {})["request"]
    chain = desk.sign_request(request.encode())
    device.call("link.connect", {**rx.link(), **AT_ONCE, "certificate": chain.decode()})
    return f"{x509.load_pem_x509_certificate(chain).serial_number:x}"


def _flowing(device: DeviceSession, kept: Kept, seen: Callable[[], bool], within_s: float) -> bool:
    """Records flow until something is seen, or this long; whether it was."""

    def looked() -> bool:
        kept.some(device, RECORDS, "flowing", patient="p1")
        device.pump_until(time.monotonic_ns() + PACE_NS)
        return seen()

    return until(looked, within_s)


def _serials(hearing: Hearing) -> set[str]:
    """Of the certificates with which batches came."""
    return {one.peer.serial for one in hearing.batches}
