"""The parts of a manifest, typed, each with the rules it is read by."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from edgeward_harness.evidence.chain import REALIZATIONS
from edgeward_harness.evidence.strict import (
    BOOLEAN,
    COUNT,
    DAY,
    HEX64,
    IDENTIFIER,
    OBJECT,
    PROSE,
    REASON,
    TEXT,
    UTC,
    Json,
    Rule,
    check_fields,
    list_of,
    one_of,
    shown,
)

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class RequirementEntry:
    """A requirement as it was when the run began."""

    fingerprint: str
    title: str
    text: str
    rationale: str
    kind: str
    safety_class: str
    criterion: str
    risks: tuple[str, ...]
    stage: str


@dataclass(frozen=True, slots=True)
class ControlEntry:
    """A risk control, with the cases that prove it is there and those that prove it works."""

    title: str
    fingerprint: str
    hazards: tuple[str, ...]
    implementation: tuple[str, ...]
    effectiveness: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A planned test case: what its plan says of it, and what its test does."""

    suite: str
    title: str
    method: str
    rationale: str
    stage: str
    samples: int | None
    """Observations planned at the depth of this run; None where the plan counts none."""
    procedure: str | None
    """The docstring of its test; None where there is none, or no test was collected."""
    code_sha256: str | None
    """Of all code that its test rests on; None where no test was collected."""
    fingerprint: str
    requirements: tuple[str, ...]


class ItemEntry(NamedTuple):
    """One planned execution of a case: the case itself, or one of its parameters.

    In JSON what is None is left out. A tuple, as there is one for each of ten thousand parameters.
    """

    item: str
    case: str
    parameter: str | None = None
    inapplicable: str | None = None
    """Why it does not concern this device; None: it applies."""

    @property
    def applies(self) -> bool:
        """Whether it was going to run."""
        return self.inapplicable is None


@dataclass(frozen=True, slots=True)
class DeviationEntry:
    """A deviation accepted in writing: for requirements, or cases, or these cases of those."""

    id: str
    requirements: tuple[str, ...]
    cases: tuple[str, ...]
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """The device profile the run claims."""

    name: str
    sha256: str
    resolved: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """The bench unit that was judged."""

    name: str
    driver: str
    realization: str
    serial: str
    command: tuple[str, ...]


AnyEntry = (
    RequirementEntry
    | ControlEntry
    | CaseEntry
    | ItemEntry
    | DeviationEntry
    | ProfileEntry
    | UnitEntry
)
_TEXTS = list_of(TEXT)
_IDS = list_of(IDENTIFIER)


def plain(entry: AnyEntry) -> dict[str, Any]:
    """An entry as JSON."""
    kind = type(entry)
    value = dict(zip(RULES[kind], _PARTS[kind](entry), strict=True))
    for name in _LISTS[kind]:
        value[name] = list(value[name])
    for name in _OPTIONAL[kind]:
        if value[name] is None:
            del value[name]
    return value


def read_entry(
    kind: type[Entry],
    value: Json,
    path: str,
    faults: list[str],
) -> Entry | None:
    """An entry from JSON, or None after appending every fault."""
    if not check_fields(value, RULES[kind], path, faults):
        return None
    names = _LISTS[kind]
    if not names:
        return kind(**value)
    return kind(**{**value, **{name: tuple(value[name]) for name in names}})


def read_table(
    kind: type[Entry], values: Mapping[str, Any], path: str, faults: list[str]
) -> dict[str, Entry]:
    """The entries of an object, by identifier; appends every fault."""
    table = {}
    for name, value in values.items():
        if not IDENTIFIER.accepts(name):
            faults.append(f"{path}: found the key {shown(name)}, expected {IDENTIFIER.says}")
        entry = read_entry(kind, value, f"{path}.{name}", faults)
        if entry is not None:
            table[name] = entry
    return table


def read_list(kind: type[Entry], values: list[Any], path: str, faults: list[str]) -> list[Entry]:
    """The entries of a list; appends every fault."""
    read = (read_entry(kind, value, f"{path}[{n}]", faults) for n, value in enumerate(values))
    return [entry for entry in read if entry is not None]


RULES: dict[type[Any], dict[str, Rule]] = {
    RequirementEntry: {
        "fingerprint": HEX64,
        "title": TEXT,
        "text": TEXT,
        "rationale": TEXT,
        "kind": TEXT,
        "safety_class": TEXT,
        "criterion": TEXT,
        "risks": _IDS,
        "stage": TEXT,
    },
    ControlEntry: {
        "title": TEXT,
        "fingerprint": HEX64,
        "hazards": _IDS,
        "implementation": _IDS,
        "effectiveness": _IDS,
    },
    CaseEntry: {
        "suite": IDENTIFIER,
        "title": TEXT,
        "method": TEXT,
        "rationale": PROSE,
        "stage": TEXT,
        "samples": COUNT.nullable(),
        "procedure": PROSE.nullable(),
        "code_sha256": HEX64.nullable(),
        "fingerprint": HEX64,
        "requirements": _IDS,
    },
    ItemEntry: {
        "item": IDENTIFIER,
        "case": IDENTIFIER,
        "parameter": TEXT.optional(),
        "inapplicable": REASON.optional(),
    },
    DeviationEntry: {
        "id": IDENTIFIER,
        "requirements": _IDS,
        "cases": _IDS,
        "reason": TEXT,
        "owner": IDENTIFIER,
        "expires": DAY,
    },
    ProfileEntry: {"name": IDENTIFIER, "sha256": HEX64, "resolved": OBJECT, "warnings": _TEXTS},
    UnitEntry: {
        "name": IDENTIFIER,
        "driver": IDENTIFIER,
        "realization": one_of(REALIZATIONS),
        "serial": TEXT,
        "command": _TEXTS,
    },
}
_LISTS = {
    kind: tuple(name for name, rule in rules.items() if rule in (_IDS, _TEXTS))
    for kind, rules in RULES.items()
}
_OPTIONAL = {
    kind: tuple(name for name, rule in rules.items() if not rule.required)
    for kind, rules in RULES.items()
}
_PARTS = {kind: attrgetter(*rules) for kind, rules in RULES.items()}
STARTED_RULES = {"utc": UTC, "monotonic_ns": COUNT}
SCOPE_RULES = {"suites": _IDS, "complete": BOOLEAN}
TOOL_RULES = {"name": IDENTIFIER, "version": IDENTIFIER, "build_sha256": HEX64, "python": TEXT}
