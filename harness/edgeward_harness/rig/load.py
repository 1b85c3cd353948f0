"""Other work on the host: processes that keep the cores busy while a device is measured."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

# Ends by itself when its parent is gone, so that a killed run leaves no load behind. It is told who
# its parent is: by the time it could ask, the parent may be gone already.
_BURN = """
import os
os.sched_setaffinity(0, {%d})
while os.getppid() == %d:
    for _ in range(200_000):
        pass
"""


@contextmanager
def cpu_load(per_core: int = 1) -> Iterator[int]:
    """Keep every core this process may use busy with that many processes; yields their number."""
    cores = sorted(os.sched_getaffinity(0)) * per_core
    with beside(["-c", _BURN % (core, os.getpid())] for core in cores) as burners:
        yield len(burners)


@contextmanager
def beside(
    programs: Iterable[Sequence[str]], fds: Collection[int] = ()
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run these bare Python programs while the block does; none outlives it.

    They inherit the descriptors. A keyboard interrupt is for the run, which then ends them.
    """
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for words in programs:
            command = [sys.executable, "-I", "-S", *words]
            processes.append(subprocess.Popen(command, process_group=0, pass_fds=fds))
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
