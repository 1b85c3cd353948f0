"""Black boxes keep what was written; appended blobs grow durably; the simulated disk fails so."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.black_box import SECTOR_BYTES, MappedBox, MemoryBox, boot_id
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import DirectoryStore
from edgeward.errors import StoreError
from edgeward.ports import AppendLog, BlackBox

SIZE = 3 * 4096


@pytest.fixture(params=["memory", "mapped"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> BlackBox:
    return MemoryBox(SIZE) if request.param == "memory" else MappedBox(tmp_path / "a" / "b", SIZE)


@pytest.fixture(params=["memory", "directory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> AppendLog:
    return MemoryLog() if request.param == "memory" else DirectoryStore(tmp_path / "log")


def test_a_box_is_zeros_at_first_and_then_what_was_written(box: BlackBox) -> None:
    assert bytes(box.memory) == bytes(SIZE)
    box.memory[5:8] = b"abc"
    assert bytes(box.memory[4:9]) == b"\0abc\0"
    box.close()
    box.close()


def test_a_mapped_box_keeps_its_content_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "box"
    box = MappedBox(path, SIZE)
    box.memory[:3] = b"abc"
    box.close()
    larger = MappedBox(path, 2 * SIZE)
    assert (len(larger.memory), bytes(larger.memory[:4])) == (2 * SIZE, b"abc\0")
    larger.close()
    assert len(MappedBox(path, SIZE).memory) == 2 * SIZE
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_byte_of_the_file_is_allocated(tmp_path: Path) -> None:
    MappedBox(tmp_path / "box", SIZE)
    assert (tmp_path / "box").stat().st_blocks * 512 >= SIZE


def test_a_box_belongs_to_one_process(tmp_path: Path) -> None:
    box = MappedBox(tmp_path / "box", SIZE)
    with pytest.raises(StoreError, match="another process holds this black box"):
        MappedBox(tmp_path / "box", SIZE)
    box.close()
    MappedBox(tmp_path / "box", SIZE).close()


def test_what_cannot_be_a_box_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be the black box"):
        MappedBox(tmp_path, SIZE)


KILLED = """
import os, signal, sys
from edgeward.adapters.black_box import MappedBox
box = MappedBox(sys.argv[1], 4096)
box.memory[100:108] = b"the last"
os.kill(os.getpid(), signal.SIGKILL)
"""

NO_ROOM = """
import resource, sys
from edgeward.adapters.black_box import MappedBox
from edgeward.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    MappedBox(sys.argv[1], 50000)
except StoreError as error:
    assert "50000 bytes cannot be had" in str(error), error
    sys.exit(42)
"""


def test_a_killed_process_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "box"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert bytes(MappedBox(tmp_path / "box", 4096).memory[100:108]) == b"the last"


def test_a_full_disk_is_told_when_the_box_is_opened(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NO_ROOM, tmp_path / "box"], check=False)
    assert done.returncode == 42


def test_after_a_power_cut_each_sector_is_old_or_new() -> None:
    box = MemoryBox(20 * SECTOR_BYTES)
    old = b"\1" * len(box.memory)
    box.memory[:] = b"\2" * len(box.memory)
    found = bytes(box.after_power_cut(old, SeededEntropy(3)).memory)
    sectors = {found[at : at + SECTOR_BYTES] for at in range(0, len(found), SECTOR_BYTES)}
    assert sectors == {b"\1" * SECTOR_BYTES, b"\2" * SECTOR_BYTES}
    assert bytes(box.after_kill().memory) == b"\2" * len(box.memory)


def test_the_boot_is_the_same_as_long_as_it_lasts() -> None:
    assert boot_id() == boot_id()
    assert boot_id() or not Path("/proc/sys/kernel/random/boot_id").exists()


def test_a_blob_grows_by_what_is_appended(log: AppendLog) -> None:
    log.append("a", b"one")
    log.append("a", b"")
    log.append("b", b"x")
    log.append("a", b"two")
    assert (log.read("a"), log.read("b"), log.names()) == (b"onetwo", b"x", ["a", "b"])
    log.write("a", b"new")
    log.append("a", b"er")
    assert log.read("a") == b"newer"
    with pytest.raises(StoreError, match="cannot name a blob"):
        log.append("../a", b"")


def test_appended_blobs_belong_to_their_owner(tmp_path: Path) -> None:
    DirectoryStore(tmp_path).append("a", b"one")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_refused_append_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(StoreError, match="a: 3 bytes cannot be appended"):
        DirectoryStore(tmp_path).append("a", b"one")


FULL = """
import resource, sys
from edgeward.adapters.store import DirectoryStore
from edgeward.errors import StoreError
store = DirectoryStore(sys.argv[1])
store.append("a", bytes(600))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    store.append("a", b"x" * 600)
except StoreError as error:
    assert "600 bytes cannot be appended" in str(error), error
    sys.exit(42)
"""


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], check=False)
    assert done.returncode == 42
    assert (tmp_path / "a").read_bytes() == bytes(600) + b"x" * 400
    assert os.listdir(tmp_path) == ["a"]


def test_the_simulated_disk_can_be_full() -> None:
    log = MemoryLog()
    log.capacity_bytes = 5
    with pytest.raises(StoreError, match="it took 5 of 8 bytes: the disk is full"):
        log.append("a", b"12345678")
    assert log.read("a") == b"12345"
    with pytest.raises(StoreError, match="the disk is full"):
        log.write("a", b"123456")
    log.write("a", b"123")
    assert log.used_bytes == 3


def test_the_simulated_disk_can_refuse() -> None:
    log = MemoryLog()
    log.refusal = "Input/output error"
    for refused in (log.append, log.write):
        with pytest.raises(StoreError, match="Input/output error"):
            refused("a", b"1")
    with pytest.raises(StoreError, match="Input/output error"):
        log.delete("a")
    log.refusal, log.refuses_sync = None, True
    with pytest.raises(StoreError, match="cannot be synced"):
        log.append("a", b"1")
    assert log.survivor().read("a") == b"1"


def spend_seven(log: MemoryLog) -> None:
    for _ in range(3):
        log.append("a", b"12")
    log.write("b", b"1")


@pytest.mark.parametrize("power_bytes", range(7))
def test_the_simulated_power_can_go_at_any_byte(power_bytes: int) -> None:
    log = MemoryLog()
    log.power_bytes = power_bytes
    with pytest.raises(PowerCutError):
        spend_seven(log)
    assert log.survivor().read("a") == (b"121212"[:power_bytes])
    assert log.survivor(b"\0").read("a") == b"121212"[:power_bytes] + b"\0"
    with pytest.raises(PowerCutError):
        log.append("a", b"")
    with pytest.raises(PowerCutError):
        log.delete("a")
    assert log.survivor().names() == ["a"]
