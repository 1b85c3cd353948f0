"""Device profiles as text for a terminal and as JSON: pure, nothing is printed here."""

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeward.profile import Loaded, Profile
from edgeward.profile.kinds import Kind
from edgeward.profile.layout import leaves
from edgeward.profile.wording import number

VALUE_COLUMNS = 40
"""How wide a value may be before it goes on in the next line."""

LIST_HEAD = ("name", "title", "class", "p99", "cores", "ram")
"""The columns of `list_row`: class is EU MDR / IEC 62304, p99 is window_to_result's."""
LIST_NUMBERS = (3, 4, 5)
"""Those that hold numbers."""


def columns(rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Rows as lines with aligned columns, two spaces apart; those in `right` align to the right."""
    table = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(_padded(row, widths, right)).rstrip() for row in table]


def _padded(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if index in right else cell.ljust(width)


def list_row(profile: Profile) -> tuple[str, ...]:
    """What the list tells of a profile."""
    return (
        profile.name,
        profile.title,
        f"{profile.clinical.regulatory_class} / {profile.clinical.safety_class}",
        f"{number(profile.budget.latency['window_to_result'].p99_ms)} ms",
        str(profile.compute.cores),
        f"{profile.memory.ram_mb} MB",
    )


def values(loaded: Loaded) -> list[dict[str, Any]]:
    """Every value with its unit, meaning and file, in the order of the layout."""
    plain = loaded.profile.to_dict()
    return [
        {
            "path": path,
            "value": _at(plain, path),
            "unit": kind.unit,
            "file": str(loaded.origins[path]),
            "meaning": kind.doc,
        }
        for path, kind in _paths(loaded.profile)
    ]


def as_json(loaded: Loaded) -> dict[str, Any]:
    """A resolved profile with everything known about it."""
    return {
        "name": loaded.profile.name,
        "sha256": loaded.profile.sha256,
        "files": [str(path) for path in loaded.sources],
        "warnings": list(loaded.warnings),
        "resolved": loaded.profile.to_dict(),
        "values": values(loaded),
    }


def as_text(loaded: Loaded) -> list[str]:
    """A resolved profile for a reader: sections, values with units, the file of each."""
    profile = loaded.profile
    lines = [f"{profile.name}: {profile.title}", f"sha256  {profile.sha256}"]
    own, *extended = loaded.sources
    lines += [f"file    {own}", *(f"extends {path}" for path in extended)]
    rows = _rows(loaded)
    section = ""
    for (path, *_), line in zip(rows, columns([row[1:] for row in rows]), strict=True):
        head, below, _ = path.partition(".")
        if head != section and below:
            lines += ["", head]
        section = head
        lines.append(f"  {line}")
    return [*lines, *(f"\nwarning: {warning}" for warning in loaded.warnings)]


def _rows(loaded: Loaded) -> list[tuple[str, str, str, str]]:
    """Path, key, value with unit, file; a long value goes on in rows of its own."""
    rows: list[tuple[str, str, str, str]] = []
    for each in values(loaded):
        path = each["path"]
        key = path.partition(".")[2] or path
        wrapped = textwrap.wrap(_shown(each["value"], each["unit"]), VALUE_COLUMNS)
        rows.append((path, key, wrapped[0], Path(each["file"]).name))
        rows += [(path, "", rest, "") for rest in wrapped[1:]]
    return rows


def _shown(value: object, unit: str) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = number(value) if isinstance(value, int | float) else str(value)
    return f"{text} {unit}".rstrip()


def _paths(profile: Profile) -> Iterable[tuple[str, Kind]]:
    """Every path of a profile, with the names of its latency paths in the place of `*`."""
    for path, kind in leaves(Profile).items():
        names = sorted(profile.budget.latency) if "*" in path else [""]
        yield from ((path.replace("*", name), kind) for name in names)


def _at(plain: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    found: Any = plain
    for key in path.split("."):
        found = found[key]
    return found
