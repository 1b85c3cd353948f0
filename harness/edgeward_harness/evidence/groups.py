"""The parts of a figure as a record holds them; what was not measured is left out."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from edgeward_harness.evidence.strict import (
    COUNT,
    IDENTIFIER,
    NUMBER,
    TEXT,
    Json,
    Rule,
    check_fields,
    shown,
    whole,
)
from edgeward_harness.measure.groups import GROUPS_MAX, Group

GROUPS = Rule(
    lambda value: type(value) is list and 0 < len(value) <= GROUPS_MAX,
    f"a list of 1 to {GROUPS_MAX} groups",
)
_ABSENT = {"value": None, "low": None, "high": None}
_RULES = {
    "name": IDENTIFIER,
    "n": COUNT,
    **dict.fromkeys(_ABSENT, NUMBER.optional()),
    "detail": TEXT.optional(),
}


def kept_groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Parts as a record can hold them: finite numbers, text that any reader can encode."""
    return tuple(replace(one, detail=whole(one.detail)) for one in map(Group.finite, groups))


def groups_to_json(groups: Iterable[Group]) -> list[dict[str, Any]]:
    """The form kept in a record."""
    told = []
    for one in groups:
        value: dict[str, Any] = {"name": one.name, "n": one.n}
        figures = {key: getattr(one, key) for key in _ABSENT}
        value |= {key: figure for key, figure in figures.items() if figure is not None}
        told.append(value | ({"detail": one.detail} if one.detail else {}))
    return told


def read_groups(values: Json, path: str, faults: list[str]) -> tuple[Group, ...]:
    """The parts of a measurement; appends every fault."""
    read = []
    for number, value in enumerate(values):
        place = f"{path}.groups[{number}]"
        if not check_fields(value, _RULES, place, faults):
            continue
        low, high = value.get("low"), value.get("high")
        if low is not None and high is not None and low > high:
            faults.append(f"{place}.low: found {shown(low)}, expected no more than high")
            continue
        read.append(Group(**{**_ABSENT, **value}))
    return tuple(read)
