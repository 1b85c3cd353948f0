"""The process driver: a device that runs as a process of this host, held to its profile.

Rules:
1. The device gets a process group of its own, a clean environment and three pipes. Not a session:
   where the kernel schedules sessions against each other (autogroup), a device alone in its own can
   be starved for seconds by load on the host, and that would be measured as the device's delay;
   nothing else of the harness is inherited.
2. It starts through `launch`, which applies the limits and then becomes the device's program. What
   holds is read back from outside (see `enforce`).
3. At the end everything is killed and removed: the process group, what left it but is known to be
   the device's, the control groups, the state folder. The leader is reaped last, so that its
   number cannot belong to a stranger when the group is killed.
4. The same happens when the harness is killed: a keeper sees to it (see `keeper`).
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import procfs
from edgeward_harness.target.channel import FdChannel
from edgeward_harness.target.driver import Ending, Enforcement
from edgeward_harness.target.enforce import Asked, Hold
from edgeward_harness.target.family import end, marked, members, tree
from edgeward_harness.target.keeper import Keeper
from edgeward_harness.target.messages import LINE_BYTES_MAX
from edgeward_harness.target.stderr import StderrTail

STATE_FOLDER: Final = "EDGEWARD_STATE"
"""The variable that names a folder of the device's own, kept over restarts within a session."""
_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_LAUNCH_PATIENCE_S: Final = 10.0
_FREEZE_PATIENCE_S: Final = 2.0
_STDERR_PATIENCE_S: Final = 0.2
_STATUS_BYTES_MAX: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a device: its words, the folder it starts in, its environment."""

    words: tuple[str, ...]
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class ProcessDriver:
    """Starts a command as a device and holds it to what is asked."""

    def __init__(self, command: Command, asked: Asked, realization: Realization) -> None:
        """Nothing is started yet."""
        self._command = command
        self._asked = asked
        self._realization = realization
        self._hold: Hold | None = None
        self._state: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: Keeper | None = None
        self._stderr: StderrTail | None = None
        self._enforcement: tuple[Enforcement, ...] = ()
        self._kills_before = 0

    @property
    def realization(self) -> Realization:
        """As the bench unit says."""
        return self._realization

    @property
    def enforcement(self) -> tuple[Enforcement, ...]:
        """What the process is held to, read back after its start."""
        return self._enforcement

    @property
    def pid(self) -> int | None:
        """The process the command became."""
        return None if self._process is None else self._process.pid

    def start(self) -> FdChannel:
        """Start the command; returns once its program has taken over.

        Raises:
            InputError: the command cannot be started.
            HarnessError: the host refuses a process, a pipe or a folder.
        """
        self._end_process()
        self._hold = self._hold or Hold(self._asked)
        self._kills_before = self._hold.group.out_of_memory_kills()
        try:
            self._keeper = Keeper(self._mark, self._folders)
            channel, refused = self._spawn(self._hold, self._keeper.launcher_fd)
        except OSError as error:
            raise HarnessError(f"the host cannot start a device: {error}") from error
        if "exec" in refused:
            channel.close()
            self._end_process()
            fault = f"{self._command.words[0]!r} cannot be started: {refused['exec']}"
            raise InputError("the device's command", [fault])
        self._enforcement = self._read_back(self._hold, refused)
        return channel

    def _spawn(self, hold: Hold, keeper_fd: int) -> tuple[FdChannel, dict[str, str]]:
        """Start the launcher, connect, and hear what it could not apply."""
        status_read, status_write = os.pipe()
        try:
            told = [f"status={status_write}", f"keeper={keeper_fd}"]
            process = self._popen([*told, *hold.words()], (status_write, keeper_fd))
        except BaseException:
            os.close(status_read)
            raise
        finally:
            os.close(status_write)
        self._process = process
        self._stderr = StderrTail(_taken_over(process.stderr))
        output_fd, input_fd = _taken_over(process.stdout), _taken_over(process.stdin)
        channel = FdChannel(output_fd, input_fd, LINE_BYTES_MAX)
        try:
            return channel, _refused(status_read)
        except BaseException:
            channel.close()
            raise
        finally:
            os.close(status_read)

    def _popen(self, words: list[str], fds: tuple[int, ...]) -> subprocess.Popen[bytes]:
        cwd = self._command.cwd
        if cwd is not None and not cwd.is_dir():
            raise InputError("the device's command", [f"cwd: {str(cwd)!r} is not a folder"])
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), *words, "--", *self._command.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=fds,
            process_group=0,
            cwd=cwd,
            env=self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        """Nothing of the harness's own but the search path; the unit's own words win."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": self._state_folder,
            "LANG": "C.UTF-8",
            STATE_FOLDER: self._state_folder,
            **self._command.environment,
        }

    @property
    def _state_folder(self) -> str:
        given = self._command.environment.get(STATE_FOLDER)
        if given is not None:
            return given  # somebody else's, who keeps it
        if self._state is None:
            self._state = tempfile.mkdtemp(prefix="edgeward-device-")
        return self._state

    @property
    def _mark(self) -> str:
        """What every process of this device has in its environment, and no other."""
        return f"{STATE_FOLDER}={self._state_folder}"

    @property
    def _folders(self) -> list[str]:
        return [] if self._hold is None else [str(folder) for folder in self._hold.group.folders]

    def _read_back(self, hold: Hold, refused: Mapping[str, str]) -> tuple[Enforcement, ...]:
        try:
            return hold.read_back(self._running().pid, refused)
        except ProcessLookupError:  # it has ended at once; the first question will tell how
            return ()

    def wait_ended(self, timeout_s: float) -> Ending | None:
        """How the process ended. What it left behind in its group is killed with it."""
        process = self._running()
        if process.returncode is None and not _has_ended(process.pid, timeout_s):
            return None
        self._reap(process)
        if self._stderr is not None:
            self._stderr.settle(_STDERR_PATIENCE_S)
        remark = ""
        if self._hold and self._hold.group.out_of_memory_kills() > self._kills_before:
            remark = f"out of memory: the limit is {self._hold.memory_limit}"
        return Ending(process.returncode, remark)

    def freeze(self) -> None:
        """SIGSTOP to the whole group; returns once the process has stopped."""
        self._signal(signal.SIGSTOP)
        pid = self._running().pid
        deadline_s = time.monotonic() + _FREEZE_PATIENCE_S
        while procfs.state(pid) != "T":
            if time.monotonic() > deadline_s:
                raise HarnessError(f"process {pid} did not stop within {_FREEZE_PATIENCE_S:g} s")
            time.sleep(0.0005)

    def thaw(self) -> None:
        """SIGCONT to the whole group."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to everything the device is; returns once its process is gone."""
        self._reap(self._running())

    def cpu_seconds(self) -> float:
        """As the kernel accounts it, in steps of its clock tick."""
        return procfs.cpu_seconds(self._running().pid)

    def run_delay_ns(self) -> int:
        """As the scheduler accounts it."""
        return procfs.run_delay_ns(self._running().pid)

    def scheduled(self) -> procfs.Scheduled:
        """Of the leader's threads; what it starts besides is not looked at."""
        return procfs.scheduled(self._running().pid)

    def processes(self) -> tuple[int, ...]:
        """What the leader started, what is in the control groups, what carries the mark."""
        pid = self._running().pid
        if procfs.state(pid) in ("", "Z"):
            raise HarnessError(f"process {pid} has ended; it can no longer be observed")
        return tuple(sorted({*tree(pid), *marked(self._mark), *members(self._folders)}))

    def stderr_tail(self) -> bytes:
        """The end of standard error."""
        return b"" if self._stderr is None else self._stderr.tail()

    def close(self) -> None:
        """Kill everything, then remove the control groups and the state folder."""
        self._end_process()
        if self._hold is not None:
            self._hold.close()
            self._hold = None
        if self._state is not None:
            shutil.rmtree(self._state, ignore_errors=True)
            self._state = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise HarnessError("the device has not been started")
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        process = self._running()
        if process.returncode is not None or _has_ended(process.pid, 0):
            raise HarnessError("the device has ended; it cannot be signalled")
        os.killpg(process.pid, number)

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the device's processes and collect the leader, which is done last (rule 3)."""
        if process.returncode is not None:
            return
        end(process.pid, self._mark, self._folders)
        self._dismiss_keeper()
        process.wait()

    def _dismiss_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _end_process(self) -> None:
        if self._process is not None:
            self._reap(self._process)
            self._process = None
        self._dismiss_keeper()
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None


def _taken_over(stream: IO[bytes] | None) -> int:
    """The descriptor behind one of Popen's streams, now ours to close."""
    if stream is None:
        raise HarnessError("the device was started without a pipe")
    with stream:
        return os.dup(stream.fileno())


def _has_ended(pid: int, timeout_s: float) -> bool:
    """Whether our child has ended; it is not reaped."""
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))
    finally:
        os.close(pidfd)


def _refused(status_fd: int) -> dict[str, str]:
    """What the launcher could not apply; read until the device's program has taken over.

    Raises:
        HarnessError: it does not take over.
    """
    poll = select.poll()
    poll.register(status_fd, select.POLLIN)
    told = b""
    deadline_s = time.monotonic() + _LAUNCH_PATIENCE_S
    while len(told) < _STATUS_BYTES_MAX:
        if not poll.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
            raise HarnessError(f"the launcher did not finish within {_LAUNCH_PATIENCE_S:g} s")
        data = os.read(status_fd, _STATUS_BYTES_MAX)
        if not data:
            break
        told += data
    lines = told.decode("utf-8", "replace").splitlines()
    return {what: why for what, _, why in (line.partition(": ") for line in lines)}
