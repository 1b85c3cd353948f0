"""Limits of vital signs: typed, checked, per category of patient; and what lies beyond them.

Rules:
1. A limit is the last value that does not alarm: below a low one, above a high one. Everywhere.
2. Farther from normal is never less severe: a critical limit lies at its warning limit or beyond.
3. A low limit lies below a high one, with a gap. Each lies inside a range that the vital has.
4. No limit is missing. One that is switched off says so; the one that tells of a severe
   desaturation cannot be.
5. What is up ends only when the value has come back by the hysteresis, so that one which swings
   about its limit stays one alarm.
6. Everything that is wrong with a set of limits is told at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from types import MappingProxyType

from edgeward.alarm.vocabulary import Category, Level
from edgeward.errors import AlarmError
from edgeward.limits import DEFAULT
from edgeward.signal.findings import UNITS, Vital

OFF = "off"
"""How a limit that is switched off is written."""

Pairs = tuple[tuple[str, float | None], ...]


class Side(StrEnum):
    """Which way a value left its limits."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class VitalLimits:
    """Four limits of one vital, in its unit. None: switched off, on purpose."""

    low_critical: float | None
    low_warning: float | None
    high_warning: float | None
    high_critical: float | None

    def pairs(self) -> Pairs:
        """Name and value of each, as entries hold them."""
        return (
            ("low_critical", self.low_critical),
            ("low_warning", self.low_warning),
            ("high_warning", self.high_warning),
            ("high_critical", self.high_critical),
        )

    def of(self, side: Side) -> tuple[float | None, float | None]:
        """Warning and critical limit of a side."""
        if side is Side.LOW:
            return self.low_warning, self.low_critical
        return self.high_warning, self.high_critical


NAMES = tuple(field.name for field in fields(VitalLimits))


@dataclass(frozen=True, slots=True)
class Span:
    """What limits of a vital may be, in its unit."""

    least: float
    most: float
    gap: float
    """Between the innermost low and high limit, at least; never under the hysteresis."""
    hysteresis: float
    required: tuple[str, ...] = ()
    """Limits that cannot be switched off."""


SPANS: Mapping[Vital, Span] = MappingProxyType(
    {
        Vital.HEART_RATE: Span(15, 300, 5, 2),
        Vital.PULSE_RATE: Span(15, 300, 5, 2),
        # Accuracy is stated from 70 % on: a limit below it would rest on nothing.
        Vital.SPO2: Span(70, 100, 2, 2, required=("low_critical",)),
        Vital.RESPIRATION_RATE: Span(2, 150, 4, 2),
        Vital.TEMPERATURE: Span(25, 45, 1, 0.2),
        Vital.PRESSURE_SYSTOLIC: Span(30, 270, 5, 4),
        Vital.PRESSURE_MEAN: Span(20, 230, 5, 4),
        Vital.PRESSURE_DIASTOLIC: Span(10, 210, 5, 4),
    }
)
"""The heart rate is counted from 15 to 300/min; the other ranges are those that monitors offer."""

_RATE_ADULT = VitalLimits(40, 50, 120, 150)
_RATE_CHILD = VitalLimits(60, 75, 160, 190)
_RATE_NEONATE = VitalLimits(80, 100, 200, 220)
_WARM = VitalLimits(35.0, 36.0, 38.5, 39.0)

DEFAULTS: Mapping[Category, Mapping[Vital, VitalLimits]] = MappingProxyType(
    {
        Category.ADULT: MappingProxyType(
            {
                Vital.HEART_RATE: _RATE_ADULT,
                Vital.PULSE_RATE: _RATE_ADULT,
                Vital.SPO2: VitalLimits(85, 90, None, None),  # 100 % is what a healthy adult has
                Vital.RESPIRATION_RATE: VitalLimits(5, 8, 30, 40),
                Vital.TEMPERATURE: _WARM,
                Vital.PRESSURE_SYSTOLIC: VitalLimits(70, 90, 160, 200),
                Vital.PRESSURE_MEAN: VitalLimits(50, 60, 110, 140),
                Vital.PRESSURE_DIASTOLIC: VitalLimits(35, 50, 90, 120),
            }
        ),
        Category.PAEDIATRIC: MappingProxyType(
            {
                Vital.HEART_RATE: _RATE_CHILD,
                Vital.PULSE_RATE: _RATE_CHILD,
                Vital.SPO2: VitalLimits(85, 90, None, None),
                Vital.RESPIRATION_RATE: VitalLimits(8, 12, 40, 60),
                Vital.TEMPERATURE: _WARM,
                Vital.PRESSURE_SYSTOLIC: VitalLimits(60, 70, 120, 150),
                Vital.PRESSURE_MEAN: VitalLimits(40, 50, 90, 110),
                Vital.PRESSURE_DIASTOLIC: VitalLimits(30, 40, 70, 90),
            }
        ),
        Category.NEONATE: MappingProxyType(
            {
                Vital.HEART_RATE: _RATE_NEONATE,
                Vital.PULSE_RATE: _RATE_NEONATE,
                Vital.SPO2: VitalLimits(85, 90, 98, None),  # too much oxygen harms a neonate
                Vital.RESPIRATION_RATE: VitalLimits(20, 30, 100, 120),
                Vital.TEMPERATURE: VitalLimits(35.5, 36.0, 38.0, 39.0),
                Vital.PRESSURE_SYSTOLIC: VitalLimits(30, 40, 90, 110),
                Vital.PRESSURE_MEAN: VitalLimits(24, 30, 70, 85),
                Vital.PRESSURE_DIASTOLIC: VitalLimits(15, 20, 60, 75),
            }
        ),
    }
)
"""Where a device begins. They lie where monitors on the market begin; a site settles its own."""


