"""Defects generated at the wire: the sound device speaks, and what it says is altered."""

from dataclasses import dataclass
from typing import Final

from edgeward_harness.qualify.defect import Defect, Kind

PROGRAM: Final = "device_wire.py"
SAID: Final = {
    "negate": "the opposite is told",
    "shift": "one more is told, of an instant a second more",
    "halve": "half of it is told",
    "freeze": "what was told the first time is told for good",
    "blank": "nothing is told",
    "reverse": "it is told from behind",
    "other": "another word is told",
    "drop": "every third is lost",
    "repeat": "every third is told twice",
    "delay": "every third comes after those behind it",
    "skip": "it is answered as if done, and not done",
}
"""What each operator does; `tests/faulty/devices/device_wire.py` does it."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What is done to which answer, and the cases that must see it."""

    name: str
    at: str
    words: str
    cases: tuple[str, ...]
    measurements: tuple[str, ...] = ()
    finding: str = ""


def unit_of(operator: str, at: str) -> str:
    """The name of the unit that has an altered wire."""
    plain = "".join(char if char.isalnum() else "_" for char in f"{operator}_{at}".lower())
    return f"wire_{plain}"


def seeded_operators(one: Operator, suite: str) -> Defect:
    """The defect that an operator makes.

    Raises:
        ValueError: there is no such operator.
    """
    if one.name not in SAID:
        raise ValueError(f"found {one.name!r}, accepted: {', '.join(SAID)}")
    return Defect(
        id=f"wire:{one.name}:{one.at}",
        words=one.words or f"{one.at}: {SAID[one.name]}.",
        suite=suite,
        unit=unit_of(one.name, one.at),
        cases=one.cases,
        kind=Kind.WIRE,
        measurements=one.measurements,
        finding=one.finding,
    )
