"""Whether this host can carry the device: clocks, disk, cores, memory, installed software."""

import os
import re
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from edgeward.adapters.store import DirectoryStore
from edgeward.device.daemon.checks.checked import Checked, Verdict, judged
from edgeward.errors import StoreError
from edgeward.ports import Clock
from edgeward.profile.model import BYTES_PER_MB, Profile

NOT_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)
"""This software did not exist before: a clock that says so is wrong."""
NOT_AFTER = datetime(2060, 1, 1, tzinfo=UTC)
RESOLUTION_NS_MAX = 100_000
"""A tenth of the smallest latency that a budget can name in practice, one millisecond."""
DRIFT_NS_MAX = 50_000_000
RAM_SHARE = 0.9
"""Of the memory built in; the rest is the kernel's and the firmware's before anybody is asked."""
_READS = 1000
_WRITES = 20
_PROBE = "check-probe"
_CAP_IPC_LOCK = 14
_FLOOR = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)$")


def clock_monotonic(clock: Clock) -> Checked:
    """It never goes back, moves on while one waits, and tells short times apart."""
    reads = [clock.monotonic_ns() for _ in range(_READS)]
    steps = [after - before for before, after in pairwise(reads)]
    began_ns = clock.monotonic_ns()
    clock.sleep_ns(1_000_000)
    waited_ns = clock.monotonic_ns() - began_ns
    finest_ns = min((step for step in steps if step > 0), default=0)
    good = min(steps) >= 0 and 0 < finest_ns <= RESOLUTION_NS_MAX and waited_ns >= 1_000_000
    found = f"steps of {finest_ns} ns, {waited_ns / 1e6:.2f} ms in a wait of 1 ms"
    if min(steps) < 0:
        found = f"it went back by {-min(steps)} ns"
    return judged(
        "clock.monotonic",
        found,
        f"never back, steps of at most {RESOLUTION_NS_MAX / 1e3:g} us",
        "choose another clock source of the kernel",
        good=good,
    )


def clock_wall(clock: Clock, state: Path) -> Checked:
    """It is not before this software or what this device wrote, and nobody is stepping it."""
    before_ns = clock.wall_ns() - clock.monotonic_ns()
    clock.sleep_ns(1_000_000)
    now_ns = clock.wall_ns()
    moved_ns = abs(now_ns - clock.monotonic_ns() - before_ns)
    earliest_ns = max(int(NOT_BEFORE.timestamp() * 1e9), _last_written_ns(state) - DRIFT_NS_MAX)
    good = earliest_ns <= now_ns <= NOT_AFTER.timestamp() * 1e9 and moved_ns <= DRIFT_NS_MAX
    found = _date(now_ns) + (f", stepped by {moved_ns / 1e6:.0f} ms" if moved_ns > 1e6 else "")
    return judged(
        "clock.wall",
        found,
        f"not before {_date(earliest_ns)}, the last this device wrote or was made; not stepped",
        "set it, or wait until the time service has",
        good=good,
    )


def disk_state(clock: Clock, state: Path) -> Checked:
    """A blob can be written there durably, as the device does it; how long that takes."""
    accepted = "it can be written, and synced"
    missing = [one for one in (state, *state.parents) if not one.exists()]
    times_ms = []
    try:
        store = DirectoryStore(state)
        for _ in range(_WRITES):
            began_ns = clock.monotonic_ns()
            store.write(_PROBE, b"x" * 4096)
            times_ms.append((clock.monotonic_ns() - began_ns) / 1e6)
        store.delete(_PROBE)
    except StoreError as error:
        advice = "give the device a folder of its own, with --state"
        return Checked("disk.state", Verdict.FINDING, str(error), accepted, advice)
    finally:
        for folder in missing:  # leave the host as it was found
            with suppress(OSError):
                folder.rmdir()
    times_ms.sort()
    found = (
        f"{_WRITES} durable writes of 4 KiB: median {times_ms[_WRITES // 2]:.2f} ms,"
        f" longest {times_ms[-1]:.2f} ms"
    )
    return Checked("disk.state", Verdict.GOOD, found, accepted)


def disk_space(state: Path, profile: Profile) -> Checked:
    """What the profile promises to keep without a link has room."""
    there = next(one for one in (state, *state.parents) if one.exists())
    told = os.statvfs(there)
    free_mb = told.f_bavail * told.f_frsize // BYTES_PER_MB
    return judged(
        "disk.space",
        f"{free_mb:,} MB free",
        f"at least {profile.offline.queue_mb:,} MB (offline.queue_mb)",
        "make room, or keep the state on another disk with --state",
        good=free_mb >= profile.offline.queue_mb,
    )


