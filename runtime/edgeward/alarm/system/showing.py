"""From the state to what is heard and seen: a pure function, asked whenever somebody wants to know.

Rules:
1. A condition that may not be switched off is heard and seen in every state but a pause of the
   audio, and there it breaks through as soon as it is new.
2. Acknowledged alarms are seen and not heard. Latched ones are heard only if they latch in full.
3. An alarm whose signal delay runs is not listed yet. One that another covers is: it makes no
   sound, and no light unless it had one before.
"""

from collections.abc import Collection, Mapping

from edgeward.alarm.change import Alarm, Given, Scope
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.signals import Inactive, Shown, SignalState, given, newest_first
from edgeward.alarm.system.state import State
from edgeward.alarm.vocabulary import Activation, Inactivation, Latching, Presence

Definitions = Mapping[str, ConditionDefinition]


def activations(
    definition: ConditionDefinition, inactivation: Inactivation
) -> tuple[Activation, Activation]:
    """What an operator's choice leaves of the sound and the light of a condition."""
    if definition.may_switch_off or inactivation is Inactivation.AUDIO_PAUSED:
        return inactivation.audible, inactivation.visible
    return Activation.ON, Activation.ON


def signals(
    state: State, definitions: Definitions, patients: Collection[str | None], now_ns: int
) -> SignalState:
    """All that is given now, for these patients; for all when none is named."""
    shown = listed(state, definitions, patients)
    whole = given(None, shown)
    return SignalState(
        at_ns=now_ns,
        audible=whole.audible,
        audible_alarm=whole.audible_alarm,
        visible=whole.visible,
        visible_alarm=whole.visible_alarm,
        shown=shown,
        inactive=tuple(
            _inactive(scope, now_ns)
            for scope in state.scopes.values()
            if (scope.inactivation is not Inactivation.NONE or scope.switched_off)
            and (not patients or scope.patient in patients)
        ),
    )


def listed(
    state: State, definitions: Definitions, patients: Collection[str | None]
) -> tuple[Shown, ...]:
    """The alarms of these patients in the order in which they are listed."""
    up = (
        alarm
        for alarm in state.alarms.values()
        if (alarm.presence is not Presence.OFF or alarm.covered_by is not None)
        and (not patients or alarm.patient in patients)
    )
    return tuple(
        _shown(alarm, definitions[alarm.condition], state.scope(alarm.patient))
        for alarm in newest_first(up)
    )


def given_to(state: State, definitions: Definitions, patient: str | None) -> Given:
    """What is heard and seen for one patient."""
    return given(patient, listed(state, definitions, (patient,)))


def _shown(alarm: Alarm, definition: ConditionDefinition, scope: Scope) -> Shown:
    audible, visible = activations(definition, scope.inactivation)
    calls = alarm.presence is Presence.ON or (
        alarm.presence is Presence.LATCHED and definition.latching_of(alarm.worst) is Latching.FULL
    )
    return Shown(
        alarm=alarm,
        audible=audible,
        visible=visible,
        sounds=calls and audible is Activation.ON and alarm.covered_by is None,
        lit=visible is Activation.ON and alarm.presence is not Presence.OFF,
    )


def _inactive(scope: Scope, now_ns: int) -> Inactive:
    until_ns = scope.until_ns
    return Inactive(
        patient=scope.patient,
        state=scope.inactivation,
        by=scope.by,
        since_ns=scope.since_ns,
        remaining_ns=None if until_ns is None else max(0, until_ns - now_ns),
        reminded_ns=scope.reminded_ns,
        switched_off=scope.switched_off,
    )
