"""A disk that refuses, and a process that dies at one of its calls: by `strace`, from outside.

Rules:
1. Calls are refused by their names, and where paths are given on these alone; the kernel never sees
   them. What was written before stays as it is.
2. Without paths `write` is not among them, for pipes and sockets are written by it too: what a
   process writes so is refused when it is synced.
3. A process is let go without being harmed, and goes on.
"""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from edgeward_harness.errors import CannotJudge

SYNCS: Final = ("fsync", "fdatasync", "sync_file_range", "msync", "sync", "syncfs")
"""Calls that promise that the disk has something."""
WRITES: Final = (
    "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate", "rename", "renameat", "renameat2",
    "link", "linkat", "mkdir", "mkdirat",
)  # fmt: skip
"""Calls that change what is on a disk, and serve nothing else."""
_PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.005
_CALLED: Final = re.compile(r"(\d+) +(\w+)\(")
_FILE: Final = re.compile(r"\(\d+<(/[^>]*)>")
_REFUSED: Final = "(INJECTED)"
_KILLED: Final = "+++ killed by SIGKILL +++"


class Fault(StrEnum):
    """Why a disk refuses, as the kernel names it."""

    BROKEN = "EIO"
    FULL = "ENOSPC"
    READ_ONLY = "EROFS"


@dataclass(frozen=True, slots=True)
class Tracer:
    """What `strace` wrote down of a process while it held it."""

    log: Path

    def refused(self) -> int:
        """How many calls were refused so far."""
        return self._text().count(_REFUSED)

    def counts(self) -> dict[str, int]:
        """How often the busiest thread made each call."""
        made = Counter(_CALLED.findall(self._text()))
        return {name: max(n for (_, one), n in made.items() if one == name) for _, name in made}

    def killed(self) -> bool:
        """Whether the process has died of it."""
        return _KILLED in self._text()

    def files(self, folder: Path) -> tuple[Path, ...]:
        """The files below a folder whose descriptors it used."""
        below = str(folder.resolve()) + "/"
        return tuple(
            Path(one) for one in sorted(set(_FILE.findall(self._text()))) if one.startswith(below)
        )

    def _text(self) -> str:
        if not self.log.exists():  # it may be hindered from beginning
            return ""
        return self.log.read_text("utf-8", "surrogateescape")


def refusal(calls: Sequence[str], fault: Fault) -> tuple[str, ...]:
    """Each of these calls fails."""
    named = ",".join(f"?{call}" for call in calls)
    return (f"--trace={named}", f"--inject={named}:error={fault.value}")


def death(call: str, nth: int) -> tuple[str, ...]:
    """A thread's so-manieth call of this name ends the process, and is not carried out."""
    return (f"--trace={call}", f"--inject={call}:signal=KILL:when={nth}")


def watching(calls: Sequence[str]) -> tuple[str, ...]:
    """Nothing happens; the calls are written down."""
    return (f"--trace={','.join(f'?{call}' for call in calls)}",)


@contextlib.contextmanager
def held(pid: int, what: Sequence[str]) -> Iterator[Tracer]:
    """What was asked happens to a process that runs, until the block ends.

    Raises:
        CannotJudge: `strace` cannot hold the process.
    """
    with tempfile.TemporaryDirectory(prefix="edgeward-held-") as made:
        log = Path(made) / "calls"
        tracer = subprocess.Popen(
            [*_words(what, log), f"--attach={pid}"],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        try:
            if not _until(lambda: _is_held(pid, tracer.pid) or tracer.poll() is not None):
                raise CannotJudge(f"process {pid} is not held by strace in {_PATIENCE_S:g} s")
            if tracer.poll() is not None and _lives(pid):
                raise CannotJudge(f"strace cannot hold process {pid}: {_told(tracer)}")
            yield Tracer(log)
        finally:
            tracer.terminate()
            _told(tracer)


def from_its_start(
    what: Sequence[str], log: Path, paths: Iterable[Path] = ()
) -> tuple[tuple[str, ...], Tracer]:
    """What to put before a command, so that this happens to it from its start; `let_go` ends it."""
    only = [f"--trace-path={path}" for path in paths]
    daemon = ("--daemonize=grandchild", "--interruptible=waiting")
    return (*_words(what, log), *daemon, *only, "--"), Tracer(log)


def let_go(pid: int) -> None:
    """Nothing happens any more to a process that was held from its start.

    Raises:
        CannotJudge: it was not held, or is not let go.
    """
    tracer = _tracer_of(pid)
    if not tracer:
        raise CannotJudge(
            f"process {pid} is not held by strace: it was not hindered from its start"
        )
    os.kill(tracer, signal.SIGTERM)
    if not _until(lambda: not _tracer_of(pid)):
        raise CannotJudge(f"strace did not let process {pid} go in {_PATIENCE_S:g} s")


def _words(what: Sequence[str], log: Path) -> tuple[str, ...]:
    return (
        "strace",
        "--follow-forks",
        "--quiet=all",
        "--decode-fds=path",
        f"--output={log}",
        *what,
    )


def _is_held(pid: int, tracer: int) -> bool:
    """Whether every thread of it is."""
    try:
        threads = [int(one) for one in os.listdir(f"/proc/{pid}/task")]
        return all(_tracer_of(one) == tracer for one in threads)
    except (FileNotFoundError, ProcessLookupError):
        return False


def _lives(pid: int) -> bool:
    """Whether it has not ended; one that ended and was not collected has."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    return False


def _tracer_of(pid: int) -> int:
    """Who holds a thread; 0 for nobody."""
    found = re.search(r"^TracerPid:\t(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"), re.M)
    return int(found[1]) if found else 0


def _told(tracer: "subprocess.Popen[bytes]") -> str:
    """What it said until its end."""
    try:
        said = tracer.communicate(timeout=_PATIENCE_S)[1]
    except subprocess.TimeoutExpired:
        tracer.kill()
        said = tracer.communicate()[1]
    return said.decode("utf-8", "replace").strip()[-300:]


def _until(true: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_LOOK_S)
    return True
