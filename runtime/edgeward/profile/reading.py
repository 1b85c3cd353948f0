"""Reading a document by its layout: each value that is right is kept, each that is not is a fault.

Values are kept by dotted path with the file they came from: documents then merge as dictionaries
do, and a fault found after the merge still names the file to mend. What was refused is kept by path
too, so that it is not called missing; an unknown key is kept in quotes, which no known path has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edgeward.profile.faults import FAULTS_MAX, fault
from edgeward.profile.kinds import Kind
from edgeward.profile.layout import Named, entries, leaves
from edgeward.profile.wording import nearest, shown

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Value:
    """An accepted value as it was written, and the file it was written in."""

    raw: Any
    kind: Kind
    source: str


@dataclass(slots=True, eq=False)
class Reading:
    """What was found in one document, or in several merged."""

    values: dict[str, Value] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def over(self, base: "Reading") -> "Reading":
        """This document on top of the one it extends: its values win, key by key."""
        return Reading(
            base.values | self.values,
            base.refused | self.refused,
            self.faults + base.faults,
            self.warnings + base.warnings,
        )

    def given(self, path: str) -> dict[str, Any]:
        """The accepted values right under a path, by key, as their fields hold them."""
        below = f"{path}."
        return {
            found.removeprefix(below): value.kind.convert(value.raw)
            for found, value in self.values.items()
            if found.startswith(below) and "." not in found.removeprefix(below)
        }

    def touches(self, path: str) -> bool:
        """Whether anything, right or wrong, was found at the path or below it."""
        below = f"{path}."
        found = (*self.values, *self.refused)
        return any(each == path or each.startswith(below) for each in found)


def read(section: type, data: object, source: str = "") -> Reading:
    """Read a document against the layout of its root section."""
    reader = _Reader(section, source, Reading())
    if isinstance(data, Mapping):
        reader.section(section, data, "")
    else:
        reader.refuse("", f"the document = {shown(data)}", f"expected {_table(section)}")
    return reader.reading


def build(section: type[Section], reading: Reading, source: str = "") -> Section | None:
    """The document built from its values; None when one is missing or refused.

    Each value that is missing, and not merely refused, is added to the reading's faults.
    """
    built = _Builder(reading, source).section(section, "")
    return built if isinstance(built, section) else None


def _table(section: type) -> str:
    return f"a table with {', '.join(entries(section))}"


@dataclass(slots=True, eq=False, repr=False)
class _Reader:
    """Reads one document."""

    root: type
    source: str
    reading: Reading

    def refuse(self, path: str, where: str, accepted: str, hint: str = "") -> None:
        self.reading.refused.add(path)
        self.reading.faults.append(fault(where, accepted, source=self.source, hint=hint))

    def section(self, section: type, data: Mapping[str, Any], prefix: str) -> None:
        known = entries(section)
        for key, found in data.items():
            entry = known.get(key)
            if entry is None:
                self.unknown(section, key, prefix)
            elif isinstance(entry, Named):
                self.named(entry, found, f"{prefix}{key}")
            elif isinstance(entry, type):
                self.table(entry, found, f"{prefix}{key}")
            else:
                self.value(entry, found, f"{prefix}{key}")

    def table(self, section: type, found: object, path: str) -> None:
        if isinstance(found, Mapping):
            self.section(section, found, f"{path}.")
        else:
            self.refuse(path, f"{path} = {shown(found)}", f"expected {_table(section)}")

    def named(self, named: Named, found: object, path: str) -> None:
        if not isinstance(found, Mapping) or len(found) > named.names_max:
            accepted = f"expected a table of at most {named.names_max} names"
            self.refuse(path, f"{path} = {shown(found)}", accepted)
            return
        for name, table in found.items():
            if named.accepts_name(name):
                self.table(named.section, table, f"{path}.{name}")
            else:
                where = f"{path}.{shown(name)}"
                self.refuse(f"{path}.?", where, f"expected as a name {named.said}")

    def value(self, kind: Kind, found: object, path: str) -> None:
        if not kind.accepts(found):
            accepted = f"expected {kind.accepted()}"
            self.refuse(path, f"{path} = {shown(found)}", accepted, kind.hint(found))
            return
        self.reading.values[path] = Value(found, kind, self.source)
        doubt = kind.doubt(found)
        if doubt:
            where = f"{path} = {shown(found)} {kind.unit}".rstrip()
            line = fault(where, doubt, source=self.source, hint=kind.hint(found))
            self.reading.warnings.append(line)

    def unknown(self, section: type, key: str, prefix: str) -> None:
        known = ", ".join(entries(section))
        path = f"{prefix}{key if key.isidentifier() else shown(key)}"
        hint = self.belongs(section, key, prefix) if len(self.reading.faults) < FAULTS_MAX else ""
        self.refuse(f"{prefix}{shown(key)}", path, f"no such key; expected {known}", hint)

    def belongs(self, section: type, key: str, prefix: str) -> str:
        """Where a key that is unknown here was probably meant to stand."""
        near = nearest(key, entries(section))
        if near:
            return f'did you mean "{prefix}{near}"?'
        paths = [path for path in leaves(self.root) if path.rpartition(".")[2] == key]
        return f'did you mean "{paths[0]}"?' if paths else ""


@dataclass(slots=True, eq=False, repr=False)
class _Builder:
    """Builds the sections of one document."""

    reading: Reading
    source: str

    def missing(self, path: str, accepted: str) -> None:
        if path not in self.reading.refused:
            line = fault(path, f"missing; expected {accepted}", source=self.source)
            self.reading.faults.append(line)

    def section(self, section: type, prefix: str) -> Any:  # noqa: ANN401 - an instance of section
        found: dict[str, Any] = {}
        for key, entry in entries(section).items():
            path = f"{prefix}{key}"
            if isinstance(entry, Named):
                found[key] = self.named(entry, path)
            elif isinstance(entry, type):
                found[key] = self.table(entry, path)
            else:
                found[key] = self.value(entry, path)
        return section(**found) if None not in found.values() else None

    def table(self, section: type, path: str) -> object:
        if not self.reading.touches(path):
            self.missing(path, _table(section))
            return None
        if path in self.reading.refused:
            return None
        return self.section(section, f"{path}.")

    def named(self, named: Named, path: str) -> dict[str, Any] | None:
        if path in self.reading.refused:
            return None
        names = dict.fromkeys(named.mandatory)
        for found in (*self.reading.values, *self.reading.refused):
            if found.startswith(f"{path}."):
                names[found[len(path) + 1 :].partition(".")[0]] = None
        built = {name: self.table(named.section, f"{path}.{name}") for name in sorted(names)}
        return built if None not in built.values() else None

    def value(self, kind: Kind, path: str) -> object:
        value = self.reading.values.get(path)
        if value is None:
            self.missing(path, kind.accepted())
            return None
        return kind.convert(value.raw)
