"""What is wrong with a table that describes a rule, or a part of one: all of it at once.

The same checks hold for a table read from a file and for an object made in code.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from edgeward.profile.faults import fault
from edgeward.profile.layout import entries
from edgeward.profile.wording import nearest, shown


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """A list of equal sections."""

    doc: str
    section: type
    most: int

    def accepted(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a list of 1 to {self.most} tables"


Crossed = Callable[[Mapping[str, Any], str], list[str]]
"""What is wrong between the values that were accepted, given where they stand."""


def crossed_of(section: type) -> Crossed:
    """The section's own check between its fields."""
    found: Crossed = section.crossed  # type: ignore[attr-defined] # every section has one
    return found


def optional(section: type[Any]) -> Mapping[str, Any]:
    """The fields that need not be given, and what holds then."""
    return {each.name: each.default for each in fields(section) if each.default is not MISSING}


def table_faults(section: type, table: Mapping[str, Any], path: str) -> list[str]:
    """Every fault of a table as TOML or JSON gives it."""
    known = entries(section)
    found = [
        fault(
            f"{path}.{key if key.isidentifier() else shown(key)}",
            f"no such key; expected {', '.join(known)}",
            hint=f'did you mean "{near}"?' if (near := nearest(key, known)) else "",
        )
        for key in table
        if key not in known
    ]
    right: dict[str, Any] = {}
    spared = optional(section)
    for key in known:
        if key in table:
            own = _value_faults(section, key, table[key], f"{path}.{key}")
            right |= {} if own else {key: table[key]}
            found += own
        elif key in spared:
            right[key] = spared[key]
        else:
            found.append(f"{path}.{key}: missing; expected {_accepted(section, key)}")
    return found + crossed_of(section)(right, path)


def object_faults(made: Any, path: str) -> list[str]:  # noqa: ANN401 - any dataclass with kinds
    """Every fault of an object made in code; its parts were checked when they were made."""
    section: type = type(made)
    spared, found = optional(section), list[str]()
    right: dict[str, Any] = {}
    for key, entry in entries(section).items():
        value = getattr(made, key)
        plain = not isinstance(entry, type | Many)
        given = key not in spared or value != spared[key]
        own = _value_faults(section, key, value, f"{path}.{key}") if plain and given else []
        right |= {} if own else {key: value}
        found += own
    return found + crossed_of(section)(right, path)


def _accepted(section: type, key: str) -> str:
    entry = entries(section)[key]
    return (
        f"a table with {', '.join(entries(entry))}"
        if isinstance(entry, type)
        else (
            entry.accepted()  # type: ignore[union-attr] # a kind or a list of sections
        )
    )


def _value_faults(section: type, key: str, value: Any, path: str) -> list[str]:  # noqa: ANN401 - as read
    entry: Any = entries(section)[key]
    refused = [fault(f"{path} = {shown(value)}", f"expected {_accepted(section, key)}")]
    if isinstance(entry, type):
        return table_faults(entry, value, path) if isinstance(value, Mapping) else refused
    if not isinstance(entry, Many):
        return [] if entry.accepts(value) else refused
    if not isinstance(value, list) or not 0 < len(value) <= entry.most:
        return refused
    found = []
    for place, each in enumerate(value):
        inside = f"{path}[{place}]"
        if isinstance(each, Mapping):
            found += table_faults(entry.section, each, inside)
        else:
            found.append(fault(f"{inside} = {shown(each)}", "expected a table"))
    return found
