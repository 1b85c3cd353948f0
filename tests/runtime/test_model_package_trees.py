"""The folder of this machine and the simulated one keep one contract."""

import os
from pathlib import Path

import pytest

from edgeward.adapters.file_tree import SystemTree
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.errors import StoreError
from edgeward.ports import FileTree


@pytest.fixture(params=["system", "memory"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> FileTree:
    return SystemTree(tmp_path) if request.param == "system" else MemoryTree()


def names(tree: FileTree, folder: str = "") -> list[str]:
    return [f"{one.kind} {one.name} {one.size_bytes * (one.kind == 'file')}"
            for one in tree.entries(folder)]  # fmt: skip


def test_files_come_and_go(tree: FileTree) -> None:
    assert tree.entries("sub") == []
    assert tree.read("sub/a", 10) is None
    tree.make_folder("sub")
    tree.make_folder("sub")
    tree.create("sub/b", b"123")
    tree.create("sub/a", b"")
    tree.sync("sub/b")
    tree.sync("sub")
    tree.sync("")
    assert names(tree) == ["folder sub 0"]
    assert names(tree, "sub") == ["file a 0", "file b 3"]
    assert tree.read("sub/b", 3) == b"123"
    tree.remove("sub/a")
    tree.remove("sub/a")
    tree.remove("sub/b")
    tree.remove("sub")
    assert names(tree) == []


def test_a_new_file_is_new(tree: FileTree) -> None:
    tree.create("a", b"1")
    with pytest.raises(StoreError, match="a: cannot be written"):
        tree.create("a", b"2")
    assert tree.read("a", 1) == b"1"


def test_a_file_that_is_too_long_is_not_read(tree: FileTree) -> None:
    tree.create("a", b"1234")
    with pytest.raises(StoreError, match="longer than 3 bytes"):
        tree.read("a", 3)


def test_a_name_is_taken_in_one_step(tree: FileTree) -> None:
    tree.create("a", b"1")
    tree.create("b", b"2")
    tree.rename("a", "b")
    assert tree.read("b", 1) == b"1"
    assert tree.read("a", 1) is None
    tree.make_folder("sub")
    tree.make_folder("other")
    tree.create("other/x", b"")
    tree.rename("sub", "sub2")
    for old, new in (("missing", "c"), ("b", "other")):
        with pytest.raises(StoreError, match="renamed"):
            tree.rename(old, new)


def test_a_folder_that_is_not_empty_stays(tree: FileTree) -> None:
    tree.make_folder("sub")
    tree.create("sub/a", b"")
    with pytest.raises(StoreError, match="cannot be removed"):
        tree.remove("sub")
    with pytest.raises(StoreError):
        tree.read("sub", 10)


def test_nothing_is_synced_that_is_not_there(tree: FileTree) -> None:
    with pytest.raises(StoreError, match="cannot be synced"):
        tree.sync("missing")


def test_one_claims_it_at_a_time(tree: FileTree) -> None:
    with tree.claim(), pytest.raises(StoreError, match="somebody else"), tree.claim():
        pass
    with tree.claim():
        pass


@pytest.mark.parametrize("path", ["..", "../x", "/etc/passwd", "a/../../x", "a//b", "a\0b", "./a"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    tree = SystemTree(tmp_path / "root")
    with pytest.raises(StoreError, match="leads out of"):
        tree.read(path, 10)
    with pytest.raises(StoreError, match="leads out of"):
        tree.create(path, b"")


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe")
    tree = SystemTree(root)
    assert {one.kind for one in tree.entries("")} == {"other"}
    for path in ("file", "pipe"):
        with pytest.raises(StoreError):
            tree.read(path, 10)
    with pytest.raises(StoreError):
        tree.entries("folder")
    with pytest.raises(StoreError):
        tree.create("file", b"")
    for path in ("file", "folder", "pipe"):
        tree.remove(path)
    assert (outside / "secret").read_bytes() == b"s"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to("there")
    tree = SystemTree(tmp_path / "here")
    tree.create("a", b"1")
    tree.sync("")
    assert names(tree) == ["file a 1"]
