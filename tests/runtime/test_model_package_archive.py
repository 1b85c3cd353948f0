"""A package's transport form: one for each package, and nothing that could hide, grow or escape."""

import struct
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import packages
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packages import package

from edgeward.adapters.file_tree import SystemTree
from edgeward.errors import PackageError, StoreError
from edgeward.limits import Limits
from edgeward.model.package.archive import pack, unpack
from edgeward.model.package.layout import GOLDEN, MODEL, NAMES, NOTICE
from edgeward.model.package.reading import read_archive, read_folder

SMALL = dict.fromkeys(NAMES, b"few bytes")


def refused(data: bytes) -> str:
    with pytest.raises(PackageError) as caught:
        unpack(data)
    return str(caught.value)


def zipped(*entries: tuple[str | ZipInfo, bytes], method: int = ZIP_STORED) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return target.getvalue()


@given(st.fixed_dictionaries({name: st.binary(max_size=50) for name in NAMES}))
def test_what_was_packed_comes_back(files: dict[str, bytes]) -> None:
    assert unpack(pack(files)) == files
    assert pack(dict(reversed(files.items()))) == pack(files)


def test_others_can_read_it() -> None:
    with ZipFile(BytesIO(pack(package()))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(NAMES)


@given(at=st.integers(0, len(pack(SMALL)) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_changes_a_file_or_is_refused(at: int, flip: int) -> None:
    data = bytearray(pack(SMALL))
    data[at] ^= flip
    try:
        files = unpack(bytes(data))
    except PackageError:
        return
    raise AssertionError(f"byte {at} was not looked at: {files != SMALL}")


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert refused(data)
    assert refused(pack(SMALL) + data[:1] + b"x")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b", "..", "C:\\x", "\n"])
def test_a_path_that_leaves_the_folder(name: str) -> None:
    said = refused(zipped(*SMALL.items(), (name, b"")))
    assert "found a file that is not of a package" in said


def test_a_bomb_is_not_even_unpacked() -> None:
    said = refused(zipped((MODEL, bytes(5_000_000)), method=ZIP_DEFLATED))
    assert "said to become 5000000" in said
    assert "stored entries only" in said


def test_a_size_that_is_not_there() -> None:
    data = bytearray(pack(SMALL))
    struct.pack_into("<II", data, 18, 1 << 31, 1 << 31)
    assert "2147483648 are said" in refused(bytes(data))


def test_an_entry_that_is_there_twice() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(*SMALL.items(), (NOTICE, b"other"))
    assert f"{NOTICE}: found a second entry of this name" in refused(data)


def test_a_link() -> None:
    link = ZipInfo(NOTICE, (1980, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    entries = {**SMALL, NOTICE: b"/etc/passwd"}
    data = zipped(*((link if name == NOTICE else name, one) for name, one in entries.items()))
    assert "bytes beside its entries" in refused(data)


def test_many_entries_are_told_as_few_faults() -> None:
    said = refused(zipped(*((f"{number}", b"") for number in range(5000))))
    assert said.count("\n") < 40


def test_a_file_longer_than_any_package_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "m.edgemodel").write_bytes(pack(SMALL))
    tree = SystemTree(tmp_path)
    assert read_archive(tree, "m.edgemodel") == SMALL
    with pytest.raises(StoreError, match="longer than 100 bytes"):
        read_archive(tree, "m.edgemodel", Limits(package_bytes_max=100))
    with pytest.raises(PackageError, match="a package: a folder, or the file"):
        read_archive(tree, "none")


def test_a_folder_is_read_as_it_lies(tmp_path: Path) -> None:
    assert read_folder(SystemTree(packages.write(SMALL, tmp_path))) == SMALL
    with pytest.raises(PackageError, match="package_bytes_max = 50"):
        read_folder(SystemTree(tmp_path), limits=Limits(package_bytes_max=50))


def test_a_folder_with_a_link_a_folder_and_a_stranger(tmp_path: Path) -> None:
    packages.write(SMALL, tmp_path)
    (tmp_path / NOTICE).unlink()
    (tmp_path / NOTICE).symlink_to("/etc/passwd")
    (tmp_path / GOLDEN).unlink()
    (tmp_path / GOLDEN).mkdir()
    (tmp_path / "more").touch()
    with pytest.raises(PackageError) as caught:
        read_folder(SystemTree(tmp_path))
    stranger, notice, golden = caught.value.faults
    assert "more" in stranger
    assert notice.startswith("NOTICE: found a other") or "NOTICE" in golden
    assert "no regular file" in notice
    assert "no regular file" in golden
