"""Lists of published anomalies (CSV or JSON), and the catalogue of exploited flaws (JSON).

The form of an anomaly list, one row for each anomaly:

- CSV with the columns component, versions, id, title, url, source, date. A row without an id says
  that the list of a component was read on that day and names nothing.
- JSON: {"source": ..., "date": ..., "anomalies": [{"component", "versions", "id", "title", "url"}],
  "read": ["a component whose list names nothing", ...]}.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from edgeward.canonical import sha256_hex
from edgeward.profile.wording import shown
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.files import read_limited
from edgeward_harness.inventory.notices import Anomaly, Exploited, Source
from edgeward_harness.inventory.said import day_of, objects, text, texts

COLUMNS: Final = ("component", "versions", "id", "title", "url", "source", "date")


def load_anomalies(path: Path) -> tuple[Anomaly, ...]:
    """Read a list of published anomalies.

    Raises:
        InputError: it is neither CSV nor JSON of the form above; every fault is named.
    """
    data = read_limited(path)
    faults: list[str] = []
    rows = _from_json(data, faults) if path.suffix.lower() == ".json" else _from_csv(data, faults)
    found = [_anomaly(where, row, path.name, sha256_hex(data), faults) for where, row in rows]
    if faults:
        raise InputError(str(path), faults)
    return tuple(sorted({one for one in found if one is not None}))


def _from_csv(data: bytes, faults: list[str]) -> list[tuple[str, dict[str, Any]]]:
    try:
        reader = csv.DictReader(data.decode("utf-8-sig").splitlines(), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        faults.append(f"is not CSV in UTF-8: {error}")
        return []
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        faults.append(f"found no column {', '.join(missing)}; accepted: {', '.join(COLUMNS)}")
        return []
    return [(f"line {number}", row) for number, row in enumerate(rows, 2)]


def _from_json(data: bytes, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        faults.append(f"is not JSON: {error}")
        return
    if not isinstance(value, dict) or not isinstance(value.get("anomalies"), list):
        faults.append("found no object with a list `anomalies`, which is what is accepted")
        return
    head = {"source": value.get("source"), "date": value.get("date")}
    for number, one in enumerate(objects(value["anomalies"])):
        if not text(one.get("id")):
            faults.append(f"anomalies[{number}].id: found {shown(one.get('id'))}, accepted: a text")
        yield f"anomalies[{number}]", {**one, **head}
    for name in texts(value.get("read")):
        yield f"read {name}", {"component": name, **head}


def _anomaly(
    where: str, row: dict[str, Any], name: str, sha256: str, faults: list[str]
) -> Anomaly | None:
    component, source, day = text(row.get("component")), text(row.get("source")), row.get("date")
    versions = text(row.get("versions"))
    before = len(faults)
    if not component or not source:
        told = f"component {shown(component)} and source {shown(source)}"
        faults.append(f"{where}: found {told}, accepted: a text for each")
    if not day_of(day):
        faults.append(f"{where}: found the date {shown(day)}, accepted: a day such as 2026-06-30")
    try:
        SpecifierSet(versions)
    except InvalidSpecifier:
        told = f"{where}: found the versions {shown(versions)}"
        faults.append(f"{told}, accepted: such as '>=2.0,<2.4', or nothing for all")
    if len(faults) != before:
        return None
    return Anomaly(
        component=canonicalize_name(component),
        versions=versions,
        id=text(row.get("id")),
        title=text(row.get("title")),
        url=text(row.get("url")),
        source=Source(name, day_of(day), sha256, source),
    )


def load_exploited(path: Path) -> Exploited:
    """Read a catalogue of exploited flaws, in the form of the one that CISA publishes.

    Raises:
        InputError: it is none, or says no day.
    """
    data = read_limited(path)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), [f"is not JSON: {error}"]) from error
    listed = value.get("vulnerabilities") if isinstance(value, dict) else None
    day = day_of(value.get("dateReleased")) if isinstance(value, dict) else ""
    ids = frozenset(text(one.get("cveID")) for one in objects(listed)) - {""}
    faults = [] if ids else ["found no `vulnerabilities` with a `cveID`; accepted: a catalogue"]
    if not day:
        faults.append("dateReleased: found no instant, accepted: when it was released")
    if faults:
        raise InputError(str(path), faults)
    publisher = text(value.get("title")) or "catalogue of exploited flaws"
    return Exploited(ids, Source(path.name, day, sha256_hex(data), publisher))
