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
_FLAGS, _STARTED, _VARIABLES = 6, 19, 47
"""Further positions there: fields 9, 22 and 50, the first of the two ends of the environment."""
_KERNEL_THREAD = 0x00200000
_LAUNCH_PATIENCE_MS = 10_000
"""How long a launcher that outlives its harness may take to tell its number."""
_ROUNDS = 500
_ROUND_MS = 10


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
    _send(signal.SIGKILL, pids)


class _Kin:
    """The processes of one device while they come and go; what was seen clearly is seen once.

    Rules:
    1. The newest are looked at first and a member is stopped at once: it then starts no other, and
       those it has started stay its children.
    2. A process that went before it was seen, or that is just becoming another program (it shows
       no environment then, and the kernel no place for one), leaves the look unclear.
    3. What is older than the device is none of its.
    """

    def __init__(self, leader: int, mark: str) -> None:
        self._mark = os.fsencode(mark)
        self._leader = leader
        self._parents: dict[int, int] = {}
        self._since = 0
        with contextlib.suppress(OSError, ValueError):
            self._since = int(stat(leader)[_STARTED])
        self.found: set[int] = set()
        self.unclear = False

    def look(self, folders: Iterable[str]) -> bool:
        """Stop whoever belongs to the device; whether somebody new was found."""
        before = len(self.found)
        self.unclear = False
        for pid in sorted(set(_all()) - self._parents.keys(), reverse=True):
            if self._carries(pid):
                self._stop(pid)
        for pid in members(folders):
            self._stop(pid)
        self._stop_children()
        return len(self.found) > before

    def _carries(self, pid: int) -> bool:
        """Whether a process carries the mark; notes its parent once that is certain."""
        try:
            values = stat(pid)
            parent = int(values[_PARENT])
            young = int(values[_STARTED]) >= self._since
            variables = _environment(pid) if young else []
            settled = not young or any(variables) or _has_none(pid)
        except (OSError, ValueError, IndexError):
            self.unclear = True
            return False
        if settled:
            self._parents[pid] = parent
        else:
            self.unclear = True
        return self._mark in variables or parent in self.found or parent == self._leader

    def _stop_children(self) -> None:
        grown = True
        while grown:
            kin = {*self.found, self._leader}
            born = {pid for pid, parent in self._parents.items() if parent in kin} - kin
            grown = bool(born)
            for pid in born:
                self._stop(pid)

    def _stop(self, pid: int) -> None:
        if pid != self._leader:
            self.found.add(pid)
            _send(signal.SIGSTOP, [pid])


def _has_none(pid: int) -> bool:
    """Whether a process that showed no environment just before will not show one later."""
    values = stat(pid)
    if int(values[_FLAGS]) & _KERNEL_THREAD or values[0] in "ZX":
        return True
    start, end_ = int(values[_VARIABLES]), int(values[_VARIABLES + 1])
    return start == end_ != 0 or not os.access(f"/proc/{pid}/environ", os.R_OK)


def end(leader: int, mark: str, folders: Iterable[str]) -> None:
    """Kill all that belongs to a device, also what is being started meanwhile.

    Everything is stopped until a clear look finds nobody new, then killed, then looked for again:
    a death can wake others that were stopped. The leader must not have been reaped, so that its
    number cannot be a stranger's. Bounded: what stays unclear is left after `_ROUNDS` looks.
    """
    kin, new = _Kin(leader, mark), True
    _send_group(leader, signal.SIGSTOP)
    for _ in range(_ROUNDS):
        found = kin.look(folders)
        new = new or found
        if found:
            continue
        if new:
            _send_group(leader, signal.SIGKILL)
            kill_all(kin.found)
            new = False
        elif not kin.unclear:
            break
        if kin.unclear:
            os.sched_yield()
    _send_group(leader, signal.SIGKILL)
    kill_all(kin.found)


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _send_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


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
