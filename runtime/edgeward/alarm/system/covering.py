"""Which alarms tell of one happening: what a condition covers makes no signal of its own meanwhile.

Rules:
1. An alarm is covered by one of the same patient whose definition names its condition. That one is
   on, no less urgent at this moment, stands for itself, and no choice of an operator silences it
   alone. So whatever is heard with covering is no less urgent than what would be heard without it.
2. When its condition is over and its signals stay in full, what it covers already has
   `COVERED_AFTER_NS` more to end by itself: averages reach back.
3. As soon as nothing covers an alarm any more, it stands for itself, without another delay.
"""

from collections.abc import Iterator, Mapping

from edgeward.alarm.change import Alarm
from edgeward.alarm.definition import COVERED_AFTER_NS, ConditionDefinition
from edgeward.alarm.system.showing import activations
from edgeward.alarm.system.state import State
from edgeward.alarm.vocabulary import Activation, Latching, Presence


class Covering:
    """Looks for alarms that cover others."""

    def __init__(self, definitions: Mapping[str, ConditionDefinition]) -> None:
        """Know what covers what."""
        self._definitions = definitions
        broadest = sorted(definitions.values(), key=lambda each: -len(each.covers))
        self._by: dict[str, list[str]] = {}
        for each in broadest:
            for covered in each.covers:
                self._by.setdefault(covered, []).append(each.name)
        self._order = {each.name: place for place, each in enumerate(broadest)}

    def in_order(self, state: State, patient: str | None) -> list[Alarm]:
        """The alarms of a patient that could be covered: first those that could cover others."""
        alarms = [
            alarm
            for alarm in state.alarms.values()
            if alarm.patient == patient and alarm.condition in self._by
        ]
        return sorted(alarms, key=lambda alarm: self._order[alarm.condition])

    def by_now(self, state: State, alarm: Alarm, now_ns: int) -> tuple[str, int | None] | None:
        """What covers an alarm and until when at the latest; None when nothing does."""
        standing = [one for one in self._named(state, alarm) if self._stands(state, one, alarm)]
        on = [one.id for one in standing if one.presence is Presence.ON]
        if on:
            return (alarm.covered_by if alarm.covered_by in on else on[0]), None
        if alarm.covered_by not in [one.id for one in standing]:
            return None
        until_ns = alarm.covered_until_ns
        return alarm.covered_by, now_ns + COVERED_AFTER_NS if until_ns is None else until_ns

    def _named(self, state: State, alarm: Alarm) -> Iterator[Alarm]:
        """Those that could cover it, the broadest first."""
        for name in self._by.get(alarm.condition, ()):
            found = state.alarms.get((alarm.patient, name))
            if found is not None:
                yield found

    def _stands(self, state: State, one: Alarm, alarm: Alarm) -> bool:
        """Rules 1 and 2, without the time."""
        definition = self._definitions[one.condition]
        latched = one.presence is Presence.LATCHED
        full = latched and definition.latching_of(one.worst) is Latching.FULL
        if not (one.presence is Presence.ON or full) or one.covered_by is not None:
            return False
        return not (alarm.priority.above(one.priority) or self._alone(state, one, alarm))

    def _alone(self, state: State, one: Alarm, alarm: Alarm) -> bool:
        """Whether what an operator has settled takes a signal from it that the other has."""
        inactivation = state.scope(one.patient).inactivation
        its = activations(self._definitions[one.condition], inactivation)
        others = activations(self._definitions[alarm.condition], inactivation)
        return any(
            mine is not Activation.ON and other is Activation.ON
            for mine, other in zip(its, others, strict=True)
        )
