"""The life of one alarm: each step as a pure function from what it was to what it is.

Rules:
1. An alarm that is declared has no signals until its signal delay is over.
2. Whoever acknowledges answers this occurrence only: a new one, a higher priority, or time makes
   the signals come back.
3. When the condition is over, signals that nobody acknowledged stay if the definition says so.
   What was covered all the time leaves nothing; what was signalled before leaves no silent message.
"""

from dataclasses import replace
from math import isfinite

from edgeward.alarm.change import Alarm
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.observation import Observation
from edgeward.alarm.vocabulary import Latching, Level, Presence, Priority

TEXT_CHARS_MAX = 300


def declared(
    definition: ConditionDefinition, seen: Observation, id_: str, epoch: int, now_ns: int
) -> Alarm:
    """A new alarm: its condition counts as met from now on."""
    priority = definition.priority_at(seen.level)
    return _seen(
        Alarm(
            id=id_,
            patient=seen.patient,
            condition=definition.name,
            kind=definition.kind,
            priority=priority,
            worst=priority,
            level=seen.level,
            presence=Presence.OFF,
            holds=True,
            undecided=False,
            occurrence=1,
            epoch=epoch,
            met_ns=min(seen.at_ns, now_ns),
            declared_ns=now_ns,
            signalled_ns=None,
            escalated=False,
            signal_due_ns=now_ns + definition.delays_at(seen.level)[1],
            unattended_ns=now_ns,
            acknowledged_until_ns=None,
            value=None,
            unit="",
            limits=(),
            text="",
            source="",
            model=None,
        ),
        seen,
    )


def again(
    alarm: Alarm, definition: ConditionDefinition, seen: Observation, epoch: int, now_ns: int
) -> Alarm:
    """A latched alarm whose condition is back: the same alarm, a new occurrence."""
    new = declared(definition, seen, alarm.id, epoch, now_ns)
    return replace(new, occurrence=alarm.occurrence + 1)


def signalled(alarm: Alarm, now_ns: int) -> Alarm:
    """Its signals begin."""
    return replace(alarm, presence=Presence.ON, signalled_ns=now_ns, unattended_ns=now_ns)


def covered(alarm: Alarm, by: str, until_ns: int | None) -> Alarm:
    """Another alarm tells the same happening in its place."""
    return replace(alarm, covered_by=by, covered_until_ns=until_ns)


def uncovered(alarm: Alarm) -> Alarm:
    """It stands for itself again."""
    return replace(alarm, covered_by=None, covered_until_ns=None)


def at_level(
    alarm: Alarm, definition: ConditionDefinition, seen: Observation, level: Level, now_ns: int
) -> Alarm:
    """The value is farther from its limits, or nearer. More urgent ends an acknowledgement."""
    own = definition.priority_at(level)
    priority = own.raised if alarm.escalated else own
    worse = priority.above(alarm.priority)
    moved = replace(alarm, level=level, priority=priority, worst=_worse(alarm.worst, priority))
    if worse and alarm.presence is Presence.ACKNOWLEDGED:
        moved = unacknowledged(moved, now_ns)
    if worse and alarm.presence is Presence.OFF:
        due_ns = now_ns + definition.delays_at(level)[1]
        moved = replace(moved, signal_due_ns=min(alarm.signal_due_ns, due_ns))
    return _seen(moved, seen)


def escalated(alarm: Alarm) -> Alarm:
    """Nobody answered for too long."""
    priority = alarm.priority.raised
    return replace(alarm, priority=priority, worst=_worse(alarm.worst, priority), escalated=True)


def acknowledged(alarm: Alarm, definition: ConditionDefinition, now_ns: int) -> Alarm:
    """Somebody answers this occurrence; what was added because nobody did is taken back."""
    priority = definition.priority_at(alarm.level)
    return replace(
        uncovered(alarm),
        presence=Presence.ACKNOWLEDGED,
        acknowledged_until_ns=now_ns + definition.acknowledge_ns,
        priority=priority,
        worst=priority,
        escalated=False,
    )


def unacknowledged(alarm: Alarm, now_ns: int) -> Alarm:
    """The signals are back; they begin, if it was covered until somebody answered it."""
    begun_ns = now_ns if alarm.signalled_ns is None else alarm.signalled_ns
    back = replace(alarm, presence=Presence.ON, signalled_ns=begun_ns)
    return replace(back, acknowledged_until_ns=None, unattended_ns=now_ns)


def undecided(alarm: Alarm, text: str) -> Alarm:
    """It can no longer be seen whether the condition holds. The alarm stays as it is."""
    return replace(alarm, undecided=True, text=(text or alarm.text)[:TEXT_CHARS_MAX])


def decided(alarm: Alarm, seen: Observation) -> Alarm:
    """It is seen to hold again."""
    return _seen(replace(alarm, undecided=False), seen)


def over(alarm: Alarm, definition: ConditionDefinition) -> Alarm:
    """The condition is over: latched, or ended (`Presence.OFF`)."""
    latching = definition.latching_of(alarm.worst)
    stays = latching is Latching.FULL if alarm.covered_by else latching is not Latching.NONE
    if alarm.presence is Presence.ON and stays:
        latched = replace(uncovered(alarm), presence=Presence.LATCHED, priority=alarm.worst)
        return replace(latched, holds=False, undecided=False, escalated=False)
    return ended(alarm)


def ended(alarm: Alarm) -> Alarm:
    """The alarm is over."""
    return replace(
        alarm,
        presence=Presence.OFF,
        holds=False,
        undecided=False,
        escalated=False,
        acknowledged_until_ns=None,
    )


def _seen(alarm: Alarm, seen: Observation) -> Alarm:
    known = seen.value is not None and isfinite(seen.value)
    return replace(
        alarm,
        value=seen.value if known else None,
        unit=seen.unit,
        limits=seen.limits,
        text=seen.text[:TEXT_CHARS_MAX],
        source=seen.source,
        model=seen.model,
    )


def _worse(one: Priority, other: Priority) -> Priority:
    return one if one.above(other) else other
