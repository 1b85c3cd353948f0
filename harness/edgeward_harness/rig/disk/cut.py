"""What a power cut leaves of a folder: all that was synced, and any part of the rest.

Rules, each as unkind as a disk may be:
1. Bytes that were synced are there. Of bytes that were not, any 512 of a sector may be there or
   not, in any order.
2. A name is there when its folder was synced after it was given; before that, perhaps. A folder
   itself is there from when it is made.
3. A disk that syncs and lies is no part of this.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from edgeward_harness.rig.disk.recorded import (
    Cut,
    Folder,
    Made,
    Removed,
    Renamed,
    Said,
    Step,
    Synced,
    Written,
)

SECTOR_BYTES = 512


class Kept(StrEnum):
    """What becomes of that which was not synced."""

    NOTHING = "nothing"
    WRITES = "some writes, whole"
    SECTORS = "some sectors of some writes"
    EVERYTHING = "everything"
    """As when the process is killed, and the machine lives."""


@dataclass(slots=True)
class _File:
    safe: bytearray = field(default_factory=bytearray)
    waiting: list[Written | Cut] = field(default_factory=list)

    def left(self, kept: Kept, draw: random.Random) -> bytes:
        """Its bytes after the cut."""
        content = bytearray(self.safe)
        for step in self.waiting:
            if kept is Kept.NOTHING or (kept is not Kept.EVERYTHING and draw.random() < 0.5):
                continue
            whole = kept is not Kept.SECTORS or isinstance(step, Cut)
            parts = [step] if whole else [one for one in _sectors(step) if draw.random() < 0.5]
            for part in parts:
                _apply(content, part)
        return bytes(content)

    def sync(self) -> None:
        for step in self.waiting:
            _apply(self.safe, step)
        self.waiting.clear()


def _sectors(step: Written | Cut) -> Iterable[Written | Cut]:
    if isinstance(step, Cut):
        return
    at = 0
    while at < len(step.data):
        size = SECTOR_BYTES - (step.offset + at) % SECTOR_BYTES
        yield Written(step.path, step.offset + at, step.data[at : at + size])
        at += size


def _apply(content: bytearray, step: Written | Cut) -> None:
    if isinstance(step, Cut):
        del content[step.size :]
        content.extend(bytes(step.size - len(content)))
        return
    end = step.offset + len(step.data)
    content.extend(bytes(max(0, end - len(content))))
    content[step.offset : end] = step.data


class Disk:
    """A folder as a disk sees it, one step after the other."""

    def __init__(self) -> None:
        """Empty, and everything on it synced."""
        self._files: dict[str, _File] = {}
        self._safe: dict[str, _File] = {}
        self._names: list[tuple[str, _File | None]] = []
        """Names given and taken since their folder was synced."""
        self._folders: dict[str, int] = {}
        self.said = bytearray()
        """All that the device has said."""

    def take(self, step: Step) -> None:
        """One step more."""
        match step:
            case Said(data):
                self.said += data
            case Folder(path, mode):
                self._folders[path] = mode
            case Written(path) | Cut(path):
                self._file(path).waiting.append(step)
            case Made(path, emptied):
                fresh = path not in self._files
                if emptied and not fresh:
                    self._file(path).waiting.append(Cut(path, 0))
                self._file(path)
            case Synced(path):
                self._sync(path)
            case Renamed(old, new):
                moved = self._file(old)
                del self._files[old]
                self._files[new] = moved
                self._names += [(new, moved), (old, None)]
            case Removed(path):
                self._files.pop(path, None)
                self._folders.pop(path, None)
                self._names.append((path, None))

    def after_cut(self, kept: Kept, draw: random.Random, folder: Path) -> None:
        """Put what a cut now would leave into an empty folder."""
        names = dict(self._safe)
        for name, file in self._names:
            if kept is Kept.NOTHING or (kept is not Kept.EVERYTHING and draw.random() < 0.5):
                continue
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        for path, mode in sorted(self._folders.items()):
            (folder / path).mkdir(parents=True, exist_ok=True)
            (folder / path).chmod(mode)
        for name, file in sorted(names.items()):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.left(kept, draw))
            target.chmod(0o600)

    def _file(self, path: str) -> _File:
        if path not in self._files:
            self._files[path] = _File()
            self._names.append((path, self._files[path]))
        return self._files[path]

    def _sync(self, path: str) -> None:
        if path in self._files:
            self._files[path].sync()
            return
        waiting = []
        for name, file in self._names:
            if str(PurePosixPath(name).parent) != (path or "."):
                waiting.append((name, file))
            elif file is None:
                self._safe.pop(name, None)
            else:
                self._safe[name] = file
        self._names = waiting