def cores(profile: Profile, root: Path = Path("/sys/fs/cgroup")) -> Checked:
    """As many as the profile counts on, by affinity and by quota."""
    may_run = len(os.sched_getaffinity(0))
    granted = min((float(may_run), *_quotas(root)))
    return judged(
        "host.cores",
        f"{granted:g} of {os.cpu_count()} cores may be used",
        f"at least {profile.compute.cores} (compute.cores)",
        "lift the affinity or the quota, or run it on the device that the profile describes",
        good=granted >= profile.compute.cores,
    )


def memory(profile: Profile, root: Path = Path("/sys/fs/cgroup")) -> Checked:
    """The memory built in is the profile's, and as much as the budget may be used."""
    built_in_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // BYTES_PER_MB
    limits = _limits(root, "memory.max", lambda text: int(text) / BYTES_PER_MB)
    usable_mb = min((float(built_in_mb), *limits))
    wanted_mb, budget_mb = profile.memory.ram_mb, profile.budget.memory_mb
    return judged(
        "host.memory",
        f"{built_in_mb:,} MB, of which {usable_mb:,.0f} MB may be used",
        f"{wanted_mb:,} MB (memory.ram_mb, less a tenth), of which {budget_mb:,} MB usable",
        "run it on the device that the profile describes, or raise the limit of its group",
        good=built_in_mb >= RAM_SHARE * wanted_mb and usable_mb >= budget_mb,
    )


def lock_limit_mb() -> float:
    """How much memory this process may lock; infinite where it has the right to all of it."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        held = next(line for line in lines if line.startswith("CapEff:"))
        if int(held.partition(":")[2], 16) >> _CAP_IPC_LOCK & 1:
            return float("inf")
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return float("inf") if soft == resource.RLIM_INFINITY else soft / BYTES_PER_MB


def software() -> Checked:
    """What is installed is what this version was made for."""
    found = [f"Python {sys.version.partition(' ')[0]}"]
    wanted, wrong = [], []
    for name, floor in _floors(metadata.requires("edgeward") or []):
        wanted.append(f"{name} {floor}")
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "missing"
        found.append(f"{name} {version}")
        if version == "missing" or _numbers(version) < _numbers(floor):
            wrong.append(name)
    return judged(
        "software.versions",
        ", ".join(found),
        f"at least {', '.join(wanted)}",
        f"install {' and '.join(wrong)} again, with pip install --upgrade edgeward",
        good=not wrong,
    )


def certificates() -> Checked:
    """There is no link that would need one, so nothing was looked at."""
    return Checked(
        "certificates",
        Verdict.NOT_CHECKED,
        "none configured: secure comms is not part of this version",
        "a certificate for each link, valid and not due for rotation",
        due=False,
    )


def _last_written_ns(state: Path) -> int:
    """When this device last wrote its state, by the clock of that time; 0 when it never did."""
    written = 0
    with suppress(OSError):
        for entry in os.scandir(state):
            if entry.is_file(follow_symlinks=False):
                written = max(written, entry.stat(follow_symlinks=False).st_mtime_ns)
    return written


def _date(instant_ns: int) -> str:
    try:
        return datetime.fromtimestamp(instant_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return f"{instant_ns} ns"


def _quotas(root: Path) -> list[float]:
    return _limits(root, "cpu.max", lambda text: int(text.split()[0]) / int(text.split()[1]))


def _limits(root: Path, file: str, read: Callable[[str], float]) -> list[float]:
    """What the control groups of this process allow, from its own up to the root."""
    group = ""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        group = next(line for line in lines if line.startswith("0::")).partition("::")[2].strip("/")
    found = []
    for folder in (root / group, *(root / group).parents):
        with suppress(OSError, ValueError, IndexError, ZeroDivisionError):
            found.append(read((folder / file).read_text(encoding="ascii")))  # "max" is no number
        if folder == root:
            break
    return found


def _floors(requirements: list[str]) -> list[tuple[str, str]]:
    """Name and lowest version of each requirement that is not an extra's."""
    return [(match[1], match[2]) for one in requirements if (match := _FLOOR.match(one))]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])
