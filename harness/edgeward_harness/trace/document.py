"""One TOML file of the trace: read with a limit, then table by table by its layout."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeward.profile.wording import shown
from edgeward_harness.trace import plain_toml
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.model import LAYOUTS

FILE_BYTES_MAX = 64 << 20
"""One file; ten thousand requirements take about four million bytes."""


@dataclass(frozen=True, slots=True)
class Document:
    """Which tables a file has."""

    title: str
    lists: tuple[str, ...]
    """Tables in double brackets, any number of each."""
    singles: tuple[str, ...] = ()
    """Tables in single brackets, exactly one of each."""
    optional: bool = False
    """Whether the file itself may be missing."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The tables by their names."""
        return (*self.singles, *self.lists)


DOCUMENTS: Mapping[str, Document] = {
    "requirements": Document("Requirements", ("requirement",)),
    "hazards": Document("Hazards and risk controls", ("hazard", "control")),
    "testplan": Document("Test plan of a suite", ("case",), ("suite",)),
    "deviations": Document("Deviations accepted in writing", ("deviation",), optional=True),
}


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one table that could be read."""

    table: str
    place: str
    values: dict[str, Any]


def read_bytes(path: Path, log: FaultLog) -> bytes | None:
    """The bytes of a file; None with a fault in the log when it cannot be read."""
    try:
        if path.exists() and not path.is_file():  # a pipe would never end
            log.say("is not a file; expected one")
            return None
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        log.say(f"cannot be read: {error.strerror or error}")
        return None
    if len(data) > FILE_BYTES_MAX:
        log.say(f"has more than {FILE_BYTES_MAX} bytes, which is the limit")
        return None
    return data


def parse_toml(data: bytes, log: FaultLog) -> dict[str, Any] | None:
    """The content of a file's bytes; None with a fault in the log when they are not TOML."""
    try:
        return plain_toml.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        log.say(f"byte {error.start} in line {line} is not UTF-8; expected TOML in UTF-8")
    except RecursionError:
        log.say("is nested too deep; expected TOML with a few levels")
    except ValueError as error:  # malformed, a key twice, a number of thousands of digits
        log.say(f"is not TOML: {error}")
    return None


def read_document(kind: str, path: Path, name: str, log: FaultLog) -> list[Row]:
    """The tables of a file in its order; what cannot be read is in the log and left out."""
    document = DOCUMENTS[kind]
    log.place = name
    if document.optional and not path.exists():
        return []
    data = read_bytes(path, log)
    content = None if data is None else parse_toml(data, log)
    return [] if content is None else list(_rows(document, content, name, log))


def _rows(
    document: Document, content: Mapping[str, Any], name: str, log: FaultLog
) -> Iterator[Row]:
    for key in content.keys() - set(document.keys):
        log.say(f"{shown(key)} is no known table: expected {', '.join(document.keys)}")
    for table in document.singles:
        yield from _single(content, table, name, log)
    for table in document.lists:
        log.place = name
        listed = content.get(table, [])
        if not isinstance(listed, list):
            log.refuse(table, listed, f"tables under [[{table}]], each in double brackets")
            continue
        yield from _listed(listed, table, name, log)


def _single(content: Mapping[str, Any], table: str, name: str, log: FaultLog) -> Iterator[Row]:
    found = content.get(table)
    if not isinstance(found, dict):
        log.say(f"[{table}] is missing: expected one such table")
        return
    place = f"{name}, {table}"
    yield from _row(found, table, place, log)


def _listed(listed: list[Any], table: str, name: str, log: FaultLog) -> Iterator[Row]:
    for number, found in enumerate(listed, 1):
        log.place = place = f"{name}, {table} {number}"
        if isinstance(found, dict):
            yield from _row(found, table, place, log)
        else:
            log.refuse(table, found, f"a table under [[{table}]]")


def _row(found: Mapping[str, Any], table: str, place: str, log: FaultLog) -> Iterator[Row]:
    item_id = found.get("id")
    log.place = f"{place} ({item_id})" if isinstance(item_id, str) and len(item_id) < 32 else place
    before = len(log.faults)
    values = LAYOUTS[table].read(found, log)
    if len(log.faults) == before:
        yield Row(table, place, values)
    elif isinstance(item_id, str):
        yield Row("", place, {"id": item_id})
