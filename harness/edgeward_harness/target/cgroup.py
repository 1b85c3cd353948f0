"""Control groups, version 1 and 2: what holds a device to its memory and its processor time.

Rules:
1. Groups are made below the group this process is in, so a limit set on the harness itself still
   holds.
2. Which version serves which controller is found by probing; a host may mount both.
3. What was set is read back from the kernel's file before it counts as enforced.
4. A group is removed when its device is closed. One left behind by a harness that was killed is
   swept away by the next harness, once nothing lives in it and its maker is gone.
"""

import contextlib
import itertools
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.target.family import kill_all, members

PERIOD_US: Final = 5_000
"""The length over which a share of processor time is dealt out. The kernel's usual 100 ms would
hold a device back for up to 100 ms at a stretch and so ruin every latency; see `quota_for`."""
QUOTA_US_MIN: Final = 1_000
"""The kernel deals out no less at a time."""
RT_PERIOD_US: Final = 10_000
"""The same for threads under real-time scheduling, which the quota above does not count."""
_WEIGHT: Final = {1: ("cpu.shares", 262_144), 2: ("cpu.weight", 10_000)}
"""By version: the weight of a group against everything else that wants to run, at its greatest. A
device's share is its own, so it is the least it gets as much as the most: with the usual weight a
device that mostly sleeps was seen to wait for seconds beside one busy process of the host."""
_PREFIX: Final = "edgeward"
_SWEEP_AGE_S: Final = 60.0
_REMOVE_PATIENCE_S: Final = 2.0
_counter = itertools.count()


@dataclass(frozen=True, slots=True)
class Home:
    """Where groups of one controller can be made: the mount's version and our own folder in it."""

    version: int
    folder: Path


def quota_for(cores: float) -> tuple[int, int]:
    """Quota and period, both in µs, that deal out this much processor time.

    The period is stretched only where a quota would fall below the kernel's smallest.
    """
    quota_us = round(PERIOD_US * cores)
    if quota_us >= QUOTA_US_MIN:
        return quota_us, PERIOD_US
    return QUOTA_US_MIN, round(QUOTA_US_MIN / cores)


def homes(mountinfo: str, membership: str) -> dict[str, Home]:
    """Where groups can be made, by controller, from a process's `mountinfo` and `cgroup` files.

    Version 1 wins where it has the controller: version 2 then has it not.
    """
    own = _own_paths(membership)
    found: dict[str, Home] = {}
    for line in mountinfo.splitlines():
        fields, _, source = line.partition(" - ")
        kind, _, options = source.partition(" ")
        root, mount = fields.split(" ")[3:5] if fields.count(" ") >= 4 else ("", "")
        if kind == "cgroup":
            for controller in {"cpu", "memory"} & set(options.split(" ")[-1].split(",")):
                found[controller] = Home(1, _own_folder(mount, root, own.get(controller, "/")))
        elif kind == "cgroup2":
            folder = _own_folder(mount, root, own.get("", "/"))
            for controller in _offered(folder):
                found.setdefault(controller, Home(2, folder))
    return found


def _own_paths(membership: str) -> dict[str, str]:
    """Our own path by controller; the empty name stands for version 2."""
    paths = {}
    for line in membership.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def _own_folder(mount: str, root: str, own: str) -> Path:
    """Our folder under the mount; inside a container only a part of the tree is mounted."""
    inside = own.removeprefix(root) if root != "/" else own
    folder = Path(mount) / inside.lstrip("/")
    return folder if folder.is_dir() else Path(mount)


def _offered(folder: Path) -> set[str]:
    try:
        offered = (folder / "cgroup.controllers").read_text(encoding="ascii").split()
    except OSError:
        return set()
    return {"cpu", "memory"} & set(offered)


