"""The alarms as text for a terminal: a frame of lines of one width. A function of what is given.

Rules:
1. The banner is the alarm that the light is given for: the most urgent, the newest among equals.
2. Every alarm is listed. What an operator has taken away is marked, with its countdown.
3. A value that is not valid is `--` with the reason, never a number.
4. Colour only repeats what is written: without it nothing is lost.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from edgeward.alarm.annunciation.cells import fitted, plain
from edgeward.alarm.change import Alarm
from edgeward.alarm.signals import Inactive, Shown, SignalState
from edgeward.alarm.vocabulary import Activation, Inactivation, Presence, Priority
from edgeward.signal.findings import UNITS, Reading, Vital

NO_VALUE = "--"
WIDTH_MIN = 40

_SYMBOLS = {Priority.HIGH: "!!!", Priority.MEDIUM: "!!", Priority.LOW: "!"}
_COLOURS = {Priority.HIGH: "97;41", Priority.MEDIUM: "30;43", Priority.LOW: "30;46"}
_STANDS = {
    Presence.ON: "",
    Presence.LATCHED: "over, not reset",
    Presence.ACKNOWLEDGED: "acknowledged",
    Presence.OFF: "not signalled yet",
}
_SOUND = {
    Activation.ON: "",
    Activation.PAUSED: "sound paused",
    Activation.OFF: "sound off",
}
_DECIMALS = {Vital.TEMPERATURE: 1}
_LONGEST_NAME = max(len(vital) for vital in Vital)


def frame(
    state: SignalState,
    now_ns: int,
    readings: Mapping[str, Sequence[Reading]] | None = None,
    *,
    width: int = 80,
    colour: bool = False,
) -> str:
    """The lines of one frame, each ended by a newline: banner, marks, alarms, readings by patient.

    Raises:
        ValueError: the width is too small to say anything.
    """
    if width < WIDTH_MIN:
        raise ValueError(f"{width} columns; accepted: {WIDTH_MIN} or more")
    lines = [_banner(state, width, colour=colour)]
    lines += [fitted(line, width) for line in _marks(state, now_ns)]
    lines += [_painted(*_entry(each, width), colour=colour) for each in state.shown]
    for patient, values in (readings or {}).items():
        lines.append(fitted(patient, width))
        lines += [fitted(f"  {_reading(each)}", width) for each in values]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def shown_value(value: float | None, unit: str, decimals: int = 0) -> str:
    """A valid number with its unit; anything else as no value (rule 3)."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    return f"{value:.{decimals}f} {unit}".rstrip()


def _banner(state: SignalState, width: int, *, colour: bool) -> str:
    lit = next((s.alarm for s in state.shown if s.alarm.id == state.visible_alarm), None)
    if lit is None:
        none_up = "no alarm" if not state.shown else "alarms are up, their signals are off"
        return fitted(none_up, width)
    text = f"{_SYMBOLS[lit.priority]} {lit.priority.upper()}: {_name(lit)}, {_where(lit)}"
    return _painted(fitted(text, width), lit.priority, colour=colour)


def _marks(state: SignalState, now_ns: int) -> Iterable[str]:
    for each in state.inactive:
        yield from _mark(each, now_ns - state.at_ns)


def _mark(each: Inactive, passed_ns: int) -> Iterable[str]:
    who = f", {_patient(each.patient)}" + (f", by {each.by}" if each.by else "")
    if each.state is not Inactivation.NONE:
        name = each.state.replace("_", " ").upper()
        left = "" if each.remaining_ns is None else f" {_countdown(each.remaining_ns - passed_ns)}"
        yield f"[{name}{left}]{who}"
    if each.switched_off:
        yield f"[SWITCHED OFF] {', '.join(each.switched_off)}{who}"


def _countdown(left_ns: int) -> str:
    """Minutes and seconds, rounded up, so that 0:00 is shown only when time is up."""
    seconds = max(0, -(-left_ns // 1_000_000_000))
    return f"{seconds // 60}:{seconds % 60:02d}"


def _entry(each: Shown, width: int) -> tuple[str, Priority]:
    alarm = each.alarm
    stands = "cannot be seen at present" if alarm.undecided else _STANDS[alarm.presence]
    if alarm.covered_by is not None:
        stands = f"covered by alarm {alarm.covered_by}"
    notes = [note for note in (stands, _SOUND[each.audible]) if note]
    text = f"{_SYMBOLS[alarm.priority]:>3} {_where(alarm)}: {_name(alarm)} {_value(alarm)}".rstrip()
    tail = f" ({', '.join(notes)})" if notes else ""
    return fitted(fitted(text, width - len(tail)).rstrip() + tail, width), alarm.priority


def _value(alarm: Alarm) -> str:
    """The value that the alarm is about, if it is about one, with its limits."""
    if not alarm.unit:
        return ""
    limits = ", ".join(f"{name} {limit:g}" for name, limit in alarm.limits if limit is not None)
    value = NO_VALUE if alarm.undecided else shown_value(alarm.value, alarm.unit, 1)
    return f"{value} [{limits}]" if limits else value


def _name(alarm: Alarm) -> str:
    name = plain(alarm.condition.replace("_", " ").upper())
    return f"{name}, {plain(alarm.text)}" if alarm.text else name


def _where(alarm: Alarm) -> str:
    return _patient(alarm.patient)


def _patient(patient: str | None) -> str:
    return "device" if patient is None else patient


def _reading(each: Reading) -> str:
    valid = each.value is not None and each.reason is None
    value = shown_value(
        each.value if valid else None, UNITS[each.vital], _DECIMALS.get(each.vital, 0)
    )
    why = ""
    if value == NO_VALUE:
        why = f" ({each.reason.replace('_', ' ') if each.reason else 'not a number'})"
    return f"{each.vital.replace('_', ' '):{_LONGEST_NAME}} {value}{why}"


def _painted(line: str, priority: Priority, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[priority]}m{line}\x1b[0m" if colour else line
