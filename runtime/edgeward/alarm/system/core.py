"""The state machine: what is observed and the time that passes, in; entries, out.

Rules:
1. It has no clock. Time comes with each call and never goes back; what became due is done first.
2. The state changes by entries only: made here, applied, then told. Whoever is told may fail; the
   alarm stays, and the failure is a fault of the alarm system.
3. What breaks through a pause of the audio ends that pause. Whoever was covered when it began does
   not: it was there, and is silent like all the others.
4. What covers what is settled before anything is given, and whenever anything has changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from edgeward.alarm.change import Alarm, AlarmChange, Given, Scope, What
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.system import life
from edgeward.alarm.system.agenda import Agenda
from edgeward.alarm.system.covering import Covering
from edgeward.alarm.system.showing import given_to
from edgeward.alarm.system.state import Key, State
from edgeward.alarm.system.timers import Timer, first
from edgeward.alarm.system.watch import Watch
from edgeward.alarm.vocabulary import Inactivation, Presence
from edgeward.errors import AlarmError
from edgeward.limits import DEFAULT

REMINDER_NS = 120 * SECOND_NS
"""Between two reminders that signals are switched off."""

Tell = Callable[[AlarmChange], None]


class Core:
    """Conditions and timers of all patients. `AlarmSystem` is what others use."""

    def __init__(
        self, definitions: Mapping[str, ConditionDefinition], state: State, tell: Tell, now: Moment
    ) -> None:
        """Go on from a state; its alarms are undecided until they are seen again."""
        self.definitions = definitions
        self.state = state
        self.now = now
        self.untold = 0
        """Entries that whoever is told did not take."""
        self._tell = tell
        self._covering = Covering(definitions)
        self._watches: dict[Key, Watch] = {}
        self._conditions: Agenda[Key] = Agenda()
        self._scopes: Agenda[str | None] = Agenda()
        self._touched: set[str | None] = set()

    def start(self, epoch: int, text: str, alive: Moment | None) -> None:
        """Begin to run: tell it, and keep up what was up before."""
        if alive is not None and self.state.epoch:
            now, self.now = self.now, alive
            self.tell(What.ALIVE, None)
            self.now = now
        self.state.epoch, self.state.seq = epoch, 0
        self.tell(What.STARTED, None, text=text)
        for key, alarm in [*self.state.alarms.items()]:
            if alarm.condition not in self.definitions:
                self.tell(
                    What.ENDED, alarm.patient, text="no longer defined", alarm=life.ended(alarm)
                )
                continue
            if alarm.holds:
                self._doubt(key, alarm)
            self.change(What.KEPT, alarm)
        for scope in [*self.state.scopes.values()]:
            self.settle_scope(What.KEPT, scope)
        self.move(self.now)

    def next_ns(self) -> int | None:
        """When something will be due by itself; None when nothing is."""
        times = [self._conditions.next_ns(), self._scopes.next_ns()]
        return min((time for time in times if time is not None), default=None)

    def move(self, now: Moment) -> None:
        """Do what has become due until now."""
        self.now = Moment(max(now.mono_ns, self.now.mono_ns), now.wall_ns)
        while (patient := self._due_scope()) is not None:
            self._scope_due(patient[0])
        while (key := self._conditions.take(self.now.mono_ns)) is not None:
            self._reconcile(key)
        self.settle()

    def observe(self, seen: Observation, now: Moment) -> None:
        """Take what somebody sees of a condition.

        Raises:
            AlarmError: there is no such condition, or one source too many. Nothing was changed.
        """
        self.move(now)
        self.definition(seen.condition)
        key = (seen.patient, seen.condition)
        watch = self._watches.get(key)
        if watch is None:
            if not seen.present:
                return
            watch = self._watches[key] = Watch()
        watch.take(seen)
        self._look(key, watch)
        self._reconcile(key)
        self.settle()

    def last_of(self, key: Key, source: str) -> Observation | None:
        """What a source told last of a condition that it sees, or saw and cannot tell."""
        watch = self._watches.get(key)
        return watch.sources.get(source) if watch else None

    def definition(self, condition: str) -> ConditionDefinition:
        """What is settled about a condition.

        Raises:
            AlarmError: there is none of that name.
        """
        found = self.definitions.get(condition)
        if found is None:
            shown = repr(condition)[: DEFAULT.shown_chars_max]
            raise AlarmError([f"alarm condition {shown} is not defined"])
        return found

    def tell(
        self,
        what: What,
        patient: str | None,
        *,
        who: str = "",
        text: str = "",
        alarm: Alarm | None = None,
        scope: Scope | None = None,
        given: Given | None = None,
    ) -> None:
        """Make an entry, apply it, tell it."""
        entry = AlarmChange(
            epoch=self.state.epoch,
            seq=self.state.seq + 1,
            at_ns=self.now.mono_ns,
            wall_ns=self.now.wall_ns,
            what=what,
            patient=patient,
            who=who,
            text=text,
            alarm=alarm,
            scope=scope,
            given=given,
        )
        self.state.apply(entry)
        self._touched.add(patient)
        try:
            self._tell(entry)
        except Exception:  # whatever it is, it must not stop an alarm; the self-check tells it
            self.untold += 1

    def change(self, what: What, alarm: Alarm, *, who: str = "", text: str = "") -> None:
        """Tell a step in the life of an alarm, and what follows from it."""
        before = self.state.alarms.get((alarm.patient, alarm.condition))
        self.tell(what, alarm.patient, who=who, text=text, alarm=alarm)
        self._schedule((alarm.patient, alarm.condition))
        worse = before is not None and alarm.priority.above(before.priority)
        if what is What.SIGNALLED or worse:
            self._break_through(alarm)

    def settle_scope(self, what: What, scope: Scope, *, who: str = "", text: str = "") -> None:
        """Tell what is settled about a patient from now on."""
        self.tell(what, scope.patient, who=who, text=text, scope=scope)
        self.schedule_scope(scope.patient)

    def schedule_scope(self, patient: str | None) -> None:
        """Note when its pause ends or its reminder is due."""
        scope = self.state.scope(patient)
        due_ns = scope.until_ns
        if scope.inactivation.reminded:
            due_ns = scope.reminded_ns + REMINDER_NS
        self._scopes.put(patient, due_ns)

    def look_again(self, key: Key) -> None:
        """Judge a condition anew, because what is settled about it changed."""
        watch = self._watches.get(key)
        if watch is not None:
            self._look(key, watch)
        self._reconcile(key)

    def drop_doubts(self, key: Key) -> None:
        """Forget who saw a condition and cannot tell: somebody decided in their place."""
        watch = self._watches.get(key)
        if watch is not None:
            watch.sources = {name: each for name, each in watch.sources.items() if each.present}
            watch.clear_since_ns = watch.lower_since_ns = None
            if not watch.sources:
                del self._watches[key]

    def forget_one(self, key: Key) -> None:
        """Drop what is seen of a condition that is no longer judged."""
        self._watches.pop(key, None)
        self._schedule(key)

    def forget(self, patient: str | None) -> None:
        """Drop what is seen of a patient, who is gone."""
        for key in [key for key in self._watches if key[0] == patient]:
            del self._watches[key]
            self._schedule(key)

    def settle(self) -> None:
        """Tell what is to be given now, where that has changed."""
        for patient in sorted(self._touched, key=lambda each: (each is not None, each or "")):
            for alarm in self._covering.in_order(self.state, patient):
                if alarm.presence is Presence.ON or alarm.covered_by is not None:
                    self._cover(alarm)
            given = given_to(self.state, self.definitions, patient)
            before = self.state.given.get(patient, Given(patient, None, None, None, None))
            if given != before:
                self.tell(What.ANNUNCIATION, patient, given=given)
        self._touched.clear()

    def _cover(self, alarm: Alarm) -> None:
        """Have it covered by what covers it now, or stand for itself."""
        found = self._covering.by_now(self.state, alarm, self.now.mono_ns)
        if found is None:
            if alarm.covered_by is not None:
                self._uncover(alarm)
        elif found != (alarm.covered_by, alarm.covered_until_ns):
            self.change(What.COVERED, life.covered(alarm, *found))

    def _uncover(self, alarm: Alarm) -> None:
        """It stands for itself; signals that it had not had until now begin."""
        own = life.uncovered(alarm)
        self.change(What.UNCOVERED, own)
        if own.presence is Presence.OFF:
            own = life.signalled(own, self.now.mono_ns)
            self.tell(What.SIGNALLED, own.patient, alarm=own)
            self._schedule((own.patient, own.condition))
            self._break_through(own, known=True)

    def _signal(self, alarm: Alarm) -> None:
        """Its signals are due: they begin, unless another alarm covers it."""
        found = self._covering.by_now(self.state, alarm, self.now.mono_ns)
        if found is None or self._breaks_through(alarm):
            self.change(What.SIGNALLED, life.signalled(alarm, self.now.mono_ns))
        else:
            own = replace(alarm, unattended_ns=self.now.mono_ns)
            self.change(What.COVERED, life.covered(own, *found))

    def _doubt(self, key: Key, alarm: Alarm) -> None:
        """Keep an alarm of before an outage up until the source that saw it tells otherwise."""
        watch = self._watches[key] = Watch()
        watch.sources[alarm.source] = Observation(
            *key,
            present=None,
            at_ns=self.now.mono_ns,
            source=alarm.source,
            level=alarm.level,
            limits=alarm.limits,
        )

    def _due_scope(self) -> tuple[str | None] | None:
        """A patient whose pause or reminder is due, in a tuple: the device has no name."""
        due_ns = self._scopes.next_ns()
        if due_ns is None or due_ns > self.now.mono_ns:
            return None
        return (self._scopes.take(self.now.mono_ns),)

    def _scope_due(self, patient: str | None) -> None:
        scope = self.state.scope(patient)
        if scope.inactivation.reminded:
            reminded = replace(scope, reminded_ns=self.now.mono_ns)
            self.settle_scope(What.REMINDED, reminded)
        elif scope.until_ns is not None:
            self.resume(scope, text="time is up")

    def resume(self, scope: Scope, *, who: str = "", text: str = "") -> None:
        """Give signals again."""
        back = replace(
            scope,
            inactivation=Inactivation.NONE,
            since_ns=self.now.mono_ns,
            until_ns=None,
            by=who,
        )
        self.settle_scope(What.RESUMED, back, who=who, text=text)

    def _break_through(self, alarm: Alarm, *, known: bool = False) -> None:
        if alarm.presence is Presence.ON and self._breaks_through(alarm, known=known):
            scope = self.state.scope(alarm.patient)
            self.resume(scope, text=f"alarm {alarm.id} broke through")

    def _breaks_through(self, alarm: Alarm, *, known: bool = False) -> bool:
        """Whether its signals, if they begin now, end a pause of the audio; `known`: rule 3."""
        scope = self.state.scope(alarm.patient)
        if scope.inactivation is not Inactivation.AUDIO_PAUSED:
            return False
        lethal = self.definitions[alarm.condition].life_threatening
        return (lethal and not known) or alarm.priority.above(scope.ceiling)

    def _look(self, key: Key, watch: Watch) -> None:
        """Note since when the condition is met, or is no more."""
        alarm, now_ns = self.state.alarms.get(key), self.now.mono_ns
        up = alarm is not None and alarm.holds
        present = watch.present
        if present:
            watch.clear_since_ns = None
        if present and not up and watch.met_ns is None and watch.seen is not None:
            watch.met_ns = min(watch.seen.at_ns, now_ns)
        if present is False:
            watch.lower_since_ns = None
            if up and watch.clear_since_ns is None:
                watch.clear_since_ns = now_ns
        if alarm is not None and up and present is not False:
            self._look_at_alarm(alarm, watch, decided=present is True)

    def _look_at_alarm(self, alarm: Alarm, watch: Watch, *, decided: bool) -> None:
        """Of an alarm that is up: can it still be decided, and how bad is it?"""
        definition, seen = self.definitions[alarm.condition], watch.worst
        if not decided or seen is None:
            watch.lower_since_ns = None
            if not alarm.undecided:
                texts = [each.text for each in watch.sources.values() if each.text]
                self.change(What.UNDECIDED, life.undecided(alarm, texts[-1] if texts else ""))
            return
        if alarm.undecided:
            alarm = life.decided(alarm, seen)
            self.change(What.DECIDED, alarm)
        own, level = definition.priority_at(alarm.level), watch.level
        if definition.priority_at(level).above(own):
            watch.lower_since_ns = None
            self.change(What.LEVEL, life.at_level(alarm, definition, seen, level, self.now.mono_ns))
        elif level is alarm.level or not definition.deescalates:
            watch.lower_since_ns = None
        elif watch.lower_since_ns is None:
            watch.lower_since_ns = self.now.mono_ns

    def _reconcile(self, key: Key) -> None:
        """Do all that is due of one condition, then note when the next is."""
        definition = self.definitions[key[1]]
        while True:
            due = self._first(key)
            if due is None or due[0] > self.now.mono_ns:
                break
            self._run_out(key, definition, due[1])
        watch, alarm = self._watches.get(key), self.state.alarms.get(key)
        if watch is not None and watch.present is False and (alarm is None or not alarm.holds):
            del self._watches[key]
        self._schedule(key)

    def _schedule(self, key: Key) -> None:
        due = self._first(key)
        self._conditions.put(key, due[0] if due else None)

    def _first(self, key: Key) -> tuple[int, Timer] | None:
        watch = self._watches.get(key)
        if key[1] in self.state.scope(key[0]).switched_off:
            watch = None
        return first(self.definitions[key[1]], self.state.alarms.get(key), watch)

    def _run_out(self, key: Key, definition: ConditionDefinition, timer: Timer) -> None:
        """Do what one timer was for."""
        if timer is Timer.DECLARE:
            self._declare(key, definition)
            return
        alarm, watch, now_ns = self.state.alarms[key], self._watches.get(key), self.now.mono_ns
        if timer is Timer.SIGNAL:
            self._signal(alarm)
        elif timer is Timer.UNCOVER:
            self._uncover(alarm)
        elif timer is Timer.UNACKNOWLEDGE:
            self.change(What.ACKNOWLEDGEMENT_ENDED, life.unacknowledged(alarm, now_ns))
        elif timer is Timer.ESCALATE:
            self.change(What.ESCALATED, life.escalated(alarm))
        elif watch is not None and timer is Timer.CLEAR:
            watch.clear_since_ns = None
            after = life.over(alarm, definition)
            self.change(What.LATCHED if after.presence is Presence.LATCHED else What.ENDED, after)
        elif watch is not None and watch.worst is not None:
            watch.lower_since_ns = None
            self.change(
                What.LEVEL, life.at_level(alarm, definition, watch.worst, watch.level, now_ns)
            )

    def _declare(self, key: Key, definition: ConditionDefinition) -> None:
        watch = self._watches[key]
        alarm, seen, state = self.state.alarms.get(key), watch.worst, self.state
        if seen is None or watch.met_ns is None:
            return
        seen = replace(seen, at_ns=watch.met_ns)
        watch.met_ns = None
        now_ns = self.now.mono_ns
        if alarm is None:
            id_ = f"{state.epoch}-{state.count + 1}"
            new = life.declared(definition, seen, id_, state.epoch, now_ns)
        else:
            new = life.again(alarm, definition, seen, state.epoch, now_ns)
        self.change(What.DECLARED, new)