def here() -> dict[str, Home]:
    """Where groups can be made on this host; empty when there are none."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        membership = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        return {}
    return homes(mountinfo, membership)


class Group:
    """The control groups of one device: one folder per controller, or one for both."""

    def __init__(self, wanted: Iterable[str], places: Mapping[str, Home]) -> None:
        """Make the folders; a controller that cannot be had is left out, with the reason."""
        self._folders: dict[str, tuple[int, Path]] = {}
        self.reasons: dict[str, str] = {}
        """Why a wanted controller is not there."""
        name = f"{_PREFIX}-{os.getpid()}-{next(_counter)}"
        for controller in wanted:
            home = places.get(controller)
            if home is None:
                self.reasons[controller] = f"this host has no {controller} control group"
                continue
            _sweep(home.folder)
            try:
                self._folders[controller] = (home.version, _made(home, name, controller))
            except OSError as error:
                why = f"no group can be made in {home.folder}: {error.strerror}"
                self.reasons[controller] = why
                self._discard(home.folder / name)

    def _discard(self, folder: Path) -> None:
        """Remove a folder that is of no use, unless another controller holds through it."""
        if folder not in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders a process enters to be held."""
        return tuple(dict.fromkeys(folder for _, folder in self._folders.values()))

    def has(self, controller: str) -> bool:
        """Whether this controller is there."""
        return controller in self._folders

    def holds(self, controller: str, pid: int) -> bool:
        """Whether the process is in the group of this controller."""
        if controller not in self._folders:
            return False
        with contextlib.suppress(OSError):
            return str(pid) in _read(self._folders[controller][1] / "cgroup.procs").split()
        return False

    def limit_memory(self, limit_bytes: int) -> str:
        """Hold memory, swap included, and say how.

        Raises:
            OSError: the kernel refuses, or holds another limit than the one set.
        """
        version, folder = self._folder("memory")
        main, swap = (
            ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
            if version == 1
            else ("memory.max", "memory.swap.max")
        )
        _write(folder / main, str(limit_bytes))
        with contextlib.suppress(OSError):  # the host has no swap accounting
            _write(folder / swap, str(limit_bytes) if version == 1 else "0")
        held = _read(folder / main)
        page_bytes = os.sysconf("SC_PAGESIZE")
        if not held.isdigit() or not limit_bytes - page_bytes < int(held) <= limit_bytes:
            raise OSError(0, f"{main} reads {held} after {limit_bytes} was written")
        return f"cgroup v{version} {main} = {held}"

    def limit_cpu(self, quota_us: int, period_us: int) -> str:
        """Hold the share of processor time, as the most and the least, and say how.

        Raises:
            OSError: the kernel refuses, or holds another limit than the one set.
        """
        version, folder = self._folder("cpu")
        weight, most = _WEIGHT[version]
        _write(folder / weight, str(most))
        if version == 1:
            _write(folder / "cpu.cfs_period_us", str(period_us))
            _write(folder / "cpu.cfs_quota_us", str(quota_us))
            held = f"{_read(folder / 'cpu.cfs_quota_us')} {_read(folder / 'cpu.cfs_period_us')}"
        else:
            _write(folder / "cpu.max", f"{quota_us} {period_us}")
            held = _read(folder / "cpu.max")
        if held != f"{quota_us} {period_us}":
            raise OSError(0, f"the quota reads {held} after {quota_us} {period_us} was written")
        return f"cgroup v{version} quota {quota_us} us in every {period_us} us, {weight} = {most}"

    def allow_realtime(self, share: float) -> str:
        """Let real-time threads use this share of each core, where that needs leave.

        Raises:
            OSError: the kernel refuses.
        """
        if "cpu" not in self._folders:
            return "no cpu control group bounds real-time threads"
        version, folder = self._folder("cpu")
        if version != 1 or not (folder / "cpu.rt_runtime_us").exists():
            return "no control group bounds real-time threads"
        runtime_us = max(1, int(RT_PERIOD_US * share))
        _write(folder / "cpu.rt_period_us", str(RT_PERIOD_US))
        _write(folder / "cpu.rt_runtime_us", str(runtime_us))
        return f"real-time threads get {runtime_us} us in every {RT_PERIOD_US} us"

    def out_of_memory_kills(self) -> int:
        """How often the kernel killed a process of the group because memory ran out."""
        if "memory" not in self._folders:
            return 0
        version, folder = self._folder("memory")
        name = "memory.oom_control" if version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            for line in _read(folder / name).splitlines():
                key, _, value = line.partition(" ")
                if key == "oom_kill" and value.isdigit():
                    return int(value)
        return 0

    def close(self) -> None:
        """Kill what is left in the group and remove it; closing twice is fine."""
        deadline_s = time.monotonic() + _REMOVE_PATIENCE_S
        while self._folders and time.monotonic() < deadline_s:
            kill_all(members(map(str, self.folders)))
            for controller, (_, folder) in list(self._folders.items()):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    del self._folders[controller]
            if self._folders:  # a killed process leaves its group only when it is reaped
                time.sleep(0.001)

    def _folder(self, controller: str) -> tuple[int, Path]:
        if controller not in self._folders:
            raise OSError(0, self.reasons.get(controller, "the group was removed"))
        return self._folders[controller]


def _made(home: Home, name: str, controller: str) -> Path:
    """Make the folder (version 2: one for both controllers) and see that it is of use."""
    folder = home.folder / name
    folder.mkdir(exist_ok=True)
    probe = {
        1: {"cpu": "cpu.cfs_quota_us", "memory": "memory.limit_in_bytes"},
        2: {"cpu": "cpu.max", "memory": "memory.max"},
    }[home.version][controller]
    if home.version == 2 and not (folder / probe).exists():
        with contextlib.suppress(OSError):  # EBUSY where our own group holds processes; told below
            _write(home.folder / "cgroup.subtree_control", f"+{controller}")
    if not (folder / probe).exists():
        raise OSError(0, f"the {controller} controller is not delegated to it")
    return folder


def _sweep(folder: Path) -> None:
    """Remove empty groups whose maker is gone; a young one may belong to a maker we cannot see."""
    for left in folder.glob(f"{_PREFIX}-*-*"):
        with contextlib.suppress(OSError):
            maker = left.name.split("-")[1]
            young = time.time() - left.stat().st_mtime < _SWEEP_AGE_S
            if maker.isdigit() and not young and not Path("/proc", maker).exists():
                left.rmdir()


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _write(path: Path, value: str) -> None:
    """Write to a file of the kernel's; one that is not there must not be made."""
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(fd, value.encode("ascii"))
    finally:
        os.close(fd)
