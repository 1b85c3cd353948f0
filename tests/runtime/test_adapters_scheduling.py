"""How a thread is run: asked for, observed, and never claimed without having been observed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.adapters.scheduling import Granted, Scheduling, ThreadScheduling, Wish

SOUND = Scheduling("fifo", 50, (0,), memory_locked=True)


def in_a_process(code: str) -> dict[str, object]:
    """Run code that leaves a dict in `told`: scheduling is changed for nobody else."""
    done = subprocess.run(
        [sys.executable, "-c", f"{PRELUDE}\n{code}\nprint(json.dumps(told))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told: dict[str, object] = json.loads(done.stdout)
    return told


PRELUDE = """
import json, os
from edgeward.adapters.scheduling import ThreadScheduling, Wish
thread = ThreadScheduling()
"""


def test_what_is_observed_is_what_the_system_says() -> None:
    seen = ThreadScheduling().observe()
    assert seen.policy == "other"
    assert seen.cores == tuple(sorted(os.sched_getaffinity(0)))


def may_be_real_time() -> bool:
    """Whether this user has the right, asked in a process of its own."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True).returncode == 0


def test_a_right_that_is_there_is_used_and_claimed() -> None:
    if not may_be_real_time():
        pytest.skip("this user may not use a real-time class")
    told = in_a_process(
        "granted = thread.apply(Wish('fifo', 7)); told = {'seen': thread.observe().to_dict(),"
        " 'kernel': [os.sched_getscheduler(0), os.sched_getparam(0).sched_priority],"
        " 'label': granted.label, 'claim': granted.real_time}"
    )
    assert told["kernel"] == [os.SCHED_FIFO, 7]
    assert told["seen"] == {
        "policy": "fifo", "priority": 7, "cores": sorted(os.sched_getaffinity(0)),
        "memory_locked": told["claim"],
    }  # fmt: skip


def test_a_thread_steps_below_the_one_that_started_it() -> None:
    if not may_be_real_time():
        pytest.skip("this user may not use a real-time class")
    told = in_a_process(
        "import threading\n"
        "from edgeward.adapters.scheduling import step_below\n"
        "thread.apply(Wish('fifo', 7)); seen = []\n"
        "def work(): step_below(); seen.append(os.sched_getparam(0).sched_priority)\n"
        "other = threading.Thread(target=work); other.start(); other.join()\n"
        "told = {'thread': seen[0], 'main': os.sched_getparam(0).sched_priority}"
    )
    assert told == {"thread": 6, "main": 7}


def test_a_right_that_is_missing_is_said_and_nothing_is_claimed() -> None:
    told = in_a_process(
        "import resource\n"
        "def refuse(*_): raise PermissionError(1, 'Operation not permitted')\n"
        "os.sched_setscheduler = refuse\n"
        "granted = thread.apply(Wish('fifo', 7))\n"
        "told = {'label': granted.label, 'claim': granted.real_time}"
    )
    assert told["claim"] is False
    assert str(told["label"]).startswith("not real-time: policy other, priority 0")
    assert "policy fifo, priority 7 was refused: Operation not permitted" in str(told["label"])


def test_wrong_cores_and_priorities_are_refused_in_words() -> None:
    told = in_a_process("told = {'label': thread.apply(Wish('fifo', 1000, cores=[4096])).label}")
    assert "the cores 4096 was refused" in str(told["label"])
    assert "priority 1000 was refused" in str(told["label"])


@pytest.mark.parametrize(
    ("seen", "refused", "claim"),
    [
        (SOUND, (), True),
        (Scheduling("fifo", 50, (0,), memory_locked=False), ("a lock was refused: no",), False),
        (Scheduling("fifo", 50, (0,), memory_locked=None), (), False),
        (Scheduling("other", 0, (0,), memory_locked=True), (), False),
    ],
)
def test_only_a_real_time_class_with_locked_memory_is_called_real_time(
    seen: Scheduling, refused: tuple[str, ...], claim: bool
) -> None:
    granted = Granted(Wish("fifo", 50), seen, refused)
    assert granted.real_time is claim
    assert granted.label.startswith("real-time:" if claim else "not real-time:")
    assert all(reason in granted.label for reason in refused)


@pytest.mark.parametrize(
    ("status", "locked"),
    [
        ("VmLck:\t900 kB\nVmRSS:\t1000 kB\n", True),
        ("VmLck:\t0 kB\nVmRSS:\t1000 kB\n", False),
        ("VmRSS:\t1000 kB\n", None),
        ("VmLck:\tmuch\nVmRSS:\t1000 kB\n", None),
        ("", None),
    ],
)
def test_a_lock_on_memory_is_read_from_the_kernel(
    tmp_path: Path, status: str, locked: bool | None
) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "status").write_text(status, encoding="ascii")
    assert ThreadScheduling(tmp_path).observe().memory_locked is locked
    assert ThreadScheduling(tmp_path / "nothing").observe().memory_locked is None
