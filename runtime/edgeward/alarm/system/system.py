"""The alarm system as others use it: observations and time in; entries and signals out.

Rules:
1. It has no clock, no disk and no link: each call brings its moment, each change is told.
2. Its state is its entries. `restore` rebuilds it from them and goes on; the outage is an entry of
   its own, and what was up before it stays up, undecided, until it is seen again.
3. It looks at itself when it starts and at least each `PERIOD_NS` while it is advanced.
"""

from collections.abc import Iterable, Mapping
from math import isfinite

from edgeward.alarm.alarm_limits import SPANS, Side, VitalLimits, judge
from edgeward.alarm.change import Alarm, AlarmChange, ModelUsed, Scope, What
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.settings import limits_in_force
from edgeward.alarm.signals import SignalState
from edgeward.alarm.standard_conditions import (
    ALARM_SYSTEM_FAULT,
    limit_condition,
    standard_conditions,
)
from edgeward.alarm.system.core import Core, Tell
from edgeward.alarm.system.operator import Operator
from edgeward.alarm.system.rebuilding import rebuilt
from edgeward.alarm.system.self_check import PERIOD_NS, problems
from edgeward.alarm.system.showing import signals
from edgeward.alarm.system.state import State
from edgeward.alarm.vocabulary import Level
from edgeward.errors import AlarmError
from edgeward.signal.findings import UNITS, Vital


