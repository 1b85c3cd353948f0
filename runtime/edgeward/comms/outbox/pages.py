"""Rows of a damaged database, page by page: what no other page is needed to read.

Every page of the file that can be a leaf of a table is read, whatever the pages above it say, in
its newest version: that in the log, if one is there. Pages on the list of free ones hold rows that
were removed, and are left out as far as that list can be read.
https://sqlite.org/fileformat2.html#b_tree_pages
"""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from edgeward.comms.outbox.allowance import PAGE_BYTES
from edgeward.comms.outbox.frames import read_log, sorted_out
from edgeward.errors import StoreError
from edgeward.ports import DatabaseFile, Value

_LEAF = 0x0D
_HEAD_BYTES = 100
"""Of the file, at the start of its first page."""
_LEAF_HEAD_BYTES = 8
_LOCAL_MAX = PAGE_BYTES - 35
_LOCAL_MIN = (PAGE_BYTES - 12) * 32 // 255 - 23
_OVERFLOW_BYTES = PAGE_BYTES - 4
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_TRUNK = struct.Struct(">2I")
_PAYLOAD_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """Where a row lies."""

    page: int
    offset: int
    log_at: int = 0
    """Where a version of this page that is not proven begins in the log; 0: the proven one."""


class DamagedRowError(ValueError):
    """This is no row."""


UNREADABLE = (DamagedRowError, IndexError, struct.error, UnicodeDecodeError)
"""What comes of reading a row where there is none."""


class Pages:
    """What was set aside, as pages."""

    __slots__ = ("_count", "_file", "_log", "_loose", "_name", "_newest")

    def __init__(self, file: DatabaseFile, name: str) -> None:
        """Read its log, as far as that is possible."""
        self._file, self._name = file, name
        try:
            self._log = read_log(file, name)
        except StoreError:
            self._log = b""
        proven, loose = sorted_out(self._log)
        self._newest = {frame.page: frame.offset for frame in proven}
        self._loose = {frame.page: frame.offset for frame in loose}
        self._count = max([_pages_in(file, name), *self._newest])

    def rows(self) -> Iterator[tuple[Found, int, list[Value]]]:
        """Each row that can be read: where it lies, its number, its fields.

        Those on pages of which nothing proves that they are whole come last.
        """
        free = self._free()
        for number in range(1, self._count + 1):
            if number not in free:
                yield from self._rows_on(number, 0)
        for number, log_at in self._loose.items():
            yield from self._rows_on(number, log_at)

    def _rows_on(self, number: int, log_at: int) -> Iterator[tuple[Found, int, list[Value]]]:
        page = self._page(number, log_at)
        for offset in _cells(page, _HEAD_BYTES if number == 1 else 0):
            found = Found(number, offset, log_at)
            with contextlib.suppress(*UNREADABLE):
                yield found, *self.row(found)

    def row(self, found: Found) -> tuple[int, list[Value]]:
        """The row there: its number and its fields.

        Raises:
            DamagedRowError: there is none.
            IndexError: it goes beyond its page.
        """
        page = self._page(found.page, found.log_at)
        size_bytes, offset = _varint(page, found.offset)
        number, offset = _varint(page, offset)
        payload = self._payload(page, offset, size_bytes, loose=found.log_at > 0)
        return number, _fields(payload)

    def pages_of(self, found: Found) -> list[int]:
        """The pages on which a row lies.

        Raises:
            DamagedRowError: there is none.
            IndexError: it goes beyond its page.
        """
        page = self._page(found.page, found.log_at)
        size_bytes, offset = _varint(page, found.offset)
        _, offset = _varint(page, offset)
        loose = found.log_at > 0
        more = self._overflow(page, offset, size_bytes, loose=loose)
        return [found.page, *(number for number, _ in more)]

    def _payload(self, page: bytes, offset: int, size_bytes: int, *, loose: bool) -> bytes:
        overflow = self._overflow(page, offset, size_bytes, loose=loose)
        more = b"".join(data for _, data in overflow)
        return page[offset : offset + _local_bytes(size_bytes)] + more

    def _overflow(
        self, page: bytes, offset: int, size_bytes: int, *, loose: bool
    ) -> Iterator[tuple[int, bytes]]:
        """The pages that hold what does not fit on the first one, and what they hold of it."""
        if size_bytes > _PAYLOAD_BYTES_MAX:
            raise DamagedRowError
        left = size_bytes - _local_bytes(size_bytes)
        at = offset + _local_bytes(size_bytes)
        while left > 0:
            (following,) = struct.unpack_from(">I", page, at)
            if not 1 < following <= self._count and following not in self._loose:
                raise DamagedRowError
            log_at = self._loose.get(following, 0) if loose else 0
            page, at = self._page(following, log_at), 0
            yield following, page[4 : 4 + min(left, _OVERFLOW_BYTES)]
            left -= _OVERFLOW_BYTES

    def _page(self, number: int, log_at: int = 0) -> bytes:
        """The newest version of a page, or one of its own; nothing where it cannot be read."""
        if (offset := log_at or self._newest.get(number)) is not None:
            return self._log[offset : offset + PAGE_BYTES]
        try:
            return self._file.read(
                self._name, log=False, offset=(number - 1) * PAGE_BYTES, size_bytes=PAGE_BYTES
            )
        except StoreError:
            return b""

    def _free(self) -> set[int]:
        """The pages that nothing uses, as far as their list can be read."""
        free: set[int] = set()
        head = self._page(1)
        trunk = struct.unpack_from(">I", head, 32)[0] if len(head) == PAGE_BYTES else 0
        while 1 < trunk <= self._count and trunk not in free:
            free.add(trunk)
            page = self._page(trunk)
            if len(page) < PAGE_BYTES:
                break
            trunk, count = _TRUNK.unpack_from(page)
            if count > PAGE_BYTES // 4 - 2:
                break
            free.update(struct.unpack_from(f">{count}I", page, _TRUNK.size))
        return free


