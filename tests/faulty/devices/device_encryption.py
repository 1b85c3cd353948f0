"""The reference device with one defect of its secrecy or its trust: `python ... DEFECT`.

Each is one that nothing shows as long as everybody is honest. As in `device_alarms.py`.
"""

import json
import os
import re
import ssl
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from device_alarms import put

from edgeward.adapters import private_store
from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import DirectoryStore
from edgeward.comms.audit import lines, trail
from edgeward.comms.audit.lines import ORIGIN, Line
from edgeward.comms.outbox import opening
from edgeward.comms.record import Epoch, Offered, Receipt
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward.comms.sealing.twice import Twice
from edgeward.comms.transports.entrance import raise_for
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.trust import attestation
from edgeward.comms.trust.papers import Papers
from edgeward.comms.trust.peer import Dates, PeerJudge, dates_of
from edgeward.comms.trust.secure_time import SecureTime, Span
from edgeward.comms.trust.wallet import Wallet
from edgeward.comms.wire import CONTENT_TYPE
from edgeward.device import serve
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing import attesting, auditing, outgoing
from edgeward.device.outgoing.auditing import Auditing, Subject
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.outgoing.way_out import WayOut
from edgeward.device.serve import main
from edgeward.ports import Entropy


def writes_in_the_clear(parts: Parts) -> Device:
    """It keeps what it was given last in a file of its own, for whoever looks after it."""
    began, accept = Outgoing.__init__, Outgoing.accept
    folders: list[Path] = []

    def begin(self: Outgoing, device: str, folder: Path, *rest: Any) -> None:
        folders.append(folder)
        began(self, device, folder, *rest)

    def noted(self: Outgoing, offered: Sequence[Offered]) -> Sequence[Receipt]:
        with (folders[-1] / "recent").open("ab") as file:
            file.writelines(one.payload for one in offered)
        return accept(self, offered)

    put(Outgoing, "__init__", begin)
    put(Outgoing, "accept", noted)
    return Device(parts)


def accepts_tls_1_2(parts: Parts) -> Device:
    """It speaks the older TLS with those who know no other."""
    context = PeerJudge.context

    def older(self: PeerJudge, own_pem: bytes | None) -> ssl.SSLContext:
        made = context(self, own_pem)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        return made

    judge = PeerJudge.judge

    def judged(
        self: PeerJudge, peer: ssl.SSLSocket, span: Span, pins: Collection[str] | None
    ) -> Dates:
        if peer.version() == "TLSv1.3":
            return judge(self, peer, span, pins)
        return _shown(self, peer, span)

    put(PeerJudge, "context", older)
    put(PeerJudge, "judge", judged)
    return Device(parts)


def _shown(judge: PeerJudge, peer: ssl.SSLSocket, span: Span) -> Dates:
    shown = x509.load_der_x509_certificate(peer.getpeercert(binary_form=True) or b"")
    judge.check(shown, span)
    return dates_of(shown)


def accepts_the_expired(parts: Parts) -> Device:
    """A certificate that has ended was good once."""
    fault = Span.fault

    def lenient(self: Span, begin_ns: int, end_ns: int) -> str | None:
        found = fault(self, begin_ns, end_ns)
        return None if found == "expired" else found

    put(Span, "fault", lenient)
    return Device(parts)


def checks_no_pin(parts: Parts) -> Device:
    """Whoever the authority knows is the receiver."""
    judge = PeerJudge.judge

    def judged(
        self: PeerJudge, peer: ssl.SSLSocket, span: Span, _: Collection[str] | None
    ) -> Dates:
        return judge(self, peer, span, None)

    put(PeerJudge, "judge", judged)
    return Device(parts)


def checks_no_name(parts: Parts) -> Device:
    """Whoever the authority knows by any name is the receiver."""
    context = PeerJudge.context

    def any_name(self: PeerJudge, own_pem: bytes | None) -> ssl.SSLContext:
        made = context(self, own_pem)
        made.check_hostname = False
        return made

    put(PeerJudge, "context", any_name)
    return Device(parts)


class Counted:
    """Keys from what the device counts, not from chance."""

    def token(self, size_bytes: int) -> bytes:
        """As many bytes, the same ones each time."""
        return b"\x2a" * size_bytes


def reuses_nonces(parts: Parts) -> Device:
    """Its epochs are named by their number alone, and its keys follow from that."""

    def numbered(ordinal: int, _: bytes) -> Epoch:
        return Epoch(ordinal, ordinal.to_bytes(8, "big"))

    class Sealer(RecordSealer):
        def __init__(self, device: str, ring: Any, _: Entropy) -> None:
            super().__init__(device, ring, Counted())

    put(opening, "Epoch", numbered)
    put(outgoing, "RecordSealer", Sealer)
    return Device(parts)


def logs_keys(parts: Parts) -> Device:
    """It says which key it seals with, to find faults more easily."""
    wrap = SoftwareKeystore.wrap

    def told(self: SoftwareKeystore, label: str, key: bytes, context: bytes) -> bytes:
        sys.stderr.write(f"debug: {label} wraps {key.hex()}\n")
        sys.stderr.flush()
        return wrap(self, label, key, context)

    put(SoftwareKeystore, "wrap", told)
    return Device(parts)


def takes_any_200(parts: Parts) -> Device:
    """A 200 is a receipt, whatever it says."""

    def believed(self: HttpsTransport, batch: bytes, within_ns: int) -> bytes:
        with self._using() as connection:
            limit_ns = min(self.exchange_timeout_ns, within_ns)
            response = connection.ask("POST", "/v1/batches", limit_ns, batch, CONTENT_TYPE)
            raise_for(response)
        header = json.loads(batch[8 : 8 + int.from_bytes(batch[4:8], "little")])
        durable = [[one["token"], 1, (1 << 48) - 1] for one in header["epochs"]]
        told = {"protocol": 1, "batch": header["batch"], "durable": durable, "refused": [],
                "keys_unknown": []}  # fmt: skip
        return json.dumps(told).encode()

    put(HttpsTransport, "exchange", believed)
    return Device(parts)


