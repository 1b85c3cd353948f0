"""What a person does to the alarms of a patient, as the protocol asks for it.

A refusal of the alarm system reaches whoever asked as it is: what was found, what is accepted.
"""

from dataclasses import replace
from typing import Any

from edgeward.alarm.change import Delegated, Listened
from edgeward.alarm.vocabulary import Inactivation, Presence
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.delegating import plan_of
from edgeward.errors import AlarmError, StreamError
from edgeward.signal.findings import UNITS, Vital

_NS_PER_MS = 1_000_000
UNCHANGED = object()
"""A bound that was not given."""


def acknowledge(bedside: Bedside, alarm: str, by: str) -> dict[str, Any]:
    """Answer this occurrence of an alarm."""
    bedside.alarms.by(by, bedside.now()).acknowledge(alarm)
    return {}


def reset(bedside: Bedside, patient: str | None, by: str) -> dict[str, Any]:
    """End what is latched for a patient, and say which alarms those were."""
    operator = bedside.alarms.by(by, bedside.now())
    latched = [
        alarm.id
        for alarm in bedside.alarms.alarms
        if alarm.patient == patient and alarm.presence is Presence.LATCHED
    ]
    for alarm in latched:
        operator.reset(alarm)
    return {"ended": latched}


def inactivate(
    bedside: Bedside, patient: str | None, state: Inactivation, duration_ms: int | None, by: str
) -> dict[str, Any]:
    """Take signals away from a patient, for a time or until somebody resumes.

    Raises:
        AlarmError: a pause without a duration, or a duration without a pause; or it is refused.
    """
    if state.timed is (duration_ms is None):
        found = "no duration_ms" if duration_ms is None else f"duration_ms {duration_ms}"
        accepted = "one for a pause" if state.timed else "none: it lasts until somebody resumes"
        raise AlarmError([f"found: {state.value} with {found}; accepted: {accepted}"])
    operator = bedside.alarms.by(by, bedside.now())
    if state is Inactivation.AUDIO_PAUSED:
        operator.audio_pause(patient, (duration_ms or 0) * _NS_PER_MS)
    elif state is Inactivation.ALARM_PAUSED:
        operator.alarm_pause(patient, (duration_ms or 0) * _NS_PER_MS)
    elif state is Inactivation.AUDIO_OFF:
        operator.audio_off(patient)
    else:
        operator.alarm_off(patient)
    return {}


def resume(bedside: Bedside, patient: str | None, by: str) -> dict[str, Any]:
    """Give the signals of a patient again."""
    bedside.alarms.by(by, bedside.now()).resume(patient)
    return {}


def switch(
    bedside: Bedside,
    patient: str | None,
    condition: str,
    on: bool,  # noqa: FBT001 - by name, as the protocol does
    by: str,
) -> dict[str, Any]:
    """Judge one condition of a patient no longer, or again."""
    operator = bedside.alarms.by(by, bedside.now())
    (operator.switch_on if on else operator.switch_off)(patient, condition)
    return {}


def set_limits(
    bedside: Bedside,
    patient: str,
    vital: Vital,
    unit: str,
    by: str,
    **bounds: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Set bounds of a vital; those not given stay. Answers what is in force."""
    operator = bedside.alarms.by(by, bedside.now())
    given = {name: value for name, value in bounds.items() if value is not UNCHANGED}
    limits = replace(bedside.alarms.limits(patient, vital), **given)
    operator.set_limits(patient, vital, limits, unit)
    return {"unit": UNITS[vital], **dict(bedside.alarms.limits(patient, vital).pairs())}


def delegate(
    bedside: Bedside,
    patient: str | None,
    to: tuple[str, ...],
    refresh_within_ms: int,
    confirm_within_ms: int,
    sound: bool,  # noqa: FBT001 - by name, as the protocol does
    by: str,
) -> dict[str, Any]:
    """Tell the alarms of a patient, or of all, to people elsewhere too.

    Raises:
        StreamError: there is no such patient, or it cannot be settled so; every fault at once.
    """
    if patient is not None:
        bedside.patient(patient)
    settled = Delegated(
        to, refresh_within_ms * _NS_PER_MS, confirm_within_ms * _NS_PER_MS, sound, by
    )
    try:
        plan = plan_of(settled)
    except AlarmError as error:
        raise StreamError(str(error)) from error
    bedside.alarms.by(by, bedside.now()).delegate(patient, settled)
    bedside.settle()
    return {
        "device": bedside.delegations.end(patient).name,
        "refresh_within_ms": refresh_within_ms,
        "delay_max_ms": plan.delay_ns_max // _NS_PER_MS,
    }


def undelegate(bedside: Bedside, patient: str | None, by: str) -> dict[str, Any]:
    """Tell the alarms of a patient here alone."""
    bedside.alarms.by(by, bedside.now()).undelegate(patient)
    return {}


def listen(
    bedside: Bedside, device: str, name: str, refresh_within_ms: int, by: str
) -> dict[str, Any]:
    """Give the alarms of another device here too."""
    settled = Listened(device, name, refresh_within_ms * _NS_PER_MS, by)
    bedside.alarms.by(by, bedside.now()).listen(settled)
    return {}


def unlisten(bedside: Bedside, device: str, by: str) -> dict[str, Any]:
    """Give them no longer."""
    bedside.alarms.by(by, bedside.now()).unlisten(device)
    return {}


def confirm(bedside: Bedside, device: str | None, alarm: str, by: str) -> dict[str, Any]:
    """Take notice of an alarm of another device."""
    bedside.listeners.confirm(device, alarm, by, bedside.now())
    return {}
