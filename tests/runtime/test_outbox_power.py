"""The power goes at any point: what was promised is there, in order, once.

`EDGEWARD_POWER_CUTS` says how often, `EDGEWARD_POWER_SEED` where the campaign begins.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from outbox_bench import swift_folder
from power_campaign import Wrap, cut, lived
from power_disk import PowerFolder

from edgeward.adapters.database import SqliteDatabase
from edgeward.ports import Blobs, Database, DatabaseFile, Value

pytestmark = pytest.mark.slow
CUTS = int(os.environ.get("EDGEWARD_POWER_CUTS", "400"))
SEED = int(os.environ.get("EDGEWARD_POWER_SEED", "1"))
CUTS_A_LIFE = 40
WRONG = ("lost", "changed", "duplicated", "out of order", "miscounted", "refused to start")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def campaign(folder: Path, lives: Iterable[int], wrap: Wrap | None = None) -> Counter[str]:
    figures: Counter[str] = Counter()
    for seed in lives:
        home = folder / str(seed)
        life = lived(home / "device", seed, steps=40, wrap=wrap)
        (home / "cuts").mkdir()
        figures += cut(life, home / "cuts", CUTS_A_LIFE)
    return figures


def wrong(figures: Counter[str]) -> dict[str, int]:
    return {what: figures[what] for what in WRONG if figures[what]}


def test_nothing_that_was_promised_is_lost(folder: Path) -> None:
    lives = range(SEED, SEED + max(1, CUTS // CUTS_A_LIFE))
    figures = campaign(folder, lives)
    assert not wrong(figures), f"EDGEWARD_POWER_SEED={SEED}: {dict(figures)}"
    assert figures["cuts"] >= CUTS * 0.8
    assert figures["acked"] > figures["cuts"], "hardly anything was at stake"


def test_what_a_full_queue_gave_up_is_told_whenever_the_power_goes(folder: Path) -> None:
    life = lived(folder / "device", SEED, steps=300, taking=0.9)
    outbox = life.kit.open()
    assert sum(count.evicted for count in outbox.counts().values()) > 0
    outbox.close()
    (folder / "cuts").mkdir()
    figures = cut(life, folder / "cuts", CUTS_A_LIFE)
    assert not wrong(figures), f"EDGEWARD_POWER_SEED={SEED}: {dict(figures)}"


class Altered:
    """A database that does something else than it is told."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.inner = database

    @property
    def in_transaction(self) -> bool:
        return self.inner.in_transaction

    def execute(self, sql: str, values: Sequence[Value | Blobs] = ()) -> list[Any]:
        return self.inner.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self.inner.execute_many(sql, rows)

    def close(self) -> None:
        self.inner.close()


class Hasty(Altered):
    """Syncs only when the log is emptied."""

    def execute(self, sql: str, values: Sequence[Value | Blobs] = ()) -> list[Any]:
        return self.inner.execute(sql.replace("synchronous=FULL", "synchronous=NORMAL"), values)


class Premature(Altered):
    """Says that a transaction is committed, and commits it with the next one."""

    owed = False

    def execute(self, sql: str, values: Sequence[Value | Blobs] = ()) -> list[Any]:
        if sql == "COMMIT":
            self.owed = True
            return []
        if sql.startswith(("BEGIN", "INSERT", "PRAGMA wal_checkpoint")) and self.owed:
            self.owed = False
            self.inner.execute("COMMIT")
        if sql.startswith("INSERT") and not self.in_transaction:
            self.inner.execute("BEGIN IMMEDIATE")
            self.owed = True
        return self.inner.execute(sql, values)

    def close(self) -> None:
        if self.owed:
            self.inner.execute("COMMIT")
        self.inner.close()


class AlteredFile:
    """A file whose databases are altered."""

    def __init__(self, file: PowerFolder, how: type[Altered]) -> None:
        self._file, self._how = file, how

    def open(self) -> Database:
        return self._how(self._file.open())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("how", [Hasty, Premature])
def test_the_campaign_finds_what_is_promised_too_early(folder: Path, how: type[Altered]) -> None:
    def wrap(file: PowerFolder) -> DatabaseFile:
        return AlteredFile(file, how)

    figures = campaign(folder, range(SEED, SEED + 3), wrap)
    assert figures["lost"] > 0, dict(figures)
