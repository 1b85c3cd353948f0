"""The real-time processor: streams in, one result for each window out, whatever happens.

Rules:
1. *When* a block is worked off is the mode's business; *what* comes out is not. The same blocks
   give the same results and rule events in all four modes.
2. Rules are asked, and their local action is taken, when a block is offered: they wait for no
   backlog and no model.
3. Each complete window yields one result. Where the model is not asked, because the device cannot
   keep up or leaves a class of streams out, the result is "no answer" and says why. Newer clinical
   windows are not kept waiting for ones that are too old to help.
4. Whatever raises on the path is a technical condition of that stream, and the next window is
   judged.

It is called from one thread, the clinical one. Only the watchdog may be read from another.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.ports import Clock
from edgeward.process.backlog import Backlog, Item, Loss, StreamClass
from edgeward.process.counts import Counts
from edgeward.process.decision import Decision, Outcome
from edgeward.process.ladder import Ladder, Rung
from edgeward.process.latency import PathTimes
from edgeward.process.lateness import Lateness
from edgeward.process.mode import PACE, Mode, Pace
from edgeward.process.stream import Block, ResultEvent, Stream
from edgeward.process.technical import Condition, Conditions, TechnicalEvent
from edgeward.process.watchdog import Watchdog
from edgeward.process.watching import RuleReport, Watching
from edgeward.signal.windows import Samples, Window, Windower

_FILL_OF = ((0.9, Rung.SHED), (0.75, Rung.THINNER), (0.5, Rung.THROTTLED))
"""From which fill of the backlog on which rung of the ladder is asked for."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the processor asks of the device around it."""

    decide: Callable[[Samples, int], Decision]
    """Judge one window, given its valid samples."""
    decline: Callable[[str], Decision]
    """No answer, for this reason."""
    publish: Callable[[ResultEvent], None]
    """Tell a result, locally and at once."""
    report: Callable[[TechnicalEvent | RuleReport], None]
    """Tell what is wrong with the device, or what a rule has found."""
    step: Callable[[Ladder], None] = lambda _: None
    """The rung of the ladder has changed."""


