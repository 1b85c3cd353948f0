"""What a receiver holds, on a disk, before it says so: every record, key and gap it was told.

Nothing is judged here; `account` does that from what was kept.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeward_harness.rig.sink.decode import Batch, Grant, Record
from edgeward_harness.rig.sink.opening import Opener, UnreadableError, open_record

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS epochs (
    device TEXT, token BLOB, ordinal INTEGER, PRIMARY KEY (device, token, ordinal));
CREATE TABLE IF NOT EXISTS keys (
    device TEXT, token BLOB, key INTEGER, kind INTEGER, subject BLOB, secret BLOB,
    PRIMARY KEY (device, token, key));
CREATE TABLE IF NOT EXISTS records (
    arrived INTEGER PRIMARY KEY, device TEXT, token BLOB, sequence INTEGER, kind INTEGER,
    flags INTEGER, key INTEGER, blob BLOB, UNIQUE (device, token, sequence));
CREATE TABLE IF NOT EXISTS again (
    device TEXT, token BLOB, sequence INTEGER, kind INTEGER, same INTEGER);
CREATE TABLE IF NOT EXISTS gaps (
    device TEXT, token BLOB, kind INTEGER, first INTEGER, last INTEGER, count INTEGER,
    reason TEXT, UNIQUE (device, token, kind, first, last, reason));
CREATE TABLE IF NOT EXISTS refusals (device TEXT, what TEXT, told TEXT);
"""
_KEEP = "INSERT OR IGNORE INTO records VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
_SAME = "SELECT arrived, kind, key, blob FROM records WHERE device=? AND token=? AND sequence=?"
_GROWN = """DELETE FROM gaps WHERE device=? AND token=? AND kind=? AND reason=?
AND first >= ? AND last <= ?"""
_WITHIN = """SELECT 1 FROM gaps WHERE device=? AND token=? AND kind=? AND reason=?
AND first <= ? AND last >= ? AND count >= ?"""


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    durable: list[tuple[bytes, int, int]] = field(default_factory=list)
    """Ranges of sequences that are held, by token."""
    refused: list[tuple[bytes, int, str]] = field(default_factory=list)
    keys_unknown: list[tuple[bytes, int]] = field(default_factory=list)

    def answer(self, name: str) -> dict[str, Any]:
        """The answer to the batch of this name."""
        return {
            "protocol": 1,
            "batch": name,
            "durable": [[token.hex(), first, last] for token, first, last in self.durable],
            "refused": [
                {"epoch": token.hex(), "sequence": sequence, "reason": reason}
                for token, sequence, reason in self.refused
            ],
            "keys_unknown": [
                {"epoch": token.hex(), "key": key} for token, key in self.keys_unknown
            ],
        }


