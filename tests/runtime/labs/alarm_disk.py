"""A journal on a simulated disk, in a simulated box, on a simulated clock; and entries for it."""

from dataclasses import dataclass, field
from typing import Any

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.black_box import MemoryBox
from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.journal.journal import Journal, Recovered
from edgeward.alarm.journal.slots import HEAD_BYTES, SLOT_BYTES
from edgeward.alarm.journal.writer import Keeping

BOOT = "4c9b0c7e-0000-4000-8000-00000000000a"
NEXT_BOOT = "4c9b0c7e-0000-4000-8000-00000000000b"
SMALL = Keeping(segment_bytes=1500, segments_max=3, alive_ns=10, beat_ns=1)


def box_bytes(slots: int = 64) -> int:
    return HEAD_BYTES + slots * SLOT_BYTES


def alarm(number: int, priority: str = "high", what: str = "declared", **more: Any) -> Any:
    """An entry about an alarm, cut down to what the journal looks at."""
    alarm = {"id": f"1-{number}", "condition": f"c{number}", "priority": priority}
    return {"what": what, "alarm": alarm, **more}


@dataclass
class Machine:
    """What outlives a process: the disk, the box, the clocks."""

    log: MemoryLog = field(default_factory=MemoryLog)
    box: MemoryBox = field(default_factory=lambda: MemoryBox(box_bytes()))
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(5_000, 1_000_000))
    boot: str | None = BOOT
    keeping: Keeping = SMALL

    def open(self) -> tuple[Journal, Recovered]:
        return Journal.open(self.log, self.box, self.clock, boot=self.boot, keeping=self.keeping)

    def killed(self) -> "Machine":
        """What the next process finds when this one was killed."""
        log, box = self.log.survivor(), self.box.after_kill()
        return Machine(log, box, self.clock, self.boot, self.keeping)

    def power_cut(self, torn: bytes = b"") -> "Machine":
        """What the next start finds when the box was in memory only."""
        return Machine(
            self.log.survivor(torn),
            MemoryBox(len(self.box.memory)),
            SimulatedClock(100, self.clock.wall_ns() + 3_000),
            NEXT_BOOT,
            self.keeping,
        )


def told(recovered: Recovered) -> list[Any]:
    """The entries themselves, without those that the journal makes about itself."""
    return [one.entry for one in recovered.entries if "kind" not in one.entry]
