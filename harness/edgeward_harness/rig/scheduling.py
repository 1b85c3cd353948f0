"""How the operating system runs a device, seen from outside: each thread's class and cores."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.target import DeviceSession

_NAMES: Final = {
    os.SCHED_OTHER: "other",
    os.SCHED_FIFO: "fifo",
    os.SCHED_RR: "rr",
    os.SCHED_BATCH: "batch",
    os.SCHED_IDLE: "idle",
    6: "deadline",
}
_LOCKED_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class ThreadSeen:
    """One thread of a device, as the kernel runs it."""

    pid: int
    tid: int
    policy: str
    priority: int
    cores: tuple[int, ...]
    memory_locked: bool | None
    """Of its process: nine tenths of what is resident; None when nobody can tell."""

    def __str__(self) -> str:
        """What is told in a record."""
        locked = {True: ", memory locked", False: "", None: ", memory unknown"}[self.memory_locked]
        return f"{self.policy} {self.priority} on cores {list(self.cores)}{locked}"


def threads_seen(device: DeviceSession) -> list[ThreadSeen]:
    """Every thread of every process of the device; those that end meanwhile are left out.

    Raises:
        HarnessError: the device has no process to observe.
    """
    return [seen for pid in device.processes() for seen in _threads_of(pid)]


def _threads_of(pid: int) -> Iterator[ThreadSeen]:
    locked = _memory_locked(pid)
    try:
        names = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for name in names:
        with suppress(OSError):
            yield _thread(pid, int(name), locked)


def _thread(pid: int, tid: int, locked: bool | None) -> ThreadSeen:  # noqa: FBT001 - three values
    policy = os.sched_getscheduler(tid) & ~os.SCHED_RESET_ON_FORK
    return ThreadSeen(
        pid=pid,
        tid=tid,
        policy=_NAMES.get(policy, f"policy {policy}"),
        priority=os.sched_getparam(tid).sched_priority,
        cores=tuple(sorted(os.sched_getaffinity(tid))),
        memory_locked=locked,
    )


def _memory_locked(pid: int) -> bool | None:
    sizes: dict[str, int] = {}
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in ("VmLck", "VmRSS"):
                sizes[name] = int(rest.split()[0])
    if len(sizes) < 2 or not sizes["VmRSS"]:
        return None
    return sizes["VmLck"] >= _LOCKED_SHARE * sizes["VmRSS"]
