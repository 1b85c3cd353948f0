"""Runs are forks of a process that has loaded what they need, and share nothing else with it."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from edgeward_harness.qualify import starting

pytestmark = pytest.mark.slow

TEST = """
import os, sys
def test_told(capfd):
    sys.loaded = getattr(sys, "loaded", 0) + 1
    with capfd.disabled():
        print("SAID", sys.loaded, os.getpid(), os.getppid(), os.environ.get("MARK"), flush=True)
        print("READ", repr(os.read(0, 9)), "ADDOPTS", os.environ.get("PYTEST_ADDOPTS"))
"""
STUCK = """
import os, pathlib, time
def test_stuck():
    pathlib.Path(os.environ["MARK"]).write_text(str(os.getpid()))
    time.sleep(600)
"""


def _said(folder: Path, test: str = TEST, timeout_s: float = 60.0) -> str:
    path, log = folder / "test_it.py", folder / "log.txt"
    path.write_text(test)
    words = ["-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "-c", "/dev/null", str(path)]
    starting.start(words, log, timeout_s)
    return log.read_text()


def _told(text: str) -> list[str]:
    return next(line for line in text.splitlines() if "SAID" in line).split()[1:]


def _gone(pid: int) -> bool:
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_runs_share_a_stem_and_nothing_that_one_of_them_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    monkeypatch.setenv("MARK", "one")
    first = _said(tmp_path)
    monkeypatch.setenv("MARK", "two")
    second = _said(tmp_path)

    assert "1 passed" in first
    assert "READ b'' ADDOPTS None" in first
    (loaded, pid, stem, mark), (again, other, same, told) = _told(first), _told(second)
    assert (loaded, again) == ("1", "1")
    assert pid != other
    assert stem == same != str(os.getpid())
    assert (mark, told) == ("one", "two")


def test_a_run_that_takes_too_long_is_ended_and_the_next_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "pid"
    monkeypatch.setenv("MARK", str(mark))

    said = _said(tmp_path, STUCK, timeout_s=15)

    assert "ended before its end, or after 15 s" in said
    assert _gone(int(mark.read_text()))
    assert "1 passed" in _said(tmp_path)


def test_a_stem_that_dies_takes_its_run_along_and_another_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "pid"
    monkeypatch.setenv("MARK", str(mark))
    stem = int(_told(_said(tmp_path))[2])

    def kill() -> None:
        while not mark.is_file() or not mark.read_text():
            time.sleep(0.02)
        os.kill(stem, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    said = _said(tmp_path, STUCK)
    killer.join()

    assert "ended before its end" in said
    assert _gone(stem)
    assert "1 passed" in _said(tmp_path)
