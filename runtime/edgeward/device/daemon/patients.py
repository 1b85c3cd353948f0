"""The patients of a daemon: samples in; numbers, alarms and signals out, on the clinical thread.

Rules:
1. Windows come first. What a patient's channels bring is kept until it is that patient's turn, each
   `TURN_NS`; turns are spread, and one is taken at a time. So a window is held up by one turn at
   most, and a finding by `TURN_NS`, far less than the signals need to show anything.
2. Nothing here waits: an entry of the alarm journal goes into its black box, signals are given on
   this thread (`device.bedside`).
3. What cannot be taken is refused and told like any other block. A channel with a hole too long to
   be filled, or whose sender began again after a silence, is attached anew.
4. Whatever raises is a technical condition of that patient, and the others are judged.
5. What is wrong with the device itself is an alarm, too. A stream that is silent is not told twice:
   the patient's own channel says so.
6. A device that was expected and has never sent, or that sends no more, is a technical alarm of its
   patient (`gateway.liveness`). What it says about its own clock is not asked: a stamp in a frame
   is on this device's clock, or is none; a sensor that runs fast or slow is seen in its channel.
7. Time passes when each whose turn is due has had it: what came while the device was held up is no
   silence of the sensors. One round of turns is the longest that this is put off.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgeward.alarm.observation import Observation
from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.daemon.naming import StreamName
from edgeward.device.daemon.watched import Watched
from edgeward.errors import LimitError, StreamError
from edgeward.gateway.liveness import Liveness, Turn
from edgeward.ports import Clock
from edgeward.process.stream import Block
from edgeward.process.technical import Condition, Conditions, TechnicalEvent
from edgeward.signal.channel import Channel
from edgeward.signal.ring import Mask, Samples

TURN_NS = 200_000_000


@dataclass(slots=True)
class _Feed:
    """One channel of a patient."""

    stream: str
    channel: Channel
    base: int
    """The index that its sender gave to its first sample."""
    waiting: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class _Patient:
    """One patient who is watched."""

    name: str
    feeds: dict[str, _Feed] = field(default_factory=dict)


class Patients:
    """Watches the patients of a daemon. It belongs to the clinical thread."""

    def __init__(
        self,
        bedside: Bedside,
        clock: Clock,
        conditions: Conditions,
        patients_max: int,
        category: Category = Category.ADULT,
        expected: Sequence[str] = (),
    ) -> None:
        """Watch at most so many patients, whom the device was found to have time for.

        Samples are expected of those named, and of all who are known from before.
        """
        self.bedside = bedside
        self._clock = clock
        self._conditions = conditions
        self._most = patients_max
        self._category = category
        self._patients: dict[str, _Patient] = {}
        self._turns: list[tuple[int, str]] = []
        self._spread = 0
        self._expected: set[str] = set()
        """Devices that liveness knows."""
        self._behind = 0
        """Turns in a row after which another one was due."""
        self._liveness = Liveness(self._turned)
        for name in dict.fromkeys((*expected, *bedside.patients)):
            self._liveness.register(name, clock.monotonic_ns())
            self._expected.add(name)
        for event in conditions.active():  # what was wrong before there was anybody to tell
            self.report(event)

    def take(self, stream: str, named: StreamName, block: Block) -> None:
        """Keep a block until its patient's turn.

        Raises:
            LimitError: too many patients, or channels.
            StreamError: it does not have a value for each axis.
        """
        if named.channel is None:
            return
        patient = self._patients.get(named.device) or self._admit(named.device)
        feed = patient.feeds.get(stream)
        if feed is None:
            self.bedside.attach(patient.name, named.channel)
            feed = patient.feeds[stream] = _Feed(stream, named.channel, block.first)
        feed.waiting.append(_shaped(block, named.channel))

    @property
    def any(self) -> bool:
        """Whether anybody is watched."""
        return bool(self._patients)

    @property
    def due_ns(self) -> int:
        """When the next turn is due at the latest."""
        turn_ns = self._turns[0][0] if self._turns else None
        due_ns = self.bedside.due_ns
        known = [one for one in (turn_ns, due_ns) if one is not None]
        return min(known, default=self._clock.monotonic_ns() + TURN_NS)

    def work(self) -> None:
        """Take one patient's turn if one is due, and let time pass."""
        now_ns = self._clock.monotonic_ns()
        if self._turns and self._turns[0][0] <= now_ns:
            due_ns, name = self._turns[0]
            missed = (now_ns - due_ns) // TURN_NS
            heapq.heapreplace(self._turns, (due_ns + (missed + 1) * TURN_NS, name))
            self._turn(self._patients[name])
            if self._turns[0][0] <= now_ns and self._behind < len(self._turns):  # rule 7
                self._behind += 1
                return
        self._behind = 0
        self._guarded("alarms", self._advance, now_ns)

    def end(self) -> None:
        """Judge what still waits: nothing more will come."""
        for patient in self._patients.values():
            self._turn(patient)
        self._guarded("alarms", self.bedside.advance)

    def report(self, event: TechnicalEvent) -> None:
        """Rule 5."""
        if event.condition is Condition.SILENT and event.stream is not None:
            return
        seen = Observation(
            None,
            event.condition.value,
            event.raised,
            event.at_ns,
            text=event.text if event.stream is None else f"{event.stream}: {event.text}",
            source=event.stream or "device",
        )
        self.bedside.alarms.observe(seen, self.bedside.now())

    def watched(self) -> Watched:
        """What is shown now."""
        bedside = self.bedside
        return Watched(
            state=bedside.signals(None),
            readings={
                name: tuple(one.newest.values()) for name, one in sorted(bedside.patients.items())
            },
            unrecorded=bedside.unrecorded,
        )

    # inside

    def _admit(self, name: str) -> _Patient:
        """Begin to watch.

        Raises:
            LimitError: too many are watched.
        """
        if len(self._patients) >= self._most:
            raise LimitError(f"{self._most} patients are watched; there is time for no more")
        self.bedside.admit(name, self._category)
        if name not in self._expected:
            self._liveness.register(name, self._clock.monotonic_ns())
            self._expected.add(name)
        patient = self._patients[name] = _Patient(name)
        spread_ns = self._spread * TURN_NS // self._most
        self._spread += 1
        heapq.heappush(self._turns, (self._clock.monotonic_ns() + spread_ns, name))
        return patient

    def _advance(self, now_ns: int) -> None:
        self._liveness.advance(now_ns)
        self.bedside.advance_when_due()

    def _turned(self, turn: Turn) -> None:
        """Rule 6."""
        seen = Observation(
            turn.device,
            "device_silent",
            turn.begins,
            turn.at_ns,
            text=turn.text,
            source=turn.device,
        )
        self.bedside.alarms.observe(seen, self.bedside.now())

    def _turn(self, patient: _Patient) -> None:
        if any(feed.waiting for feed in patient.feeds.values()):
            self._liveness.heard(patient.name, self._clock.monotonic_ns())
        for feed in patient.feeds.values():
            if feed.waiting:
                waiting, feed.waiting = feed.waiting, []
                for block in _joined(waiting):
                    self._guarded(patient.name, self._push, patient, feed, block)

    def _push(self, patient: _Patient, feed: _Feed, block: Block) -> None:
        """Rule 3."""
        try:
            self._offer(patient, feed, block)
        except LimitError as error:
            self._begin_anew(patient, feed, block, error)
        except StreamError as error:
            vitals = self.bedside.patient(patient.name).vitals.channel(feed.channel.name)
            if not vitals.silent:
                raise
            self._begin_anew(patient, feed, block, error)
        else:
            if self._conditions.any:
                self._conditions.clear(Condition.REFUSED, f"{feed.stream} (watching)")

    def _offer(self, patient: _Patient, feed: _Feed, block: Block) -> None:
        first = block.first - feed.base
        self.bedside.push(
            patient.name, feed.channel.name, first, block.samples, block.mask, block.acquired_ns
        )

    def _begin_anew(
        self, patient: _Patient, feed: _Feed, block: Block, error: LimitError | StreamError
    ) -> None:
        self.bedside.detach(patient.name, feed.channel.name)
        self.bedside.attach(patient.name, feed.channel)
        feed.base = block.first
        self._offer(patient, feed, block)
        text = f"{error}; it began anew"
        self._conditions.raise_(Condition.REFUSED, f"{feed.stream} (watching)", text)

    def _guarded(self, name: str, work: Any, *given: Any) -> None:  # noqa: ANN401 - passed on
        """Rules 3 and 4."""
        try:
            work(*given)
        except (StreamError, LimitError) as error:
            self._conditions.raise_(Condition.REFUSED, f"{given[1].stream} (watching)", str(error))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._conditions.raise_(Condition.PATH_FAULT, f"{name} (watching)", text)
        else:
            if self._conditions.any:
                self._conditions.clear(Condition.PATH_FAULT, f"{name} (watching)", "it works again")


