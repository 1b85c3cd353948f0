"""The catalogue of seeded defects, read from its files: one place that says what catches what.

```
catalogue/<suite>.toml   [[defect]]  what is seeded by hand, and what must be seen
catalogue/limits.toml    [[limit]]   each promise of a profile: moved, or why nothing would show it
catalogue/wire.toml      [[wire]]    each operator on an answer
catalogue/argued.toml    [[argued]]  requirements without a defect, and why
```
Rules:
- Every fault is told at once, with the file and the entry.
- An id is given once. A case, a unit and a suite that are named exist.
- What a defect is expected to break follows from its cases; it is written down nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeward.profile.toml import TomlError, read_toml
from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.strict import (
    BOOLEAN,
    COUNT,
    IDENTIFIER,
    OBJECT,
    PROSE,
    REASON,
    check_fields,
    list_of,
    table_of,
)
from edgeward_harness.qualify.defect import Argued, Defect, Kind
from edgeward_harness.qualify.limits import Limit, seeded_limits
from edgeward_harness.qualify.wire import Operator, seeded_operators
from edgeward_harness.run.tree import tree_sha256
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Trace

FOLDER, BENCH = "catalogue", "bench.toml"
_WORDS = list_of(IDENTIFIER)
_DEFECT = {
    "id": IDENTIFIER,
    "words": REASON,
    "unit": IDENTIFIER,
    "cases": _WORDS,
    "measurements": _WORDS.optional(),
    "only": BOOLEAN.optional(),
    "finding": PROSE.optional(),
    "profile": IDENTIFIER.optional(),
    "limits": OBJECT.optional(),
    "seed": COUNT.optional(),
    "alone": BOOLEAN.optional(),
    "recordings": table_of(IDENTIFIER, _WORDS).optional(),
    "make": IDENTIFIER.optional(),
    "control": BOOLEAN.optional(),
}
_LIMIT = {
    "path": IDENTIFIER,
    "cases": _WORDS.optional(),
    "measurements": _WORDS.optional(),
    "to": PROSE.optional(),
    "with": OBJECT.optional(),
    "alone": BOOLEAN.optional(),
    "argument": REASON.optional(),
}
_WIRE = {
    "operator": IDENTIFIER,
    "at": IDENTIFIER,
    "words": REASON.optional(),
    "cases": _WORDS.optional(),
    "measurements": _WORDS.optional(),
    "finding": PROSE.optional(),
    "argument": REASON.optional(),
}
_ARGUED = {"what": IDENTIFIER, "reason": REASON}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is seeded, and what is argued instead."""

    folder: Path
    defects: tuple[Defect, ...]
    argued: tuple[Argued, ...]
    trace: Trace

    @property
    def sha256(self) -> str:
        """The digest of the seeded devices and of all that is said of them."""
        return tree_sha256(self.folder)

    def uncovered(self) -> list[str]:
        """The requirements that no defect breaks and no argument leaves out."""
        broken = {
            name
            for defect in self.defects
            if defect.kind is not Kind.CONTROL
            for case in defect.cases
            for name in self.trace.cases[case].requirements
        }
        argued = {one.what for one in self.argued}
        return sorted(self.trace.requirements.keys() - broken - argued)


def load_catalogue(folder: Path | None = None, suites: Path | None = None) -> Catalogue:
    """Read the catalogue that ships, or that of another folder of seeded devices.

    Raises:
        InputError: it cannot be used; every fault is told.
    """
    place = folder or resources.seeded()
    reader = _Reader(place, load_trace(suites or resources.suites()))
    for name in sorted({case.suite for case in reader.trace.cases.values()}):
        for entry in reader.entries(f"{name}.toml", "defect", _DEFECT):
            reader.take(_defect(entry, name))
    for entry in reader.entries("limits.toml", "limit", _LIMIT):
        reader.limit(entry)
    for entry in reader.entries("wire.toml", "wire", _WIRE):
        reader.wire(entry)
    for entry in reader.entries("argued.toml", "argued", _ARGUED):
        reader.argued.append(Argued(entry["what"], entry["reason"]))
    reader.hold_together()
    if reader.faults:
        raise InputError(str(place / FOLDER), reader.faults)
    return Catalogue(place, tuple(reader.defects), tuple(reader.argued), reader.trace)