def _pages_in(file: DatabaseFile, name: str) -> int:
    """How many pages the file has: found by halving, since some may be unreadable."""
    low, high = 0, 1 << 32
    while low < high:
        middle = (low + high) // 2
        try:
            there = file.read(name, log=False, offset=middle * PAGE_BYTES, size_bytes=1)
        except StoreError:
            there = b"?"  # there is something that cannot be read
        low, high = (middle + 1, high) if there else (low, middle)
    return low


def _local_bytes(size_bytes: int) -> int:
    """How much of a payload lies on the page of its row."""
    if size_bytes <= _LOCAL_MAX:
        return size_bytes
    local = _LOCAL_MIN + (size_bytes - _LOCAL_MIN) % _OVERFLOW_BYTES
    return local if local <= _LOCAL_MAX else _LOCAL_MIN


def _cells(page: bytes, head: int) -> Iterator[int]:
    """Where the rows of a leaf begin; nothing for every other page."""
    if len(page) < PAGE_BYTES or page[head] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, head + 3)
    start = head + _LEAF_HEAD_BYTES
    for at in range(start, min(start + 2 * count, PAGE_BYTES - 1), 2):
        yield struct.unpack_from(">H", page, at)[0]


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count in range(8):
        byte = data[offset + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + count + 1
    return value << 8 | data[offset + 8], offset + 9


def _fields(payload: bytes) -> list[Value]:
    """The fields of a row."""
    head_bytes, offset = _varint(payload, 0)
    if head_bytes > len(payload):
        raise DamagedRowError
    kinds = []
    while offset < head_bytes:
        kind, offset = _varint(payload, offset)
        kinds.append(kind)
    fields: list[Value] = []
    for kind in kinds:
        field, offset = _field(kind, payload, offset)
        fields.append(field)
    return fields


def _field(kind: int, payload: bytes, offset: int) -> tuple[Value, int]:
    if kind == 0:
        return None, offset
    if kind in (8, 9):
        return kind - 8, offset
    if kind < len(_INTEGER_BYTES):
        size_bytes = _INTEGER_BYTES[kind]
    elif kind >= 12:
        size_bytes = (kind - 12) // 2
    else:
        raise DamagedRowError
    data = payload[offset : offset + size_bytes]
    if len(data) < size_bytes:
        raise DamagedRowError
    offset += size_bytes
    if kind < len(_INTEGER_BYTES):
        return int.from_bytes(data, "big", signed=True), offset
    return (data.decode() if kind & 1 else data), offset
