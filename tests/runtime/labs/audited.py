"""An audit trail on a disk that can fail, and what an auditor does with it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.store import MemoryStore
from edgeward.comms.audit.lines import Head
from edgeward.comms.audit.trail import AuditTrail, Keeping
from edgeward.comms.audit.verify import Checked, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DEVICE = "bed-7"
SMALL = Keeping(segment_lines=8, segments=3, checkpoint_lines=5)
LONG_ENOUGH = Keeping(segment_lines=10**6, checkpoint_lines=10**6)
"""One segment and no checkpoint."""


class Audited:
    """One device's trail; `restart` is what a later process finds."""

    def __init__(self, keeping: Keeping = SMALL) -> None:
        self.lines = MemoryLog()
        self.apart = MemoryLog()
        self.clock = SimulatedClock()
        self.keeping = keeping
        self.trail = self._opened()

    def restart(self, torn: bytes = b"") -> None:
        self.lines = self.lines.survivor(torn)
        self.apart = self.apart.survivor()
        self.trail = self._opened()

    def check(self, received: Head | None = None) -> Checked:
        return verify(self.lines, self.apart, KEY.public_key(), DEVICE, received)

    def _opened(self) -> AuditTrail:
        return AuditTrail(self.lines, self.apart, self.clock, KEY, DEVICE, self.keeping)

    def content(self) -> list[bytes]:
        """Every line on the disk, over all segments."""
        whole = b"".join(self.lines.read(name) or b"" for name in self.segments())
        return whole.splitlines(keepends=True)

    def segments(self) -> list[str]:
        return [name for name in self.lines.names() if name.endswith(".jsonl")]

    def replace(self, lines: list[bytes]) -> None:
        """Put other lines into the one segment that there is."""
        (name,) = self.segments()
        MemoryStore.write(self.lines, name, b"".join(lines))
