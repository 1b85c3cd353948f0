"""An alarm system on a bench: seconds instead of nanoseconds, and every entry kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeward.alarm.alarm_limits import VitalLimits
from edgeward.alarm.change import Alarm, AlarmChange, ModelUsed, What
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.risk import Harm, Onset
from edgeward.alarm.signals import Shown, SignalState
from edgeward.alarm.standard_conditions import by_name, standard_conditions
from edgeward.alarm.system.operator import Operator
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Kind, Level
from edgeward.signal.findings import UNITS, Vital

WALL_NS = 1_700_000_000 * SECOND_NS
PATIENT = "bed 4"


class AlarmBench:
    """One patient unless another is named; time moves by `wait` alone."""

    def __init__(self, definitions: Mapping[str, ConditionDefinition] | None = None) -> None:
        self.entries: list[AlarmChange] = []
        self.definitions = definitions
        self.now = Moment(0, WALL_NS)
        self.system = AlarmSystem(
            epoch=1, now=self.now, tell=self.entries.append, definitions=definitions
        )

    def wait(self, seconds: float, wall_jump_s: float = 0.0) -> None:
        """Let time pass, as a scheduler would: never past what is due."""
        until_ns = self.now.mono_ns + round(seconds * SECOND_NS)
        wall_ns = self.now.wall_ns + round(wall_jump_s * SECOND_NS) - self.now.mono_ns
        while self.now.mono_ns < until_ns:
            mono_ns = min(until_ns, max(self.system.next_ns, self.now.mono_ns + 1))
            self.now = Moment(mono_ns, wall_ns + mono_ns)
            self.system.advance(self.now)
        self.now = Moment(self.now.mono_ns, wall_ns + self.now.mono_ns)

    def see(
        self,
        condition: str,
        present: bool | None = True,
        *,
        patient: str | None = PATIENT,
        source: str = "ecg",
        ago_s: float = 0.0,
        value: float | None = None,
        level: Level = Level.WARNING,
        model: ModelUsed | None = None,
        text: str = "",
    ) -> None:
        at_ns = self.now.mono_ns - round(ago_s * SECOND_NS)
        self.system.observe(
            Observation(
                patient, condition, present, at_ns,
                value=value, source=source, level=level, model=model, text=text,
            ),
            self.now,
        )  # fmt: skip

    def read(self, vital: Vital, value: float | None, patient: str = PATIENT) -> None:
        self.system.read(
            patient, vital, value, at_ns=self.now.mono_ns, now=self.now, unit=UNITS[vital]
        )

    def by(self, who: str = "nurse 7") -> Operator:
        return self.system.by(who, self.now)

    def limit(self, vital: Vital, *limits: float | None, patient: str = PATIENT) -> None:
        self.by().set_limits(patient, vital, VitalLimits(*limits), UNITS[vital])

    def crash(
        self,
        *,
        out_s: float = 30.0,
        wall_jump_s: float = 0.0,
        damage: Sequence[str] = (),
        signed: bool = True,
    ) -> None:
        """The power goes, and comes back on another monotonic clock."""
        alive = self.now if signed else None
        passed_ns = round((out_s + wall_jump_s) * SECOND_NS)
        self.now = Moment(5 * SECOND_NS, self.now.wall_ns + passed_ns)
        self.system = AlarmSystem.restore(
            self.entries,
            epoch=self.system.state.epoch + 1,
            now=self.now,
            tell=self.entries.append,
            alive=alive,
            outage="power lost",
            damage=damage,
            definitions=self.definitions,
        )

    @property
    def signals(self) -> SignalState:
        return self.system.signals()

    def alarm(self, condition: str, patient: str | None = PATIENT) -> Alarm | None:
        found = [
            alarm
            for alarm in self.system.alarms
            if alarm.condition == condition and alarm.patient == patient
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def up(self, condition: str, patient: str | None = PATIENT) -> Alarm:
        alarm = self.alarm(condition, patient)
        assert alarm is not None, f"{condition} is not up"
        return alarm

    def shown(self, condition: str) -> Shown:
        (found,) = [each for each in self.signals.shown if each.alarm.condition == condition]
        return found

    def told(self, *what: What) -> list[AlarmChange]:
        return [entry for entry in self.entries if not what or entry.what in what]

    def lives(self, condition: str) -> list[str]:
        """What was told of a condition, in order."""
        return [
            entry.what.value
            for entry in self.entries
            if entry.alarm is not None and entry.alarm.condition == condition
        ]


def with_one(**settled: object) -> Mapping[str, ConditionDefinition]:
    """The standard conditions and one called `probe`, MEDIUM unless told otherwise."""
    given = {
        "name": "probe", "kind": Kind.PHYSIOLOGICAL, "harm": Harm.REVERSIBLE,
        "onset": Onset.PROMPT,
    }  # fmt: skip
    probe = ConditionDefinition(**{**given, **settled})  # type: ignore[arg-type]
    return by_name([*standard_conditions().values(), probe])


def with_a_fall_that_covers() -> Mapping[str, ConditionDefinition]:
    """The standard conditions, and one that may be switched off covers one that may not."""
    standard = standard_conditions()
    fall = replace(standard["fall"], covers=("apnea", "respiration_rate_low"))
    return by_name([*(each for each in standard.values() if each.name != "fall"), fall])


def delayed() -> AlarmBench:
    return AlarmBench(with_one(condition_delay_ns=5 * SECOND_NS, signal_delay_ns=3 * SECOND_NS))