class AlarmSystem:
    """Every alarm of every patient of a device, and of the device itself.

    It belongs to one thread.
    """

    def __init__(
        self,
        *,
        epoch: int,
        now: Moment,
        tell: Tell,
        definitions: Mapping[str, ConditionDefinition] | None = None,
    ) -> None:
        """Begin for the first time; `restore` is for every later start.

        Args:
            epoch: counts the starts of this device: higher with each, whatever else was lost.
            now: the moment of the start.
            tell: is given each entry, in order. It must not call back.
            definitions: the conditions; the standard ones when left out.

        Raises:
            AlarmError: there is no condition that a fault of the alarm system can be told as.
        """
        self._begin(State(), now, tell, definitions)
        self._start(epoch, "first start")

    @classmethod
    def restore(
        cls,
        entries: Iterable[AlarmChange],
        *,
        epoch: int,
        now: Moment,
        tell: Tell,
        alive: Moment | None = None,
        outage: str = "",
        damage: Iterable[str] = (),
        definitions: Mapping[str, ConditionDefinition] | None = None,
    ) -> "AlarmSystem":
        """Go on from what was told before the device stopped.

        Whatever is wrong with the entries, it starts: what can be read of them counts, and the rest
        is told as a fault of the alarm system.

        Args:
            entries: what was told, in order: all, or at least the newest on each alarm, patient and
                given signal, and each start after the first of those.
            epoch: as for a first start; raised above that of the entries if it is not.
            now: the moment of the start, on the new boot's clock.
            tell: as for a first start.
            alive: the last moment at which it is known to have run, on the clocks of that time:
                nothing that was limited in time can have had more left then.
            outage: what is known about why it stopped.
            damage: what the journal knows to be lost; told as a fault of the alarm system.
            definitions: as for a first start.
        """
        state, stray = rebuilt(entries)
        faults = [*damage, *([f"{stray} entries are out of order"] if stray else [])]
        system = cls.__new__(cls)
        if alive is not None and alive.mono_ns <= state.at_ns:
            alive = None  # the last entry is a later sign of life
        passed_ns = now.wall_ns - (alive.wall_ns if alive else state.wall_ns)
        lasted = (
            f"{passed_ns / SECOND_NS:.1f} s" if passed_ns >= 0 else "unknown, the clock is back"
        )
        text = f"outage: {lasted}" + (f"; {outage}" if outage else "")
        text = text if state.epoch else "first start"
        epoch = max(epoch, state.epoch + 1)
        system._begin(state, now, tell, definitions)
        system._start(epoch, text, alive, faults)
        return system

    def observe(self, seen: Observation, now: Moment) -> None:
        """Take what somebody sees of a condition.

        Raises:
            AlarmError: there is no such condition. Nothing was changed.
        """
        self._core.observe(seen, now)
        self._check_when_due()

    def read(
        self,
        patient: str | None,
        vital: Vital,
        value: float | None,
        *,
        at_ns: int,
        now: Moment,
        unit: str,
        source: str = "",
        model: ModelUsed | None = None,
        text: str = "",
        limits: VitalLimits | None = None,
    ) -> None:
        """Judge a number by the patient's limits. None, or what is no number, decides nothing.

        Args:
            patient: whose number it is.
            vital: what it is a number of.
            value: the number.
            at_ns: when it was so, on the monotonic clock.
            now: the moment at which it became known.
            unit: of the number.
            source: the channel or whoever else tells it.
            model: the model that it comes from, if one does.
            text: shown with what it brings about.
            limits: those that are applied, where not all that are in force are.

        Raises:
            AlarmError: the unit is not the one in which this vital is told.
        """
        if unit != UNITS[vital]:
            raise AlarmError([f"{vital}: unit {unit!r} found, accepted is {UNITS[vital]!r}"])
        known = value if value is not None and isfinite(value) else None
        limits = limits or self.limits(patient, vital)
        pairs = limits.pairs()
        for side in Side:
            judged = self._judged((patient, vital, side), known, limits, source)
            for condition, level, present in judged:
                self._core.observe(
                    Observation(
                        patient,
                        condition,
                        present,
                        at_ns,
                        value=known,
                        unit=unit,
                        text=text,
                        source=source,
                        level=level,
                        limits=pairs,
                        model=model,
                    ),
                    now,
                )
        self._check_when_due()

    def advance(self, now: Moment) -> None:
        """Let time pass: delays, timeouts, pauses, reminders, escalation, the self-check."""
        self._core.move(now)
        self._check_when_due()

    def note(self, what: What, alarm_id: str, now: Moment, text: str, who: str = "") -> None:
        """Tell what has become of an alarm on its way to people elsewhere; it stays as it is."""
        self._core.move(now)
        alarm = next((each for each in self.alarms if each.id == alarm_id), None)
        patient = None if alarm is None else alarm.patient
        self._core.tell(what, patient, who=who, text=text, alarm=alarm)

    def settle(self, what: What, scope: Scope, now: Moment, *, who: str, text: str) -> None:
        """Tell what somebody elsewhere has settled about a patient."""
        self._core.move(now)
        self._core.settle_scope(what, scope, who=who, text=text)

    def by(self, who: str, now: Moment) -> Operator:
        """What this person may do at this moment.

        Raises:
            AlarmError: nobody is named.
        """
        operator = Operator(self._core, who)
        self.advance(now)
        return operator

    def signals(self, *patients: str | None) -> SignalState:
        """What is heard and seen now, for these patients; for all when none is named."""
        core = self._core
        return signals(core.state, core.definitions, patients, core.now.mono_ns)

    def limits(self, patient: str | None, vital: Vital) -> VitalLimits:
        """The limits in force."""
        return limits_in_force(self._core.state.scope(patient), vital)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All that are up, those included whose signals have not begun."""
        return tuple(self._core.state.alarms.values())

    @property
    def state(self) -> State:
        """What the entries told so far add up to. For reading only."""
        return self._core.state

    @property
    def definitions(self) -> Mapping[str, ConditionDefinition]:
        """What is settled about each condition: disclosed, delays included."""
        return self._core.definitions

    @property
    def next_ns(self) -> int:
        """When it must be advanced at the latest, on the monotonic clock."""
        check_ns = self.last_self_check_ns + PERIOD_NS
        due_ns = self._core.next_ns()
        return check_ns if due_ns is None else min(check_ns, due_ns)

    def _begin(
        self,
        state: State,
        now: Moment,
        tell: Tell,
        definitions: Mapping[str, ConditionDefinition] | None,
    ) -> None:
        known = standard_conditions() if definitions is None else definitions
        if ALARM_SYSTEM_FAULT not in known:
            raise AlarmError([f"alarm condition {ALARM_SYSTEM_FAULT!r} is not defined"])
        self._core = Core(known, state, tell, now)
        self._untold = 0

    def _start(
        self,
        epoch: int,
        text: str,
        alive: Moment | None = None,
        damage: Iterable[str] = (),
    ) -> None:
        core, now = self._core, self._core.now
        core.start(epoch, text, alive)
        found = "; ".join(damage)
        for present in (True, None) if found else ():  # up, and nothing will ever say it is over
            core.observe(_fault(present, now, found, "journal"), now)
        self._check()

    def _judged(
        self,
        about: tuple[str | None, Vital, Side],
        value: float | None,
        limits: VitalLimits,
        source: str,
    ) -> list[tuple[str, Level, bool | None]]:
        """Each condition of one side of a vital, the level it is at, and whether it is met."""
        patient, vital, side = about
        warning = limit_condition(vital, side, Level.WARNING)
        critical = limit_condition(vital, side, Level.CRITICAL)
        apart = warning != critical
        last = self._core.last_of((patient, warning), source)
        was = last.level if last else None
        if apart and (severely := self._core.last_of((patient, critical), source)):
            last, was = severely, Level.CRITICAL
        if value is None:
            level, met = was or Level.WARNING, None
        else:
            same = last is not None and last.limits == limits.pairs()
            found = judge(limits, side, value, SPANS[vital].hysteresis, was if same else None)
            level, met = found or Level.WARNING, found is not None
        if not apart:
            return [(warning, level, met)]
        severe = met and level is Level.CRITICAL
        mild = met and limits.of(side)[0] is not None
        return [(critical, Level.WARNING, severe), (warning, Level.WARNING, mild)]

    def _check_when_due(self) -> None:
        if self._core.now.mono_ns >= self.last_self_check_ns + PERIOD_NS:
            self._check()

    def _check(self) -> None:
        """Look at itself, and tell what is not as it must be."""
        core = self._core
        self.last_self_check_ns = core.now.mono_ns
        found = [*problems(core.state, core.definitions, core.now.mono_ns)]
        if core.untold > self._untold:
            found.append(f"{core.untold - self._untold} entries could not be told")
            self._untold = core.untold
        core.observe(_fault(bool(found), core.now, "; ".join(found), "self-check"), core.now)


def _fault(present: bool | None, now: Moment, text: str, source: str) -> Observation:  # noqa: FBT001
    return Observation(
        None, ALARM_SYSTEM_FAULT, present, now.mono_ns, text=text[:300], source=source
    )
