"""Loads on memory and disk really run, are counted, are bounded, and leave nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest

from edgeward_harness.errors import CannotJudge, HarnessError
from edgeward_harness.profile.filesystem import in_memory, kind_of
from edgeward_harness.profile.unit import BUILT_IN
from edgeward_harness.rig import interference
from edgeward_harness.rig.interference import (
    DISK_BYTES,
    DISK_PROCESSES,
    MEMORY_BYTES_MAX,
    MEMORY_PART,
    Interference,
    disk_stalls,
    memory_pressure,
)
from edgeward_harness.rig.memory import available_bytes
from edgeward_harness.target.cgroup import Home

MIB = 1 << 20
KIB = 1 << 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if in_memory(tmp_path):
        pytest.skip(f"{tmp_path} lies in memory; --basetemp names a folder on a disk")
    return tmp_path


def children() -> list[psutil.Process]:
    """The processes of our loads."""
    ours = psutil.Process().children()
    return [one for one in ours if "_interference.py" in " ".join(one.cmdline())]


@contextmanager
def seen(load: AbstractContextManager[Interference]) -> Iterator[list[psutil.Process]]:
    """The processes of a load of which each has come round twice; they are gone afterwards."""
    with load as running:
        while min(running.rounds) < 2:
            os.sched_yield()
        added = children()
        assert len(added) == running.processes
        yield added
    assert running.longest_ns > 0
    told = running.to_json()
    assert told["rounds"] == list(running.rounds)
    assert told["processes"] == len(told["rounds"])
    assert not any(one.is_running() for one in added)


@pytest.mark.slow
@pytest.mark.alone
def test_memory_is_taken_and_given_back() -> None:
    bound = min(available_bytes() // MEMORY_PART, MEMORY_BYTES_MAX)
    load = memory_pressure()
    with seen(load) as processes:
        one = processes[0]
        most = least = one.memory_info().rss
        while most - least < bound // len(processes) // 2:
            now = one.memory_info().rss
            most, least = max(most, now), min(least, now)
        assert most < bound // len(processes) + 40 * MIB


@pytest.mark.slow
@pytest.mark.alone
def test_what_waits_for_the_disk_has_written_and_leaves_no_file(folder: Path) -> None:
    with seen(disk_stalls(folder)) as processes:
        assert len(processes) == DISK_PROCESSES
        for one in processes:
            assert one.io_counters().write_bytes >= 2 * DISK_BYTES
        assert list(folder.iterdir()) == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("load", ["memory_pressure()", "disk_stalls(Path(sys.argv[1]))"])
def test_a_run_killed_at_once_leaves_no_load_behind(folder: Path, load: str) -> None:
    code = f"""
import os, signal, sys
from pathlib import Path
from edgeward_harness.rig.interference import disk_stalls, memory_pressure
with {load}:
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code, str(folder)]
    # Every process of the load inherits the pipe: it ends when the last of them has.
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert list(folder.iterdir()) == []


def test_a_load_that_did_nothing_lets_nobody_judge(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = folder / "idle.py"
    idle.write_text("import signal\nsignal.pause()\n", encoding="ascii")
    monkeypatch.setattr(interference, "_SCRIPT", idle)
    for load in (memory_pressure(), disk_stalls(folder)):
        with pytest.raises(CannotJudge, match="came round"), load:
            pass


def test_what_broke_in_the_block_is_told_and_not_the_load_that_had_no_time(folder: Path) -> None:
    with pytest.raises(ValueError, match="the device"), disk_stalls(folder):
        raise ValueError("the device")


def test_a_load_that_ended_by_itself_is_our_own_failure(folder: Path) -> None:
    def end(victim: psutil.Process) -> None:
        victim.kill()
        while victim.status() != psutil.STATUS_ZOMBIE:
            os.sched_yield()

    with pytest.raises(HarnessError, match=r"disk load ended by.*-9"), disk_stalls(folder):
        end(children()[0])


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    (tmp_path / "file").touch()
    refused = pytest.raises(HarnessError, match=rf"{place}: .*accepted is a folder")
    with refused, disk_stalls(place):
        pass


def test_a_folder_in_memory_has_no_disk_to_stall() -> None:
    shared = Path("/dev/shm")
    assert in_memory(shared)
    with pytest.raises(CannotJudge, match="no disk"), disk_stalls(shared):
        pass


def test_where_no_memory_is_left_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interference, "available_bytes", lambda: 4096)
    with pytest.raises(CannotJudge, match="of 4096 bytes"), memory_pressure():
        pass


def test_the_kind_of_a_file_system_is_that_of_its_device(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    ours = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 99:9{ours} / / rw - btrfs none rw\n23 1 {ours} / /a rw shared:1 - ext4 /dev/x rw\n",
        encoding="ascii",
    )
    assert kind_of(tmp_path, mounts) == "ext4"
    mounts.write_text("22 1 0:0 / / rw - btrfs none rw\n\n", encoding="ascii")
    assert kind_of(tmp_path, mounts) == ""


def test_the_bench_can_load_memory_and_where_it_has_one_a_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = BUILT_IN["reference"]
    assert "memory-load" in reference.at_hand
    monkeypatch.setattr("tempfile.tempdir", "/dev/shm")
    assert "disk-load" not in reference.at_hand
    assert "disk-load" not in BUILT_IN["reference-inprocess"].at_hand


def test_a_device_whose_state_is_on_a_disk_can_have_it_stalled(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert "disk-load" in BUILT_IN["reference"].at_hand


def group(place: Path, limit: str, usage: int, inactive: int) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "memory.max").write_text(f"{limit}\n", encoding="ascii")
    (place / "memory.current").write_text(f"{usage}\n", encoding="ascii")
    (place / "memory.stat").write_text(f"anon 1\ninactive_file {inactive}\n", encoding="ascii")


def meminfo(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "meminfo"
    path.write_text(text, encoding="ascii")
    return path


def test_available_is_what_the_host_and_every_group_around_us_still_give(tmp_path: Path) -> None:
    host = meminfo(tmp_path, "MemTotal: 9000 kB\nMemAvailable: 1000 kB\n")
    own = tmp_path / "outer" / "own"
    home = Home(2, own)
    assert available_bytes(host, home) == 1000 * KIB  # no group has a limit
    group(own, "max", 10 * KIB, 0)
    assert available_bytes(host, home) == 1000 * KIB
    group(own.parent, str(900 * KIB), 300 * KIB, 100 * KIB)
    assert available_bytes(host, home) == 700 * KIB
    group(own, str(50 * KIB), 20 * KIB, 0)
    assert available_bytes(host, home) == 30 * KIB
    group(own, str(50 * KIB), 60 * KIB, 0)
    assert available_bytes(host, home) == 0


def test_the_first_version_of_control_groups_has_other_names(tmp_path: Path) -> None:
    host = meminfo(tmp_path, "MemAvailable: 1000 kB\n")
    for name, text in (
        ("memory.limit_in_bytes", f"{400 * KIB}"),
        ("memory.usage_in_bytes", f"{100 * KIB}"),
        ("memory.stat", f"inactive_file 7\ntotal_inactive_file {50 * KIB}\n"),
    ):
        (tmp_path / name).write_text(text, encoding="ascii")
    assert available_bytes(host, Home(1, tmp_path)) == 350 * KIB


def test_a_kernel_that_does_not_tell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="MemAvailable"):
        available_bytes(meminfo(tmp_path, "MemTotal: 9000 kB\n"), Home(2, tmp_path))
