"""Which timer of a condition runs out first, and when: a pure function of alarm and watch."""

from collections.abc import Iterator
from enum import Enum, auto

from edgeward.alarm.change import Alarm
from edgeward.alarm.definition import ConditionDefinition
from edgeward.alarm.system.watch import Watch
from edgeward.alarm.vocabulary import Presence, Priority


class Timer(Enum):
    """What happens when it runs out."""

    DECLARE = auto()
    """The condition delay is over."""
    SIGNAL = auto()
    """The signal delay is over."""
    CLEAR = auto()
    """The condition has not been met for long enough."""
    LOWER = auto()
    """The value has been at a lower level for long enough."""
    UNACKNOWLEDGE = auto()
    """The acknowledgement has lasted long enough."""
    ESCALATE = auto()
    """Nobody has answered for too long."""
    UNCOVER = auto()
    """What covers it has been over for long enough."""


def first(
    definition: ConditionDefinition, alarm: Alarm | None, watch: Watch | None
) -> tuple[int, Timer] | None:
    """The timer that runs out first, and when; None when none runs."""
    running = [*_of_watch(definition, watch)]
    if alarm is not None:
        running += _of_alarm(definition, alarm, watch)
    return min(running, key=lambda each: (each[0], each[1].value), default=None)


def _of_watch(definition: ConditionDefinition, watch: Watch | None) -> Iterator[tuple[int, Timer]]:
    if watch is None:
        return
    if watch.met_ns is not None and watch.present:
        yield watch.met_ns + definition.delays_at(watch.level)[0], Timer.DECLARE
    if watch.clear_since_ns is not None:
        yield watch.clear_since_ns + definition.clear_delay_ns, Timer.CLEAR
    if watch.lower_since_ns is not None:
        yield watch.lower_since_ns + definition.clear_delay_ns, Timer.LOWER


def _of_alarm(
    definition: ConditionDefinition, alarm: Alarm, watch: Watch | None
) -> Iterator[tuple[int, Timer]]:
    after_ns = definition.escalates_after_ns
    met, covered = watch is None or watch.clear_since_ns is None, alarm.covered_by is not None
    if alarm.presence is Presence.OFF and not covered and met:
        yield alarm.signal_due_ns, Timer.SIGNAL
    if alarm.covered_until_ns is not None and met:
        yield alarm.covered_until_ns, Timer.UNCOVER
    if alarm.presence is Presence.ACKNOWLEDGED and alarm.acknowledged_until_ns is not None:
        yield alarm.acknowledged_until_ns, Timer.UNACKNOWLEDGE
    if (
        after_ns is not None
        and (alarm.presence is Presence.ON or covered)
        and not alarm.escalated
        and alarm.priority is not Priority.HIGH
    ):
        yield alarm.unattended_ns + after_ns, Timer.ESCALATE
