"""Alarms and states to be shown, as the alarm system makes them, for tests of annunciators."""

from collections.abc import Iterable
from dataclasses import replace

from edgeward.alarm.change import Alarm
from edgeward.alarm.signals import Inactive, Shown, SignalState
from edgeward.alarm.vocabulary import Activation, Inactivation, Kind, Level, Presence, Priority

SECOND_NS = 1_000_000_000


def alarm(
    priority: Priority = Priority.HIGH,
    number: int = 1,
    *,
    presence: Presence = Presence.ON,
    patient: str | None = "bed-1",
    condition: str = "asystole",
    occurrence: int = 1,
    value: float | None = None,
    unit: str = "",
    limits: tuple[tuple[str, float | None], ...] = (),
    text: str = "no beat for 4.0 s",
    undecided: bool = False,
) -> Alarm:
    """One alarm; `number` makes its id and its age."""
    return Alarm(
        id=f"1-{number}", patient=patient, condition=condition, kind=Kind.PHYSIOLOGICAL,
        priority=priority, worst=priority, level=Level.WARNING, presence=presence, holds=True,
        undecided=undecided,
        occurrence=occurrence, epoch=1, met_ns=0, declared_ns=number, signalled_ns=number,
        escalated=False, signal_due_ns=0, unattended_ns=0, acknowledged_until_ns=None, value=value,
        unit=unit, limits=limits, text=text, source="ecg", model=None,
    )  # fmt: skip


def shown(one: Alarm, audible: Activation = Activation.ON) -> Shown:
    """How it stands in the list: what is acknowledged or taken away asks for no sound."""
    sounds = audible is Activation.ON and one.presence in (Presence.ON, Presence.LATCHED)
    lit = one.presence is not Presence.OFF
    return Shown(one, audible, Activation.ON, sounds, lit)


def state(listed: Iterable[Shown | Alarm] = (), inactive: Iterable[Inactive] = ()) -> SignalState:
    """What is given for a list that is in order already."""
    entries = tuple(each if isinstance(each, Shown) else shown(each) for each in listed)
    heard = next((each.alarm for each in entries if each.sounds), None)
    seen = next((each.alarm for each in entries if each.lit), None)
    return SignalState(
        0,
        heard.priority if heard else None,
        heard.id if heard else None,
        seen.priority if seen else None,
        seen.id if seen else None,
        entries,
        tuple(inactive),
    )


def at(given: SignalState, now_ns: int) -> SignalState:
    """The same at another instant."""
    return replace(given, at_ns=now_ns)


def mark(
    kind: Inactivation, *, patient: str | None = "bed-1", remaining_s: int | None = None,
    since_ns: int = 0, reminded_ns: int = 0, switched_off: tuple[str, ...] = (), by: str = "anna",
) -> Inactive:  # fmt: skip
    """What an operator has taken away."""
    remaining_ns = None if remaining_s is None else remaining_s * SECOND_NS
    return Inactive(patient, kind, by, since_ns, remaining_ns, reminded_ns, switched_off)
