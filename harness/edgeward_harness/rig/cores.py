"""How busy each core of this host was, whoever kept it so, and how much of that was not ours.

Counted by the kernel for every process and for its own work, in clock ticks: nothing escapes it, as
a child that nobody waits for, or one that leaves its parents, escapes the count of a process tree.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.target.procfs import cpu_seconds

_STAT: Final = Path("/proc/stat")
_USED: Final = (1, 2, 3, 6, 7)
"""Fields of a core's line that are use: user, nice, system, irq, softirq. Not idle, iowait, steal;
guest is part of user (proc(5))."""
TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def busy_ns(text: bytes | None = None) -> dict[int, int]:
    """How long each core has worked since the host started; empty where the kernel does not tell.

    Args:
        text: what the kernel told; by default it is asked now.
    """
    if text is None:
        try:
            text = _STAT.read_bytes()
        except OSError:
            return {}
    busy = {}
    for line in text.split(b"\n")[1:]:
        if not line.startswith(b"cpu"):
            break
        fields = line.split()
        busy[int(fields[0][3:])] = sum(int(fields[place]) for place in _USED) * TICK_NS
    return busy


@dataclass(slots=True)
class Foreign:
    """Work of processes that are neither this one nor started by it."""

    share: float = 0.0
    """Of what the cores that we may use could do meanwhile."""


@contextmanager
def foreign_work() -> Iterator[Foreign]:
    """Measure it while the block runs; the result is filled in at its end."""
    foreign = Foreign()
    cores = os.sched_getaffinity(0)
    start_ns, before_ns, own_before_s = time.monotonic_ns(), _total(busy_ns(), cores), _own_s()
    yield foreign
    used_ns = _total(busy_ns(), cores) - before_ns
    others_ns = used_ns - int((_own_s() - own_before_s) * 1e9)
    foreign.share = max(0.0, others_ns / (len(cores) * (time.monotonic_ns() - start_ns)))


def _total(busy: Mapping[int, int], cores: set[int]) -> int:
    return sum(used for core, used in busy.items() if core in cores)


def _own_s() -> float:
    return cpu_seconds(os.getpid())
