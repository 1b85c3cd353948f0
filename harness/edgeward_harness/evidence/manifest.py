"""The manifest: everything a run was going to do, fixed on disk before its first case ran.

Rules:
- It holds the requirements, hazards, controls, cases and accepted deviations as they were, with
  their fingerprints, so that a later reader can tell whether they have changed since.
- `items` are all the executions that were planned, deselected ones included. A planned case without
  an item was not collected: it shows as not executed.
- A case that has items and no `procedure` has none that is written.
- `scope.suites` are the suites asked for (empty: all); `scope.complete` is false when something
  within them was left out (by name, keyword or place). A run whose scope is not complete never
  passes.
- A case that cites an unknown requirement is kept and becomes an orphan; it is not a fault of the
  manifest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.entries import (
    SCOPE_RULES,
    STARTED_RULES,
    TOOL_RULES,
    CaseEntry,
    ControlEntry,
    DeviationEntry,
    ItemEntry,
    ProfileEntry,
    RequirementEntry,
    UnitEntry,
    plain,
    read_entry,
    read_list,
    read_table,
)
from edgeward_harness.evidence.strict import (
    COUNT,
    IDENTIFIER,
    LIST,
    OBJECT,
    Json,
    Rule,
    check_fields,
    encode,
    load_json,
    one_of,
    shown,
)

SCHEMA = "edgeward-manifest/1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest, typed. `tool`, `host` and hazards may hold more than is required of them."""

    run: str
    started_utc: str
    started_monotonic_ns: int
    tool: Mapping[str, Any]
    host: Mapping[str, Any]
    profile: ProfileEntry
    unit: UnitEntry
    depth: str
    seed: int
    suites: tuple[str, ...]
    scope_complete: bool
    requirements: Mapping[str, RequirementEntry]
    hazards: Mapping[str, Mapping[str, Any]]
    controls: Mapping[str, ControlEntry]
    cases: Mapping[str, CaseEntry]
    items: Mapping[str, ItemEntry]
    deviations: tuple[DeviationEntry, ...]

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "manifest.json") -> "Manifest":
        """Read a manifest strictly.

        Raises:
            InputError: with every fault.
        """
        try:
            return _parsed(data)
        except InputError as error:
            raise InputError(source, error.faults) from None

    @classmethod
    def from_json(cls, value: Json, source: str = "manifest.json") -> "Manifest":
        """Read a manifest strictly.

        Raises:
            InputError: with every fault.
        """
        faults: list[str] = []
        manifest = _read(value, faults)
        if manifest is None:
            raise InputError(source, faults)
        return manifest

    def to_json(self) -> dict[str, Any]:
        """The form kept in the bundle."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "started": {"utc": self.started_utc, "monotonic_ns": self.started_monotonic_ns},
            "tool": dict(self.tool),
            "host": dict(self.host),
            "profile": plain(self.profile),
            "unit": plain(self.unit),
            "depth": self.depth,
            "seed": self.seed,
            "scope": {"suites": list(self.suites), "complete": self.scope_complete},
            "requirements": {name: plain(entry) for name, entry in self.requirements.items()},
            "hazards": {name: dict(entry) for name, entry in self.hazards.items()},
            "controls": {name: plain(entry) for name, entry in self.controls.items()},
            "cases": {name: plain(entry) for name, entry in self.cases.items()},
            "items": [plain(entry) for entry in self.items.values()],
            "deviations": [plain(entry) for entry in self.deviations],
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes: what is written, digested and signed.

        Raises:
            ValueError: a value holds NaN, infinity or half a surrogate pair.
        """
        return encode(self.to_json())


