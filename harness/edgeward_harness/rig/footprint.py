"""What a device uses of its host, seen from outside: memory and processor time of all it is.

A device is every process it started (see `target.family`), so nothing hides in a child. Two things
are known between bounds only, and both are kept:

1. Pages that several processes share are resident once, but the kernel counts them for each of
   them (RSS) or divides them, also among strangers (PSS). One process alone has none of that doubt.
2. A host that does other work keeps a device from running. What rests between two pieces of work
   gets its time all the same, only later. What is never done uses less than it would: of a thread
   that was ready for half of the time or more, its waiting is counted beside what it ran.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from edgeward_harness.errors import HarnessError
from edgeward_harness.target import DeviceSession
from edgeward_harness.target.family import stat

_PROC: Final = Path("/proc")
_KB: Final = 1024
_TIMES: Final = slice(11, 15)
"""User, system, and those of children waited for; positions in `family.stat`."""
_RESTLESS_SHARE: Final = 0.5
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Resident:
    """Resident memory of all processes of a device at one moment, swapped pages included."""

    processes: int
    least_bytes: int
    """Shared pages divided among all who share them, or all of the largest process."""
    most_bytes: int
    """Shared pages counted for each process."""


def resident(device: DeviceSession) -> Resident:
    """What the device holds now.

    Raises:
        Finding: it has ended.
        HarnessError: this kernel does not tell.
    """
    told = _told(device, "smaps_rollup")
    whole = [one["Rss"] + one["Swap"] for one in told]
    shared = sum(one["Pss"] + one["SwapPss"] for one in told)
    return _resident(whole, shared)


def high_water(device: DeviceSession) -> Resident:
    """The most that each process which still runs ever held, as the kernel keeps it."""
    peaks = [one["VmHWM"] for one in _told(device, "status")]
    return _resident(peaks, 0)


def _resident(whole: list[int], shared: int) -> Resident:
    return Resident(len(whole), max(shared, *whole) if len(whole) > 1 else whole[0], sum(whole))


def _processes(device: DeviceSession) -> tuple[int, ...]:
    """All processes of a device; that it has ended is its fault and told as such."""
    try:
        return device.processes()
    except HarnessError:
        device.pump_until(time.monotonic_ns())
        raise


def _told(device: DeviceSession, name: str) -> list[Mapping[str, int]]:
    """A file of the kernel's for each process that is still there, in bytes."""
    told: list[Mapping[str, int]] = []
    for pid in _processes(device):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            one = _bytes((_PROC / str(pid) / name).read_text(encoding="utf-8", errors="replace"))
            if one:
                told.append(one)
    if not told:
        raise HarnessError(f"the kernel tells no {name} of the device: it has ended, or hides it")
    return told


def _bytes(text: str) -> dict[str, int]:
    """The lines that are amounts of memory: `Name:  123 kB`."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB" and words[0].endswith(":"):
            found[words[0][:-1]] = int(words[1]) * _KB
    return found


@dataclass(slots=True)
class Work:
    """Processor time of all processes of a device over a stretch of time."""

    wall_s: float = 0.0
    ran_s: float = 0.0
    waited_s: float = 0.0
    """Ready to run and not let, of threads that hardly rested; those that ended are not counted."""
    uncertain_s: float = 0.0
    """One clock tick a process: the kernel's account goes no further."""

    def percent_of(self, cores: int) -> tuple[float, float]:
        """Of what these cores could do: what was used, and what would have been, at most."""
        whole_s = self.wall_s * cores
        most_s = self.ran_s + self.waited_s + self.uncertain_s
        return 100 * self.ran_s / whole_s, 100 * most_s / whole_s


class _Counted(NamedTuple):
    """What the kernel has counted for all processes of a device so far."""

    at_ns: int
    ran_s: float
    processes: int
    threads: Mapping[str, tuple[int, int]]
    """Nanoseconds run and waited, by the place of the thread."""


@contextmanager
def work_of(device: DeviceSession) -> Iterator[Work]:
    """Measure it while the block runs; the result is filled in at its end.

    A process that begins and ends in between counts once its parent has waited for it.

    Raises:
        Finding: the device has ended.
    """
    work, before = Work(), _counted(device)
    yield work
    after = _counted(device)
    wall_ns = after.at_ns - before.at_ns
    work.wall_s = wall_ns / 1e9
    work.ran_s = max(0.0, after.ran_s - before.ran_s)
    work.waited_s = _restless_wait_ns(before, after, wall_ns) / 1e9
    work.uncertain_s = after.processes * _TICK_S


def processor_seconds(device: DeviceSession) -> float:
    """Processor time of all processes of a device, and of those they have waited for."""
    return _counted(device).ran_s


def _restless_wait_ns(before: _Counted, after: _Counted, wall_ns: int) -> int:
    total_ns = 0
    for place, (ran_ns, waited_ns) in after.threads.items():
        ran_before_ns, waited_before_ns = before.threads.get(place, (0, 0))
        waited_ns -= waited_before_ns
        if ran_ns - ran_before_ns + waited_ns >= _RESTLESS_SHARE * wall_ns:
            total_ns += waited_ns
    return total_ns


def _counted(device: DeviceSession) -> _Counted:
    at_ns, pids = time.monotonic_ns(), _processes(device)
    ticks = 0
    threads: dict[str, tuple[int, int]] = {}
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            ticks += sum(int(value) for value in stat(pid)[_TIMES])
            threads.update(_threads_of(pid))
    return _Counted(at_ns, ticks * _TICK_S, len(pids), threads)


def _threads_of(pid: int) -> Iterator[tuple[str, tuple[int, int]]]:
    for task in (_PROC / str(pid) / "task").iterdir():
        with contextlib.suppress(OSError, ValueError):
            ran_ns, waited_ns, _ = (task / "schedstat").read_text(encoding="ascii").split()
            yield str(task), (int(ran_ns), int(waited_ns))