def _defect(entry: Mapping[str, Any], suite: str) -> Defect:
    kind = Kind.MADE if "make" in entry else Kind.TWIN
    recordings = entry.get("recordings")
    return Defect(
        id=entry["id"],
        words=entry["words"],
        suite=suite,
        unit=entry["unit"],
        cases=tuple(entry["cases"]),
        kind=Kind.CONTROL if entry.get("control") else kind,
        measurements=tuple(entry.get("measurements", ())),
        only=entry.get("only", False),
        finding=entry.get("finding", ""),
        profile=entry.get("profile", "bedside_monitor"),
        limits=entry.get("limits", {}),
        seed=entry.get("seed", 7),
        alone=entry.get("alone", False),
        recordings=None if recordings is None else {k: tuple(v) for k, v in recordings.items()},
        make=entry.get("make", ""),
    )


class _Reader:
    """A catalogue being read: what was understood, and every fault."""

    def __init__(self, place: Path, trace: Trace) -> None:
        self.place = place
        self.trace = trace
        self.defects: list[Defect] = []
        self.argued: list[Argued] = []
        self.faults: list[str] = []

    def entries(self, name: str, table: str, rules: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The entries of a file that keep its rules."""
        path = self.place / FOLDER / name
        try:
            data = read_toml(path)
        except TomlError as error:
            self.faults.append(f"{name}: {error}")
            return []
        if set(data) - {table} or not isinstance(data.get(table, []), list):
            self.faults.append(f"{name}: found {sorted(data)}, accepted: [[{table}]] only")
            return []
        return [
            entry
            for number, entry in enumerate(data.get(table, []), 1)
            if check_fields(entry, rules, f"{name}: {table} {number}", self.faults)
        ]

    def take(self, defect: Defect) -> None:
        """Take a defect whose cases are those of its suite."""
        known = {case.id for case in self.trace.cases.values() if case.suite == defect.suite}
        strange = sorted(set(defect.cases) - known)
        if strange or not defect.cases:
            what = ", ".join(strange) or "no case"
            self.faults.append(f"{defect.id}: found {what}, accepted: cases of {defect.suite}")
            return
        self.defects.append(defect)

    def limit(self, entry: Mapping[str, Any]) -> None:
        """Take what comes of moving one promise, or why nothing does."""
        argument = entry.get("argument", "")
        cases = tuple(entry.get("cases", ()))
        if bool(argument) == bool(cases):
            self.faults.append(f"{entry['path']}: found cases {list(cases)} and argument"
                               f" {argument!r}, accepted: one of the two")  # fmt: skip
        elif argument:
            self.argued.append(Argued(entry["path"], argument))
        elif suite := self._suite(cases):
            limit = Limit(entry["path"], cases, tuple(entry.get("measurements", ())),
                          entry.get("to", ""), entry.get("with", {}),
                          alone=entry.get("alone", False))  # fmt: skip
            try:
                self.defects.append(seeded_limits(limit, suite))
            except ValueError as fault:
                self.faults.append(f"{entry['path']}: {fault}")

    def wire(self, entry: Mapping[str, Any]) -> None:
        """Take what comes of altering one answer, or why nothing does."""
        name = f"{entry['operator']} {entry['at']}"
        cases = tuple(entry.get("cases", ()))
        if "argument" in entry:
            self.argued.append(Argued(name, entry["argument"]))
        elif suite := self._suite(cases):
            operator = Operator(entry["operator"], entry["at"], entry.get("words", ""), cases,
                                tuple(entry.get("measurements", ())),
                                entry.get("finding", ""))  # fmt: skip
            try:
                self.defects.append(seeded_operators(operator, suite))
            except ValueError as fault:
                self.faults.append(f"{name}: {fault}")

    def _suite(self, cases: tuple[str, ...]) -> str:
        suites = {self.trace.cases[one].suite for one in cases if one in self.trace.cases}
        if len(suites) == 1 and all(one in self.trace.cases for one in cases):
            return suites.pop()
        self.faults.append(f"found the cases {list(cases)}, accepted: cases of one suite")
        return ""

    def hold_together(self) -> None:
        """Ids are given once, and every unit is on the bench or made."""
        seen: set[str] = set()
        for defect in self.defects:
            if defect.id in seen:
                self.faults.append(f"{defect.id}: given twice, accepted: an id for each")
            seen.add(defect.id)
        try:
            units = read_toml(self.place / BENCH)["unit"]
        except (TomlError, KeyError) as error:
            self.faults.append(f"{BENCH}: {error}")
            return
        self.faults += [
            f"{defect.id}: found the unit {defect.unit!r}, accepted: one of {BENCH}"
            for defect in self.defects
            if defect.kind not in (Kind.WIRE, Kind.LIMIT)
            and not defect.make
            and defect.unit not in units
            and defect.unit != "reference"
        ]
