"""Alarms and numbers of patients in words, from the plain data that a daemon tells.

A value that is not known is `--` with its reason, never a number; what an operator has taken away
is written out, with who did it.
"""

from collections.abc import Iterator
from typing import Any

_MARKS = {"high": "!!!", "medium": " !!", "low": "  !"}
_STANDS = {"latched": "over, not reset", "acknowledged": "acknowledged", "off": "not signalled yet"}
_NS_PER_S = 1_000_000_000


def summary(watched: dict[str, Any]) -> str:
    """How many alarms are up, and what is heard and seen."""
    if not watched["alarms"]:
        return "none"
    heard, seen = watched["audible"] or "nothing", watched["visible"] or "nothing"
    return f"{len(watched['alarms'])} up, the most urgent first; heard: {heard}, lit: {seen}"


def marks(watched: dict[str, Any]) -> Iterator[str]:
    """What operators have taken away, as long as it lasts."""
    for one in watched["inactive"]:
        whose = _whose(one["patient"]) + (f", by {one['by']}" if one["by"] else "")
        if one["state"] != "none":
            left_ns = one["remaining_ns"]
            left = "" if left_ns is None else f", {-(-left_ns // _NS_PER_S)} s left"
            yield f"[{one['state'].replace('_', ' ').upper()}{left}] {whose}"
        if one["switched_off"]:
            yield f"[SWITCHED OFF] {', '.join(one['switched_off'])}: {whose}"


def alarm_line(alarm: dict[str, Any]) -> str:
    """One alarm, with the id by which it is acknowledged."""
    value = ""
    if alarm["unit"]:
        known = None if alarm["undecided"] else alarm["value"]
        value = f" {_number(known, alarm['unit'])}"
    cover = alarm["covered_by"]
    notes = [_STANDS.get(alarm["presence"], "") if cover is None else f"covered by {cover}"]
    notes += ["cannot be seen at present"] * alarm["undecided"]
    notes += ["no sound"] * (alarm["audible"] != "on")
    tail = "".join(f" ({note})" for note in notes if note)
    return (
        f"{_MARKS[alarm['priority']]} {_whose(alarm['patient'])}  {_said(alarm)}{value}{tail}"
        f"  [{alarm['id']}]"
    )


def numbers(readings: dict[str, Any]) -> str:
    """The numbers of one patient, or why there are none."""
    return ", ".join(_reading(name, one) for name, one in readings.items()) or "nothing known yet"


def vital_line(record: dict[str, Any]) -> str:
    """A number that is known again, or known no more."""
    return f"{record['patient']}  {_reading(record['vital'], record)}"


def sign_line(record: dict[str, Any]) -> str:
    """A sign in a signal, before any alarm of it."""
    what = {True: "begins", False: "ends", None: "cannot be decided"}[record["present"]]
    text = f"  {record['text']}" if record["text"] else ""
    where = f"{record['patient']} {record['channel']}"
    return f"{where}  sign {record['sign'].replace('_', ' ')} {what}{text}"


def entry_line(record: dict[str, Any]) -> str:
    """One entry of the alarm journal."""
    what = record["what"].replace("_", " ")
    by = f" by {record['who']}" if record["who"] else ""
    alarm, given = record["alarm"], record["given"]
    if alarm is not None:
        said = f"{alarm['priority'].upper()} {_said(alarm)}  [{alarm['id']}]"
        return f"{_whose(record['patient'])}  alarm {what}{by}: {said}"
    if given is not None:
        heard, seen = given["audible"] or "nothing", given["visible"] or "nothing"
        return f"{_whose(record['patient'])}  heard: {heard}, lit: {seen}"
    text = f": {record['text']}" if record["text"] else ""
    return f"{_whose(record['patient'])}  {what}{by}{text}"


def _whose(patient: str | None) -> str:
    return "device" if patient is None else patient


def _said(alarm: dict[str, Any]) -> str:
    text = f", {alarm['text']}" if alarm["text"] else ""
    return f"{alarm['condition'].replace('_', ' ')}{text}"


def _reading(name: str, one: dict[str, Any]) -> str:
    why = "" if one["value"] is not None else f" ({(one['reason'] or 'unknown').replace('_', ' ')})"
    return f"{name.replace('_', ' ')} {_number(one['value'], one['unit'])}{why}"


def _number(value: float | None, unit: str) -> str:
    return f"-- {unit}" if value is None else f"{value:.3g} {unit}"
