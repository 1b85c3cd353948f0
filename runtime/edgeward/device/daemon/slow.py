"""The slow thread of the daemon: everything that may wait for a disk or a person.

It writes the log, looks after the resources, and watches the clinical thread: the service manager
is told that the device lives only as long as that thread comes back from its work.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.scheduling import step_below
from edgeward.device.daemon.daemon import Advice, Daemon
from edgeward.device.daemon.journal import Journal
from edgeward.errors import StoreError
from edgeward.monitor.monitor import Monitor, Report
from edgeward.monitor.thresholds import Change
from edgeward.ports import Clock
from edgeward.process.ladder import Rung
from edgeward.process.technical import Condition, Conditions, TechnicalEvent

ROUND_S = 0.1
"""How often it comes round."""
AT_ONCE = 2000
LOOK_NS = 1_000_000_000
"""Between two looks at the resources: a step of the ladder is taken within it."""


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
    monitor: Monitor | None = None
    counts: SlowCounts = field(default_factory=SlowCounts)
    report: Report | None = None
    """The last look at the resources."""
    _looked_ns: int | None = None
    _conditions: Conditions = field(init=False)
    _told_alive_ns: int = 0
    _stalled: bool = False
    _pending: list[TechnicalEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What this side itself has to say goes into the log like everything else."""
        self._conditions = Conditions(self.clock, self._pending.append)

    def round(self) -> None:
        """Come round once."""
        self.counts.rounds += 1
        self._watch()
        self._look()
        self._log()

    def flush(self, _: float) -> None:
        """Before the battery ends: write what was handed over and wait until the disk has it."""
        while len(self.daemon.device.handover):
            self._log()
        self._log()
        try:
            self.journal.sync()
        except StoreError as error:
            self._conditions.raise_(Condition.LOG_LOST, None, str(error))

    def active(self) -> tuple[TechnicalEvent, ...]:
        """What is wrong by this side's own observation."""
        return self._conditions.active()

    def _watch(self) -> None:
        """Tell the manager that the device lives, unless the clinical thread hangs."""
        stalled_ns = self.daemon.device.processor.watchdog.stalled_ns()
        if stalled_ns is not None:
            if not self._stalled:
                self.counts.stalls += 1
            self._stalled = True
            text = f"the clinical thread has worked on one block for {stalled_ns / 1e9:.1f} s"
            self._conditions.raise_(Condition.STALLED, None, text)
            return
        self._stalled = False
        self._conditions.clear(Condition.STALLED, None, "it has come back")
        now_ns = self.clock.monotonic_ns()
        limit_ns = self.manager.watchdog_ns
        if limit_ns is not None and now_ns - self._told_alive_ns >= limit_ns // 4:
            self.manager.alive()
            self._told_alive_ns = now_ns

    def _look(self) -> None:
        """Once a second: tell what begins and ends, and advise the ladder."""
        now_ns = self.clock.monotonic_ns()
        due = self._looked_ns is None or now_ns - self._looked_ns >= LOOK_NS
        if self.monitor is None or not due:
            return
        self._looked_ns = now_ns
        self.report = self.monitor.look()
        self.daemon.advice.append(Advice("resources", Rung(self.report.strain)))
        for turn in self.report.turns:
            lost = turn.change in (Change.LOST, Change.FOUND)
            name = f"{turn.name} unknown" if lost else turn.name  # beyond its limit it may be too
            if turn.change in (Change.BEGINS, Change.LOST):
                self._conditions.raise_(Condition.RESOURCE, name, turn.text)
            else:
                self._conditions.clear(Condition.RESOURCE, name, turn.text)

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
        step_below()
        while not stop.wait(ROUND_S):
            side.round()
        while len(side.daemon.device.handover):
            side.round()
        side.round()

    thread = threading.Thread(target=work, name="slow", daemon=True)
    thread.start()
    return thread
