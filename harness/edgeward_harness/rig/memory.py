"""How much memory of this host can be taken, by whoever runs in our control group."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edgeward_harness.errors import HarnessError
from edgeward_harness.target.cgroup import Home, here

_MEMINFO: Final = Path("/proc/meminfo")
_FILES: Final = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
"""By version of control groups: the limit, what is used, and what of that is given back at once."""


def available_bytes(meminfo: Path = _MEMINFO, home: Home | None = None) -> int:
    """What the kernel says can be had without swapping; what our group leaves, if that is less.

    Raises:
        HarnessError: the kernel tells of no memory.
    """
    home = home or here().get("memory")
    for line in meminfo.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            left = [] if home is None else list(_left(home))
            return max(0, min([int(value.split()[0]) * 1024, *left]))
    raise HarnessError(f"{meminfo} has no MemAvailable; accepted is a Linux kernel from 3.14 on")


def _left(home: Home) -> Iterator[int]:
    """What our group and each one around it still give."""
    limit, usage, reclaimable = _FILES[home.version]
    for folder in (home.folder, *home.folder.parents):
        # A group without a limit says "max", and the outermost one has no such file.
        with contextlib.suppress(OSError, ValueError):
            allowed = int((folder / limit).read_text(encoding="ascii"))
            stat = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
            told = dict(line.split() for line in stat)
            used = int((folder / usage).read_text(encoding="ascii"))
            yield allowed - used + int(told.get(reclaimable, 0))
