"""Rules from a table as TOML or JSON gives it: all of them, or every fault of every one."""

from collections.abc import Mapping
from typing import Any

from edgeward.errors import RuleError
from edgeward.process.rules.check import Many, optional, table_faults
from edgeward.process.rules.rule import KINDS, Rule
from edgeward.profile.faults import fault
from edgeward.profile.layout import entries
from edgeward.profile.wording import nearest, shown

RULES_MAX = 64
"""Rules of one table."""


def parse_rules(data: object) -> tuple[Rule, ...]:
    """The rules of a table: each stands under its name and says its `kind`.

    Raises:
        RuleError: with every fault.
    """
    if not isinstance(data, Mapping) or len(data) > RULES_MAX:
        raise RuleError([f"rules = {shown(data)}: expected a table of at most {RULES_MAX} rules"])
    faults = [each for name, table in data.items() for each in _faults(name, table)]
    if faults:
        raise RuleError(faults)
    return tuple(_made(name, table) for name, table in data.items())


def _faults(name: str, table: object) -> list[str]:
    path = f"rules.{name if isinstance(name, str) and name.isidentifier() else shown(name)}"
    if not isinstance(table, Mapping):
        return [fault(f"{path} = {shown(table)}", "expected a table")]
    kind = table.get("kind")
    section = KINDS.get(kind) if isinstance(kind, str) else None
    if section is None:
        near = nearest(kind, KINDS)
        where = f"{path}.kind = {shown(kind)}" if "kind" in table else f"{path}.kind"
        hint = f'did you mean "{near}"?' if near else ""
        return [fault(where, f"expected one of {', '.join(KINDS)}", hint=hint)]
    named = ["its name stands before it"] if "name" in table else []
    found = [fault(f"{path}.name", each) for each in named]
    return found + table_faults(section, {**_without_kind(table), "name": name}, path)


def _without_kind(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "kind"}


def _made(name: str, table: Mapping[str, Any]) -> Rule:
    made = _converted(KINDS[table["kind"]], {**_without_kind(table), "name": name})
    assert isinstance(made, Rule)
    return made


def _converted(section: type, table: Mapping[str, Any]) -> object:
    """A section from a table without a fault."""
    spared = optional(section)
    found: dict[str, Any] = {}
    for key, entry in entries(section).items():
        if key not in table:
            found[key] = spared[key]
        elif isinstance(entry, type):
            found[key] = _converted(entry, table[key])
        elif isinstance(entry, Many):
            found[key] = tuple(_converted(entry.section, each) for each in table[key])
        else:
            found[key] = entry.convert(table[key])  # type: ignore[union-attr] # no Named here
    made: object = section(**found)
    return made