class Ledger:
    """All that came, in its order. Threads may share it."""

    def __init__(self, path: Path | str, opener: Opener) -> None:
        """Keep it in this file, and open what comes with this key."""
        self._lock = threading.Lock()
        self._opener = opener
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)
        self._secrets: dict[tuple[str, bytes, int], tuple[int, bytes]] = {}
        for device, token, key, kind, secret in self._db.execute(
            "SELECT device, token, key, kind, secret FROM keys"
        ):
            self._secrets[device, token, key] = kind, secret

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def take(self, batch: Batch, refuse: frozenset[int] = frozenset()) -> Taken:
        """Keep a batch; it is on the disk when this returns. Sequences in `refuse` are refused."""
        taken = Taken()
        with self._lock, self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO epochs VALUES (?, ?, ?)",
                [(batch.device, token, ordinal) for token, ordinal in batch.ordinals.items()],
            )
            for grant in batch.grants:
                self._learn(batch.device, grant)
            kept = [one for one in batch.records if self._fit(batch.device, one, refuse, taken)]
            self._keep(batch.device, kept)
            for gap in batch.gaps:
                self._tell(batch.device, (gap.token, gap.kind, gap.reason),
                           (gap.first, gap.last, gap.count))  # fmt: skip
        taken.durable = list(_ranges(kept))
        return taken

    def forget_keys(self) -> None:
        """Lose all keys that were granted, as a receiver would that was set up anew."""
        with self._lock:
            self._db.execute("DELETE FROM keys")
            self._secrets.clear()

    def refusal(self, device: str, what: str, told: str) -> None:
        """Keep that something was refused."""
        with self._lock:
            self._db.execute("INSERT INTO refusals VALUES (?, ?, ?)", (device, what, told))

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock, closing(self._db.execute(question, values)) as found:
            return found.fetchall()

    def secret(self, device: str, token: bytes, key: int) -> bytes | None:
        """A data key that was granted; None when it was not."""
        held = self._secrets.get((device, token, key))
        return None if held is None else held[1]

    def _learn(self, device: str, grant: Grant) -> None:
        try:
            secret = self._opener.key(device, grant)
        except UnreadableError as error:
            self._db.execute("INSERT INTO refusals VALUES (?, 'key', ?)", (device, str(error)))
            return
        values = (device, grant.token, grant.key, grant.kind, grant.subject, secret)
        self._db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?)", values)
        self._secrets[device, grant.token, grant.key] = grant.kind, secret

    def _fit(self, device: str, record: Record, refuse: frozenset[int], taken: Taken) -> bool:
        """Whether a record can be kept; otherwise `taken` says why not."""
        held = self._secrets.get((device, record.token, record.key))
        if held is None:
            if (record.token, record.key) not in taken.keys_unknown:
                taken.keys_unknown.append((record.token, record.key))
            return False
        reason = "asked to" if record.sequence in refuse else _fault(device, record, *held)
        if reason is None:
            return True
        taken.refused.append((record.token, record.sequence, reason))
        told = json.dumps([record.token.hex(), record.sequence, reason])
        self._db.execute("INSERT INTO refusals VALUES (?, 'unreadable', ?)", (device, told))
        return False

    def _keep(self, device: str, records: Sequence[Record]) -> None:
        """Insert what is new; of what is not, keep whether it was the same."""
        before = self._db.total_changes
        (last,) = self._db.execute("SELECT coalesce(max(arrived), 0) FROM records").fetchone()
        self._db.executemany(
            _KEEP,
            [(device, r.token, r.sequence, r.kind, r.flags, r.key, r.blob) for r in records],
        )
        if self._db.total_changes - before == len(records):
            return
        fresh: set[tuple[bytes, int]] = set()
        for one in records:
            identity = (one.token, one.sequence)
            found = self._db.execute(_SAME, (device, *identity)).fetchone()
            if found[0] > last and identity not in fresh:
                fresh.add(identity)
                continue
            same = found[1:] == (one.kind, one.key, one.blob)
            values = (device, *identity, one.kind, same)
            self._db.execute("INSERT INTO again VALUES (?, ?, ?, ?, ?)", values)

    def _tell(self, device: str, what: tuple[bytes, int, str], span: tuple[int, int, int]) -> None:
        """Keep a gap; one that has grown takes the place of what it was."""
        if self._db.execute(_WITHIN, (device, *what, *span)).fetchone():
            return
        self._db.execute(_GROWN, (device, *what, *span[:2]))
        self._db.execute(
            "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?)", (device, *what[:2], *span, what[2])
        )

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    """All of it, or nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _fault(device: str, record: Record, kind: int, secret: bytes) -> str | None:
    """Why a record can never be taken."""
    if record.kind != kind:
        return f"class {record.kind} under a key of class {kind}"
    try:
        open_record(device, record, secret)
    except UnreadableError as error:
        return str(error)
    return None


def _ranges(records: Sequence[Record]) -> Iterator[tuple[bytes, int, int]]:
    """The sequences, joined where they follow each other."""
    token, first, last = b"", 0, 0
    for own_token, sequence in sorted({(one.token, one.sequence) for one in records}):
        if own_token == token and sequence == last + 1:
            last = sequence
            continue
        if token:
            yield token, first, last
        token, first, last = own_token, sequence, sequence
    if token:
        yield token, first, last
