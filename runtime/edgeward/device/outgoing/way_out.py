"""The door to the way out: opened when it is first needed, or when something lies behind it.

A device that keeps nothing loads nothing of it. Where the disk cannot be opened, records wait in
memory (`interim`) until it can; on a thread of its own, since a disk may think for long.
"""

import contextlib
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward.device.outgoing.layout import OUTBOX, TRUST
from edgeward.errors import EdgewardError
from edgeward.ports import Clock, Entropy
from edgeward.process.events import Tellable

if TYPE_CHECKING:  # loaded with the first record
    from edgeward.comms.record import Offered, Receipt
    from edgeward.device.outgoing.interim import Interim
    from edgeward.device.outgoing.outgoing import Outgoing
    from edgeward.profile import Profile
    from edgeward.signal.channel import Channel
    from edgeward.signal.ring import Mask, Samples

NEEDED = ("apsw", "cryptography", "zstandard")
"""What the extra `comms` brings."""
MB = 1 << 20
QUEUE_MB = 64
"""Before a profile says otherwise."""
_ROOM_PART, _ROOM_MB = 7, 8
"""Beside what waits at a start where more does, for a log, a reserve and something new: nothing of
it is given up before a profile says how much may wait."""
_S_NS = 1_000_000_000
AGAIN_S, AGAIN_S_MAX = 1.0, 60.0
"""Between two tries of a disk that could not be opened: twice as long each time."""
_JOIN_S = 5.0
_DAY_NS = 86_400 * _S_NS


