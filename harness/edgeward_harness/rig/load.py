"""Other work on the host: processes that keep the cores busy while a device is measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
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
    cores = sorted(os.sched_getaffinity(0))
    burners: list[subprocess.Popen[bytes]] = []
    try:
        for core in cores * per_core:
            words = [sys.executable, "-I", "-S", "-c", _BURN % (core, os.getpid())]
            burners.append(subprocess.Popen(words, process_group=0))
        yield len(burners)
    finally:
        for burner in burners:
            burner.kill()
        for burner in burners:
            burner.wait()
