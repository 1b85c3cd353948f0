"""The slow thread of the daemon: everything that may wait for a disk or a person.

It writes the log, looks after the resources, and watches the clinical thread: the service manager
is told that the device lives only as long as that thread comes back from its work.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from edgeward.adapters.notify import ServiceManager
from edgeward.device.daemon.daemon import Daemon
from edgeward.device.daemon.journal import Journal
from edgeward.errors import StoreError
from edgeward.ports import Clock
from edgeward.process.technical import Condition, Conditions, TechnicalEvent

ROUND_S = 0.1
"""How often it comes round."""
AT_ONCE = 2000
_NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class SlowCounts:
    """What became of the records that were handed over."""

    logged: int = 0
    unlogged: int = 0
    """The disk refused them."""
    rounds: int = 0
    stalls: int = 0

    def to_dict(self) -> dict[str, int]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class SlowSide:
    """The slow thread's work; `round` is called by it, or by a test."""

    daemon: Daemon
    journal: Journal
    manager: ServiceManager
    clock: Clock
    counts: SlowCounts = field(default_factory=SlowCounts)
    _conditions: Conditions = field(init=False)
    _told_alive_ns: int = 0
    _pending: list[TechnicalEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What this side itself has to say goes into the log like everything else."""
        self._conditions = Conditions(self.clock, self._pending.append)

    def round(self) -> None:
        """Come round once."""
        self.counts.rounds += 1
        self._watch()
        self._log()

    def active(self) -> tuple[TechnicalEvent, ...]:
        """What is wrong by this side's own observation."""
        return self._conditions.active()

    def _watch(self) -> None:
        """Tell the manager that the device lives, unless the clinical thread hangs."""
        stalled_ns = self.daemon.device.processor.watchdog.stalled_ns()
        if stalled_ns is not None:
            if not self._conditions.any:
                self.counts.stalls += 1
            text = f"the clinical thread has worked on one block for {stalled_ns / 1e9:.1f} s"
            self._conditions.raise_(Condition.STALLED, None, text)
            return
        self._conditions.clear(Condition.STALLED, None, "it has come back")
        now_ns = self.clock.monotonic_ns()
        limit_ns = self.manager.watchdog_ns
        if limit_ns is not None and now_ns - self._told_alive_ns >= limit_ns // 4:
            self.manager.alive()
            self._told_alive_ns = now_ns

    def _log(self) -> None:
        """Write what was handed over; what a full disk refuses is counted, and not tried again."""
        records: list[dict[str, Any]] = [event.to_dict() for event in self._pending]
        self._pending.clear()
        records += [one.to_dict() for one in self.daemon.device.handover.take(AT_ONCE)]
        if not records:
            return
        wall_ns = self.clock.wall_ns()
        before = self.journal.written
        try:
            self.journal.append({"wall_ns": wall_ns, **record} for record in records)
            self._conditions.clear(Condition.LOG_LOST, None, "the disk takes it again")
        except StoreError as error:
            self._conditions.raise_(Condition.LOG_LOST, None, str(error))
        written = self.journal.written - before
        self.counts.logged += written
        self.counts.unlogged += len(records) - written


def start_slow_thread(side: SlowSide, stop: threading.Event) -> threading.Thread:
    """Let it come round until it is told to stop, and once more after that."""

    def work() -> None:
        while not stop.wait(ROUND_S):
            side.round()
        while len(side.daemon.device.handover):
            side.round()
        side.round()

    thread = threading.Thread(target=work, name="slow", daemon=True)
    thread.start()
    return thread
