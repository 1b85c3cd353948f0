"""The rows of the records themselves: put at the end of their class, read and removed in order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from edgeward.comms.outbox.batch import Batch
from edgeward.comms.outbox.footprint import taken_bytes
from edgeward.comms.outbox.place import PLACES_A_SEQUENCE
from edgeward.comms.record import RecordClass
from edgeward.errors import DamagedError
from edgeward.ports import Blobs, Database, Value

Row = tuple[int, int, bytes]
"""Place, number of the data key, sealed bytes."""
Statement = tuple[str, Sequence[Value | Blobs]]
"""And what is bound to it."""
_CHUNK_ROWS = 64
_LOOKED_ROWS = 512
LAST_PLACE: Final = (1 << 63) - 1
"""Behind every record."""
_NEXT_ROW = ", (?, ?, ?, ?)"
_COLUMNS = 4
_ROWS_AT_ONCE = (50, 10, 1)
"""Rows that one statement puts: of fifty, each takes half the time of a statement of its own."""


def _statements(sql: str) -> dict[RecordClass, str]:
    """One statement for each table; their names are ours."""
    return {kind: sql.replace("RECORDS", kind.word) for kind in RecordClass}


_PUT = {
    rows: _statements("INSERT INTO RECORDS VALUES (?, ?, ?, ?)" + _NEXT_ROW * (rows - 1))
    for rows in _ROWS_AT_ONCE
}
_PUT_IN_A_ROW = _statements(
    f"INSERT INTO RECORDS SELECT ?1 + {PLACES_A_SEQUENCE} * rowid,"  # noqa: S608 - ours
    " ?2 + rowid, ?3, value FROM carray(?4)"
)
"""Rows without a gap under one key: it is told what is before them, and counts on."""
PUT_ONCE: Final = _statements("INSERT OR IGNORE INTO RECORDS VALUES (?, ?, ?, ?)")
_READ = _statements(
    "SELECT place, datakey, blob FROM RECORDS WHERE place > ? AND place <= ? ORDER BY place LIMIT ?"
)
_LENGTHS = _statements(
    "SELECT place, length(blob) FROM RECORDS WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"
)
_NEWEST_FIRST = _statements(
    "SELECT place, nth, length(blob) FROM RECORDS WHERE place < ? ORDER BY place DESC LIMIT ?"
)
_DELETE_RANGE = _statements("DELETE FROM RECORDS WHERE place BETWEEN ? AND ?")
_DELETE = _statements("DELETE FROM RECORDS WHERE place = ?")
_NEWEST = _statements("SELECT nth FROM RECORDS ORDER BY place DESC LIMIT 1")
_COUNT = _statements("SELECT count(*) FROM RECORDS")
_SEALED_BY = _statements(
    "SELECT place, datakey FROM RECORDS WHERE place > ? AND place <= ? ORDER BY place LIMIT ?"
)
_ANY = _statements("SELECT 1 FROM RECORDS WHERE place BETWEEN ? AND ? LIMIT 1")


def puts(kind: RecordClass, batch: Batch, before: int) -> list[Statement]:
    """What puts records of one class at its end, where so many were accepted before."""
    if len(batch) > 1 and _in_a_row(batch):
        place = batch.places[0] - PLACES_A_SEQUENCE
        return [(_PUT_IN_A_ROW[kind], (place, before, batch.keys[0], tuple(batch.blobs)))]
    values: list[Value] = [0] * (_COLUMNS * len(batch))
    values[0::_COLUMNS] = batch.places
    values[1::_COLUMNS] = range(before + 1, before + len(batch) + 1)
    values[2::_COLUMNS] = batch.keys
    values[3::_COLUMNS] = batch.blobs
    return _in_chunks(kind, values)


def _in_a_row(batch: Batch) -> bool:
    """Whether no place is left out between these, and one key sealed them all."""
    first, count = batch.places[0], len(batch)
    row = range(first, first + PLACES_A_SEQUENCE * count, PLACES_A_SEQUENCE)
    follow = batch.places == row or list(batch.places) == list(row)
    return follow and batch.keys.count(batch.keys[0]) == count


def _in_chunks(kind: RecordClass, values: list[Value]) -> list[Statement]:
    made: list[Statement] = []
    start = 0
    for rows, statements in _PUT.items():
        size = rows * _COLUMNS
        while start + size <= len(values):
            made.append((statements[kind], values[start : start + size]))
            start += size
    return made


def read(database: Database, kind: RecordClass, after: int, through: int) -> Iterator[Row]:
    """The records of a class behind a place and up to another one, a few at a time."""
    while True:
        rows: list[Row] = database.execute(_READ[kind], (after, through, _CHUNK_ROWS))
        yield from rows
        if len(rows) < _CHUNK_ROWS:
            return
        after = rows[-1][0]


def one(database: Database, kind: RecordClass, place: int) -> Row | None:
    """The record at a place."""
    rows: list[Row] = database.execute(_READ[kind], (place - 1, place, 1))
    return rows[0] if rows else None


def oldest(database: Database, kind: RecordClass, size_bytes: int, rows_max: int) -> list[int]:
    """The places of the oldest records of a class that together take so many bytes."""
    found, taken = [], 0
    for place, length in database.execute(_LENGTHS[kind], (0, LAST_PLACE, rows_max)):
        if taken >= size_bytes:
            break
        found.append(place)
        taken += _taken(kind, place, length)
    return found


def remove(database: Database, kind: RecordClass, places: Iterable[int]) -> tuple[int, int]:
    """Remove the records at these places, where they are there; how many were, and their bytes."""
    wanted = sorted(set(places))
    if not wanted:
        return 0, 0
    span = (wanted[0], wanted[-1])
    rows = database.execute(_LENGTHS[kind], (*span, len(wanted) + 1))
    if {place for place, _ in rows} <= set(wanted):
        database.execute(_DELETE_RANGE[kind], span)
    else:
        one = [database.execute(_LENGTHS[kind], (place, place, 1)) for place in wanted]
        rows = [row for found in one for row in found]
        database.execute_many(_DELETE[kind], ((place,) for place, _ in rows))
    return len(rows), sum([_taken(kind, place, length) for place, length in rows])


def disk_bytes(database: Database, kind: RecordClass, accepted: int = -1) -> int:
    """What the records of a class take that were accepted after so many others; all, as a rule.

    Raises:
        DamagedError: what lies there is not what was put there.
    """
    before, taken = LAST_PLACE, 0
    while rows := database.execute(_NEWEST_FIRST[kind], (before, _LOOKED_ROWS)):
        for before, nth, length in rows:
            if type(nth) is not int or nth < 1:
                raise DamagedError(f"the outbox has a {kind.word} at {before} with number {nth!r}")
            if nth <= accepted:
                return taken
            taken += _taken(kind, before, length)
    return taken


def _taken(kind: RecordClass, place: int, length: Value) -> int:
    if type(length) is not int:
        raise DamagedError(f"the outbox has a {kind.word} at {place} without its bytes")
    return taken_bytes(length)


def sealed_by(
    database: Database, kind: RecordClass, after: int, through: int, rows_max: int
) -> list[tuple[int, int]]:
    """Places and numbers of data keys."""
    return database.execute(_SEALED_BY[kind], (after, through, rows_max))


def accepted_ever(database: Database, kind: RecordClass) -> int:
    """How many records of a class were accepted, as the newest one tells; 0 when there is none."""
    rows = database.execute(_NEWEST[kind])
    return int(rows[0][0]) if rows else 0


def counted(database: Database, kind: RecordClass) -> int:
    """How many records of a class lie there, one by one."""
    ((count,),) = database.execute(_COUNT[kind])
    return int(count)


def any_between(database: Database, kind: RecordClass, first: int, last: int) -> bool:
    """Whether a record of a class lies there."""
    return bool(database.execute(_ANY[kind], (first, last)))
