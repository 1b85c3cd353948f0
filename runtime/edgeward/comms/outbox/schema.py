"""What lies in the database, which version of it, and the ways up and down between versions.

One table for each class of record, with nothing but its key to be searched by: taking the next
alarm looks at no other record. `nth` counts the records of a class that ever were accepted, so that
accepting one writes no counter: the last row tells it, and the counters follow before the log is
emptied. Keys and epochs lie in two tables each, at both ends of a new file, since many records
depend on one of them.

Rows of two tables never look alike (`edgeward.comms.outbox.salvage`).
"""

from dataclasses import dataclass
from typing import Final

from edgeward.comms.outbox.allowance import PAGE_BYTES
from edgeward.comms.outbox.transaction import Transaction
from edgeward.comms.record import RecordClass
from edgeward.errors import DamagedError, StoreError
from edgeward.ports import Database

VERSION: Final = 4
_MARK: Final = 0x45574F00
"""`EWO`, and the version: a version that only one of two places tells is damaged, not newer."""
_VERSION_MAX: Final = 0xFF


@dataclass(frozen=True, slots=True)
class Step:
    """From the version before to this one, and back."""

    up: tuple[str, ...]
    down: tuple[str, ...]


_RECORD_COLUMNS = (
    "(place INTEGER PRIMARY KEY, nth INTEGER NOT NULL, datakey INTEGER NOT NULL,"
    " blob BLOB NOT NULL)"
)
_KEY_COLUMNS = (
    "(place INTEGER PRIMARY KEY, subject BLOB, ring INTEGER NOT NULL, wrapped BLOB NOT NULL,"
    " erased INTEGER NOT NULL)"
)
_EPOCH_COLUMNS = "(ordinal INTEGER PRIMARY KEY, token BLOB NOT NULL)"
_TALLY_COLUMNS = (
    "(kind INTEGER PRIMARY KEY, accepted INTEGER NOT NULL, delivered INTEGER NOT NULL,"
    " evicted INTEGER NOT NULL, quarantined INTEGER NOT NULL, erased INTEGER NOT NULL)"
)
_GAP_COLUMNS = (
    "(number INTEGER PRIMARY KEY, ordinal INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " reason TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL)"
)
_ASIDE_COLUMNS = (
    "(number INTEGER PRIMARY KEY, place INTEGER NOT NULL, datakey INTEGER NOT NULL,"
    " reason TEXT NOT NULL, blob BLOB NOT NULL)"
)

STEPS: Final = (
    Step(
        up=(
            f"CREATE TABLE epoch {_EPOCH_COLUMNS}",
            f"CREATE TABLE datakey {_KEY_COLUMNS}",
            *(f"CREATE TABLE {kind.word} {_RECORD_COLUMNS}" for kind in RecordClass),
            f"CREATE TABLE tally {_TALLY_COLUMNS}",
            f"CREATE TABLE gap {_GAP_COLUMNS}",
            "CREATE INDEX gap_order ON gap (ordinal, kind, reason, first)",
            f"CREATE TABLE datakey_copy {_KEY_COLUMNS}",
            f"CREATE TABLE epoch_copy {_EPOCH_COLUMNS}",
        ),
        down=(),
    ),
    Step(
        up=(f"CREATE TABLE aside {_ASIDE_COLUMNS}",),
        down=("DROP TABLE aside",),
    ),
    Step(up=(), down=("UPDATE gap SET count = count & 0xFFFFFFFFF",)),
    Step(up=(), down=("DELETE FROM tally WHERE kind > 8",)),
)
"""Step n leads to version n + 1. What version 1 cannot hold is what was given up and told already:
the copies of records that a receiver refuses; what version 2 cannot, the checksums of gaps; what
version 3 cannot, what the records of a class take, and that is looked up again."""

_TUNING = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA mmap_size=0",
    "PRAGMA secure_delete=OFF",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=-1",
    "PRAGMA cache_size=256",
)


def tune(database: Database) -> None:
    """Make a connection keep its promises: a commit is on the disk when it returns.

    Deleted bytes are not overwritten, since they are sealed.

    Raises:
        DamagedError: it is not the database that it was.
        StoreError: the disk refused, or it cannot be written in this way.
    """
    database.execute(f"PRAGMA page_size={PAGE_BYTES}")
    for pragma in _TUNING:
        told = database.execute(pragma)
        if pragma.endswith("=WAL") and told != [("wal",)]:
            raise StoreError(f"the database has no write-ahead log but {told}; accepted: wal")


def version_of(database: Database) -> int:
    """The version of what lies there; 0 where nothing does.

    Raises:
        DamagedError: no version of ours was ever written so.
    """
    ((mark,),) = database.execute("PRAGMA application_id")
    ((version,),) = database.execute("PRAGMA user_version")
    if (mark, version) == (0, 0) and not database.execute("SELECT 1 FROM sqlite_schema LIMIT 1"):
        return 0
    if not 1 <= version <= _VERSION_MAX or mark != _MARK | version:
        raise DamagedError(f"the database has the mark {mark:#x} and version {version}")
    return int(version)


def is_as_made(database: Database) -> bool:
    """Whether the tables of the newest version are there, each as its statement made it."""
    made = {sql.encode() for step in STEPS for sql in step.up}
    found = database.execute("SELECT CAST(sql AS BLOB) FROM sqlite_schema")
    return {sql for (sql,) in found} == made


def migrate(database: Database, version: int = VERSION) -> None:
    """Lead it to a version, up or down, in one transaction; an older runtime can then open it.

    Raises:
        DamagedError: no version of ours was ever written so.
        StoreError: it is newer than this runtime, or the disk refused; nothing was changed.
    """
    found = version_of(database)
    if found > VERSION:
        raise StoreError(
            f"the outbox has version {found} of its layout; accepted: up to {VERSION}."
            " Start the runtime that wrote it, or let that one lead it down"
        )
    if not 1 <= version <= VERSION:
        raise StoreError(f"version {version} of the layout is unknown; accepted: 1 to {VERSION}")
    if found == version:
        return
    with Transaction(database):
        for step in STEPS[found:version]:
            _run(database, step.up)
        for step in reversed(STEPS[version:found]):
            _run(database, step.down)
        database.execute(f"PRAGMA application_id={_MARK | version}")
        database.execute(f"PRAGMA user_version={version}")


def _run(database: Database, statements: tuple[str, ...]) -> None:
    for statement in statements:
        database.execute(statement)
