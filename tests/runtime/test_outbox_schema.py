"""The layout of the outbox: every way up and down, and what is refused without a change."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from outbox_bench import EVERY, bench, every, texts

from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox.opening import lead_down
from edgeward.comms.outbox.schema import STEPS, VERSION, migrate, version_of
from edgeward.errors import StoreError


def layout(folder: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(folder / "outbox.db") as database:
        rows = database.execute("SELECT name, sql FROM sqlite_schema").fetchall()
    database.close()
    return set(rows)


def test_a_way_down_leads_to_where_the_way_up_came_from(tmp_path: Path) -> None:
    seen = []
    for version in range(1, VERSION + 1):
        file = FolderDatabase(tmp_path / str(version))
        database = file.open()
        migrate(database, version)
        database.close()
        seen.append(layout(tmp_path / str(version)))
    file = FolderDatabase(tmp_path / "all")
    database = file.open()
    migrate(database)
    for version in range(VERSION, 0, -1):
        migrate(database, version)
        assert version_of(database) == version
        assert layout(tmp_path / "all") == seen[version - 1]
    database.close()
    assert len(STEPS) == VERSION
    assert all(step.up or step.down for step in STEPS), "a step that changes nothing is none"


def test_records_outlive_the_way_down_and_up_again(tmp_path: Path) -> None:
    kit = bench(tmp_path)
    outbox = kit.open()
    outbox.accept([one for kind in EVERY for one in texts(kind, b"x", b"y", patient="p")])
    outbox.quarantine(every(outbox)[0], "refused")
    counts, gaps = outbox.counts(), outbox.gaps()
    outbox.close()
    lead_down(kit.file, 1)
    outbox = kit.open()
    assert kit.payloads(outbox) == [b"y"] + [b"x", b"y"] * 4
    assert (outbox.counts(), outbox.gaps()) == (counts, gaps)
    assert outbox.salvaged == []


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    kit = bench(tmp_path)
    kit.open().close()
    path = tmp_path / "outbox" / "outbox.db"
    with sqlite3.connect(path) as database:
        ((mark,),) = database.execute("PRAGMA application_id")
        database.execute(f"PRAGMA application_id={mark ^ VERSION | VERSION + 1}")
        database.execute(f"PRAGMA user_version={VERSION + 1}")
    database.close()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StoreError, match=rf"version {VERSION + 1} .* accepted: up to {VERSION}"):
        kit.open()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert kit.file.aside() == []


def test_there_is_no_way_to_a_version_that_never_was(tmp_path: Path) -> None:
    kit = bench(tmp_path)
    kit.open().close()
    with pytest.raises(StoreError, match="accepted: 1 to"):
        lead_down(kit.file, 0)