def judge(
    limits: VitalLimits, side: Side, value: float, hysteresis: float, was: Level | None
) -> Level | None:
    """How far a value is beyond its limits on one side; None: not at all.

    Args:
        limits: of this vital and patient.
        side: low or high.
        value: finite, in the unit of the limits.
        hysteresis: how far it must come back before a level is left.
        was: the level it was at before.
    """
    warning, critical = limits.of(side)
    for level, limit in ((Level.CRITICAL, critical), (Level.WARNING, warning)):
        kept = was is Level.CRITICAL or was is level
        if limit is not None and _beyond(side, value, limit, hysteresis if kept else 0.0):
            return level
    return None


def _beyond(side: Side, value: float, limit: float, back: float) -> bool:
    """With `back`, a value counts as beyond until it has come back by that much."""
    if side is Side.LOW:
        return value < limit or (back > 0 and value < limit + back)
    return value > limit or (back > 0 and value > limit - back)


def faults(vital: Vital, limits: VitalLimits, unit: str) -> tuple[str, ...]:
    """Everything that is wrong with the limits of a vital; empty when they can be used."""
    return tuple(_faults(vital, limits, unit))


def _faults(vital: Vital, limits: VitalLimits, unit: str) -> Iterator[str]:
    span = SPANS[vital]
    if unit != UNITS[vital]:
        yield f"{vital}: unit {unit!r} found, accepted is {UNITS[vital]!r}"
    for name, value in limits.pairs():
        if value is None and name in span.required:
            yield f"{vital}.{name}: cannot be switched off"
        if value is not None and not (isfinite(value) and span.least <= value <= span.most):
            yield f"{vital}.{name}: {value} found, accepted are {span.least} to {span.most}"
    known = [(name, value) for name, value in limits.pairs() if value is not None]
    for (inner, low), (outer, high) in pairwise(known):
        across = inner.startswith("low") and outer.startswith("high")
        least = span.gap if across else 0
        if not low + least <= high:  # also where one is no number
            yield (
                f"{vital}: {inner} {low} and {outer} {high} found, accepted is "
                f"{outer} at {inner} + {least} or above"
            )


def check(vital: Vital, limits: VitalLimits, unit: str) -> None:
    """Refuse limits that cannot be used.

    Raises:
        AlarmError: every fault at once.
    """
    found = faults(vital, limits, unit)
    if found:
        raise AlarmError(found)


def read_limits(document: Mapping[str, object]) -> dict[Vital, VitalLimits]:
    """Limits from a plain document: by vital, `unit` and four limits, each a number or "off".

    Raises:
        AlarmError: a limit is missing, unknown or cannot be used; every fault at once.
    """
    wrong: list[str] = []
    read = {}
    for name, entry in document.items():
        vital = next((each for each in Vital if each.value == name), None)
        if vital is None:
            wrong.append(f"{str(name)[: DEFAULT.shown_chars_max]}: no vital; known: {_VITALS}")
            continue
        limits = _read(vital, entry, wrong)
        if limits is not None:
            read[vital] = limits
    if wrong:
        raise AlarmError(wrong)
    return read


_VITALS = ", ".join(Vital)


def _read(vital: Vital, entry: object, wrong: list[str]) -> VitalLimits | None:
    wanted = ("unit", *NAMES)
    if not isinstance(entry, Mapping):
        wrong.append(f"{vital}: {_short(entry)} found, accepted is a table of {', '.join(wanted)}")
        return None
    before = len(wrong)
    wrong += [f"{vital}.{name}: missing" for name in wanted if name not in entry]
    wrong += [
        f"{vital}.{_short(name)}: unknown; known: {', '.join(wanted)}"
        for name in entry
        if name not in wanted
    ]
    wrong += [
        f"{vital}.{name}: {_short(entry[name])} found, accepted is a number or {OFF!r}"
        for name in NAMES
        if name in entry and entry[name] != OFF and type(entry[name]) not in (int, float)
    ]
    if len(wrong) > before:
        return None
    limits = VitalLimits(*(None if entry[n] == OFF else float(entry[n]) for n in NAMES))
    wrong += faults(vital, limits, str(entry["unit"]))
    return limits if len(wrong) == before else None


def _short(value: object) -> str:
    return repr(value)[: DEFAULT.shown_chars_max]
