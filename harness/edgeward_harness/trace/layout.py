"""Which keys a table has: declared once, on the fields of the record that the table becomes.

A field of the model annotated with a `Key` is a key of the table; its type, its meaning and
whether it may be left out are not written down anywhere else. Reading, the JSON schemas and the
columns of an imported table all start here.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from edgeward.profile.wording import nearest, shown
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.shapes import Shape


@dataclass(frozen=True, slots=True)
class Key:
    """What one key of a table means, and what its value may be."""

    meaning: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Column:
    """A key by its name, with what holds when it is left out."""

    name: str
    key: Key
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The keys of a table."""

    columns: tuple[Column, ...]

    def read(self, table: Mapping[str, Any], log: FaultLog, path: str = "") -> dict[str, Any]:
        """The values of a table; keys that are unknown, missing or refused are in the log."""
        values: dict[str, Any] = {}
        known = 0
        for column in self.columns:
            name = column.name
            if name in table:
                known += 1
                values[name] = column.key.shape.read(table[name], path + name, log)
            elif column.required:
                log.say(f"{path}{name} is missing: expected {column.key.shape.expected}")
            else:
                values[name] = column.default
        if known != len(table):
            self._refuse_unknown(table, log, path)
        return values

    def _refuse_unknown(self, table: Mapping[str, Any], log: FaultLog, path: str) -> None:
        names = [column.name for column in self.columns]
        for name in table.keys() - set(names):
            near = nearest(name, names)
            hint = f'; did you mean "{near}"?' if near else ""
            log.say(f"{path}{shown(name)} is no known key: expected {', '.join(names)}{hint}")

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the table."""
        return {
            "type": "object",
            "properties": {
                column.name: {"description": column.key.meaning, **column.key.shape.schema()}
                for column in self.columns
            },
            "required": [column.name for column in self.columns if column.required],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Record:
    """The shape of a table within a table."""

    layout: Layout
    build: Any
    """What the values become: called with each as a keyword."""

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a table with {', '.join(column.name for column in self.layout.columns)}"

    def read(self, value: object, path: str, log: FaultLog) -> Any:  # noqa: ANN401 - what is built
        """The record; None when anything in it is refused."""
        if not isinstance(value, dict):
            log.refuse(path, value, self.expected)
            return None
        before = len(log.faults)
        values = self.layout.read(value, log, f"{path}.")
        return self.build(**values) if len(log.faults) == before else None

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the table."""
        return self.layout.schema()


@cache
def layout_of(record: type) -> Layout:
    """The layout declared on a record's fields."""
    hints = get_type_hints(record, include_extras=True)
    columns = []
    for field in fields(record):
        key = next((one for one in getattr(hints[field.name], "__metadata__", ())), None)
        if not isinstance(key, Key):
            continue
        made = field.default_factory is not MISSING
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        required = default is MISSING and not made
        columns.append(Column(field.name, key, required, None if required else default))
    return Layout(tuple(columns))
