"""The folder of a database: what it takes of the disk, and what becomes of a damaged one."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.adapters.database import FolderDatabase
from edgeward.errors import DamagedError, FullError, StoreError


def test_everything_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = FolderDatabase(tmp_path / "db")
    database = file.open()
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE one (a)")
    file.reserve(10_000, 10_000)
    assert stat.S_IMODE((tmp_path / "db").stat().st_mode) == 0o700
    for path in (tmp_path / "db").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    database.close()


def test_what_is_reserved_counts_and_is_given_back(tmp_path: Path) -> None:
    file = FolderDatabase(tmp_path)
    database = file.open()
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE one (a)")
    file.reserve(100_000, 50_000)
    assert file.size_bytes() >= 150_000
    assert file.size_bytes() == sum(one.stat().st_size for one in tmp_path.iterdir())
    file.reserve(100_000, 50_000)
    before = file.size_bytes()
    file.release()
    file.release()
    assert file.size_bytes() == before - 50_000
    database.execute("INSERT INTO one VALUES (1)")
    assert database.execute("SELECT * FROM one") == [(1,)], "zeros at its end harm no log"
    database.close()


def test_a_full_database_a_damaged_one_and_a_wrong_statement_differ(tmp_path: Path) -> None:
    file = FolderDatabase(tmp_path)
    database = file.open()
    database.execute("CREATE TABLE one (a)")
    database.execute("PRAGMA max_page_count=3")
    with pytest.raises(FullError, match="full"):
        database.execute("INSERT INTO one VALUES (zeroblob(100000))")
    with pytest.raises(StoreError, match="syntax error") as found:
        database.execute("SELECT FROM one")
    assert type(found.value) is StoreError
    database.close()
    database.close()
    assert not database.in_transaction
    (tmp_path / "outbox.db").write_bytes(b"nothing that SQLite ever wrote" * 500)
    with pytest.raises(DamagedError, match="not a database"):
        file.open().execute("SELECT * FROM one")


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM two", "SELECT other FROM one", "INSERT INTO one (other) VALUES (1)"],
)
def test_tables_that_do_not_fit_what_is_asked_of_them_are_damaged(
    tmp_path: Path, statement: str
) -> None:
    database = FolderDatabase(tmp_path).open()
    database.execute("CREATE TABLE one (blob BLOB)")
    with pytest.raises(DamagedError):
        database.execute(statement)
    database.close()


def test_a_text_that_is_none_is_damage(tmp_path: Path) -> None:
    database = FolderDatabase(tmp_path).open()
    with pytest.raises(DamagedError, match="text on the disk is damaged"):
        database.execute("SELECT CAST(x'ff' AS TEXT)")
    database.close()


def test_blobs_of_many_rows_are_rows_and_nothing_else_is_a_value(tmp_path: Path) -> None:
    database = FolderDatabase(tmp_path).open()
    rows = database.execute("SELECT rowid, value FROM carray(?)", [(b"one", b"", b"three")])
    assert rows == [(1, b"one"), (2, b""), (3, b"three")]
    with pytest.raises(TypeError, match=r"value 1 is \[1\]; accepted: a number, a text, bytes"):
        database.execute("SELECT ?", [[1]])  # type: ignore[list-item]
    database.close()


def test_another_process_is_kept_out_until_it_is_let_go(tmp_path: Path) -> None:
    code = (
        "import sys; from edgeward.adapters.database import FolderDatabase as F;"
        "F(sys.argv[1]).open().close()"
    )
    other = [sys.executable, "-c", code, str(tmp_path)]
    file = FolderDatabase(tmp_path)
    file.open().close()
    refused = subprocess.run(other, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "unless another process lets go of it" in refused.stderr
    file.let_go()
    subprocess.run(other, check=True)


def test_what_was_set_aside_halfway_is_set_aside_in_whole(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"file")
    (tmp_path / "damaged-000004-wal").write_bytes(b"log")
    file = FolderDatabase(tmp_path)
    assert file.aside() == ["damaged-000004"]
    assert file.read("damaged-000004", log=False, offset=1, size_bytes=2) == b"il"
    assert file.read("damaged-000004", log=True, offset=0, size_bytes=9) == b"log"
    assert file.read("", log=False, offset=0, size_bytes=9) == b""
    (tmp_path / "outbox.db").write_bytes(b"next")
    assert file.set_aside() == "damaged-000005"
    file.looked_through("damaged-000004")
    assert file.aside() == ["damaged-000005"]


def test_a_folder_that_cannot_be_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        FolderDatabase(tmp_path / "file" / "db")


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="there is no /dev/full here")
def test_a_disk_without_room_for_the_reserve_says_so(tmp_path: Path) -> None:
    file = FolderDatabase(tmp_path)
    file.open().close()
    (tmp_path / "outbox.db-spare").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="no 200 bytes of the disk can be reserved"):
        file.reserve(100, 100)
