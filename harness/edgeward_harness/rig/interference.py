"""Other work on the host: processes that take memory, and that keep a disk from answering.

Each counts the rounds it has done, in memory that it shares with us, so that a case can show that
its load was there. A load that did nothing lets nobody judge. Nothing is left behind: memory goes
with its process, and a file has no name from its beginning.
"""

import mmap
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from edgeward_harness.errors import CannotJudge, HarnessError
from edgeward_harness.profile.filesystem import in_memory, kind_of
from edgeward_harness.rig.load import beside
from edgeward_harness.rig.memory import available_bytes

_SCRIPT: Final = Path(__file__).with_name("_interference.py")
MEMORY_BYTES_MAX: Final = 512 << 20
"""Of all processes together: the first touch of a page takes a virtual host a while, and each of
them has to come round in a short drive."""
MEMORY_PART: Final = 4
"""Never more than one part in so many of what is available: no process is to end for lack of it."""
DISK_PROCESSES: Final = 4
"""They wait most of the time, so their number is none of cores: so many wait in the disk's line."""
DISK_BYTES: Final = 4 << 20
"""So little that each process comes round in a drive on a slow card as well."""
_COUNTER_BYTES: Final = 16
"""Rounds, and the longest of them in nanoseconds."""


class Kind(StrEnum):
    """What is kept from the device."""

    MEMORY = "memory"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Interference:
    """A load of ours: what it does, and what its processes have counted so far."""

    kind: Kind
    processes: int
    round_bytes: int
    """Of each process: taken and given back, or written, in each of its rounds."""
    where: str
    """Of a disk: the folder, and the kind of its file system."""
    _told: memoryview = field(repr=False)

    @property
    def rounds(self) -> tuple[int, ...]:
        """How many rounds each process has completed."""
        return tuple(self._told[::2])

    @property
    def longest_ns(self) -> int:
        """The longest round of any."""
        return max(self._told[1::2])

    def to_json(self) -> dict[str, Any]:
        """The form kept as evidence."""
        return {
            "kind": self.kind.value,
            "where": self.where,
            "processes": self.processes,
            "round_bytes": self.round_bytes,
            "rounds": list(self.rounds),
            "longest_round_ns": self.longest_ns,
        }


@contextmanager
def memory_pressure() -> Iterator[Interference]:
    """Take a bounded share of the available memory, touch all of it, give it back, again and again.

    One process a core. What is provoked is work for the kernel's memory management and for the
    memory itself; never a lack of memory, which would end processes at the kernel's choice.

    Raises:
        HarnessError: a process of the load ended by itself.
        CannotJudge: there was too little memory to take any, or a process did not come round.
    """
    count = len(os.sched_getaffinity(0))
    available = available_bytes()
    size = min(available // MEMORY_PART, MEMORY_BYTES_MAX) // count
    if size < mmap.PAGESIZE:
        raise CannotJudge(f"of {available} bytes of memory available nothing can be taken")
    with _going_on(Kind.MEMORY, size, [()] * count) as load:
        yield load


@contextmanager
def disk_stalls(folder: Path) -> Iterator[Interference]:
    """Write into this folder's file system, and wait until it is on its disk, again and again.

    Raises:
        HarnessError: nothing can be written there, or a process of the load ended by itself.
        CannotJudge: no disk is beneath the folder, or a process did not come round.
    """
    with ExitStack() as files:
        try:
            opened = [
                files.enter_context(tempfile.TemporaryFile(dir=folder))
                for _ in range(DISK_PROCESSES)
            ]
            where = f"{folder} ({kind_of(folder) or 'unknown'})"
        except OSError as error:
            raise HarnessError(
                f"{folder}: {error.strerror}; accepted is a folder that can be written to"
            ) from error
        if in_memory(folder):
            raise CannotJudge(f"{where} lies in memory: it has no disk that could stall")
        fds = [(file.fileno(),) for file in opened]
        with _going_on(Kind.DISK, DISK_BYTES, fds, where=where) as load:
            yield load


@contextmanager
def _going_on(
    kind: Kind, size: int, fds: Sequence[tuple[int, ...]], *, where: str = ""
) -> Iterator[Interference]:
    """Run one process for each entry of `fds`, and see at the end that all of them were at work."""
    counters = os.memfd_create("edgeward-interference")
    try:
        os.ftruncate(counters, len(fds) * _COUNTER_BYTES)
        told = memoryview(mmap.mmap(counters, 0)).cast("q")
        load = Interference(kind, len(fds), size, where, told)
        programs = [
            [str(_SCRIPT), kind.value, *map(str, (os.getpid(), counters, place, size, *own))]
            for place, own in enumerate(fds)
        ]
        with beside(programs, {counters, *(fd for own in fds for fd in own)}) as processes:
            yield load
            ended = [one.returncode for one in processes if one.poll() is not None]
    finally:
        os.close(counters)
    if ended:
        raise HarnessError(f"processes of the {kind} load ended by themselves, with {ended}")
    if not all(load.rounds):
        raise CannotJudge(f"not every process of the {kind} load came round: {load.rounds}")
