"""Stores keep whole blobs or say why they cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.adapters.store import DirectoryStore, MemoryStore
from edgeward.errors import StoreError
from edgeward.ports import Store


@pytest.fixture(params=["memory", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else DirectoryStore(tmp_path / "a" / "b")


def test_a_blob_is_read_replaced_and_removed(store: Store) -> None:
    assert store.read("epoch") is None
    store.write("epoch", b"1")
    store.write("identity", b"")
    store.write("epoch", b"2")
    assert store.read("epoch") == b"2"
    assert store.read("identity") == b""
    assert store.names() == ["epoch", "identity"]
    store.delete("epoch")
    store.delete("epoch")
    assert store.names() == ["identity"]


@pytest.mark.parametrize("name", ["", "../epoch", "a/b", ".hidden", "a\0b", "x" * 101, "a b"])
def test_a_name_cannot_lead_out_of_the_store(store: Store, name: str) -> None:
    for refused in (store.read, store.delete, lambda name: store.write(name, b"")):
        with pytest.raises(StoreError, match="cannot name a blob; accepted"):
            refused(name)


def test_blobs_outlive_the_store_and_belong_to_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    DirectoryStore(folder).write("epoch", b"7")
    assert DirectoryStore(folder).read("epoch") == b"7"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "epoch").stat().st_mode & 0o777 == 0o600


def test_what_an_interrupted_write_left_is_no_blob(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    (tmp_path / ".epoch.new").write_bytes(b"hal")
    assert store.names() == []
    store.write("epoch", b"whole")
    assert os.listdir(tmp_path) == ["epoch"]


def test_a_file_cannot_be_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be the store"):
        DirectoryStore(tmp_path / "file")


def test_a_blob_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "epoch").mkdir()
    store = DirectoryStore(tmp_path)
    with pytest.raises(StoreError, match="epoch: cannot be read"):
        store.read("epoch")
    with pytest.raises(StoreError, match="epoch: cannot be removed"):
        store.delete("epoch")


FULL_DISK = """
import resource, sys
from edgeward.adapters.store import DirectoryStore
from edgeward.errors import StoreError
store = DirectoryStore(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    store.write("epoch", bytes(5000))
except StoreError as error:
    assert "5000 bytes cannot be written" in str(error)
    assert store.read("epoch") == b"old"
    store.write("epoch", b"new")
    sys.exit(42)
"""


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    DirectoryStore(tmp_path).write("epoch", b"old")
    told = subprocess.run([sys.executable, "-c", FULL_DISK, tmp_path], check=False)
    assert told.returncode == 42
    assert os.listdir(tmp_path) == ["epoch"]
    assert DirectoryStore(tmp_path).read("epoch") == b"new"
