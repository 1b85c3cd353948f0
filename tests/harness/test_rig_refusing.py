"""A process writes, and its disk refuses; it is killed at a call; it crashes."""

import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.rig.crash import CRASHES, crashed, dumps_cores
from edgeward_harness.rig.disk.refusing import (
    SYNCS,
    WRITES,
    Fault,
    death,
    from_its_start,
    held,
    let_go,
    refusal,
    watching,
)
from edgeward_harness.rig.receiving import until

WRITER = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR, 0o600)
while os.read(0, 1):
    told = []
    for call in (lambda: os.pwrite(file, b"x", 0), lambda: os.fdatasync(file)):
        try:
            call()
            told.append("ok")
        except OSError as error:
            told.append(os.strerror(error.errno))
    os.write(1, (", ".join(told) + "\\n").encode())
"""
CAREFUL = """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
print(flush=True)
input()
"""
REFUSED = (*WRITES, *SYNCS)


@pytest.fixture(autouse=True)
def tracer() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")


class Writing:
    """A process that writes once each time that it is asked."""

    def __init__(self, file: Path, before: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-I", "-c", WRITER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def asked(self) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b".")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Writing]:
    made = Writing(tmp_path / "file")
    yield made
    made.process.kill()
    made.process.communicate()


def test_a_disk_refuses_as_long_as_the_block_lasts(writing: Writing) -> None:
    assert writing.asked() == "ok, ok"
    with held(writing.process.pid, refusal(SYNCS, Fault.BROKEN)) as tracer:
        assert writing.asked() == "ok, Input/output error"
        assert tracer.refused() == 1
    with held(writing.process.pid, refusal(REFUSED, Fault.READ_ONLY)):
        assert writing.asked() == "Read-only file system, Read-only file system"
    assert writing.asked() == "ok, ok"


def test_calls_are_counted_and_their_files_known(writing: Writing, tmp_path: Path) -> None:
    with held(writing.process.pid, watching(REFUSED)) as tracer:
        for _ in range(3):
            writing.asked()
        assert tracer.counts() == {"pwrite64": 3, "fdatasync": 3}
        assert tracer.files(tmp_path) == (tmp_path / "file",)
        assert tracer.files(tmp_path / "elsewhere") == ()
        assert tracer.refused() == 0


def test_a_process_dies_at_the_call_that_was_meant(writing: Writing) -> None:
    with held(writing.process.pid, death("fdatasync", 2)) as tracer:
        assert writing.asked() == "ok, ok"
        assert not tracer.killed()
        assert writing.asked() == ""
        assert writing.process.wait() == -signal.SIGKILL
        assert until(tracer.killed, 10)


@pytest.mark.slow
def test_a_process_is_refused_one_file_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "file"
    words, tracer = from_its_start(refusal(REFUSED, Fault.FULL), tmp_path / "calls", [file])
    writing, other = Writing(file, words), Writing(tmp_path / "other")
    assert writing.asked() == "No space left on device, No space left on device"
    assert tracer.refused() == 2
    assert other.asked() == "ok, ok"
    let_go(writing.process.pid)
    assert writing.asked() == "ok, ok"
    with pytest.raises(CannotJudge, match="is not held"):
        let_go(writing.process.pid)
    for one in (writing, other):
        one.process.kill()
        one.process.communicate()


def test_what_cannot_be_held_is_not_judged(writing: Writing) -> None:
    pid = writing.process.pid
    with held(pid, watching(SYNCS)):
        with pytest.raises(CannotJudge, match="cannot hold process"), held(pid, watching(SYNCS)):
            pass
        assert writing.asked() == "ok, ok"


def permits_cores() -> bool:
    """Whether this host puts cores beside whoever crashes."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("utf-8")
    hard_max = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return hard_max != 0 and not pattern.startswith(("|", "@", "/"))


@pytest.mark.parametrize("number", CRASHES)
def test_a_core_is_seen_where_one_is_left(tmp_path: Path, number: signal.Signals) -> None:
    assert dumps_cores(tmp_path, number) or not permits_cores()
    assert not list(tmp_path.iterdir()), "what was left is removed"
    careful = subprocess.Popen(
        [sys.executable, "-I", "-c", CAREFUL],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert careful.stdout
    careful.stdout.readline()
    assert not crashed(careful.pid, number)
    careful.communicate()
