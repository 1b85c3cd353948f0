"""A device's processes as the host's kernel sees them: what was used, what was waited for."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.errors import HarnessError
from edgeward_harness.target.family import stat, tree

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What the host's scheduler did with a device: let it run, let it wait."""

    ran_ns: int
    waited_ns: int
    lowered: bool
    """It has asked to be less important than it was started: its waiting is its own doing."""


_NICE, _POLICY = 16, 38
"""Further positions there (fields 19 and 41)."""
_STATE, _USER, _SYSTEM, _REAPED_USER, _REAPED_SYSTEM = 0, 11, 12, 13, 14
"""Positions in /proc/PID/stat after the parenthesised name (proc(5), fields 3 and 14 to 17)."""

_OWN_TASKS: Final = _PROC / "self" / "task"
_ON_CPU, _RUN_DELAY = 0, 1
"""Positions in a task's schedstat: time on a processor, time waiting for one, both in ns."""


def state(pid: int) -> str:
    """The kernel's letter for what a process does (T: stopped); empty when it is gone."""
    try:
        return stat(pid)[_STATE]
    except (OSError, ValueError):
        return ""


def cpu_seconds(root: int) -> float:
    """Processor time of a process, its descendants and the children they have waited for.

    Raises:
        HarnessError: the process is gone.
    """
    ticks = 0
    fields = (_USER, _SYSTEM, _REAPED_USER, _REAPED_SYSTEM)
    for pid in _alive(root):
        with contextlib.suppress(OSError, ValueError):
            values = stat(pid)
            ticks += sum(int(values[field]) for field in fields)
    return ticks / os.sysconf("SC_CLK_TCK")


def run_delay_ns(root: int) -> int:
    """Time the threads of a process and its descendants were ready but not let run.

    Threads that have ended are no longer counted.

    Raises:
        HarnessError: the process is gone, or this kernel does not count it.
    """
    _schedstat_ns(_PROC / str(root) / "task" / str(root), _RUN_DELAY)
    return sum(_tasks_run_delay_ns(pid) for pid in _alive(root))


def _tasks_run_delay_ns(pid: int) -> int:
    """The same for the threads of one process; one that has gone meanwhile counts nothing."""
    total_ns = 0
    with contextlib.suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(HarnessError):
                total_ns += _schedstat_ns(task, _RUN_DELAY)
    return total_ns


def scheduled(pid: int) -> Scheduled:
    """What the scheduler did with the threads of one process so far; cheap enough to ask often.

    A thread that ends while it is looked at is no longer counted, as those that ended before.

    Raises:
        HarnessError: the process is gone, or this kernel does not count it.
    """
    seen = [one for task in _threads(pid) if (one := _seen(task, is_main=task.name == str(pid)))]
    if not seen:
        raise HarnessError(f"process {pid} has ended; it can no longer be observed")
    return Scheduled(
        ran_ns=sum(one.ran_ns for one in seen),
        waited_ns=sum(one.waited_ns for one in seen),
        lowered=any(one.lowered for one in seen),
    )


def _seen(task: Path, *, is_main: bool) -> Scheduled | None:
    """What the scheduler did with a thread, all of it or, when it has ended meanwhile, nothing."""
    try:
        one = _task_scheduled(task)
    except HarnessError:
        if is_main or task.exists():
            raise
        return None
    return one if is_main or task.exists() else None


def _task_scheduled(task: Path) -> Scheduled:
    return Scheduled(_schedstat_ns(task, _ON_CPU), _schedstat_ns(task, _RUN_DELAY), _lowered(task))


def thread_scheduled(native_id: int) -> Scheduled:
    """The same for one thread of this process.

    Raises:
        HarnessError: the thread is gone, or this kernel does not count it.
    """
    return _task_scheduled(_OWN_TASKS / str(native_id))


def _threads(pid: int) -> list[Path]:
    try:
        return list((_PROC / str(pid) / "task").iterdir())
    except OSError as error:
        raise HarnessError(f"process {pid} has ended; it can no longer be observed") from error


def _lowered(task: Path) -> bool:
    """Whether a thread made itself less important than it was started: then it waits by choice."""
    try:
        text = (task / "stat").read_text(encoding="utf-8", errors="replace")
        values = text[text.rindex(")") + 2 :].split(" ")
        return int(values[_NICE]) > 0 or int(values[_POLICY]) in (os.SCHED_BATCH, os.SCHED_IDLE)
    except (OSError, ValueError, IndexError):
        return task.exists()  # one that has ended waits for nothing


def thread_cpu_ns(native_id: int) -> int:
    """Processor time of a thread of this process.

    Raises:
        HarnessError: the thread is gone, or this kernel does not count it.
    """
    return _schedstat_ns(_OWN_TASKS / str(native_id), _ON_CPU)


def thread_run_delay_ns(native_id: int) -> int:
    """Time a thread of this process was ready but not let run.

    Raises:
        HarnessError: the thread is gone, or this kernel does not count it.
    """
    return _schedstat_ns(_OWN_TASKS / str(native_id), _RUN_DELAY)


def _alive(root: int) -> list[int]:
    if state(root) in ("", "Z"):
        raise HarnessError(f"process {root} has ended; it can no longer be observed")
    return tree(root)


def _schedstat_ns(task: Path, field: int) -> int:
    try:
        return int((task / "schedstat").read_text(encoding="ascii").split()[field])
    except (OSError, IndexError, ValueError) as error:
        raise HarnessError(f"the kernel does not tell the times in {task}: {error}") from error
