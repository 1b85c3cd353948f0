"""Whoever is not the receiver gets no record, and whoever is sees whose records they are."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from edgeward.canonical import sha256_hex
from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .handshake import Greeting, greeting_of
from .hearing import Hearing, Wire, connect, heard, right_context
from .kept import Kept
from .peers import CELLS, Cell, Peers
from .recording import count

WITHIN_S: Final = 20.0
TRIES_S: Final = 10.0
RECORDS: Final = 5
QUESTION_BYTES_MAX: Final = 400
"""One question without a body."""


@pytest.mark.case("TC-ENC-002")
def test_wrong_receivers(measure: Measure, rig: Rig) -> None:
    """A receiver that is wrong in one way gets no record, and costs none.

    Method: beside the right receiver, of which the device was told, stand others that are right in
    all ways but one: an older TLS, another authority, a certificate that has ended, has not begun,
    was revoked, is for another use or name, signs itself, is weak or has a key without a pin; one
    that asks for no certificate, one that shows another key for records, one without TLS. The
    device is led to each. What it says is read off the wire, with the secrets of the receiver's
    end: nothing but a handshake, or the one question without which it cannot know. Then it is led
    to the right one, and each record must arrive.
    """
    repeats = rig.samples("TC-ENC-002")
    faults: dict[str, list[str]] = {cell.name: [] for cell in CELLS}
    with receiving(rig.seed("peers")) as rx, rig.open_device() as device:
        peers = Peers(rx)
        kept = Kept(device.description["device"]["id"])
        kept.some(device, RECORDS, "before")
        rx.enrol(device, **peers.link)
        reached = until(lambda: kept.arrived(rx), WITHIN_S)
        device.call("link.disconnect", {})
        for number in range(repeats):
            for cell in CELLS:
                kept.some(device, RECORDS, f"{cell.name} {number}", patient="p1")
                faults[cell.name] += _led_to(device, rx, peers, cell)
            rig.progress(number + 1, repeats)
        connect(device, rx, **peers.link)
        until(lambda: kept.arrived(rx), WITHIN_S)
        left = kept.judged(rx)
    measure.check(
        "right_receiver_is_reached", reached, expected="the right receiver gets records",
        observed="it does" if reached else "it gets none, so that nothing else says anything",
    )  # fmt: skip
    for name, found in faults.items():
        count(measure, f"heard_by_{name}", found, repeats, "nothing is said to it")
    count(measure, "records_lost_or_changed", left, len(kept.puts), "each comes in the end")


def _led_to(device: DeviceSession, rx: Receiving, peers: Peers, cell: Cell) -> list[str]:
    """What it got that it must not, in one line at most."""
    before = rx.received(kept_of(device))
    with peers.wrong(cell) as (hearing, wire):
        connect(device, rx, **{**peers.link, "url": wire.url})
        until(lambda: _tried(device, hearing, wire), TRIES_S)
        device.call("link.disconnect", {})
        said = wire.said()
        asked = {one.path for one in hearing.asked} - {cell.may_be_asked}
        faults = [] if wire.proxy.connections else ["nobody came, so that nothing is known"]
    if hearing.batches or rx.received(kept_of(device)) - before:
        faults.append("it got records")
    if asked:
        faults.append(f"it was asked for {', '.join(sorted(asked))}")
    allowed = QUESTION_BYTES_MAX * len(hearing.asked) if cell.may_be_asked else 0
    if said["application"] + said["unopened"] > allowed:
        faults.append(f"{said['application']} bytes were said to it, {said['unopened']} unknown")
    return [f"{cell.name}: {', '.join(faults)}"] if faults else []


def kept_of(device: DeviceSession) -> str:
    """By which name the receiver knows a device."""
    return str(device.description["device"]["id"])


def _tried(device: DeviceSession, hearing: Hearing, wire: Wire) -> bool:
    link: Mapping[str, Any] = device.call("outbox.status", {})["link"] or {}
    return bool(wire.proxy.connections and (link.get("failures") or hearing.batches))


@pytest.mark.case("TC-ENC-003")
def test_what_it_shows(profile: Profile, measure: Measure, rig: Rig) -> None:
    """The device speaks the ciphers of its profile over TLS 1.3, with the key it had signed.

    Method: the first words of each connection are read off the wire: which versions the device
    offers, and which cipher is agreed on. The receiver keeps each certificate with which batches
    come: its key must be the one for which the device asked, and the device's own.
    """
    repeats = rig.samples("TC-ENC-003")
    spoken: list[str] = []
    shown: list[str] = []
    keys: set[str] = set()
    accepted = {cipher.value for cipher in profile.security.ciphers}
    for number in range(repeats):
        with receiving(rig.seed(f"shows {number}")) as rx, rig.open_device() as device:
            hearing = Hearing(rx.receiver)
            asked_for = _pin(device.call("link.request", {})["request"])
            with heard(hearing, right_context(rx), rx.bench.folder) as wire:
                _delivers(device, rx, wire.url)
            shown += _shown(hearing, asked_for)
            shown += [f"the key of {number} is that of another device"] if asked_for in keys else []
            keys.add(asked_for)
            for trail in wire.proxy.capture.trails:
                spoken += _spoken(greeting_of(bytes(trail.up), bytes(trail.down)), accepted)
        rig.progress(number + 1, repeats)
    count(measure, "connections_otherwise_spoken", spoken, repeats, "TLS 1.3, and its ciphers")
    count(measure, "certificates_of_another_key", shown, repeats, "the key it asked to have signed")


def _delivers(device: DeviceSession, rx: Receiving, url: str) -> None:
    kept = Kept(kept_of(device))
    kept.some(device, RECORDS, "shown")
    rx.enrol(device, url=url)
    until(lambda: kept.arrived(rx), WITHIN_S)


def _pin(request: str) -> str:
    public = x509.load_pem_x509_csr(request.encode()).public_key()
    return sha256_hex(
        public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _shown(hearing: Hearing, asked_for: str) -> list[str]:
    if not hearing.batches:
        return ["no batch came"]
    pins = {one.peer.pin for one in hearing.batches}
    return [f"a batch came with key {pin[:16]}" for pin in pins - {asked_for}]


def _spoken(greeting: Greeting, accepted: set[str]) -> list[str]:
    faults = [f"{one} is offered" for one in greeting.versions if one != "TLS 1.3"]
    faults += [] if "TLS 1.3" in greeting.versions else ["TLS 1.3 is not offered"]
    if greeting.agreed not in accepted:
        faults.append(f"{greeting.agreed} is spoken; accepted: {', '.join(sorted(accepted))}")
    return ["; ".join(faults)] if faults else []
