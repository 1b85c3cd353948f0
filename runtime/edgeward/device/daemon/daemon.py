"""The clinical thread of the daemon: samples in, results out, from the start to the end.

Rules:
1. Between a sample and its result there is no other thread, no lock, no disk and no network. What
   is finished is handed over to the slow thread (`slow`), without waiting.
2. Whatever a source sends is either worked off or counted as refused, with the reason.
3. A stream is opened by its first block, with the window in which it lies; samples of that window
   that came before are missing. A hole too large to be told window by window closes the stream and
   opens it anew; so does one that goes back after it was silent: its sender has begun again.
4. A stream that stops coming is told (`silence`), unless nobody waits for the results.
5. Whoever sends under ever new names costs no memory: a refusal is told by name for as many names
   as there may be streams, and for all others together.
6. A patient's numbers and alarms come from the same blocks, after the windows (`patients`); what is
   wrong with the device is an alarm, too.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeward.device.bedside.telling import BedsideEvent, VitalEvent
from edgeward.device.daemon.handover import Handover
from edgeward.device.daemon.naming import read_name
from edgeward.device.daemon.silence import Silence
from edgeward.device.daemon.snapshot import Snapshot, take_snapshot
from edgeward.device.daemon.source import Source
from edgeward.device.device import Device, Parts
from edgeward.errors import EdgewardError, LimitError, StreamError
from edgeward.process.ladder import Rung
from edgeward.process.stream import Block, ResultEvent
from edgeward.process.technical import Condition, TechnicalEvent
from edgeward.process.watching import RuleReport, Watching
from edgeward.signal.windows import Windower

if TYPE_CHECKING:  # loaded with the first patient
    from edgeward.device.daemon.asked import Asked
    from edgeward.device.daemon.patients import Patients
    from edgeward.device.rpc import Request
    from edgeward.signal.findings import Reason, Vital

Watch = Callable[[str, int], Watching | None]
"""The rules of the stream of this name, whose first sample has this index."""

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
SNAPSHOT_NS = 200 * _NS_PER_MS
"""How old a snapshot may be; and the longest a stop is waited for."""
HANDOVER_RECORDS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Advice:
    """What the slow thread has to say about the ladder."""

    adviser: str
    rung: Rung


class DaemonDevice(Device):
    """A device whose records go to the slow thread instead of to a peer that asks."""

    def __init__(self, parts: Parts) -> None:
        """Start with an empty hand-over."""
        self.handover = Handover(HANDOVER_RECORDS_MAX)
        self.patients: Patients | None = None
        """None: windows are judged, and nobody is watched."""
        self._unknown: dict[tuple[str, Vital], Reason | None] = {}
        super().__init__(parts)

    def publish(self, event: ResultEvent) -> None:
        """Hand a result over."""
        self.handover.put(event)

    def tell(self, event: BedsideEvent) -> None:
        """Hand over an entry of the alarm journal; of a number, that it is unknown or known again.

        A number comes each second: it is shown, goes to the receiver, and would leave the log no
        room for anything else.
        """
        if isinstance(event, VitalEvent):
            self.way_out.hand_over(event)
            key, reason = (event.patient, event.reading.vital), event.reading.reason
            if key in self._unknown and self._unknown[key] == reason:
                return
            self._unknown[key] = reason
        self.handover.put(event)

    def report(self, event: TechnicalEvent | RuleReport) -> None:
        """Hand over what is wrong, or what a rule has found."""
        self.handover.put(event)
        if self.patients is not None and isinstance(event, TechnicalEvent):
            self.patients.report(event)


class Daemon:
    """The clinical loop around one device and one source."""

    def __init__(
        self,
        device: DaemonDevice,
        source: Source,
        watch: Watch = lambda _, __: None,
        proof: str = "deadlines: not proven",
    ) -> None:
        """Take the samples from this source; `watch` makes the rules of a stream that begins."""
        self.device = device
        self.source = source
        self._watch = watch
        self.proof = proof
        """Why it keeps its deadlines, in words."""
        self.unwatched: str | None = None if device.patients else "no patients were asked for"
        """Why nobody is watched; None: patients are."""
        self.asked: Asked | None = None
        """What goes to the clinical thread; None: there is nothing to ask about."""
        self.ask: Callable[[Request], dict[str, Any]] | None = None
        """Answers an operator, on another thread."""
        self.advice: deque[Advice] = deque(maxlen=64)
        """Filled by the slow thread."""
        self._clock = device.clock
        self.started_ns = device.clock.monotonic_ns()
        self._refused: dict[str, int] = {}
        self._lost = 0
        self._strangers: set[str] = set()
        """Names that were refused and are no stream (rule 5)."""
        taken = self._model_input = device.parts.engine.card.input
        window_ns = taken.window_samples * _NS_PER_S // taken.rate_hz
        self._silence = Silence(window_ns, self.started_ns)
        self.snapshot: Snapshot = self._taken()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Work until the source has ended or somebody wants it to stop; then work off the rest."""
        clock, source, processor = self._clock, self.source, self.device.processor
        inline, patients = processor.pace.mode.works_at_once, self.device.patients
        asked = self.asked
        next_snapshot_ns = clock.monotonic_ns() + SNAPSHOT_NS
        while not stopping() and not source.ended:
            for name, block in source.receive(self._until_ns(next_snapshot_ns)):
                self._arrived(name, block)
            now_ns = clock.monotonic_ns()
            if not inline and (due_ns := processor.due_ns()) is not None and due_ns <= now_ns:
                processor.work(until_ns=next_snapshot_ns)
            if patients is not None:
                patients.work()
            if asked is not None:
                asked.work()
            if now_ns >= next_snapshot_ns:
                self._take_advice()
                self._count_lost()
                if processor.pace.mode.keeps_pace:  # rule 4
                    watching = patients is not None and patients.any
                    self._silence.look(processor, now_ns, source.said, others=watching)
                self.snapshot = self._taken()
                next_snapshot_ns = now_ns + SNAPSHOT_NS
        processor.work()
        if patients is not None:
            patients.end()
        self.snapshot = self._taken()

    def _until_ns(self, next_snapshot_ns: int) -> int:
        """Until when samples may be waited for."""
        processor, patients = self.device.processor, self.device.patients
        due_ns = None if processor.pace.mode.works_at_once else processor.due_ns()
        until_ns = next_snapshot_ns if due_ns is None else min(due_ns, next_snapshot_ns)
        return until_ns if patients is None else min(until_ns, patients.due_ns)

    def _arrived(self, name: str, block: Block) -> None:
        """Rules 2 and 6."""
        try:
            named = read_name(name, self._model_input)
        except StreamError as error:
            self._refuse("order", name, str(error))
            return
        if named.judged:
            self._offer(name, block)
        if self.device.patients is None:
            return
        try:
            self.device.patients.take(name, named, block)
        except EdgewardError as error:
            self._refuse("limit" if isinstance(error, LimitError) else "order", name, str(error))

    def _offer(self, name: str, block: Block) -> None:
        """Rules 2 and 3."""
        processor = self.device.processor
        try:
            if name not in processor.streams:
                self._open(name, block)
            processor.offer(name, block)
            if processor.conditions.any:
                processor.conditions.clear(Condition.REFUSED, name)
        except LimitError as error:
            if name in processor.streams and block.first > processor.streams[name].next_sample:
                self._begin_anew(name, block, error)
            else:
                self._refuse("limit", name, str(error))
        except EdgewardError as error:
            if (Condition.SILENT, name) in processor.conditions.by_key:
                self._begin_anew(name, block, error)
            else:
                self._refuse("order", name, str(error))

    def _begin_anew(self, name: str, block: Block, error: EdgewardError) -> None:
        processor = self.device.processor
        processor.close(name)
        self._offer(name, block)
        processor.conditions.raise_(Condition.REFUSED, name, f"{error}; it began anew")

    def _open(self, name: str, block: Block) -> None:
        taken = self._model_input
        first_window = block.first // taken.hop_samples
        windower = Windower(taken.window_samples, taken.hop_samples, first_window)
        watching = self._watch(name, windower.next_sample)
        self.device.processor.open(name, windower, watching=watching)

    def _refuse(self, reason: str, stream: str, text: str) -> None:
        self._refused[reason] = self._refused.get(reason, 0) + 1
        self.device.processor.conditions.raise_(Condition.REFUSED, self._named(stream), text)

    def _named(self, stream: str) -> str | None:
        """The name a refusal is told by; None: there were too many names (rule 5)."""
        strangers = self._strangers
        if stream in self.device.processor.streams or stream in strangers:
            return stream
        longest = self.device.limits.stream_name_chars_max
        if len(strangers) >= self.device.limits.streams_max or len(stream) > longest:
            return None
        if not stream.isprintable():
            return None
        strangers.add(stream)
        return stream

    def _take_advice(self) -> None:
        while self.advice:
            said = self.advice.popleft()
            self.device.processor.advise(said.adviser, said.rung)

    def _count_lost(self) -> None:
        """Say when the slow thread does not fetch the records as fast as they come."""
        handover, conditions = self.device.handover, self.device.processor.conditions
        lost = handover.lost_results + handover.lost_others
        if lost > self._lost:
            text = f"no room for {lost - self._lost} records: {len(handover)} wait for the log"
            conditions.raise_(Condition.LOG_LOST, None, text)
        else:
            conditions.clear(Condition.LOG_LOST, None, "there is room again")
        self._lost = lost

    def _taken(self) -> Snapshot:
        return take_snapshot(
            self.device.processor,
            self._clock.monotonic_ns(),
            refused={**self._refused, **self.source.refused},
            handed_over=self.device.handover.counts(),
            scheduling=self.device.scheduling_label,
            epoch=self.device.identity.epoch,
            watched=None if self.device.patients is None else self.device.patients.watched(),
        )
