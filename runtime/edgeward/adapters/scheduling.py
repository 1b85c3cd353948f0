"""How the operating system runs the calling thread: asked for, and then observed, never assumed.

A claim to work in real time holds only under the policy that was observed. Whoever lacks the right
gets an honest label instead of a claim, and works on.
"""

import contextlib
import ctypes
import gc
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES = {
    os.SCHED_OTHER: "other",
    os.SCHED_FIFO: "fifo",
    os.SCHED_RR: "rr",
    os.SCHED_BATCH: "batch",
    os.SCHED_IDLE: "idle",
    6: "deadline",
}
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_LOCKED_SHARE = 0.9
"""Of what is resident; the rest are pages that no lock can hold."""


@dataclass(frozen=True, slots=True)
class Scheduling:
    """How a thread is run, as the operating system says."""

    policy: str
    priority: int
    cores: tuple[int, ...]
    memory_locked: bool | None
    """None: nobody can tell."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as the protocol writes them."""
        return {
            "policy": self.policy,
            "priority": self.priority,
            "cores": list(self.cores),
            "memory_locked": self.memory_locked,
        }


@dataclass(frozen=True, slots=True)
class Wish:
    """How a thread should be run."""

    policy: str = "other"
    """`other` or `fifo`, as in a device profile."""
    priority: int = 0
    cores: Collection[int] | None = None
    """None: where it may run now."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of a wish."""

    wish: Wish
    observed: Scheduling
    refused: tuple[str, ...]
    """What was not granted, and why; empty when all was."""

    @property
    def real_time(self) -> bool:
        """Whether a real-time class runs the thread and no page of it can be taken away."""
        return self.observed.policy in ("fifo", "rr") and self.observed.memory_locked is True

    @property
    def label(self) -> str:
        """What may be claimed, in words."""
        how = f"policy {self.observed.policy}, priority {self.observed.priority}"
        locked = ", memory locked" if self.observed.memory_locked else ""
        said = [f"{'real-time' if self.real_time else 'not real-time'}: {how}{locked}"]
        if not self.real_time and not self.refused:
            said.append("no real-time class was asked for")
        return "; ".join([*said, *self.refused])


class ThreadScheduling:
    """The calling thread, as the operating system runs it."""

    __slots__ = ("_proc",)

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Read what the kernel tells here."""
        self._proc = proc

    def observe(self) -> Scheduling:
        """How it is run at this moment."""
        policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        return Scheduling(
            policy=_NAMES.get(policy, f"policy {policy}"),
            priority=os.sched_getparam(0).sched_priority,
            cores=tuple(sorted(os.sched_getaffinity(0))),
            memory_locked=_memory_locked(self._proc),
        )

    def apply(self, wish: Wish) -> Granted:
        """Ask for it to be run like this; say what was granted.

        With a real-time class, all memory is locked as it is touched: a page that has to be fetched
        from a disk would cost more than the class wins.
        """
        refused: list[str] = []
        cores = wish.cores
        if cores is not None:
            what = f"the cores {', '.join(map(str, sorted(cores)))}"
            _try(what, refused, lambda: os.sched_setaffinity(0, cores))
        number = os.SCHED_FIFO if wish.policy == "fifo" else os.SCHED_OTHER
        what = f"policy {wish.policy}, priority {wish.priority}"
        priority = os.sched_param(wish.priority)
        _try(what, refused, lambda: os.sched_setscheduler(0, number, priority))
        if wish.policy == "fifo":
            _try("a lock on its memory", refused, _lock_memory)
        return Granted(wish, self.observe(), tuple(refused))


def step_below() -> None:
    """Let the calling thread run behind the one it was started by, where that is a real-time one.

    A thread inherits the class of its parent. Ordinary scheduling would be too low: while it held
    the interpreter, every busy process on the core would hold up the clinical thread.
    """
    thread = ThreadScheduling()
    inherited = thread.observe()
    if inherited.policy == "fifo" and inherited.priority > 1:
        thread.apply(Wish("fifo", inherited.priority - 1))


def freeze_garbage() -> None:
    """Let the collector forget all there is: what the start left behind is never garbage.

    A full collection over 600,000 objects stops a thread for 85 ms, and after this for none.
    """
    gc.collect()
    gc.freeze()


def _try(what: str, refused: list[str], ask: Callable[[], None]) -> None:
    try:
        ask()
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        refused.append(f"{what} was refused: {reason}")


def _lock_memory() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _memory_locked(proc: Path) -> bool | None:
    """Whether the process's memory is locked, by what the kernel counts."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (proc / "self" / "status").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in ("VmLck", "VmRSS"):
                found[name] = int(rest.split()[0])
    if len(found) < 2 or found["VmRSS"] == 0:
        return None
    return found["VmLck"] >= _LOCKED_SHARE * found["VmRSS"]