class Processor:
    """Works off the blocks of all streams of a device."""

    def __init__(self, clock: Clock, hooks: Hooks, limits: Limits, pace: Pace = PACE) -> None:
        """Start without a stream and without a budget."""
        self.pace = pace
        self.lateness = Lateness()
        self.times = PathTimes()
        self.counts = Counts()
        self.ladder = Ladder()
        self.watchdog = Watchdog(clock, self.pace.watchdog_ns)
        self.backlog = Backlog(self.pace.backlog_samples_max)
        self.conditions = Conditions(clock, hooks.report)
        self.streams: dict[str, Stream] = {}
        self._classes: dict[str, StreamClass] = {}
        self._watching: dict[str, Watching] = {}
        self._clock = clock
        self._hooks = hooks
        self._limits = limits
        self._inline = pace.mode.works_at_once
        self._sheds = False  # as the ladder has it; read for every block
        self._now_ns = clock.monotonic_ns
        self._decide = hooks.decide
        self._publish = hooks.publish
        self._judge_late = self.lateness.judge if pace.mode.keeps_pace else _never_late

    # streams

    def open(
        self,
        name: str,
        windower: Windower,
        stream_class: StreamClass = StreamClass.CLINICAL,
        watching: Watching | None = None,
    ) -> Stream:
        """Open a stream, with rules on its samples or without.

        Raises:
            StreamError: one of this name is open.
            LimitError: too many are open.
        """
        if name in self.streams:
            raise StreamError(f"stream {name!r} is open already; close it first")
        if len(self.streams) >= self._limits.streams_max:
            raise LimitError(
                f"streams_max = {self._limits.streams_max} streams are open; close one"
            )
        stream = Stream(name, windower, self._complete, self._limits)
        self.streams[name] = stream
        self._classes[name] = stream_class
        if watching is not None:
            self._watching[name] = watching
        return stream

    def close(self, name: str) -> Stream:
        """Work off what waits and close a stream; an incomplete window yields nothing.

        Raises:
            StreamError: it is not open.
        """
        stream = self._stream(name)
        if self.backlog.waits(name):
            self.work()
        del self.streams[name], self._classes[name]
        self._watching.pop(name, None)
        self.conditions.forget(name)
        return stream

    # blocks

    def offer(self, name: str, block: Block) -> Stream:
        """Take a block; it is worked off now or later, as the mode says.

        Raises:
            LimitError: the block, or the gap before it, is too long; nothing was taken.
            StreamError: the stream is not open, or the block does not fit its end; nothing was
                taken.
        """
        stream = self.streams.get(name) or self._stream(name)
        stream.admit(block)
        if self._sheds and self._classes[name] is not StreamClass.CLINICAL:
            self._shed(stream, block)
            return stream
        fired = bool(self._watching) and self._watch(stream, block)
        if self._inline:
            backlog = self.backlog
            backlog.offered += 1
            backlog.taken += 1
            watchdog = self.watchdog
            watchdog.begun_ns = self._now_ns()
            try:
                stream.work_off(block)
            except Exception as error:  # rule 4
                self._not_worked_off(stream, error)
            watchdog.begun_ns = None
            watchdog.worked += 1
        else:
            self._defer(stream, block)
            if fired and self.pace.mode is Mode.EVENT_DRIVEN:
                self.work()
        return stream

    def work(self, until_ns: int | None = None) -> int:
        """Work off what waits, at least one block of it; how many blocks it was.

        With an instant given, stop taking up new ones once it has passed.
        """
        done = 0
        while (item := self.backlog.take()) is not None:
            self._work_off(self.streams[item.stream], item.block, self._too_old(item))
            done += 1
            if until_ns is not None and self._clock.monotonic_ns() >= until_ns:
                break
        if done:
            if not len(self.backlog):
                self.conditions.clear(Condition.OVERLOAD, None, "the backlog is worked off")
            self._advise_fill()
        return done

    def due_ns(self) -> int | None:
        """When `work` has to be called next; None: not before the next block."""
        oldest_ns = self.backlog.oldest_ns()
        if oldest_ns is None or not self.pace.mode.keeps_pace:
            return None
        return oldest_ns + (self.pace.slack_ns if self.pace.mode is Mode.EVENT_DRIVEN else 0)

    def advise(self, adviser: str, rung: Rung) -> None:
        """Take the opinion of somebody outside (processor, temperature, battery) on the ladder."""
        if not self.ladder.advise(adviser, rung, self._clock.monotonic_ns()):
            return
        self.conditions.clear(Condition.DEGRADED, None, self.ladder.rung.said)
        if self.ladder.rung is not Rung.FULL:
            self.conditions.raise_(Condition.DEGRADED, None, self.ladder.rung.said)
        self._sheds = self.ladder.sheds
        if self.ladder.alarms_only:
            for one in self.backlog.shed():
                self._give_up(one, Loss.SHED)
        self._hooks.step(self.ladder)

    # inside

    def _stream(self, name: str) -> Stream:
        try:
            return self.streams[name]
        except KeyError:
            known = ", ".join(sorted(self.streams)) or "none"
            raise StreamError(f"stream {name!r} is not open; open: {known[:200]}") from None

    def _watch(self, stream: Stream, block: Block) -> bool:
        """Rule 2: whether one of the stream's rules had something to tell."""
        watching = self._watching.get(stream.name)
        if watching is None:
            return False
        try:
            now_ns = self._clock.monotonic_ns()
            fired, wrong = watching.push(stream.name, block, now_ns, self._hooks.report)
        except Exception as error:  # rule 4
            fired, wrong = False, f"{type(error).__name__}: {error}"
        if wrong:
            self._say(Condition.RULE_FAULT, stream, wrong)
        elif fired and self.conditions.any:
            self.conditions.clear(Condition.RULE_FAULT, stream.name)
        return fired

    def _defer(self, stream: Stream, block: Block) -> None:
        """Let a block wait for its turn."""
        now_ns = self._clock.monotonic_ns()
        item = Item(stream.name, self._classes[stream.name], block, now_ns)
        while True:
            lost, added = self.backlog.put(item)
            for one in lost:
                self._give_up(one, Loss.FULL)
            if added or (lost and lost[-1] is item):
                break
            self.work(now_ns)  # rule 2 of the backlog: room is made by working
        self._advise_fill()

    def _shed(self, stream: Stream, block: Block) -> None:
        """Leave out a block of a stream that no alarm rests on, and those of its class before it.

        It is the same in every mode. Its rules are asked until nothing but alarms is left.
        """
        if self._watching and not self.ladder.alarms_only:
            self._watch(stream, block)
        item = Item(stream.name, self._classes[stream.name], block, self._clock.monotonic_ns())
        for one in self.backlog.shed(item):
            self._give_up(one, Loss.SHED)

    def _give_up(self, item: Item, loss: Loss) -> None:
        """Rule 3: its windows are told, without an answer."""
        self.conditions.raise_(Condition.SHED, item.stream, f"samples are left out: {loss.value}")
        self._work_off(self.streams[item.stream], item.block, f"left out: {loss.value}")

    def _too_old(self, item: Item) -> str | None:
        """Why an item is not judged any more; None: it is."""
        if not self.pace.mode.keeps_pace or not self.backlog.waits(item.stream):
            return None
        age_ns = self._clock.monotonic_ns() - item.offered_ns
        if age_ns <= self.pace.stale_ns:
            return None
        text = f"overload: waited for {age_ns // 1_000_000} ms while newer samples came"
        self.conditions.raise_(Condition.OVERLOAD, None, text)
        return text

    def _advise_fill(self) -> None:
        if not self.pace.mode.keeps_pace:
            return
        fill = self.backlog.fill
        rung = next((rung for above, rung in _FILL_OF if fill >= above), Rung.FULL)
        self.advise("backlog", rung)

    def _work_off(self, stream: Stream, block: Block, declined: str | None = None) -> None:
        """Cut a block that has waited into windows."""
        self.watchdog.begin()
        try:
            stream.work_off(block, declined)
        except Exception as error:
            self._not_worked_off(stream, error)
        self.watchdog.end()

    def _not_worked_off(self, stream: Stream, error: Exception) -> None:
        """Rule 4, for what is not about one window."""
        text = f"a block was not worked off: {type(error).__name__}: {error}"
        self._say(Condition.PATH_FAULT, stream, text)

    def _complete(self, stream: Stream, window: Window) -> None:
        """Decide on one window and tell the result."""
        counts = self.counts
        counts.windows += 1
        if stream.declined is None:
            try:
                decision = self._decide(window.samples, window.valid_samples)
            except Exception as error:  # rule 4
                decision = self._undecided(stream, window, error)
            if decision.scores is not None:
                counts.answered += 1
            else:
                counts.no_answer += 1
        else:
            decision = self._hooks.decline(stream.declined)
            counts.declined += 1
        acquired_ns, decided_ns = stream.acquired_ns, decision.decided_ns
        late = self._judge_late(acquired_ns, decided_ns)
        event = ResultEvent(
            stream.name,
            window.index,
            window.first,
            window.last,
            window.valid_samples,
            decision,
            acquired_ns,
            late,
        )
        try:
            self._publish(event)
        except Exception as error:  # rule 4
            counts.untold += 1
            self._say(Condition.TELLING_FAULT, stream, f"a result was not told: {error!r}")
            return
        counts.told += 1
        self.times.count(acquired_ns, decided_ns, self._now_ns())
        if late or decision.fault:
            self._complain(stream, decision, late=bool(late))
        elif self.conditions.by_key:
            self._recovered(stream, decision)

    def _undecided(self, stream: Stream, window: Window, error: Exception) -> Decision:
        """Rule 4: no answer for a window on which the path raised."""
        text = f"window {window.index} was not judged: {type(error).__name__}: {error}"
        self._say(Condition.PATH_FAULT, stream, text)
        return self._hooks.decline(text[:200])

    def _say(self, condition: Condition, stream: Stream, text: str) -> None:
        self.conditions.raise_(condition, stream.name, text)

    def _complain(self, stream: Stream, decision: Decision, *, late: bool) -> None:
        if decision.fault:
            self._say(Condition.MODEL_FAULT, stream, str(decision.reason))
        if late:
            self.counts.late += 1
            age_ms = (decision.decided_ns - stream.acquired_ns) / 1e6
            self._say(Condition.LATE, stream, f"a result came after {age_ms:.1f} ms")

    def _recovered(self, stream: Stream, decision: Decision) -> None:
        """A result was told in time; with an answer, everything on its way works again."""
        self.conditions.clear(Condition.LATE, stream.name)
        self.conditions.clear(Condition.TELLING_FAULT, stream.name)
        if decision.outcome is Outcome.ANSWER:
            self.conditions.clear(Condition.MODEL_FAULT, stream.name)
            self.conditions.clear(Condition.PATH_FAULT, stream.name)
            self.conditions.clear(Condition.SHED, stream.name)


def _never_late(_: int, __: int) -> None:
    """Nobody waits for the results of a recording."""
