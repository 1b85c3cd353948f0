"""On what kind of file system a folder lies, told by the kernel."""

import os
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_MEMORY: Final = ("tmpfs", "ramfs")


def kind_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The kernel's name for the kind of the folder's file system; empty when it does not tell.

    Raises:
        OSError: there is no such folder.
    """
    device = folder.stat().st_dev
    sought = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.read_text("utf-8", errors="surrogateescape").splitlines():
        fields, _, source = line.partition(" - ")
        if fields.split(" ")[2:3] == [sought]:
            return source.partition(" ")[0]
    return ""


def in_memory(folder: Path) -> bool:
    """Whether what is written there goes to no disk.

    Raises:
        OSError: there is no such folder.
    """
    return kind_of(folder) in _MEMORY
