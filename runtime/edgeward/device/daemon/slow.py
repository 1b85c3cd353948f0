"""The slow thread of the daemon: everything that may wait for a disk or a person.

It writes the log, looks after the resources, and watches the clinical thread: the service manager
is told that the device lives only as long as that thread comes back from its work, and comes round.

Whatever raises here is told, and tried again in the next round: a thread that had died would leave
the log, the resources and the watchdog to nobody.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.scheduling import step_below
from edgeward.device.bedside.telling import VitalEvent
from edgeward.device.daemon.daemon import Advice, Daemon
from edgeward.device.daemon.journal import Journal
from edgeward.errors import StoreError
from edgeward.monitor.monitor import Monitor, Report
from edgeward.monitor.thresholds import Change
from edgeward.ports import Clock
from edgeward.process.events import Tellable
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
    _life: tuple[int, int] = (0, 0)
    """What changes as long as the clinical thread comes round."""
    _still_ns: int = 0
    """How long that has not changed while this thread looked."""
    _watched_ns: int = 0
    _pending: list[TechnicalEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What this side itself has to say goes into the log like everything else."""
        self._conditions = Conditions(self.clock, self._pending.append)

    def round(self) -> None:
        """Come round once."""
        self.counts.rounds += 1
        for step in (self._watch, self._look, self._log):
            if step != self._look or self._look_is_due():
                self._take(step)

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
        text = self._hangs()
        if text is not None:
            if not self._stalled:
                self.counts.stalls += 1
            self._stalled = True
            self._conditions.raise_(Condition.STALLED, None, text)
            return
        self._stalled = False
        self._conditions.clear(Condition.STALLED, None, "it has come back")
        now_ns = self.clock.monotonic_ns()
        limit_ns = self.manager.watchdog_ns
        if limit_ns is not None and now_ns - self._told_alive_ns >= limit_ns // 4:
            self.manager.alive()
            self._told_alive_ns = now_ns

    def _hangs(self) -> str | None:
        """Why the clinical thread hangs: in a block, or anywhere else on its round.

        A pause of this thread itself counts for little: who was stopped with it does not hang.
        """
        processor, now_ns = self.daemon.device.processor, self.clock.monotonic_ns()
        stalled_ns = processor.watchdog.stalled_ns()
        life = (processor.watchdog.worked, self.daemon.snapshot.at_ns)
        if life != self._life:
            self._life, self._still_ns = life, 0
        else:
            self._still_ns += min(now_ns - self._watched_ns, LOOK_NS)
        self._watched_ns = now_ns
        if stalled_ns is not None:
            return f"the clinical thread has worked on one block for {stalled_ns / 1e9:.1f} s"
        if self._still_ns > processor.pace.watchdog_ns:
            return f"the clinical thread has not come round for {self._still_ns / 1e9:.1f} s"
        return None

    def _take(self, step: Callable[[], None]) -> None:
        """Take a step; what raises is told, the next step is taken, and this one in its turn."""
        name = step.__name__.removeprefix("_")
        try:
            step()
        except Exception as error:  # a thread that had died would do nothing of it any more
            text = f"{type(error).__name__}: {error}"
            self._conditions.raise_(Condition.BACKGROUND_FAULT, name, text)
        else:
            self._conditions.clear(Condition.BACKGROUND_FAULT, name, "it works again")

    def _look_is_due(self) -> bool:
        now_ns = self.clock.monotonic_ns()
        due = self._looked_ns is None or now_ns - self._looked_ns >= LOOK_NS
        return self.monitor is not None and due

    def _look(self) -> None:
        """Once a second: tell what begins and ends, and advise the ladder."""
        if self.monitor is None:
            return
        self._looked_ns = self.clock.monotonic_ns()
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
        records: list[Tellable] = [*self._pending]
        self._pending.clear()
        records += self.daemon.device.handover.take(AT_ONCE)
        if not records:
            return
        for record in records:
            if not isinstance(record, VitalEvent):  # that went its way at once
                self.daemon.device.way_out.hand_over(record)
        wall_ns = self.clock.wall_ns()
        before = self.journal.written
        try:
            self.journal.append({"wall_ns": wall_ns, **one.to_dict()} for one in records)
            self._conditions.clear(Condition.LOG_LOST, None, "the disk takes it again")
        except StoreError as error:
            self._conditions.raise_(Condition.LOG_LOST, None, str(error))
        finally:
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
