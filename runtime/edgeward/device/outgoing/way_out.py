"""The door to the way out: opened when it is first needed, or when something lies behind it.

A device that keeps nothing loads nothing of it.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward.device.outgoing.layout import OUTBOX, TRUST
from edgeward.errors import EdgewardError
from edgeward.ports import Clock, Entropy
from edgeward.process.events import Tellable

if TYPE_CHECKING:  # loaded with the first record
    from edgeward.device.outgoing.outgoing import Outgoing
    from edgeward.profile import Profile
    from edgeward.signal.channel import Channel
    from edgeward.signal.ring import Mask, Samples

NEEDED = ("cryptography", "zstandard")
"""What the extra `comms` brings."""
MB = 1 << 20
QUEUE_MB = 64
"""Before a profile says otherwise."""
_S_NS = 1_000_000_000
_DAY_NS = 86_400 * _S_NS


class WayOut:
    """Where records leave a device, if it has a folder to keep them in."""

    __slots__ = (
        "_clock", "_configured", "_device", "_entropy", "_folder", "_profile", "fault", "opened",
    )  # fmt: skip

    def __init__(self, device: str, folder: Path | None, clock: Clock, entropy: Entropy) -> None:
        """Go on where an earlier life of this device left records or a receiver.

        A folder that cannot be used keeps no device from watching its patients: `fault` says why.
        """
        self._device, self._folder = device, folder
        self._clock, self._entropy = clock, entropy
        self._profile: Profile | None = None
        self._configured = ""
        self.opened: Outgoing | None = None
        self.fault = ""
        parts = [] if folder is None else [folder / OUTBOX, folder / TRUST]
        if self.there and any(part.is_dir() for part in parts):
            self._try_to_open()

    @property
    def there(self) -> bool:
        """Whether records can be kept here at all."""
        return self._folder is not None and all(map(find_spec, NEEDED))

    def open(self) -> "Outgoing":
        """The way out.

        Raises:
            StoreError: its folder cannot be used.
            SealError: the keys are not those of this outbox.
        """
        if self.opened is None:
            from edgeward.comms.outbox.allowance import Allowance
            from edgeward.comms.record import RecordClass
            from edgeward.comms.trust.peer import CIPHERS
            from edgeward.device.outgoing.outgoing import Outgoing
            from edgeward.device.outgoing.thinning import Thinning

            assert self._folder is not None
            profile = self._profile
            if profile is None:
                allowance = Allowance(QUEUE_MB * MB)
            else:
                order = (RecordClass[kind.name] for kind in profile.offline.eviction_order)
                allowance = Allowance(profile.offline.queue_mb * MB, eviction=tuple(order))
            ciphers: tuple[str, ...] = CIPHERS
            if profile is not None:
                ciphers = tuple(one.value for one in profile.security.ciphers)
            self.opened = Outgoing(
                self._device, self._folder, self._clock, self._entropy, allowance, ciphers
            )
            if profile is not None:
                self.opened.rotation_days = profile.security.certificate_rotation_days
                self.opened.key_age_ns = profile.security.key_rotation_days * _DAY_NS
                self.opened.keeping.thinning = Thinning(profile.offline.trend_heartbeat_s * _S_NS)
                self.opened.keeping.waves.on = profile.offline.waveforms
                self._note_profile(self.opened)
        return self.opened

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
        self.fault = ""
        try:
            self.open()
        except EdgewardError as error:
            self.fault = error.diagnostics()

    def hand_over(self, event: Tellable) -> None:
        """Have something that the device tells kept; waits for nothing."""
        if self.opened is not None:
            self.opened.hand_over(event)

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
        }

    def admitted(self, patient: str) -> None:
        """Keep records of this patient, also when earlier ones were erased."""
        if self.opened is not None:
            self.opened.admitted(patient)

    def turn(self) -> None:
        """A simulated clock has moved: do what is due."""
        if self.opened is not None:
            self.opened.turn()

    def close(self) -> None:
        """Keep what was handed over. Closing twice is fine."""
        opened, self.opened = self.opened, None
        if opened is not None:
            opened.close()
