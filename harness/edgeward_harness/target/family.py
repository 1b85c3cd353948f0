"""A device's processes: which they are, and the end of all of them, also when nobody else can.

Run by path with `python -I -S` (nothing of ours is imported, so it starts fast) this is the keeper
of one device (see `keeper`). Arguments are the harness's process number, a descriptor from which
the number of the device's process can be read, the device's mark and its control groups. It waits
for the end of the harness, whatever way that comes, then ends the device and removes its folders.

What belongs to a device: its process group, its descendants, what is in its control groups, and
what carries its mark, the variable of its environment that names its own folder. A program that
detaches itself and outlives its parent is found by the last two only.

Not the kernel's parent-death signal: that follows the thread which started the device, not its
process; it is lost where the device's program changes its user; and no child of the device gets it.
"""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterable, Iterator

_PARENT = 1
"""The position in /proc/PID/stat after the parenthesised name (proc(5), field 4)."""
_LAUNCH_PATIENCE_MS = 10_000
"""How long a launcher that outlives its harness may take to tell its number."""
_ROUNDS = 500
_ROUND_MS = 10
_QUIET_ROUNDS = 2


def stat(pid: int) -> list[str]:
    """What the kernel says of a process, after its parenthesised name (proc(5), from field 3).

    Raises:
        OSError: it is gone.
        ValueError: the line is not one.
    """
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as lines:
        text = lines.read()
    return text[text.rindex(")") + 2 :].split(" ")


def tree(root: int) -> list[int]:
    """A process and its descendants; those whose parent has ended are no longer found."""
    children: dict[int, list[int]] = {}
    for pid in _all():
        with contextlib.suppress(OSError, ValueError):
            children.setdefault(int(stat(pid)[_PARENT]), []).append(pid)
    found = [root]  # grows while it is walked
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def marked(mark: str) -> set[int]:
    """The processes that were started with this variable (`NAME=value`) in their environment."""
    if "=" not in mark:
        raise ValueError(f"{mark!r} marks nothing; accepted: NAME=value")
    variable = os.fsencode(mark)
    return {pid for pid in _all() if variable in _environment(pid)}


def _environment(pid: int) -> list[bytes]:
    """Empty for a process that has ended or is none of ours."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as variables:
        return variables.read().split(b"\0")
    return []


def members(folders: Iterable[str]) -> set[int]:
    """The processes in control groups, also those that left their process group."""
    return set(_members(folders))


def _members(folders: Iterable[str]) -> Iterator[int]:
    for folder in folders:
        with contextlib.suppress(OSError), open(f"{folder}/cgroup.procs", encoding="ascii") as pids:
            yield from (int(pid) for pid in pids.read().split() if pid != "0")


def kill_all(pids: Iterable[int]) -> None:
    """Kill processes; one that is already gone is fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def end(leader: int, mark: str, folders: Iterable[str]) -> None:
    """Kill all that belongs to a device, and look again until nothing of it is found twice.

    Once is too little: a process that is just becoming another program shows no environment, and
    one that was just started was not seen. The leader must not have been reaped, so that its number
    cannot be a stranger's.
    """
    quiet = 0
    for _ in range(_ROUNDS):
        strays = {*tree(leader), *marked(mark), *members(folders)} - {leader}
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        kill_all(strays)
        quiet = 0 if strays else quiet + 1
        if quiet == _QUIET_ROUNDS:
            return
        if strays:
            select.poll().poll(1)  # the kernel ends them in its own time


def _outlive(harness: int) -> None:
    """Wait for the end of the process that started this one."""
    try:
        pidfd = os.pidfd_open(harness)
    except ProcessLookupError:
        return
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    if os.getppid() == harness:  # else it has ended, and the number may be a stranger's
        ended.poll()


def _told(leader_fd: int) -> int:
    """The number the launcher told before it did anything else; 0 when there never was one."""
    told = select.poll()
    told.register(leader_fd, select.POLLIN)
    return int(os.read(leader_fd, 32) or 0) if told.poll(_LAUNCH_PATIENCE_MS) else 0


def main(words: list[str]) -> int:
    """Keep a device: when the harness is gone, the device goes too."""
    harness, leader_fd, mark, *folders = words
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # they are meant for the harness
        signal.signal(number, signal.SIG_IGN)
    _outlive(int(harness))
    leader = _told(int(leader_fd))
    if leader:
        end(leader, mark, folders)
    for _ in range(_ROUNDS):  # what was being started meanwhile
        left = marked(mark) | members(folders)
        kill_all(left)
        if not left:
            break
        select.poll().poll(_ROUND_MS)
    _remove(mark.partition("=")[2], folders)
    return 0


def _remove(state: str, groups: Iterable[str]) -> None:
    """What the driver would have removed: the device's own folder and its control groups."""
    import shutil  # not needed before, and slow to import

    shutil.rmtree(state, ignore_errors=True)
    for group in groups:
        with contextlib.suppress(OSError):  # one left behind is swept by the next harness
            os.rmdir(group)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
