"""What is to be heard and seen at this moment: a plain value, for whoever gives the signals.

Rules:
1. Every alarm is listed: the most urgent first, among equals those that another one covers last,
   and the newest first. None is hidden.
2. One alarm is heard at a time: the first of the list that may be heard.
3. What an operator has taken away is marked as long as it lasts, with the time that remains.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edgeward.alarm.change import Alarm, Given
from edgeward.alarm.vocabulary import Activation, Inactivation, Priority


@dataclass(frozen=True, slots=True)
class Shown:
    """One alarm of the list."""

    alarm: Alarm
    """`alarm.presence` says whether it is on, latched or acknowledged; `alarm.undecided` that it
    cannot be seen at present."""
    audible: Activation
    """Whether its sound may be given: not what is heard, which is the first of the list only."""
    visible: Activation
    sounds: bool
    """Whether it asks for sound: neither acknowledged, covered, latched silently nor taken away."""
    lit: bool
    """Whether it asks for light. An acknowledged one stays lit, and so does one that was lit when
    another began to cover it."""


@dataclass(frozen=True, slots=True)
class Inactive:
    """Signals that an operator has taken away from one patient."""

    patient: str | None
    state: Inactivation
    """NONE when only single conditions are switched off."""
    by: str
    since_ns: int
    remaining_ns: int | None
    """The countdown of a pause; None when it lasts until somebody ends it."""
    reminded_ns: int
    """When the last reminder was due; a reminder is to be heard whenever this changes."""
    switched_off: tuple[str, ...]
    """Conditions that are not judged."""


@dataclass(frozen=True, slots=True)
class SignalState:
    """Everything that is given now."""

    at_ns: int
    audible: Priority | None
    """The pattern to be heard."""
    audible_alarm: str | None
    """The id of the alarm that it is heard for."""
    visible: Priority | None
    """The colour and rhythm of the light."""
    visible_alarm: str | None
    shown: tuple[Shown, ...]
    inactive: tuple[Inactive, ...]

    @property
    def audible_activation(self) -> Activation:
        """Of the whole: on when any signal may be heard, else paused before off."""
        return _whole(
            [each.audible for each in self.shown], [mark.state.audible for mark in self.inactive]
        )

    @property
    def visible_activation(self) -> Activation:
        """Of the whole, as for the sound."""
        return _whole(
            [each.visible for each in self.shown], [mark.state.visible for mark in self.inactive]
        )


def _whole(signals: list[Activation], settled: list[Activation]) -> Activation:
    present = signals or settled
    for activation in (Activation.ON, Activation.PAUSED, Activation.OFF):
        if activation in present:
            return activation
    return Activation.ON


def newest_first(alarms: Iterable[Alarm]) -> list[Alarm]:
    """The order of the list: by priority, then the latest occurrence, then the latest alarm."""
    newest = sorted(alarms, key=_age, reverse=True)
    return sorted(newest, key=lambda alarm: (alarm.priority.rank, alarm.covered_by is not None))


def _age(alarm: Alarm) -> tuple[int, int, tuple[int, int]]:
    return alarm.epoch, alarm.declared_ns, alarm.number


def given(patient: str | None, shown: Iterable[Shown]) -> Given:
    """What is heard and seen for a patient, of a list in its order."""
    listed = list(shown)
    heard = next((each.alarm for each in listed if each.sounds), None)
    seen = next((each.alarm for each in listed if each.lit), None)
    return Given(
        patient,
        heard.priority if heard else None,
        heard.id if heard else None,
        seen.priority if seen else None,
        seen.id if seen else None,
    )
