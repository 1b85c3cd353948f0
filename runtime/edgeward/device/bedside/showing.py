"""What the bedside shows and discloses, as plain data of the device protocol."""

from collections.abc import Iterable
from typing import Any

from edgeward.alarm.alarm_limits import SPANS
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.plain import to_plain
from edgeward.alarm.signals import Inactive, Shown, SignalState
from edgeward.alarm.system.self_check import PAUSE_NS_MAX
from edgeward.alarm.vocabulary import Level
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.telling import VitalEvent
from edgeward.signal.channel import accepted
from edgeward.signal.findings import UNITS, Vital

_NS_PER_MS = 1_000_000


def monitoring(bedside: Bedside) -> dict[str, Any]:
    """What is taken, what each condition is, how long everything may take, and what models do."""
    return {
        "channels": accepted(),
        "vitals": {
            vital.value: {
                "unit": UNITS[vital],
                "limits_least": SPANS[vital].least,
                "limits_most": SPANS[vital].most,
                "hysteresis": SPANS[vital].hysteresis,
            }
            for vital in Vital
        },
        "conditions": {
            name: _condition(one) for name, one in sorted(bedside.alarms.definitions.items())
        },
        "audio_pause_max_ms": PAUSE_NS_MAX // _NS_PER_MS,
        "models": bedside.models.disclosed(),
    }


def _condition(one: ConditionDefinition) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "priority": one.priority.value,
        "critical_priority": one.priority_at(Level.CRITICAL).value,
        "condition_delay_ms": one.condition_delay_ns // _NS_PER_MS,
        "signal_delay_ms": one.signal_delay_ns // _NS_PER_MS,
        "clear_delay_ms": one.clear_delay_ns // _NS_PER_MS,
        "acknowledge_ms": one.acknowledge_ns // _NS_PER_MS,
        "latching": one.latching.value,
        "life_threatening": one.life_threatening,
        "may_switch_off": one.may_switch_off,
        "covers": [*one.covers],
        "text": one.text,
    }


def shown(bedside: Bedside, patient: str | None) -> dict[str, Any]:
    """What is shown of a patient at this moment; for None, of the whole device.

    Raises:
        StreamError: there is no such patient.
    """
    readings: dict[str, Any] = {}
    if patient is not None:
        readings = readings_shown(bedside.patient(patient).newest.values())
    state = bedside.signals(patient)
    now_ns = bedside.now().mono_ns
    return {
        **signals_shown(state),
        "readings": readings,
        "self_check_ns": bedside.alarms.last_self_check_ns,
        "unrecorded": bedside.unrecorded,
        **({} if bedside.indicators is None else {"self_test": bedside.indicators.shown(now_ns)}),
        "delegations": bedside.delegations.shown(patient, state.at_ns),
        "listening": bedside.listeners.shown(state.at_ns) if patient is None else [],
    }


def readings_shown(newest: Iterable[VitalEvent]) -> dict[str, Any]:
    """The newest of each number of a patient, or why there is none."""
    return {
        event.reading.vital.value: {"channel": event.channel, **event.shown()} for event in newest
    }


def signals_shown(state: SignalState) -> dict[str, Any]:
    """What is heard and seen, and every alarm: the most urgent first."""
    return {
        "at_ns": state.at_ns,
        "audible": None if state.audible is None else state.audible.value,
        "audible_alarm": state.audible_alarm,
        "visible": None if state.visible is None else state.visible.value,
        "visible_alarm": state.visible_alarm,
        "alarms": [_alarm(one) for one in state.shown],
        "inactive": [_inactive(one) for one in state.inactive],
    }


def _alarm(one: Shown) -> dict[str, Any]:
    return {
        **to_plain(one.alarm),
        "audible": one.audible.value,
        "visible": one.visible.value,
        "sounds": one.sounds,
        "lit": one.lit,
    }


def _inactive(one: Inactive) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(one)
    return plain