def erases_nothing(parts: Parts) -> Device:
    """It confirms an erasure, and does it some day."""
    put(Outgoing, "erase", lambda *_: {"digest": "0" * 64, "removed": 0})
    return Device(parts)


def keeps_erased_keys(parts: Parts) -> Device:
    """It removes what waits of an erased patient, and keeps the keys, to be sure."""
    put(SoftwareKeystore, "destroy", lambda *_: None)
    return Device(parts)


def rotates_nothing(parts: Parts) -> Device:
    """It says that its keys are new."""
    put(Outgoing, "rotate_keys", lambda *_: 1)
    return Device(parts)


def dates_by_the_wall_clock(parts: Parts) -> Device:
    """It is as late as the wall clock says."""

    def now(self: SecureTime) -> Span:
        wall_ns = self._clock.wall_ns()
        return Span(wall_ns, wall_ns)

    put(SecureTime, "now", now)
    return Device(parts)


def shows_its_keyring(parts: Parts) -> Device:
    """Its files have the mode that files have."""
    write = DirectoryStore.write

    def for_all(self: DirectoryStore, name: str, data: bytes) -> None:
        write(self, name, data)
        if isinstance(self, PrivateStore):
            os.chmod(self._folder / name, 0o644)

    put(private_store, "_check_owner", lambda *_: None)
    put(DirectoryStore, "write", for_all)
    return Device(parts)


def gives_its_papers_up(parts: Parts) -> Device:
    """New papers take the place of the old ones as soon as they are there."""
    trying = Wallet.trying

    def at_once(self: Wallet) -> Papers:
        papers = trying(self)
        self._current = papers
        return papers

    put(Wallet, "trying", at_once)
    return Device(parts)


def needs_all_its_keys(parts: Parts) -> Device:
    """A damaged file keeps it from starting at all."""

    def both(self: Twice[Any], first: bytes | None, second: bytes | None) -> tuple[bytes, Any]:
        for blob in (first, second):
            value = self._decoded(blob or b"")
        return first or b"", value

    put(Twice, "_newest", both)
    put(WayOut, "_try_to_open", WayOut.open)
    return Device(parts)


def wipes_a_damaged_queue(parts: Parts) -> Device:
    """A queue that cannot be read is removed, and an empty one begun."""

    def wiped(self: FolderDatabase) -> str:
        for path in self._folder.iterdir():
            path.write_bytes(b"")
            if path.name != "claim":
                path.unlink()
        return ""

    put(FolderDatabase, "set_aside", wiped)
    return Device(parts)


def ties_nothing(parts: Parts) -> Device:
    """Each entry of its audit trail stands for itself."""
    tie = lines.tie

    def alone(number: int, at_ns: int, action: str, detail: dict[str, Any], _: str) -> Line:
        return tie(number, at_ns, action, detail, ORIGIN)

    put(trail, "tie", alone)
    return Device(parts)


def tells_no_heads(parts: Parts) -> Device:
    """How far its audit trail goes is known to itself alone."""
    put(Auditing, "_deliver", lambda *_: None)
    return Device(parts)


def names_its_patients(parts: Parts) -> Device:
    """Its audit trail says whose limits were set, for whoever reads it."""
    act = auditing._act

    def named(event: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
        return {**act(event, subject), "of": event["patient"]}

    put(auditing, "_act", named)
    return Device(parts)


def repeats_its_statement(parts: Parts) -> Device:
    """What runs here does not change, so that one statement of it is enough."""
    attest = attestation.attest
    said: list[dict[str, Any]] = []

    def once(papers: Papers, device: str, nonce: str, *rest: Any) -> dict[str, Any]:
        told = attest(papers, device, nonce, *rest)
        said[:] = said or [told]
        return said[0]

    put(attesting, "attest", once)
    return Device(parts)


def says_what_was_installed(parts: Parts) -> Device:
    """It measured once, when it was installed, and says so ever since."""
    installed: dict[str, str] = {}
    attested = attesting.attested

    def as_then(outgoing: Outgoing, nonce: str, measured: Mapping[str, str]) -> dict[str, Any]:
        installed.update(installed or measured)
        return attested(outgoing, nonce, installed)

    put(attesting, "attested", as_then)
    return Device(parts)


def takes_any_nonce(parts: Parts) -> Device:
    """Whatever comes is signed with the rest."""
    put(attestation, "_NONCE", re.compile(".*", re.DOTALL))
    return Device(parts)


def leaves_a_core(parts: Parts) -> Device:
    """What it leaves when it crashes is for whoever looks for the fault."""
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    one.__name__: one
    for one in (
        writes_in_the_clear, accepts_tls_1_2, accepts_the_expired, checks_no_pin, checks_no_name,
        reuses_nonces, logs_keys, takes_any_200, erases_nothing, keeps_erased_keys,
        rotates_nothing, dates_by_the_wall_clock, shows_its_keyring, gives_its_papers_up,
        needs_all_its_keys, wipes_a_damaged_queue, ties_nothing, tells_no_heads,
        names_its_patients,
        repeats_its_statement, says_what_was_installed, takes_any_nonce,
        leaves_a_core,
    )
}  # fmt: skip

if __name__ == "__main__":
    if sys.argv[1] == leaves_a_core.__name__:
        put(serve, "leave_no_core", lambda: None)
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