def _shaped(block: Block, channel: Channel) -> Block:
    """The block with a row for each sample, where a sample has several values."""
    axes = channel.acceptance.axes
    if axes == 1 or block.samples.ndim > 1:
        return block
    if len(block.samples) % axes:
        found = f"channel {channel.name!r}: found {len(block.samples)} values"
        raise StreamError(f"{found}; accepted: {axes} for each sample")
    mask = block.mask
    if mask is not None:
        mask = np.logical_and.reduce(mask.reshape(-1, axes), axis=1)
    return block._replace(samples=block.samples.reshape(-1, axes), mask=mask)


def _joined(blocks: list[Block]) -> list[Block]:
    """Blocks that follow each other as one, with the stamp of the last."""
    runs: list[list[Block]] = []
    for block in blocks:
        last = runs[-1][-1] if runs else None
        if last is not None and block.first == last.first + len(last.samples):
            runs[-1].append(block)
        else:
            runs.append([block])
    return [run[0] if len(run) == 1 else _one(run) for run in runs]


def _one(run: list[Block]) -> Block:
    samples: Samples = np.concatenate([one.samples for one in run])
    mask: Mask | None = None
    if any(one.mask is not None for one in run):
        mask = np.concatenate(
            [np.ones(len(one.samples), np.bool_) if one.mask is None else one.mask for one in run]
        )
    return Block(run[0].first, samples, mask, run[-1].acquired_ns)
