"""The way out of one device, put together: keys, outbox, papers, and a courier for its link.

```
records/keys    the keyring, 0600         records/trust   papers, pins, time, where to deliver to
records/outbox  what waits, sealed                    records/audit   who did what
```
With a clock that passes by itself, two threads work: one keeps, one delivers. With a simulated one
`turn` does the work of both, and nothing happens between two of its calls.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import edgeward
from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.private_store import PrivateStore
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.delivery.pace import PACES
from edgeward.comms.delivery.transport import Transport
from edgeward.comms.outbox.allowance import Allowance, room_of
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.packing.level import level_for
from edgeward.comms.record import DataKey, Offered, Receipt, RecordClass, Standing
from edgeward.comms.sealing.keyring import Keyring, Wrapper
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.transports.renewal import renew
from edgeward.comms.trust.peer import CIPHERS
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Wallet
from edgeward.device.outgoing.auditing import Auditing
from edgeward.device.outgoing.carrying import Carrier
from edgeward.device.outgoing.health import Health
from edgeward.device.outgoing.keeping import Keeping
from edgeward.device.outgoing.layout import AUDIT, KEYS, OUTBOX, TRUST
from edgeward.device.outgoing.link import Link, LinkError, Trusted, keep_link, kept_link
from edgeward.device.outgoing.quota import audits_max, refused
from edgeward.errors import DamagedError, DeliveryError, SealError, StoreError, TrustError
from edgeward.ports import Clock, Entropy
from edgeward.process.events import Tellable

RELEASED_NS = 1_793_491_200 * 1_000_000_000
"""November 2026: no device with this runtime lives earlier, whatever its clock says."""
IDLE_S = 0.2
FOUND_CHARS = 200
TURNS_MAX = 10_000
SEALING_BYTES = 64
"""More than sealing adds to a record."""
CARE_NS = 1_000_000_000
"""Between two looks after the disk."""
ROTATION_NS = 3600 * 1_000_000_000
"""Between two looks at the age of keys."""
FORGOTTEN_NS = 30 * 86_400 * 1_000_000_000
"""The keys of a patient of whom nothing waits are destroyed after so long."""
KEY_AGE_NS = 30 * 86_400 * 1_000_000_000
"""The age at which the keys of the ring are replaced, unless a profile says otherwise."""
RENEW_NS = 2_000_000_000
"""Between two steps towards new papers."""


class Outgoing:
    """What a device keeps and delivers."""

    def __init__(
        self,
        device: str,
        folder: Path,
        clock: Clock,
        entropy: Entropy,
        allowance: Allowance,
        ciphers: tuple[str, ...] = CIPHERS,
    ) -> None:
        """Open it, or begin it; deliver where it was told to before.

        Raises:
            StoreError: the folder cannot be used, or what lies there is newer or damaged.
            SealError: the keys are not those of this outbox.
        """
        self.device, self.clock, self._entropy = device, clock, entropy
        self.allowance = allowance
        self._at_once_bytes = room_of(allowance).transaction_bytes_max
        self._audits_max = audits_max(allowance)
        self._trust = PrivateStore(folder / TRUST)
        keys = PrivateStore(folder / KEYS)
        self.keystore = SoftwareKeystore(keys, entropy)
        self.ring = Keyring(self.keystore, keys, entropy, clock.wall_ns())
        self.sealer = RecordSealer(device, self.ring, entropy)
        self.file = FolderDatabase(folder / OUTBOX)
        self.outbox = Outbox(self.file, self.sealer, entropy, allowance)
        self.wallet = Wallet(self._trust, device)
        self.time = SecureTime(clock, self._trust, built_ns=RELEASED_NS)
        self._trusted = Trusted(self.wallet, self._trust, self.time, clock, entropy, ciphers)
        self.audit = Auditing(
            device, folder / AUDIT, self._trust, clock, entropy, self.accept, self._audits_waiting
        )
        self.keeping = Keeping(self, clock, self._kept_wake, self._heard)
        self.keeping.level = self._level
        self.health = Health(clock, lambda: self.outbox.counts().values(), self.keeping)
        self.courier: Courier | None = None
        self._transport: Transport | None = None
        self.carrier = Carrier(
            device, self.outbox, self.sealer, self._trust, self.wallet, entropy, self.audit.note
        )
        """Takes to a medium and from it what nothing else brings out."""
        self.by_hand = False
        """Whether there is a receiver, and nothing is sent to it."""
        self.rotation_days = 90
        """The age at which papers are replaced."""
        self.key_age_ns = KEY_AGE_NS
        self._due_ns = self._renew_ns = self._rotate_ns = self._care_ns = 0
        self._end = threading.Event()
        self._kept, self._sent = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        if not clock.simulated:
            self._start("keeper", self._keep_for_ever)
            self._start("courier", self._deliver_for_ever)
        self._go_on()
        self.audit.note("records.opened", {"version": edgeward.__version__}, at_once=True)

    def _go_on(self) -> None:
        """Deliver where it was told to; damage there is noted, and somebody has to say it again."""
        found = [self.wallet.damage, self.ring.damage, self.keystore.damage]
        try:
            if (link := kept_link(self._trust)) is not None:
                self._deliver_to(link)
        except (DamagedError, TrustError, LinkError) as error:
            found.append(error.diagnostics())
        self.damage = [fault for fault in found if fault]
        """What was damaged when it was opened, and was taken from a second copy or begun anew."""
        for fault in self.damage:
            self.audit.note("records.damaged", {"found": fault[:FOUND_CHARS]}, at_once=True)

    def accept(self, offered: Sequence[Offered]) -> Sequence[Receipt]:
        """Keep records; an alarm among them is delivered as soon as there is a way."""
        beyond = self._beyond(offered)
        kept = [one for place, one in enumerate(offered) if place not in beyond]
        answers = iter([one for part in self._parts(kept) for one in self.outbox.accept(part)])
        receipts = [
            Receipt(Standing.REJECTED, reason=beyond[place]) if place in beyond else next(answers)
            for place in range(len(offered))
        ]
        urgent = any(one.kind is RecordClass.ALARM for one in offered)
        if urgent or any(one.standing is not Standing.DURABLE for one in receipts):
            self._due_ns = 0
            self._sent.set()
        return receipts

    def _beyond(self, offered: Sequence[Offered]) -> dict[int, str]:
        """Which of these would take the room of alarms, and why."""
        if all(one.kind is not RecordClass.AUDIT for one in offered):
            return {}
        return refused(offered, self._audits_waiting(), self._audits_max)

    def _parts(self, offered: Sequence[Offered]) -> Iterator[Sequence[Offered]]:
        """As many at once as one transaction of this outbox takes."""
        part: list[Offered] = []
        size_bytes = 0
        for one in offered:
            size_bytes += len(one.payload) + SEALING_BYTES
            if part and size_bytes > self._at_once_bytes:
                yield part
                part, size_bytes = [], len(one.payload) + SEALING_BYTES
            part.append(one)
        if part:
            yield part

    def hand_over(self, event: Tellable) -> None:
        """Have something that the device tells kept; waits for nothing."""
        self.keeping.hand_over(event)

    def connect(self, link: Link, certificate_pem: bytes | None) -> None:
        """Deliver there from now on.

        Raises:
            TrustError: certificate, authorities or pins are not what they should be.
            StoreError: the disk refused; nothing was changed.
        """
        link.transport(self.device, self._trusted).close()
        if certificate_pem is not None:
            self.wallet.issued(certificate_pem)
            self._renew_ns = 0
        keep_link(self._trust, link)
        self._deliver_to(link)
        told = {"url": link.url, "receiver_key": link.to_dict()["receiver_key"]}
        self.audit.note("link.connected", told, at_once=True)

    def disconnect(self) -> None:
        """Deliver nowhere any more.

        Raises:
            StoreError: the disk refused; nothing was changed.
        """
        keep_link(self._trust, None)
        self._let_go()
        self.audit.note("link.disconnected", at_once=True)

    def request(self) -> bytes:
        """Ask for a certificate for the device's own key: a signed request, PEM.

        Raises:
            StoreError: the disk refused.
        """
        asked = self.wallet.begin()
        self.audit.note("link.requested", at_once=True)
        return asked

    def rotate_keys(self, age_ns: int = 0) -> int:
        """Seal under new keys from now on, and wrap the old data keys anew; how many were replaced.

        Raises:
            StoreError: the disk refused; asked again it goes on from there.
        """
        rotated = self.ring.rotate(self.clock.wall_ns(), age_ns)
        again = [key for one in self.outbox.all_keys() if (key := self._rewrapped(one)) is not None]
        self.outbox.rewrap(again)
        in_use = [Wrapper(key.subject, key.ring) for key in self.outbox.all_keys()]
        self.ring.retire(in_use, self.clock.wall_ns(), FORGOTTEN_NS)
        if rotated:
            self.audit.note("keys.rotated", {"keys": rotated}, at_once=True)
        return rotated

    def erase(self, patient: str) -> dict[str, Any]:
        """Destroy the keys of a patient, and with them what waits of that patient.

        Raises:
            StoreError: the disk refused; asked again it goes on from there.
        """
        erased = self.ring.erase(patient, self.clock.wall_ns())
        removed = 0 if erased.subject is None else self.outbox.erase(erased.subject)
        told = {"digest": erased.digest, "removed": removed}
        self.audit.note("keys.erased", told, at_once=True)
        return told

    def admitted(self, patient: str) -> None:
        """Let a patient have keys again who was erased; the disk may refuse until the next time."""
        with contextlib.suppress(StoreError):
            self.ring.admit(patient)

    def turn(self) -> None:
        """Do all that is due now: for a clock that somebody moves."""
        while self.keeping.round() or self.keeping.busy:
            pass
        self._care()
        for _ in range(TURNS_MAX):
            now_ns = self.clock.monotonic_ns()
            if self.courier is None or now_ns < self._due_ns:
                return
            self._due_ns = now_ns + self._round(self.courier)

    def close(self) -> None:
        """Keep what was handed over, and end. Closing twice is fine."""
        self._end.set()
        self._kept.set()
        self._sent.set()
        self._let_go()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads = []
        self.keeping.flush()
        self.audit.note("records.closed", at_once=True)
        self.outbox.close()

    def state(self) -> dict[str, Any] | None:
        """What is known of the receiver; None where there is none."""
        courier = self.courier
        if courier is None:
            return None
        told = {"state": courier.state.value, "trouble": courier.trouble}
        return {**told, **courier.counts.to_dict()}

    # -- threads -------------------------------------------------------------------------------

    def _start(self, name: str, work: Any) -> None:  # noqa: ANN401 - a method
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _level(self) -> int:
        """How hard to compress, by what the link carries."""
        courier = self.courier
        return level_for(None if courier is None else courier.bytes_per_s)

    def _audits_waiting(self) -> int:
        return self.outbox.counts()[RecordClass.AUDIT].queued

    def _heard(self, events: list[dict[str, Any]]) -> None:
        self.audit.heard(events, self.ring.subject)

    def _kept_wake(self) -> None:
        self._kept.set()

    def _keep_for_ever(self) -> None:
        while not self._end.is_set():
            self._kept.wait(IDLE_S)
            self._kept.clear()
            try:
                while self.keeping.round() or self.keeping.busy:
                    pass
                self._care()
            except StoreError:
                self.health.look()
                self._end.wait(IDLE_S)

    def _care(self) -> None:
        """What disk and keys need now and then."""
        now_ns = self.clock.monotonic_ns()
        if now_ns < self._care_ns:
            return
        self._care_ns = now_ns + CARE_NS
        self.health.look()
        self.audit.round()
        with contextlib.suppress(StoreError):
            self.outbox.retry()
        with contextlib.suppress(StoreError):
            if self.outbox.checkpoint_due:
                self.outbox.checkpoint()
        with contextlib.suppress(StoreError):
            if now_ns >= self._rotate_ns:
                self._rotate_ns = now_ns + ROTATION_NS
                self.rotate_keys(self.key_age_ns)

    def _deliver_for_ever(self) -> None:
        while not self._end.is_set():
            courier = self.courier
            if courier is None:
                self._sent.wait(IDLE_S)
                self._sent.clear()
                continue
            wait_ns = self._round(courier)
            if wait_ns > 0:
                self._sent.wait(min(wait_ns / 1e9, IDLE_S))
                self._sent.clear()

    def _rewrapped(self, key: DataKey) -> DataKey | None:
        try:
            return self.sealer.rewrapped(key)
        except SealError:
            return None  # its patient was erased: nobody needs it any more

    def _round(self, courier: Courier) -> int:
        """One exchange at most; what a disk did not let be forgotten is sent again."""
        try:
            self._renew()
            return courier.round()
        except StoreError:
            return CARE_NS

    def _renew(self) -> None:
        """New papers, when they are due or under way; a failure is for the next time."""
        transport, now_ns = self._transport, self.clock.monotonic_ns()
        mine = self.wallet.current or self.wallet.candidate
        if transport is None or mine is None or now_ns < self._renew_ns:
            return
        self._renew_ns = now_ns + RENEW_NS
        with contextlib.suppress(DeliveryError, TrustError, StoreError):
            if not isinstance(transport, HttpsTransport):
                self._take_first_papers()
                return
            renew(self.wallet, transport, self.time, rotation_days=self.rotation_days)
            if self.wallet.current is not None and self.wallet.current.serial != mine.serial:
                told = {"serial": self.wallet.current.serial}
                self.audit.note("papers.renewed", told, at_once=True)

    def _take_first_papers(self) -> None:
        """Where nobody names the papers that it sees, only the first ones are taken: unseen."""
        if self.wallet.current is None:
            self.wallet.confirmed(self.wallet.trying().serial)

    def _deliver_to(self, link: Link) -> None:
        self._let_go()
        pace = PACES.get(link.connection)
        self.by_hand = pace is None
        if pace is None:
            return
        transport = link.transport(self.device, self._trusted)
        self._transport = transport
        self.courier = Courier(
            self.device, self.outbox, self.sealer, transport, self.clock, self._entropy, pace,
            link.receiver_key,
        )  # fmt: skip
        self._due_ns = 0
        self._sent.set()

    def _let_go(self) -> None:
        transport, self._transport, self.courier = self._transport, None, None
        self.by_hand = False
        if transport is not None:
            transport.close()
