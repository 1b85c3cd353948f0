"""All patients of a device: samples in; numbers, alarms and signals out.

Rules:
1. Everything that is found becomes an observation of the alarm system, with the instant of its
   sample. Nothing else decides about an alarm.
2. One patient's channel that fails never keeps another's samples from being judged.
3. Each entry of the alarm system goes to the journal first, and is then told: whoever has heard of
   an alarm finds it in the journal. Neither waits for a disk.
4. A channel that is detached while its patient stays is missed: it is silent from then on, which is
   a technical alarm, and what it showed cannot be decided any more.
5. Signals are given on this thread, before the answer to what caused them. An annunciator that
   fails is an alarm of its own, and stops none of the others.
6. What is left to people elsewhere (`delegating`) is not sounded here, and what others leave to
   this device is (`listening`).
7. Beats are told when their class is known (`labelling`), after the signals were given.
8. After a restart the patients whose alarms or settings were kept are known; their channels are
   attached again by whoever sends them.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from edgeward.alarm.annunciation.port import Annunciators
from edgeward.alarm.change import AlarmChange, What
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.signals import SignalState
from edgeward.alarm.standard_conditions import ALARM_SYSTEM_FAULT, defect_condition, sign_condition
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.delegating import Delegations
from edgeward.device.bedside.indicators import Indicators
from edgeward.device.bedside.labelling import Labelling
from edgeward.device.bedside.limited import hold_against_limits
from edgeward.device.bedside.listening import Listeners
from edgeward.device.bedside.modelling import Models
from edgeward.device.bedside.patient import BedsidePatient
from edgeward.device.bedside.telling import AlarmEvent, BeatEvent, BedsideEvent, SignEvent
from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.ports import Clock
from edgeward.signal.channel import WITH_BEATS, Channel
from edgeward.signal.findings import DefectChange, Reading, Reason, SignChange
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals.channel_vitals import Told

if TYPE_CHECKING:
    from edgeward.model.engine import InferenceEngine

Taken = Callable[[str, Channel, int, Samples, Mask | None, int], None]
LOOK_NS = 250_000_000
"""Between two looks at what did not come, while a patient is watched."""
ADMISSION = "admission"
"""Who acts when a patient comes or goes and nobody is named."""


_GIVEN = (
    What.ANNUNCIATION,
    What.REMINDED,
    What.DELEGATED,
    What.UNDELEGATED,
    What.LISTENING,
    What.UNLISTENED,
    What.SELF_TEST,
)
"""With which signals may change; so they may with whatever happens to an alarm."""


class Bedside:
    """Patients, their channels, and the alarm system they share."""

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        tell: Callable[[BedsideEvent], None],
        start_alarms: Callable[[Moment, Callable[[AlarmChange], None]], AlarmSystem],
        record: Callable[[dict[str, Any]], bool],
        beat: Callable[[], str | None],
        annunciators: Annunciators,
        name: str = "device",
        indicators: Indicators | None = None,
        engine: "InferenceEngine | None" = None,
        beat_engine: "InferenceEngine | None" = None,
        taken: Taken | None = None,
    ) -> None:
        """Start the alarm system, from what the journal had or for the first time.

        Args:
            clock: of the device.
            limits: of the device.
            tell: is given each number and each entry, for whoever reads the device.
            start_alarms: makes the alarm system, given the moment and who is told.
            record: puts an entry into the journal; False when there was no room.
            beat: leaves a sign of life in it, and says why the disk does not take it, if so.
            annunciators: give the signals.
            name: of this device, by which other devices know it.
            indicators: those whose self-test is to be told, if any.
            engine: a model that may be asked beside the rules, if any.
            beat_engine: a model of the class of a beat, if any.
            taken: is given each block that fitted, if anybody keeps samples.
        """
        self._clock = clock
        self._limits = limits
        self._tell = tell
        self._record = record
        self._beat = beat
        self._annunciators = annunciators
        self._moved_ns = clock.monotonic_ns()
        self._stale = True
        self._journal_fault: str | None = None
        self.unrecorded = 0
        """Entries that the journal had no room for."""
        self.alarms = start_alarms(self._now(), self._take)
        self.indicators = indicators
        self.models = Models(self.alarms, engine)
        self._beat_engine, self._taken = beat_engine, taken
        self._others_fault = ""
        self.delegations = Delegations(name, self.alarms)
        self.listeners = Listeners(self.alarms, lambda: not annunciators.failing)
        state = self.alarms.state
        kept = {*state.scopes, *(alarm.patient for alarm in self.alarms.alarms)} - {None}
        self._kept = {name for name in kept if name is not None}
        self.patients = {
            name: BedsidePatient(name, limits, state.scope(name).category)
            for name in sorted(self._kept)
        }

    # patients and channels

    def admit(self, patient: str, category: Category) -> None:
        """Begin to watch a patient.

        Raises:
            StreamError: the patient is admitted already.
            LimitError: too many are.
        """
        if patient in self.patients and patient not in self._kept:
            raise StreamError(f"patient {patient!r} is admitted already; discharge them first")
        if len(self.patients) >= self._limits.patients_max and patient not in self._kept:
            raise LimitError(f"patients_max = {self._limits.patients_max} patients are admitted")
        self._kept.discard(patient)
        self.patients[patient] = BedsidePatient(patient, self._limits, category)
        if self.alarms.state.scope(patient).category is not category:
            self.alarms.by(ADMISSION, self._now()).set_category(patient, category)

    def discharge(self, patient: str, by: str = ADMISSION) -> None:
        """Watch a patient no more: every alarm ends, nothing that was settled is left.

        Raises:
            StreamError: there is no such patient.
        """
        self.patient(patient)
        self.alarms.by(by, self._now()).discharge(patient)
        self._kept.discard(patient)
        del self.patients[patient]
        self.models.discharge(patient)

    def attach(
        self, patient: str, channel: Channel, *, beats: bool = False, model: bool = False
    ) -> None:
        """Take a channel of a patient; tell each beat, and ask a model, only where asked to.

        Raises:
            StreamError: there is no such patient, the channel is attached, it has no beats, or the
                model cannot judge it.
            LimitError: too many are.
        """
        if beats and not channel.acceptance.beats:
            raise StreamError(
                f"channel {channel.name!r}: found beats true for {channel.signal.value!r};"
                f" accepted: false, or one of {', '.join(WITH_BEATS)}"
            )
        of = self.patient(patient)
        if model:
            self.models.check(channel)
        of.vitals.attach(channel)
        if model:
            self.models.attach(patient, of.vitals.channel(channel.name))
        if beats:
            of.beats[channel.name] = Labelling(patient, channel, self._limits, self._beat_engine)
        self._settle(patient, channel, Reason.STALE)

    def detach(self, patient: str, channel: str) -> int:
        """Let a channel go (rule 4); how many samples it had.

        Raises:
            StreamError: there is no such patient or channel.
        """
        vitals = self.patient(patient).vitals
        gone = vitals.channel(channel)
        labelling = self.patient(patient).beats.pop(channel, None)
        now = self._now()
        if labelling is not None:
            self._tell_beats(labelling, labelling.leave(now.mono_ns), now)
        self.models.detach(patient, channel, now)
        for defect in gone.defects:
            self._settle(patient, gone.channel, defect)
        for told in vitals.detach(channel, now.mono_ns):
            self._judge(patient, told, now)
        return gone.next_sample

    def push(
        self,
        patient: str,
        channel: str,
        first: int,
        samples: Samples,
        mask: Mask | None,
        acquired_ns: int,
    ) -> int:
        """Take a block; what it makes known is judged and told before this returns.

        Raises:
            StreamError: there is no such patient or channel, or the block does not fit.
            LimitError: the block, or the gap before it, is too long.
        """
        vitals = self.patient(patient).vitals
        found = vitals.push(channel, first, samples, mask, acquired_ns)
        if self._taken is not None:
            self._taken(patient, vitals.channel(channel).channel, first, samples, mask, acquired_ns)
        now = self._now()
        for told in found:
            self._judge(patient, told, now)
        self.models.push((patient, channel), first, samples, mask, acquired_ns, now)
        self.settle()
        labelling = self.patients[patient].beats.get(channel)
        if labelling is not None:
            known = labelling.push(first, samples, mask, acquired_ns, found)
            self._tell_beats(labelling, known, now)
        return vitals.channel(channel).next_sample

    @property
    def due_ns(self) -> int | None:
        """When time must be let pass at the latest; None while nobody is watched."""
        linked = self.delegations.active or self.listeners.active
        if not (self.patients or self.alarms.alarms or linked):
            return None
        return min(self._moved_ns + LOOK_NS, self.alarms.next_ns)

    def advance_when_due(self) -> None:
        """Let time pass, if it is time: cheap enough to be asked at every turn."""
        due_ns = self.due_ns
        if due_ns is not None and self._clock.monotonic_ns() >= due_ns:
            self.advance()

    def advance(self) -> None:
        """Let time pass: what did not come, and the timers of the alarm system."""
        now = self._now()
        self._moved_ns = now.mono_ns
        self._tell_of_journal(self._beat(), now)
        for name, patient in self.patients.items():
            for told in patient.vitals.advance(now.mono_ns):
                self._judge(name, told, now)
        self.models.look(now)
        self.alarms.advance(now)
        self._stale = True  # an annunciator must hear from the alarm system, or takes it for failed
        self.settle()

    def _tell_of_journal(self, fault: str | None, now: Moment) -> None:
        if fault == self._journal_fault:
            return
        self._journal_fault = fault
        seen = Observation(
            None, "journal_lost", fault is not None, now.mono_ns, text=fault or "", source="journal"
        )
        self.alarms.observe(seen, now)

    def settle(self) -> None:
        """Have the signals given that are due after what has happened: before anything is told."""
        if not self._stale:
            return
        self._stale = False
        now = self._now()
        self._reach_others(now)
        for fault in self._annunciators.show(self.signals(None), now.mono_ns):
            seen = Observation(
                None,
                ALARM_SYSTEM_FAULT,
                fault.present,
                fault.at_ns,
                text=fault.text,
                source=f"annunciator {fault.annunciator}",
            )
            self.alarms.observe(seen, now)
        if self.indicators is not None:
            self.indicators.look(self.alarms, now)

    def _reach_others(self, now: Moment) -> None:
        """What is left elsewhere, and what comes from there; a fault of it stops no signal here."""
        before, self._others_fault = self._others_fault, ""
        try:
            self.delegations.look(now)
            self.listeners.look(now)
        except Exception as error:  # whatever it is, the signals are given
            self._others_fault = f"delegation: {type(error).__name__}: {error}"[:200]
        if self._others_fault != before:
            text = self._others_fault
            seen = Observation(
                None, ALARM_SYSTEM_FAULT, bool(text), now.mono_ns, text=text, source="delegation"
            )
            self.alarms.observe(seen, now)

    # what is shown

    def patient(self, name: str) -> BedsidePatient:
        """A patient that is admitted.

        Raises:
            StreamError: there is no such patient.
        """
        if name not in self.patients:
            known = ", ".join(sorted(self.patients)) or "none"
            raise StreamError(f"patient {name!r} is not admitted; admitted: {known[:200]}")
        return self.patients[name]

    def signals(self, patient: str | None) -> SignalState:
        """What is heard and seen here for a patient; for None, of the device as a whole."""
        now_ns = self._clock.monotonic_ns()
        if patient is not None:
            return self.delegations.given(self.alarms.signals(patient), now_ns)
        return self.listeners.given(self.delegations.given(self.alarms.signals(), now_ns))

    def refresh(
        self,
        patient: str | None,
        to: str,
        answer: Any,  # noqa: ANN401 - any JSON is looked at
    ) -> dict[str, Any] | None:
        """Bring what a receiver has answered; what is to be brought to it, if anything.

        Raises:
            AlarmError: nothing is delegated there.
            StreamError: it is no answer of this receiver.
        """
        self._stale = True
        return self.delegations.refresh(patient, to, answer, self._now())

    def arrive(self, device: str, offer: Any) -> dict[str, Any] | None:  # noqa: ANN401 - as above
        """Bring what another device tells; what is to be brought back, if anything.

        Raises:
            AlarmError: nobody listens to that device.
            StreamError: it is no offer of that device to this one.
        """
        self._stale = True
        return self.listeners.take(device, offer, self._now())

    def now(self) -> Moment:
        """The present moment, for whoever acts."""
        return self._now()

    # from findings to observations

    def _judge(self, patient: str, told: Told, now: Moment) -> None:
        """Rule 1, for one finding."""
        found = told.finding
        if isinstance(found, Reading):
            self._tell(self.patients[patient].show(told.channel, found, told.at_ns))
            hold_against_limits(self.alarms, self.patients[patient], found, told, now)
        elif isinstance(found, SignChange):
            self._tell(SignEvent(patient, told))
            seen = Observation(
                patient,
                sign_condition(found.sign),
                found.present,
                told.at_ns,
                text=found.text,
                source=told.channel,
            )
            self.alarms.observe(seen, now)
        elif isinstance(found, DefectChange):
            condition = defect_condition(told.signal, found.defect)
            seen = Observation(patient, condition, found.present, told.at_ns, source=told.channel)
            self.alarms.observe(seen, now)

    def _tell_beats(self, of: Labelling, known: Iterable[BeatEvent], now: Moment) -> None:
        """Rule 7; a model that fails is an alarm."""
        for event in known:
            self._tell(event)
        seen = of.change(now.mono_ns)
        if seen is not None:
            self.alarms.observe(seen, now)

    def _settle(self, patient: str, channel: Channel, defect: Reason) -> None:
        """A defect of a channel is over."""
        now = self._now()
        over = DefectChange(defect, present=False, since=0, at=0)
        at_ns = now.mono_ns
        self._judge(patient, Told(channel.name, channel.signal, over, at_ns, at_ns), now)

    def _take(self, change: AlarmChange) -> None:
        """Rule 3."""
        self._stale = self._stale or change.what in _GIVEN or change.alarm is not None
        if not self._record(change.to_dict()):
            self.unrecorded += 1
        self._tell(AlarmEvent(change))

    def _now(self) -> Moment:
        return Moment(self._clock.monotonic_ns(), self._clock.wall_ns())
