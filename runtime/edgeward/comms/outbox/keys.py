"""The rows of epochs and data keys, each written twice: many records hang on one of them."""

from collections.abc import Iterable
from typing import Final

from edgeward.comms.outbox.place import class_of, ordinal_of, place_of, sequence_of
from edgeward.comms.record import DataKey, Epoch
from edgeward.errors import DamagedError
from edgeward.ports import Database

_COLUMNS: Final = "place, subject, ring, wrapped"
_TABLES: Final = ("datakey", "datakey_copy")
_STORE: Final = [
    f"INSERT INTO {table} VALUES (?, ?, ?, ?, 0) ON CONFLICT (place) DO UPDATE"  # noqa: S608 - ours
    " SET ring = excluded.ring, wrapped = excluded.wrapped"
    for table in _TABLES
]
_OPEN_EPOCH: Final = [
    f"INSERT OR IGNORE INTO {table} VALUES (?, ?)"  # noqa: S608 - a table of ours
    for table in ("epoch", "epoch_copy")
]


def key_place(key: DataKey) -> int:
    """Where its row stands."""
    return place_of(key.epoch.ordinal, key.number, key.kind)


def store_keys(database: Database, keys: Iterable[DataKey]) -> None:
    """Keep them; one that is there under another wrapping is replaced."""
    rows = [(key_place(key), key.subject, key.ring, key.wrapped) for key in keys]
    for sql in _STORE if rows else ():
        database.execute_many(sql, rows)


def find_keys(database: Database, epochs: dict[int, Epoch], places: Iterable[int]) -> list[DataKey]:
    """Those that are there."""
    sql = f"SELECT {_COLUMNS} FROM datakey WHERE place = ?"  # noqa: S608 - columns of ours
    found = [row for place in places for row in database.execute(sql, (place,))]
    return [_key(epochs, *row) for row in found]


def all_keys(database: Database, epochs: dict[int, Epoch]) -> list[DataKey]:
    """Every one, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM datakey ORDER BY place"  # noqa: S608 - columns of ours
    return [_key(epochs, *row) for row in database.execute(sql)]


def _key(
    epochs: dict[int, Epoch], place: int, subject: bytes | None, ring: int, wrapped: bytes
) -> DataKey:
    kind, epoch = class_of(place), epochs.get(ordinal_of(place))
    if kind is None or epoch is None or type(wrapped) is not bytes:
        raise DamagedError(f"the outbox has a data key at {place} that was never put so")
    return DataKey(epoch, sequence_of(place), kind, subject, ring, wrapped)


def store_epoch(database: Database, epoch: Epoch) -> None:
    """Keep one for good, before anything is sealed for it."""
    for sql in _OPEN_EPOCH:
        database.execute(sql, (epoch.ordinal, epoch.token))


def epochs_in(database: Database) -> dict[int, Epoch]:
    """Those of which something is left."""
    rows = database.execute("SELECT ordinal, token FROM epoch ORDER BY ordinal")
    return {ordinal: Epoch(ordinal, token) for ordinal, token in rows}


def forget_epoch(database: Database, ordinal: int) -> None:
    """Nothing of it is left."""
    for table in ("epoch", "epoch_copy"):
        database.execute(f"DELETE FROM {table} WHERE ordinal = ?", (ordinal,))  # noqa: S608 - ours


def forget_keys(database: Database, first: int, last: int) -> None:
    """No record is left that they seal."""
    for table in _TABLES:
        database.execute(
            f"DELETE FROM {table} WHERE place BETWEEN ? AND ?",  # noqa: S608 - a table of ours
            (first, last),
        )


def mark_erased(database: Database, subject: bytes) -> None:
    """From now on whatever they seal is to be removed, whenever the power comes back."""
    for table in _TABLES:
        database.execute(
            f"UPDATE {table} SET erased = 1 WHERE subject = ?",  # noqa: S608 - a table of ours
            (subject,),
        )


def erased_keys(database: Database) -> list[int]:
    """The places of the keys whose records are to be removed."""
    rows = database.execute("SELECT place FROM datakey WHERE erased = 1 ORDER BY place")
    return [place for (place,) in rows]


def copies_agree(database: Database) -> bool:
    """Whether both tables of keys, and both of epochs, hold the same."""
    return not any(
        database.execute(
            f"SELECT 1 FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other})"  # noqa: S608 - ours
        )
        for table in ("datakey", "epoch")
        for one, other in ((table, f"{table}_copy"), (f"{table}_copy", table))
    )
