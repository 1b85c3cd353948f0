"""The audit trail of a device that runs: who did what, on the disk, and its heads at the receiver.

Rules:
1. To note something never fails and never ends anything: what the disk refuses waits, and what
   there was no room for is counted, in the trail itself.
2. What people do to alarms is heard from the alarm journal, with who it was; the patient is named
   by the subject that the keyring gives, and by nothing else.
3. A signed head goes to the receiver as a record of the class audit: when the trail is opened, at
   once after what concerns keys, links and papers, within `CHECKPOINT_NS` after anything else, and
   at the end. Of heads that wait for each other the newest is sent: it covers the others.
"""

import base64
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edgeward.adapters.store import DirectoryStore
from edgeward.comms.audit.trail import PENDING_MAX, AuditTrail, Keeping
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import Offered, Receipt, RecordClass, Standing
from edgeward.device.outgoing.signing import signing_key
from edgeward.errors import LimitError, StoreError
from edgeward.ports import Clock, Entropy, Store

CHECKPOINT_NS: Final = 10_000_000_000
KEEPING: Final = Keeping(segment_lines=512, segments=8, checkpoint_ns=CHECKPOINT_NS)
"""Some four thousand entries; of older ones their number by action is left, signed."""
WAITING_MAX: Final = 32
"""Records of the class audit that may wait in the queue before another head joins them."""
ACTS: Final = {
    "acknowledged": False, "reset": False, "audio_paused": True, "alarm_paused": True,
    "audio_off": True, "alarm_off": True, "resumed": True, "switched_off": True,
    "switched_on": True, "limits": True, "category": True, "discharged": False,
    "delegated": False, "undelegated": False, "confirmed": False, "listening": False,
    "unlistened": False, "self_test": True,
}  # fmt: skip
"""Entries of the alarm journal that tell what a person did; true where their text names nobody."""
TEXT_CHARS_MAX: Final = 300

Subject = Callable[[str | None], bytes | None]


class Auditing:
    """Notes what is done on one device, and has the heads of the trail delivered."""

    def __init__(
        self,
        device: str,
        folder: Path,
        apart: Store,
        clock: Clock,
        entropy: Entropy,
        accept: Callable[[Sequence[Offered]], Sequence[Receipt]],
        waiting: Callable[[], int],
    ) -> None:
        """Nothing is read or written before the first note.

        Args:
            device: whose trail it is.
            folder: where its lines lie.
            apart: where its newest head and the key that signs it lie.
            clock: for its times.
            entropy: where a new key comes from.
            accept: takes a record for the receiver.
            waiting: how many records of the class audit wait for it.
        """
        self._device, self._folder, self._apart = device, folder, apart
        self._clock, self._entropy = clock, entropy
        self._accept, self._waiting = accept, waiting
        self._lock = threading.Lock()
        self._trail: AuditTrail | None = None
        self._key = b""
        self._early: list[tuple[str, dict[str, Any]]] = []
        """Noted while the trail could not be opened."""
        self._lost = 0
        self._head: dict[str, Any] | None = None
        self.fault = ""
        """Why the trail is not written as it should be; empty while it is."""

    def note(
        self, action: str, detail: Mapping[str, Any] | None = None, *, at_once: bool = False
    ) -> None:
        """Rule 1; `at_once` has the head signed and sent now."""
        with self._lock:
            trail = self._opened()
            if trail is None:
                self._remember(action, dict(detail or {}))
                return
            self._add(trail, action, detail)
            if at_once:
                with contextlib.suppress(StoreError):
                    trail.checkpoint()
            self._deliver(trail)

    def public_key(self) -> bytes:
        """What checks the heads: raw Ed25519.

        Raises:
            StoreError: there is no trail.
        """
        with self._lock:
            if self._opened() is None:
                raise StoreError(self.fault)
            return self._key

    def heard(self, events: Iterable[Mapping[str, Any]], subject: Subject) -> None:
        """Rule 2: note what a person did, of these events."""
        for event in events:
            if event["kind"] == "alarm" and event["who"] and event["what"] in ACTS:
                self.note(f"alarm.{event['what']}", _act(event, subject))

    def round(self) -> None:
        """Write what waits, sign what is due, deliver what was signed."""
        with self._lock:
            trail = self._opened()
            if trail is None:
                return
            try:
                trail.flush()
                self.fault = ""
            except StoreError as error:
                self.fault = f"audit trail: {error.diagnostics()}"
            self._deliver(trail)

    def _opened(self) -> AuditTrail | None:
        """The trail, once the disk lets it be opened."""
        if self._trail is not None:
            return self._trail
        try:
            key = signing_key(self._apart, self._entropy)
            lines = DirectoryStore(self._folder)
            trail = AuditTrail(lines, self._apart, self._clock, key, self._device, KEEPING)
        except StoreError as error:
            self.fault = f"audit trail: {error.diagnostics()}"
            return None
        self.fault = ""
        self._trail, self._key = trail, key.public_key().public_bytes_raw()
        early, self._early = self._early, []
        for action, detail in early:
            self._add(trail, action, detail)
        if self._lost:
            self._add(trail, "audit.lost", {"entries": self._lost})
            self._lost = 0
        return trail

    def _remember(self, action: str, detail: dict[str, Any]) -> None:
        if len(self._early) < PENDING_MAX:
            self._early.append((action, detail))
        else:
            self._lost += 1

    @staticmethod
    def _add(trail: AuditTrail, action: str, detail: Mapping[str, Any] | None) -> None:
        """An entry that is too long keeps its action."""
        try:
            trail.add(action, detail)
        except (LimitError, ValueError) as error:
            trail.add(action, {"left_out": str(error)[:TEXT_CHARS_MAX]})

    def _deliver(self, trail: AuditTrail) -> None:
        """Rule 3."""
        if heads := trail.take_heads():
            self._head = heads[-1]
        if self._head is None or self._waiting() >= WAITING_MAX:
            return
        told = {"head": self._head, "key": base64.b64encode(self._key).decode()}
        payload = pack_json({"wall_ns": self._clock.wall_ns(), "audit": told})
        with contextlib.suppress(StoreError):
            (receipt,) = self._accept([Offered(RecordClass.AUDIT, payload)])
            if receipt.standing is not Standing.REJECTED:
                self._head = None


def _act(event: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """What a person did, without who it was done to."""
    told: dict[str, Any] = {"by": event["who"], "entry": [event["epoch"], event["seq"]]}
    if ACTS[event["what"]]:
        told["text"] = event["text"][:TEXT_CHARS_MAX]
    if event["alarm"] is not None:
        told["alarm"] = event["alarm"]["id"]
    known = None if event["patient"] is None else subject(event["patient"])
    return told if known is None else {**told, "subject": known.hex()}