class WayOut:
    """Where records leave a device, if it has a folder to keep them in."""

    __slots__ = (
        "_again_ns", "_clock", "_configured", "_device", "_end", "_entropy", "_folder", "_interim",
        "_lock", "_profile", "_refused", "_thread", "opened",
    )  # fmt: skip

    def __init__(self, device: str, folder: Path | None, clock: Clock, entropy: Entropy) -> None:
        """Go on where an earlier life of this device left records or a receiver.

        A folder that cannot be used keeps no device from watching its patients: `fault` says why.
        """
        self._device, self._folder = device, folder
        self._clock, self._entropy = clock, entropy
        self._profile: Profile | None = None
        self._configured = ""
        self._lock = threading.RLock()
        self._interim: Interim | None = None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._again_ns = 0
        self._refused = ""
        self.opened: Outgoing | None = None
        parts = [] if folder is None else [folder / OUTBOX, folder / TRUST]
        if self.there and any(part.is_dir() for part in parts):
            self._try_to_open()

    @property
    def profile_sha256(self) -> str:
        """Of the profile in force; empty before there is one."""
        return self._configured

    @property
    def there(self) -> bool:
        """Whether records can be kept here at all."""
        return self._folder is not None and all(map(find_spec, NEEDED))

    @property
    def fault(self) -> str:
        """Why records are not kept as they should be; empty while they are."""
        opened = self.opened
        return self._refused if opened is None else opened.health.fault or opened.audit.fault

    def open(self) -> "Outgoing":
        """The way out. What waited in memory for it goes first.

        Raises:
            StoreError: its folder cannot be used.
            SealError: the keys are not those of this outbox.
        """
        opened = self.opened
        if opened is None:
            from edgeward.adapters.scheduling import freeze_garbage

            opened = self._open()
            if not self._clock.simulated:
                freeze_garbage()  # what was loaded for it stays until the end
        return opened

    def _open(self) -> "Outgoing":
        with self._lock:
            if self.opened is None:
                made = self._made()
                try:
                    self._hand_on(made)
                except BaseException:
                    made.close()
                    raise
                self._refused = ""
            assert self.opened is not None
            return self.opened

    def _made(self) -> "Outgoing":
        from edgeward.comms.outbox.allowance import Allowance
        from edgeward.comms.record import RecordClass
        from edgeward.comms.trust.peer import CIPHERS
        from edgeward.device.outgoing.outgoing import Outgoing
        from edgeward.device.outgoing.thinning import Thinning

        assert self._folder is not None
        profile = self._profile
        if profile is None:
            allowance = Allowance(self._first_bytes())
        else:
            order = (RecordClass[kind.name] for kind in profile.offline.eviction_order)
            promised = profile.offline.quota_percent
            quotas = {
                RecordClass.WAVEFORM: promised.waveform,
                RecordClass.TREND: promised.trend,
                RecordClass.EVENT: promised.event,
            }
            queue_bytes = profile.offline.queue_mb * MB
            allowance = Allowance(queue_bytes, eviction=tuple(order), quota_percent=quotas)
        ciphers: tuple[str, ...] = CIPHERS
        if profile is not None:
            ciphers = tuple(one.value for one in profile.security.ciphers)
        made = Outgoing(self._device, self._folder, self._clock, self._entropy, allowance, ciphers)
        if profile is not None:
            made.rotation_days = profile.security.certificate_rotation_days
            made.key_age_ns = profile.security.key_rotation_days * _DAY_NS
            made.keeping.thinning = Thinning(profile.offline.trend_heartbeat_s * _S_NS)
            made.keeping.waves.on = profile.offline.waveforms
            self._note_profile(made)
        return made

    def _first_bytes(self) -> int:
        """What the queue may take before a profile says it."""
        from edgeward.adapters.database import FolderDatabase

        assert self._folder is not None
        waits_bytes = FolderDatabase(self._folder / OUTBOX).size_bytes()
        if waits_bytes <= QUEUE_MB * MB:
            return QUEUE_MB * MB
        return waits_bytes + waits_bytes // _ROOM_PART + _ROOM_MB * MB

    def _hand_on(self, made: "Outgoing") -> None:
        def done() -> None:
            self.opened = made

        if self._interim is None:
            done()
            return
        made.keeping.lost += self._interim.lost
        self._interim.move_to(made, done)
        self._interim = None

    def accept(self, offered: "Sequence[Offered]") -> "Sequence[Receipt]":
        """Keep records: on the disk, or in memory where it cannot be opened."""
        if self.opened is None:
            self._try_to_open()
        interim = self._interim
        if self.opened is None and interim is not None:
            receipts = interim.accept(offered, self._refused)
            if receipts is not None:
                return receipts
        return self.open().accept(offered)

    def configure(self, profile: "Profile", profile_sha256: str) -> None:
        """Keep as much as this profile promises; what waits goes on waiting."""
        before, self._profile = self._profile, profile
        self._configured = profile_sha256
        promised = None if before is None else (before.offline, before.security)
        if self.opened is not None and promised != (profile.offline, profile.security):
            self.close()
            self._try_to_open()
        elif self.opened is not None:
            self._note_profile(self.opened)

    def _note_profile(self, opened: "Outgoing") -> None:
        opened.audit.note("device.configured", {"profile_sha256": self._configured})

    def _try_to_open(self) -> None:
        """Open it, or keep in memory until that can be done."""
        if self._interim is not None:
            return  # somebody is at it
        try:
            self._open()
        except EdgewardError as error:
            from edgeward.device.outgoing.interim import Interim

            self._refused = error.diagnostics()
            self._interim = Interim(self._clock)
            self._again_ns = self._clock.monotonic_ns() + int(AGAIN_S * _S_NS)
            if not self._clock.simulated:
                self._end = threading.Event()
                self._thread = threading.Thread(
                    target=self._open_in_the_end, args=(self._end,), name="opener", daemon=True
                )
                self._thread.start()

    def _open_in_the_end(self, end: threading.Event) -> None:
        wait_s = AGAIN_S
        while not end.wait(wait_s):
            if self._try_again():
                return
            wait_s = min(2 * wait_s, AGAIN_S_MAX)

    def _try_again(self) -> bool:
        try:
            self._open()
        except EdgewardError as error:
            self._refused = error.diagnostics()
            return False
        return True

    def hand_over(self, event: Tellable) -> None:
        """Have something that the device tells kept; waits for nothing."""
        opened, interim = self.opened, self._interim
        if opened is None and interim is not None and not interim.hand_over(event):
            opened = self.opened
        if opened is not None:
            opened.hand_over(event)

    def take(
        self,
        patient: str,
        channel: "Channel",
        first: int,
        samples: "Samples",
        mask: "Mask | None",
        acquired_ns: int,
    ) -> None:
        """Have samples kept, where the profile says so; waits for nothing."""
        if self.opened is not None and self.opened.keeping.waves.on:
            self.opened.keeping.waves.take(patient, channel, first, samples, mask, acquired_ns)

    def state(self) -> dict[str, Any] | None:
        """How many records wait and were delivered, and what is known of the receiver."""
        if self.opened is None:
            return None
        counts = self.opened.outbox.counts().values()
        return {
            "queued": sum(one.queued for one in counts),
            "delivered": sum(one.delivered for one in counts),
            "link": self.opened.state(),
            "by_hand": self.opened.by_hand,
        }

    def admitted(self, patient: str) -> None:
        """Keep records of this patient, also when earlier ones were erased."""
        if self.opened is not None:
            self.opened.admitted(patient)

    def turn(self) -> None:
        """A simulated clock has moved: do what is due."""
        now_ns = self._clock.monotonic_ns()
        if self._interim is not None and now_ns >= self._again_ns:
            self._again_ns = now_ns + int(AGAIN_S * _S_NS)
            self._try_again()
        if self.opened is not None:
            self.opened.turn()

    def close(self) -> None:
        """Keep what was handed over. Closing twice is fine."""
        self._end.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=_JOIN_S)
        if self._interim:  # the last time that it can come to the disk
            with contextlib.suppress(EdgewardError):
                self._open()
        opened, self.opened, self._interim = self.opened, None, None
        if opened is not None:
            opened.close()
