"""The transport form of a package: one ZIP with one possible form for each package.

Its entries are stored, sorted, of one date and one permission. What is read is packed again, and
refused unless that gives the same bytes: so nothing can hide in it, no entry can be there twice,
and no file is larger than what was received, whatever a header says.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from edgeward.errors import PackageError
from edgeward.model.package.layout import NAMES, Files, name_faults, told

_HEADER = struct.Struct("<4sHHHHHIIIHH")
_MAGIC = b"PK\x03\x04"
_ENCRYPTED_OR_STREAMED = 0x0009
_ENTRIES_MAX = 2 * len(NAMES)
"""Entries looked at before reading ends: more are told as one fault."""
ACCEPTED = "what `edgeward model pack` writes"


def pack(files: Files) -> bytes:
    """The transport form; equal files give equal bytes."""
    target = BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return target.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files in a transport form; nothing is written anywhere, whatever the names say.

    Raises:
        PackageError: it is not what `pack` writes; every fault that can be seen is told.
    """
    files: dict[str, bytes] = {}
    faults: list[str] = []
    for name, stored, problem in _entries(data):
        if problem:
            faults.append(problem)
        elif name in files:
            faults.append(told(name, "a second entry of this name", "one"))
        files[name] = stored
    faults += name_faults(set(files))
    if not faults and pack(files) != data:
        faults.append(told("the archive", "bytes beside its entries", ACCEPTED))
    if faults:
        raise PackageError(faults)
    return files


def _entries(data: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Name, bytes and fault of each entry, one after the other as they lie in the file."""
    at = 0
    for _ in range(_ENTRIES_MAX):
        if data[at : at + 4] != _MAGIC or len(data) < at + _HEADER.size:
            if not at:
                yield "", b"", told("the archive", f"{len(data)} bytes that are none", ACCEPTED)
            return
        _, _, flags, method, _, _, _, packed, size, name_size, more = _HEADER.unpack_from(data, at)
        begin = at + _HEADER.size + name_size + more
        raw = data[at + _HEADER.size :][:name_size]
        name = raw.decode("utf-8", "replace")
        at = begin + packed
        if flags & _ENCRYPTED_OR_STREAMED or method:
            text = f"method {method}, flags {flags}, {packed} bytes said to become {size}"
            yield name, b"", told(name, text, "stored entries only")
            return
        yield name, data[begin:at], _whole(name, size, len(data[begin:at]))


def _whole(name: str, said: int, there: int) -> str:
    return "" if said == there else told(name, f"{there} bytes where {said} are said", ACCEPTED)
