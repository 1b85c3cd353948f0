"""Requirements as a table: out for review in a spreadsheet, in from where they were kept before.

What goes out comes in again as an equal set of requirements. A table from elsewhere may name its
columns in other words (`ALIASES`); a column nobody knows is refused rather than dropped, and one
that is to be kept as the project's own is called `custom.<name>`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from edgeward.profile.wording import shown
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.layout import Layout
from edgeward_harness.trace.model import LAYOUTS, Requirement
from edgeward_harness.trace.reqif_in import read_reqif
from edgeward_harness.trace.shapes import Patterns, Word
from edgeward_harness.trace.tables import Line, Table, TableFormat, read_tables, write_table

CUSTOM = "custom."
"""What the header of a project's own column begins with."""
_COLUMNS = tuple(column for column in LAYOUTS["requirement"].columns if column.name != "custom")
_NAMES = tuple(column.name for column in _COLUMNS)
_SHAPES = {column.name: column.key.shape for column in _COLUMNS}

ALIASES: Mapping[str, str] = {
    **{name: name for name in _NAMES},
    **dict.fromkeys(("identifier", "key", "req_id", "requirement_id", "uid"), "id"),
    **dict.fromkeys(("heading", "name", "summary"), "title"),
    **dict.fromkeys(("description", "requirement", "requirement_text", "statement"), "text"),
    **dict.fromkeys(("justification", "reason", "why"), "rationale"),
    **dict.fromkeys(("category", "type", "requirement_type"), "kind"),
    **dict.fromkeys(("class", "iec_62304_class", "software_safety_class"), "safety_class"),
    **dict.fromkeys(
        ("acceptance", "acceptance_criteria", "acceptance_criterion", "fit_criterion"), "criterion"
    ),
    **dict.fromkeys(("hazards", "risk", "risk_controls", "risk_links"), "risks"),
    **dict.fromkeys(("milestone", "phase"), "stage"),
    **dict.fromkeys(("applies_to", "device_profiles"), "profiles"),
}
"""What a column may be called, in lower case with _ between words, and which key it is."""


def export_requirements(requirements: Iterable[Requirement], form: TableFormat) -> str:
    """The requirements as a table, each key a column."""
    listed = list(requirements)
    custom = sorted({name for one in listed for name in one.custom})
    header = [*_NAMES, *(CUSTOM + name for name in custom)]
    rows = (
        [*(_cell(getattr(one, name)) for name in _NAMES), *(one.custom.get(c, "") for c in custom)]
        for one in listed
    )
    return write_table(form, header, rows)


def import_requirements(text: str, form: TableFormat, source: str) -> tuple[Requirement, ...]:
    """The requirements in the tables of a text.

    Raises:
        InputError: anything in them cannot be taken; every fault is told, with its row.
    """
    tables = read_tables(form, text, source, lambda cells: sum(map(bool, map(_key, cells))))
    return _taken(tables, source)


def import_reqif(data: bytes, source: str) -> tuple[Requirement, ...]:
    """The requirements in a ReqIF file; attributes that nobody knows become the project's own.

    Raises:
        InputError: it is no ReqIF, or an object cannot be taken; every fault is told.
    """
    return _taken([read_reqif(data, source, lambda name: bool(_key(name)))], source)


def _taken(tables: Iterable[Table], source: str) -> tuple[Requirement, ...]:
    """The requirements in tables, none twice."""
    log = FaultLog()
    found: dict[str, Requirement] = {}
    places: dict[str, str] = {}
    for table in tables:
        for place, requirement in _requirements(table, log):
            log.place = place
            known = places.setdefault(requirement.id, place)
            if known is not place:
                log.say(f"{requirement.id} is taken already by {known}; expected an id of its own")
            found[requirement.id] = requirement
    if log.faults:
        raise InputError(source, log.faults)
    return tuple(found.values())


def requirements_toml(requirements: Sequence[Requirement]) -> str:
    """The text of a `requirements.toml` that reads as these requirements.

    Raises:
        HarnessError: what was written does not read as what was to be written.
    """
    import tomli_w  # only an import writes TOML

    text = tomli_w.dumps({"requirement": [_table(one) for one in requirements]})
    log = FaultLog()
    again = [LAYOUTS["requirement"].read(one, log) for one in tomllib.loads(text)["requirement"]]
    if log.faults or [Requirement(**values) for values in again] != list(requirements):
        raise HarnessError("the requirements would not read again as they are; nothing was written")
    return text


def _table(requirement: Requirement) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name in (*_NAMES, "custom"):
        value = getattr(requirement, name)
        if value or name == "risks":
            table[name] = list(value) if isinstance(value, tuple) else value
    return table | ({"custom": dict(requirement.custom)} if requirement.custom else {})


def _cell(value: str | tuple[str, ...]) -> str:
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _key(header: str) -> str:
    """The key that a column is; empty when nobody knows."""
    cell = header.strip()
    if cell.lower().startswith(CUSTOM):
        return cell.lower()
    return ALIASES.get(re.sub(r"[^a-z0-9]+", "_", cell.lower()).strip("_"), "")


def _requirements(table: Table, log: FaultLog) -> Iterator[tuple[str, Requirement]]:
    """Each row that reads as a requirement, with its place."""
    keys = _header(table.header, log)
    absent = [one.name for one in _COLUMNS if one.required and one.name not in keys]
    layout = Layout(tuple(one for one in LAYOUTS["requirement"].columns if one.name not in absent))
    for line in table.lines:
        log.place = line.place
        if len(line.cells) != len(keys):
            log.say(f"has {len(line.cells)} cells: expected {len(keys)}, one under each header")
            continue
        fields = _fields(keys, line)
        log.place = f"{line.place} ({fields['id']})" if "id" in fields else line.place
        before = len(log.faults)
        values = layout.read(fields, log)
        if len(log.faults) == before and not absent:
            yield line.place, Requirement(**values)


def _header(header: Line, log: FaultLog) -> list[str]:
    """The key of each column; what is unknown, twice or missing is in the log."""
    log.place = header.place
    keys = [_key(cell) for cell in header.cells]
    for cell, key in zip(header.cells, keys, strict=True):
        if not key:
            log.say(
                f"column {shown(cell)} is unknown: expected {', '.join(_NAMES)}, another word for "
                f"one of them, or {CUSTOM}<name> for a field of your own"
            )
    for key in sorted({key for key in keys if key and keys.count(key) > 1}):
        log.say(f"two columns are {key}: expected one")
    for column in _COLUMNS:
        if column.required and column.name not in keys:
            log.say(f"no column is {column.name}: expected one ({column.key.meaning})")
    return keys


def _fields(keys: Sequence[str], line: Line) -> dict[str, Any]:
    """A row as the table of a TOML file; empty cells are left out."""
    fields: dict[str, Any] = {}
    custom: dict[str, str] = {}
    for key, cell in zip(keys, line.cells, strict=True):
        text = cell.strip()
        if not key or not text:
            continue
        if key.startswith(CUSTOM):
            custom[key.removeprefix(CUSTOM)] = text
        else:
            fields[key] = _value(key, text)
    return fields | ({"custom": custom} if custom else {})


def _value(key: str, text: str) -> str | list[str]:
    """What a cell says: ids and names between commas or blanks, words in any case."""
    shape = _SHAPES[key]
    if isinstance(shape, Patterns):
        return re.split(r"[\s,;]+", text.strip(",; "))
    if isinstance(shape, Word):
        word = text.lower().removeprefix("class ").replace(" ", "_").replace("-", "_")
        return next((one for one in shape.vocabulary if one.lower() == word), text)
    return text
