"""The patients of a daemon: samples in; numbers, alarms and signals out, on the clinical thread.

Rules:
1. Windows come first. What a patient's channels bring is kept until it is that patient's turn, each
   `TURN_NS`; turns are spread, and one is taken at a time. So a window is held up by one turn at
   most, and a finding by `TURN_NS`, far less than the signals need to show anything. A device that
   is overloaded spends as long on turns as on windows: neither starves the other.
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
7. Whose a sample is, is asked for each block (`belonging`). What is nobody's is judged for nobody,
   and that is told; a patient whose device was taken away misses its channels until discharged.
8. Time passes when each whose turn is due has had it: what came while the device was held up is no
   silence of the sensors. One round of turns is the longest that this is put off.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edgeward.alarm.observation import Observation
from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.daemon.belonging import Belonging
from edgeward.device.daemon.feeds import Feed, joined, part, shaped
from edgeward.device.daemon.naming import StreamName
from edgeward.device.daemon.watched import Watched
from edgeward.errors import LimitError, StreamError
from edgeward.gateway.bindings import Bindings, Piece
from edgeward.gateway.liveness import Liveness, Turn
from edgeward.ports import Clock
from edgeward.process.stream import Block
from edgeward.process.technical import Condition, Conditions, TechnicalEvent

TURN_NS = 200_000_000


@dataclass(slots=True)
class _Sender:
    """One device, and whom it shows."""

    name: str
    patient: str | None
    feeds: dict[str, Feed] = field(default_factory=dict)


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
        belonging: Belonging | None = None,
    ) -> None:
        """Watch at most so many patients, whom the device was found to have time for.

        Samples are expected of the devices named, and of all who are known from before. Without
        `belonging`, each device is the bed of one patient.
        """
        self.bedside = bedside
        self._clock = clock
        self._conditions = conditions
        self._most = patients_max
        self._category = category
        self._senders: dict[str, _Sender] = {}
        self._turns: list[tuple[int, str]] = []
        self._spread = 0
        self._expected: set[str] = set()
        """Devices that liveness knows."""
        self._behind = 0
        """Turns since time last passed."""
        self._ended_ns = clock.monotonic_ns()
        self._heard: set[str] = set()
        """Devices that have sent since time last passed."""
        self.belonging = belonging or Belonging(Bindings())
        self._admitted: set[str] = set()
        self._liveness = Liveness(self._turned)
        beds = [one for one in bedside.patients if self.belonging.patient_of(one) == one]
        for name in dict.fromkeys((*expected, *beds, *self.belonging.known())):
            self._expect(name)
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
        sender = self._senders.get(named.device) or self._meet(named.device)
        self._heard.add(named.device)
        block = shaped(block, named.channel)
        feed = sender.feeds.get(stream)
        if feed is not None and self._went_back(sender, feed, block):
            self.belonging.begin_anew(sender.name, feed.channel.name)
        count, channel = len(block.samples), named.channel
        for piece in self.belonging.attribute(sender.name, channel.name, block.first, count):
            if piece.patient is None or piece.patient != sender.patient:
                self._tell_nobody(sender, piece)
                continue
            if feed is None:
                self.bedside.attach(piece.patient, channel)
                feed = sender.feeds[stream] = Feed(stream, channel, piece.first)
            feed.keep(part(block, piece.first, piece.count))
            if self._conditions.any:
                self._conditions.clear(Condition.REFUSED, f"{sender.name} (belonging)")

    @property
    def any(self) -> bool:
        """Whether anybody is watched."""
        return bool(self._senders)

    @property
    def due_ns(self) -> int:
        """When the next turn is due at the latest."""
        turn_ns = self._turns[0][0] if self._turns else None
        due_ns = self.bedside.due_ns
        known = [one for one in (turn_ns, due_ns) if one is not None]
        return min(known, default=self._clock.monotonic_ns() + TURN_NS)

    def work(self) -> None:
        """Take turns that are due, and let time pass.

        One turn, and more where several are due: as long as the windows took before (rule 1).
        """
        began_ns = now_ns = self._clock.monotonic_ns()
        until_ns = began_ns + began_ns - self._ended_ns
        while self._turns and self._turns[0][0] <= now_ns:
            due_ns, name = self._turns[0]
            missed = (now_ns - due_ns) // TURN_NS
            heapq.heapreplace(self._turns, (due_ns + (missed + 1) * TURN_NS, name))
            self._turn(self._senders[name])
            self._behind += 1
            now_ns = self._clock.monotonic_ns()
            if now_ns >= until_ns:
                break
        self._ended_ns = now_ns
        if self._turns and self._turns[0][0] <= now_ns and self._behind < len(self._turns):
            return  # rule 8
        self._behind = 0
        self._guarded("alarms", self._advance, now_ns)

    def end(self) -> None:
        """Judge what still waits: nothing more will come."""
        for sender in self._senders.values():
            self._turn(sender)
        self._guarded("alarms", self._advance, self._clock.monotonic_ns())
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

    # what an operator settles about devices and patients (rule 7)

    def hold(self, device: str) -> dict[str, int]:
        """Its samples are nobody's until `settle` or `release`; where each stream has come to.

        Raises:
            StreamError: it has not sent anything yet.
        """
        if device not in self._senders:
            known = ", ".join(sorted(self._senders)) or "none"
            raise StreamError(f"found the device {device!r}; accepted: one that sends: {known}")
        self._turn(self._senders[device])
        return self.belonging.hold(device)

    def release(self, device: str) -> None:
        """Nothing has changed."""
        self.belonging.release(device)

    def settle(self, device: str, patient: str | None, at: dict[str, int]) -> None:
        """The disk has it that a device belongs to this patient, or to nobody, from there on."""
        sender = self._senders[device]
        self._forget(device)  # an alarm about it is one of whoever it was of
        self.belonging.apply(device, patient, at)
        if patient != sender.patient:
            for feed in sender.feeds.values():
                self.bedside.detach(str(sender.patient), feed.channel.name)
            sender.feeds.clear()
            sender.patient = patient
            if patient is not None:
                self._admit(patient)
        if patient is not None:
            self._expect(device)

    def discharge(self, patient: str, by: str) -> None:
        """Watch a patient no more.

        Raises:
            StreamError: a device is still theirs, or there is no such patient.
        """
        bed = self._senders.get(patient)
        theirs = [one.name for one in self._senders.values() if one.patient == patient]
        theirs = [one for one in theirs if one != patient or self._sends(bed)]
        theirs += [one for one in self.belonging.devices_of(patient) if one not in theirs]
        if theirs:
            said = f"{', '.join(theirs)} still belong to patient {patient!r}"
            raise StreamError(f"{said}; accepted: dissociate what is theirs, or end its sending")
        self.bedside.discharge(patient, by)
        self._admitted.discard(patient)
        if bed is not None and bed.patient == patient:
            del self._senders[patient]
            self._turns = [one for one in self._turns if one[1] != patient]
            heapq.heapify(self._turns)
        if self.belonging.patient_of(patient) == patient:
            self._forget(patient)

    def _sends(self, sender: _Sender | None) -> bool:
        if sender is None or sender.patient is None:
            return False
        vitals = self.bedside.patient(sender.patient).vitals
        return any(not vitals.channel(one.channel.name).silent for one in sender.feeds.values())

    def watched(self) -> Watched:
        """What is shown now."""
        bedside, belonging = self.bedside, self.belonging
        return Watched(
            state=bedside.signals(None),
            readings={
                name: tuple(one.newest.values()) for name, one in sorted(bedside.patients.items())
            },
            unrecorded=bedside.unrecorded,
            devices={name: one.patient for name, one in sorted(self._senders.items())},
            nobody=dict(belonging.nobody),
        )

    # inside

    def _meet(self, name: str) -> _Sender:
        """A device that has not sent before.

        Raises:
            LimitError: too many are watched.
        """
        if len(self._senders) >= self._most:
            raise LimitError(f"{self._most} patients are watched; there is time for no more")
        patient = self.belonging.patient_of(name)
        if patient is not None:
            self._admit(patient)
        self._expect(name)
        sender = self._senders[name] = _Sender(name, patient)
        spread_ns = self._spread * TURN_NS // self._most
        self._spread += 1
        heapq.heappush(self._turns, (self._clock.monotonic_ns() + spread_ns, name))
        return sender

    def _admit(self, patient: str) -> None:
        if patient not in self._admitted:
            self.bedside.admit(patient, self._category_of(patient))
            self._admitted.add(patient)

    def _category_of(self, patient: str) -> Category:
        """As before a restart; that of a new patient."""
        known = self.bedside.patients.get(patient)
        return self._category if known is None else known.category

    def _expect(self, device: str) -> None:
        if device not in self._expected:
            self._liveness.register(device, self._clock.monotonic_ns())
            self._expected.add(device)

    def _forget(self, device: str) -> None:
        if device in self._expected:
            self._liveness.forget(device, self._clock.monotonic_ns())
            self._expected.discard(device)

    def _went_back(self, sender: _Sender, feed: Feed, block: Block) -> bool:
        """Whether a sender that was silent has begun again."""
        if block.first >= feed.next_sample or sender.patient is None:
            return False
        vitals = self.bedside.patient(sender.patient).vitals
        return vitals.channel(feed.channel.name).silent

    def _tell_nobody(self, sender: _Sender, piece: Piece) -> None:
        why = "an earlier patient's" if piece.nobody is None else piece.nobody.value
        text = f"samples from {piece.first} on are not judged: {why}; associate the device anew"
        self._conditions.raise_(Condition.REFUSED, f"{sender.name} (belonging)", text)

    def _advance(self, now_ns: int) -> None:
        for device in self._heard & self._expected:
            self._liveness.heard(device, now_ns)
        self._heard.clear()
        self._liveness.advance(now_ns)
        self.bedside.advance_when_due()

    def _turned(self, turn: Turn) -> None:
        """Rule 6."""
        seen = Observation(
            self.belonging.patient_of(turn.device),
            "device_silent",
            turn.begins,
            turn.at_ns,
            text=f"{turn.device}: {turn.text}",
            source=turn.device,
        )
        self.bedside.alarms.observe(seen, self.bedside.now())

    def _turn(self, sender: _Sender) -> None:
        for feed in sender.feeds.values():
            if feed.waiting:
                waiting, feed.waiting = feed.waiting, []
                for block in joined(waiting):
                    self._guarded(sender.name, self._push, sender, feed, block)

    def _push(self, sender: _Sender, feed: Feed, block: Block) -> None:
        """Rule 3."""
        try:
            self._offer(sender, feed, block)
        except LimitError as error:
            self._begin_anew(sender, feed, block, error)
        except StreamError as error:
            vitals = self.bedside.patient(str(sender.patient)).vitals.channel(feed.channel.name)
            if not vitals.silent:
                raise
            self._begin_anew(sender, feed, block, error)
        else:
            if self._conditions.any:
                self._conditions.clear(Condition.REFUSED, f"{feed.stream} (watching)")

    def _offer(self, sender: _Sender, feed: Feed, block: Block) -> None:
        first = block.first - feed.base
        patient, channel = str(sender.patient), feed.channel.name
        self.bedside.push(patient, channel, first, block.samples, block.mask, block.acquired_ns)

    def _begin_anew(
        self, sender: _Sender, feed: Feed, block: Block, error: LimitError | StreamError
    ) -> None:
        self.bedside.detach(str(sender.patient), feed.channel.name)
        self.bedside.attach(str(sender.patient), feed.channel)
        feed.base = block.first
        self._offer(sender, feed, block)
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
