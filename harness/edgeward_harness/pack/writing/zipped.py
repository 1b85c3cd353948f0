"""ZIP files that are the same bytes on every machine.

Rules:
- Entries carry one fixed date and stand in the order of their names, or as they are given.
- Nothing is compressed: which version of a compressor is at hand would decide about the bytes.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from edgeward_harness.errors import InputError

DATE_FIRST, DATE_LAST = 1980, 2107
"""The years that a ZIP file can hold."""
_READABLE = 0o100644 << 16
_UNIX = 3


def zip_bytes(files: Mapping[str, bytes], as_of: str, *, in_order: bool = False) -> bytes:
    """A ZIP file of these files, all of that day.

    Args:
        files: by their paths in the ZIP file.
        as_of: a day such as 2026-11-22; one that ZIP cannot hold becomes the nearest it can.
        in_order: keep the order given; some formats want one file to be first.
    """
    day = read_day(as_of)
    stamp = (min(max(day.year, DATE_FIRST), DATE_LAST), day.month, day.day, 0, 0, 0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name in files if in_order else sorted(files):
            entry = zipfile.ZipInfo(name, stamp)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            made.writestr(entry, files[name])
    return buffer.getvalue()


def rezipped(
    data: bytes, as_of: str, edits: Mapping[str, Callable[[bytes], bytes]] | None = None
) -> bytes:
    """A ZIP file that a library wrote, with our dates and in its own order.

    Args:
        data: what the library wrote.
        as_of: the day of all entries.
        edits: what is done to an entry of that name.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        files = {entry.filename: made.read(entry) for entry in made.infolist()}
    for name, edit in (edits or {}).items():
        files[name] = edit(files[name])
    return zip_bytes(files, as_of, in_order=True)


def read_day(as_of: str) -> date:
    """The day that a pack states.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(as_of)
    except ValueError:
        raise InputError("as_of", [f"found {as_of!r}, expected a day such as 2026-11-22"]) from None


def names(entries: Iterable[str], length_max: int) -> list[str]:
    """The names cut to a length and told apart where two are equal but for case."""
    taken: set[str] = set()
    found = []
    for entry in entries:
        name, number = entry[:length_max], 1
        while name.casefold() in taken:
            number += 1
            tail = f"~{number}"
            name = entry[: length_max - len(tail)] + tail
        taken.add(name.casefold())
        found.append(name)
    return found
