"""A process writes, strace looks on, and the power is cut everywhere."""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.rig.disk.cut import Disk, Kept
from edgeward_harness.rig.disk.recorded import (
    Cut,
    Made,
    Removed,
    Renamed,
    Said,
    Step,
    Synced,
    Written,
    steps_of,
)
from edgeward_harness.rig.disk.syscalls import calls_in, strace_words

WRITER = """
import os, sqlite3, sys, threading
folder, synchronous = sys.argv[1:]
database = sqlite3.connect(folder + "/a.db", isolation_level=None, check_same_thread=False)
database.execute("pragma journal_mode = wal")
database.execute("pragma wal_autocheckpoint = 4")
database.execute("pragma synchronous = " + synchronous)
database.execute("create table told (number)")
idle = threading.Thread(target=os.read, args=(0, 1))
idle.start()
for number in range(25):
    database.execute("insert into told values (?)", (number,))
    os.write(1, b'{"number": %d}\\n' % number)
os.close(0)
os._exit(0)
"""


@pytest.fixture(scope="module")
def tracer() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    return found


def record(tmp_path: Path, *words: str) -> list[Step]:
    folder = tmp_path / "state"
    folder.mkdir()
    trace = tmp_path / "trace"
    command = [*strace_words(str(trace)), sys.executable, "-I", "-c", *words]
    subprocess.run(command, check=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return steps_of(trace, folder)


def lost_somewhere(steps: list[Step], tmp_path: Path, seed: int) -> tuple[int, int]:
    """Cut the power after each step, in each way: the cuts, and those that lost what was told."""
    disk, draw, cuts, losing = Disk(), random.Random(seed), 0, 0
    for step in steps:
        disk.take(step)
        told = [json.loads(line)["number"] for line in bytes(disk.said).splitlines()]
        for kept in Kept:
            folder = tmp_path / "cut"
            folder.mkdir()
            disk.after_cut(kept, draw, folder)
            try:
                database = sqlite3.connect(folder / "a.db")
                found = [one for (one,) in database.execute("select number from told")]
                database.close()
            except sqlite3.DatabaseError:
                found = []
            losing += found[: len(told)] != told or found != list(range(len(found)))
            cuts += 1
            shutil.rmtree(folder)
    return cuts, losing


@pytest.mark.slow
@pytest.mark.usefixtures("tracer")
def test_what_was_synced_before_it_was_told_survives_each_cut(tmp_path: Path) -> None:
    steps = record(tmp_path, WRITER, str(tmp_path / "state"), "full")
    assert sum(isinstance(step, Said) for step in steps) == 25
    assert sum(isinstance(step, Synced) for step in steps) > 25
    cuts, losing = lost_somewhere(steps, tmp_path, seed=5)
    assert cuts > 400
    assert losing == 0


@pytest.mark.slow
@pytest.mark.usefixtures("tracer")
@pytest.mark.parametrize("synchronous", ["normal", "off"])
def test_what_was_told_before_it_was_synced_is_seen_to_be_lost(
    tmp_path: Path, synchronous: str
) -> None:
    steps = record(tmp_path, WRITER, str(tmp_path / "state"), synchronous)
    cuts, losing = lost_somewhere(steps, tmp_path, seed=5)
    assert losing > cuts // 10


REPLACER = """
import os, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from edgeward.adapters.store import DirectoryStore
store = DirectoryStore(Path(sys.argv[1]))
for number in range(6):
    store.write("one", b"%d" % number * 700)
    os.write(1, b'{"number": %d}\\n' % number)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("tracer")
def test_a_replaced_file_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    steps = record(tmp_path, REPLACER, str(tmp_path / "state"), *sys.path)
    disk, draw, seen = Disk(), random.Random(3), set()
    for step in steps:
        disk.take(step)
        told = len(bytes(disk.said).splitlines())
        for kept in Kept:
            folder = tmp_path / "cut"
            folder.mkdir()
            disk.after_cut(kept, draw, folder)
            found = (folder / "one").read_bytes() if (folder / "one").exists() else b""
            shutil.rmtree(folder)
            assert found in {b"%d" % number * 700 for number in range(told - 1, told + 1)} | (
                {b""} if told == 0 else set()
            )
            seen.add(found)
    assert len(seen) == 7


@pytest.mark.slow
@pytest.mark.usefixtures("tracer")
def test_a_call_that_is_not_understood_is_no_silence(tmp_path: Path) -> None:
    script = "import os, sys; os.link(sys.argv[1] + '/a', sys.argv[1] + '/b')"
    made = "import sys; open(sys.argv[1] + '/a', 'w').close(); " + script
    with pytest.raises(CannotJudge, match="changed by link"):
        record(tmp_path, made, str(tmp_path / "state"))


def cut(steps: list[Step], kept: Kept, tmp_path: Path, seed: int = 1) -> dict[str, bytes]:
    disk = Disk()
    for step in steps:
        disk.take(step)
    folder = tmp_path / "left"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    disk.after_cut(kept, random.Random(seed), folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


WHOLE: list[Step] = [Made("a", emptied=False), Written("a", 0, b"one"), Synced("a")]


def test_a_file_whose_folder_was_not_synced_may_be_gone(tmp_path: Path) -> None:
    assert cut(WHOLE, Kept.NOTHING, tmp_path) == {}
    assert cut([*WHOLE, Synced("")], Kept.NOTHING, tmp_path) == {"a": b"one"}
    assert cut(WHOLE, Kept.EVERYTHING, tmp_path) == {"a": b"one"}


def test_bytes_that_were_not_synced_may_come_in_any_order(tmp_path: Path) -> None:
    later: list[Step] = [Synced(""), Written("a", 3, b"two"), Written("a", 6, b"six")]
    seen = {cut(WHOLE + later, Kept.WRITES, tmp_path, seed)["a"] for seed in range(40)}
    assert seen == {b"one", b"onetwo", b"one\0\0\0six", b"onetwosix"}


def test_sectors_of_one_write_part(tmp_path: Path) -> None:
    later: list[Step] = [Synced(""), Written("a", 0, b"x" * 1024)]
    seen = {cut(WHOLE + later, Kept.SECTORS, tmp_path, seed)["a"] for seed in range(60)}
    assert seen == {
        b"one", b"x" * 512, b"x" * 1024, b"one" + bytes(509) + b"x" * 512,
    }  # fmt: skip


def test_a_rename_is_there_when_its_folder_was_synced(tmp_path: Path) -> None:
    steps: list[Step] = [*WHOLE, Synced(""), Renamed("a", "b")]
    assert cut(steps, Kept.NOTHING, tmp_path) == {"a": b"one"}
    assert cut([*steps, Synced("")], Kept.NOTHING, tmp_path) == {"b": b"one"}


def test_a_removed_file_may_come_back_and_a_shortened_one_too(tmp_path: Path) -> None:
    steps: list[Step] = [*WHOLE, Synced(""), Cut("a", 1)]
    assert cut(steps, Kept.NOTHING, tmp_path) == {"a": b"one"}
    assert cut([*steps, Synced("a")], Kept.NOTHING, tmp_path) == {"a": b"o"}
    assert cut([*WHOLE, Synced(""), Removed("a")], Kept.NOTHING, tmp_path) == {"a": b"one"}


def test_a_call_in_two_lines_begins_with_the_first_and_ends_with_the_second() -> None:
    lines = [
        '7 pwrite64(3<\\x2f\\x61>, "\\x31", 1, 0 <unfinished ...>\n',
        "8 fsync(4<\\x2f\\x62>) = 0\n",
        "7 <... pwrite64 resumed>) = 1\n",
        "9 fsync(3<\\x2f\\x61> <unfinished ...>\n",
        '8 unlink("\\x2f\\x63") = -1 ENOENT (No such file or directory)\n',
        "9 +++ killed by SIGKILL +++\n",
    ]
    told = [(call.name, call.begins, call.ends) for call in calls_in(lines)]
    assert told == [
        ("pwrite64", True, False), ("fsync", True, True), ("pwrite64", False, True),
        ("fsync", True, False),
    ]  # fmt: skip
