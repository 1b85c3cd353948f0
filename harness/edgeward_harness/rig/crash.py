"""A process crashes, and what the kernel made of its memory.

Whether a core was dumped is read from how the kernel says that the process ended (`CLD_DUMPED`),
wherever the core went: to a file, or to a program of this host (`core_pattern`).
"""

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from edgeward_harness.errors import CannotJudge

CRASHES: Final = (signal.SIGSEGV, signal.SIGABRT)
"""By an error of the program, and by its own decision."""
WITH_CORES: Final = ("sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "edgeward-cores")
"""Words before a command: its limit on cores is the highest that may be had here."""
_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_PATIENCE_S: Final = 20.0
_LOOK_S: Final = 0.01


def crashed(pid: int, number: signal.Signals) -> bool:
    """Crash a process that this one started and has not collected; whether a core was dumped.

    Before that its limit on cores is raised as far as anybody may who can send it a signal. A core
    that lies in a file is removed.

    Raises:
        CannotJudge: it does not end by the signal.
    """
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))
    before = _cores(folder)
    with contextlib.suppress(OSError, ValueError):
        hard_max = resource.prlimit(pid, resource.RLIMIT_CORE)[1]
        resource.prlimit(pid, resource.RLIMIT_CORE, (hard_max, hard_max))
    os.kill(pid, number)
    deadline_s = time.monotonic() + _PATIENCE_S
    while (ended := os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)) is None:
        if time.monotonic() > deadline_s:
            raise CannotJudge(f"process {pid} does not end by {number.name} in {_PATIENCE_S:g} s")
        time.sleep(_LOOK_S)
    for core in _cores(folder) - before:
        core.unlink(missing_ok=True)
    return ended.si_code == os.CLD_DUMPED


def dumps_cores(folder: Path, number: signal.Signals) -> bool:
    """Whether this host dumps a core of a process that does nothing against it."""
    careless = subprocess.Popen([*WITH_CORES, "sleep", "60"], cwd=folder, stdin=subprocess.DEVNULL)
    try:
        return _became_sleep(careless) and crashed(careless.pid, number)
    finally:
        careless.kill()
        careless.wait()


def _became_sleep(process: "subprocess.Popen[bytes]") -> bool:
    """Wait until the shell has become the program: it may end otherwise before."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s and process.poll() is None:
        if Path(f"/proc/{process.pid}/comm").read_text("utf-8").strip() == "sleep":
            return True
        time.sleep(_LOOK_S)
    return False


def _cores(folder: Path) -> set[Path]:
    """Files that may be cores, where this host puts them into files."""
    pattern = _PATTERN.read_text("utf-8").strip()
    if pattern.startswith(("|", "@")):
        return set()
    place = folder / Path(pattern).parent
    name = Path(pattern).name.partition("%")[0] or "core"
    return set(place.glob(f"{name}*")) if place.is_dir() else set()