_HEX_DIGITS = set("0123456789abcdef")
_RUN = Rule(
    lambda value: type(value) is str and len(value) == 32 and not set(value) - _HEX_DIGITS,
    "32 lower-case hex digits",
)
_RULES = {
    "schema": one_of((SCHEMA,)),
    "run": _RUN,
    "started": OBJECT,
    "tool": OBJECT,
    "host": OBJECT,
    "profile": OBJECT,
    "unit": OBJECT,
    "depth": IDENTIFIER,
    "seed": COUNT,
    "scope": OBJECT,
    "requirements": OBJECT,
    "hazards": OBJECT,
    "controls": OBJECT,
    "cases": OBJECT,
    "items": LIST,
    "deviations": LIST,
}


@lru_cache(maxsize=1)
def _parsed(data: bytes) -> Manifest:
    """A run reads its own manifest several times; equal bytes are read once."""
    return Manifest.from_json(load_json(data, "manifest.json"))


def _read(value: Json, faults: list[str]) -> Manifest | None:
    if not check_fields(value, _RULES, "manifest", faults):
        return None
    check_fields(value["started"], STARTED_RULES, "started", faults)
    check_fields(value["tool"], TOOL_RULES, "tool", faults, open_ended=True)
    check_fields(value["scope"], SCOPE_RULES, "scope", faults)
    profile = read_entry(ProfileEntry, value["profile"], "profile", faults)
    unit = read_entry(UnitEntry, value["unit"], "unit", faults)
    requirements = read_table(RequirementEntry, value["requirements"], "requirements", faults)
    controls = read_table(ControlEntry, value["controls"], "controls", faults)
    cases = read_table(CaseEntry, value["cases"], "cases", faults)
    items = read_list(ItemEntry, value["items"], "items", faults)
    deviations = read_list(DeviationEntry, value["deviations"], "deviations", faults)
    _check_hazards(value["hazards"], faults)
    _check_items(items, cases, faults)
    _check_deviations(deviations, faults)
    if profile is not None:
        _check_profile(profile, faults)
    if faults or profile is None or unit is None:
        return None
    return Manifest(
        run=value["run"],
        started_utc=value["started"]["utc"],
        started_monotonic_ns=value["started"]["monotonic_ns"],
        tool=value["tool"],
        host=value["host"],
        profile=profile,
        unit=unit,
        depth=value["depth"],
        seed=value["seed"],
        suites=tuple(value["scope"]["suites"]),
        scope_complete=value["scope"]["complete"],
        requirements=requirements,
        hazards=value["hazards"],
        controls=controls,
        cases=cases,
        items={entry.item: entry for entry in items},
        deviations=tuple(deviations),
    )


def _check_hazards(hazards: Mapping[str, Any], faults: list[str]) -> None:
    for name, hazard in hazards.items():
        check_fields(hazard, {}, f"hazards.{name}", faults, open_ended=True)


def _check_items(
    items: Sequence[ItemEntry], cases: Mapping[str, CaseEntry], faults: list[str]
) -> None:
    seen: set[str] = set()
    for entry in items:
        item, case, parameter = entry.item, entry.case, entry.parameter
        if item in seen:
            faults.append(f"items.{item}: listed twice, expected each item once")
        seen.add(item)
        if case not in cases:
            faults.append(f"items.{item}.case: found {shown(case)}, expected one of `cases`")
        name = case if parameter is None else f"{case}[{parameter}]"
        if item != name:
            faults.append(f"items.{item}: expected {shown(name)}, the case and its parameter")


def _check_deviations(deviations: Sequence[DeviationEntry], faults: list[str]) -> None:
    seen: set[str] = set()
    for entry in deviations:
        if entry.id in seen:
            faults.append(f"deviations.{entry.id}: listed twice, expected each deviation once")
        seen.add(entry.id)
        if not entry.requirements and not entry.cases:
            faults.append(f"deviations.{entry.id}: names no requirement and no case")
        if not entry.reason:
            faults.append(f"deviations.{entry.id}.reason: empty, expected why it was accepted")


def _check_profile(profile: ProfileEntry, faults: list[str]) -> None:
    actual = digest(profile.resolved)
    if profile.sha256 != actual:
        faults.append(f"profile.sha256: found {profile.sha256}, expected {actual}, of `resolved`")
