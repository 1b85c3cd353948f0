"""What must be true of the alarm system whatever happened: looked at again and again while it runs.

A fault found here is told as an alarm of its own; nothing is repaired in silence.
"""

from collections.abc import Iterator

from edgeward.alarm.change import Alarm, Given, Scope
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.system.showing import Definitions, given_to
from edgeward.alarm.system.state import State
from edgeward.alarm.vocabulary import Inactivation, Latching, Presence

PERIOD_NS = 10 * SECOND_NS
PAUSE_NS_MAX = 120 * SECOND_NS
"""Of sound and of alarms alike."""


def problems(state: State, definitions: Definitions, now_ns: int) -> tuple[str, ...]:
    """Everything that is not as it must be."""
    found: list[str] = []
    for key, alarm in state.alarms.items():
        found += [f"alarm {alarm.id}: {what}" for what in _of_alarm(alarm, definitions, now_ns)]
        if key != (alarm.patient, alarm.condition):
            found.append(f"alarm {alarm.id}: filed under another condition")
    numbers = [alarm.number for alarm in state.alarms.values()]
    if len(set(numbers)) < len(numbers):
        found.append("two alarms have one id")
    up = {alarm.id: alarm.patient for alarm in state.alarms.values()}
    for alarm in state.alarms.values():
        if alarm.covered_by is not None and up.get(alarm.covered_by, alarm) != alarm.patient:
            found.append(f"alarm {alarm.id}: covered by {alarm.covered_by}, which is not up")
    for scope in state.scopes.values():
        found += [f"patient {scope.patient}: {what}" for what in _of_scope(scope, now_ns)]
    if not found:  # what is given can only be computed from a state that is whole
        found += _of_given(state, definitions)
    return tuple(found)


def _of_alarm(alarm: Alarm, definitions: Definitions, now_ns: int) -> Iterator[str]:
    definition = definitions.get(alarm.condition)
    if definition is None:
        yield f"condition {alarm.condition} is not defined"
        return
    latched = alarm.presence is Presence.LATCHED
    if latched == alarm.holds:
        yield f"{alarm.presence} while its condition {'holds' if alarm.holds else 'is over'}"
    if latched and definition.latching is Latching.NONE:
        yield "latched, which it never does"
    if alarm.covered_by and alarm.presence not in (Presence.ON, Presence.OFF):
        yield f"covered while it is {alarm.presence}"
    until_ns = alarm.acknowledged_until_ns
    if (alarm.presence is Presence.ACKNOWLEDGED) != (until_ns is not None):
        yield "acknowledged without an end"
    if until_ns is not None and not now_ns < until_ns <= now_ns + definition.acknowledge_ns:
        yield f"acknowledged until {until_ns}, now is {now_ns}"


def _of_scope(scope: Scope, now_ns: int) -> Iterator[str]:
    if scope.inactivation.timed != (scope.until_ns is not None):
        yield f"{scope.inactivation} without an end"
    if scope.until_ns is not None and not now_ns < scope.until_ns <= now_ns + PAUSE_NS_MAX:
        yield f"{Inactivation(scope.inactivation)} until {scope.until_ns}, now is {now_ns}"


def _of_given(state: State, definitions: Definitions) -> Iterator[str]:
    patients = {*(alarm.patient for alarm in state.alarms.values()), *state.given}
    for patient in patients:
        nothing = Given(patient, None, None, None, None)
        if given_to(state, definitions, patient) != state.given.get(patient, nothing):
            yield f"patient {patient}: what is given is not what should be"
