"""SQLite on a disk whose power can be cut anywhere, and that can be full or fail.

All that SQLite writes goes through, and is noted down with every sync, and with what the outbox
said between them. From the notes follows what a cut at any point may have left: what was synced for
sure, and of the rest nothing, a beginning, or any of its sectors in any order.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from edgeward.adapters.database import FolderDatabase, SqliteDatabase

SECTOR_BYTES = 512
MODES = ("drop", "torn", "reordered")
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `write`, `sync`, `truncate`, `delete`, or `said`."""

    what: str
    name: str = ""
    offset: int = 0
    data: bytes = b""
    said: Any = None


@dataclass
class Disk:
    """What happened, and what the disk refuses from now on."""

    steps: list[Step] = field(default_factory=list)
    full_at_bytes: int | None = None
    broken: bool = False
    used: dict[str, int] = field(default_factory=dict)

    def say(self, said: Any) -> None:
        self.steps.append(Step("said", said=said))

    def room_for(self, name: str, end_bytes: int) -> bool:
        if self.broken:
            raise apsw.IOError("the disk is broken")
        others = sum(size for one, size in self.used.items() if one != name)
        grows = end_bytes > self.used.get(name, 0)
        if grows and self.full_at_bytes is not None and others + end_bytes > self.full_at_bytes:
            return False
        self.used[name] = max(self.used.get(name, 0), end_bytes)
        return True


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        self._disk = disk
        self._name = Path(name if isinstance(name, str) else name.filename()).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - the name is SQLite's
        if not self._disk.room_for(self._name, offset + len(data)):
            raise apsw.FullError("the disk is full")
        self._disk.steps.append(Step("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the name is SQLite's
        if self._disk.broken:
            raise apsw.IOError("the disk is broken")
        self._disk.steps.append(Step("sync", self._name))  # the real one would only cost time

    def xTruncate(self, size: int) -> None:  # noqa: N802 - the name is SQLite's
        self._disk.steps.append(Step("truncate", self._name, size))
        self._disk.used[self._name] = size
        super().xTruncate(size)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.name = f"power-{next(_NUMBERS)}"
        super().__init__(self.name, "")

    def xOpen(  # noqa: N802 - the name is SQLite's
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> _File:
        assert name is not None, "temporary files are in memory"
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - the name is SQLite's
        self._disk.steps.append(Step("delete", Path(filename).name))
        self._disk.used.pop(Path(filename).name, None)
        super().xDelete(filename, syncdir)


class PowerFolder(FolderDatabase):
    """A folder on such a disk; what makes room for the log is noted down too."""

    __slots__ = ("_vfs", "disk", "opened")

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self._vfs = _Vfs(self.disk)
        self.opened: list[SqliteDatabase] = []
        super().__init__(folder)
        for path in folder.iterdir():
            self.disk.used[path.name] = path.stat().st_size

    def open(self) -> SqliteDatabase:
        self._be_the_only_one()
        self.opened.append(SqliteDatabase(self._path, self._vfs.name))
        return self.opened[-1]

    def abandon(self) -> None:
        """Close what was left open, while the disk below it is still there."""
        for database in self.opened:
            database.close()

    def mark(self, data: bytes) -> None:
        super().mark(data)
        self.disk.steps.append(Step("write", "claim", 0, data))

    def release(self) -> None:
        super().release()
        self.disk.used.pop(f"{self._path.name}-spare", None)

    def _lengthen(self, part: str, missing_bytes: int) -> None:
        if missing_bytes <= 0:
            return
        name, there = self._path.name + part, _size_bytes(self._beside(part))
        if not self.disk.room_for(name, there + missing_bytes):
            raise OSError(28, "the disk is full")
        super()._lengthen(part, missing_bytes)
        self.disk.steps.append(Step("write", name, there, bytes(missing_bytes)))
        self.disk.steps.append(Step("sync", name))


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@dataclass
class Left:
    """What is on the disk at one point: what was synced, and what was not."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    loose: dict[str, list[Step]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        if step.what == "sync":
            for one in self.loose.pop(step.name, []):
                _apply(self.synced.setdefault(step.name, bytearray()), one)
        elif step.what == "delete":
            self.synced.pop(step.name, None)
            self.loose.pop(step.name, None)
        elif step.what != "said":
            self.loose.setdefault(step.name, []).append(step)

    def after_cut(self, mode: str, chance: random.Random) -> dict[str, bytes]:
        """The files that a start after a cut here finds."""
        files = {name: bytearray(data) for name, data in self.synced.items()}
        for name, steps in self.loose.items():
            kept = list(_kept(steps, mode, chance))
            if kept or name in files:
                content = files.setdefault(name, bytearray())
                for step in kept:
                    _apply(content, step)
        return {name: bytes(data) for name, data in files.items()}


def _kept(steps: list[Step], mode: str, chance: random.Random) -> Iterator[Step]:
    if mode == "drop":
        return
    pieces = [piece for step in steps for piece in _sectors(step)]
    if mode == "torn":
        yield from pieces[: chance.randint(0, len(pieces))]
        return
    part = chance.random()
    yield from (piece for piece in pieces if chance.random() < part)


def _sectors(step: Step) -> Iterator[Step]:
    if step.what == "truncate":
        yield step
        return
    at = 0
    while at < len(step.data):
        size = SECTOR_BYTES - (step.offset + at) % SECTOR_BYTES
        yield Step("write", step.name, step.offset + at, step.data[at : at + size])
        at += size


def _apply(content: bytearray, step: Step) -> None:
    if step.what == "truncate":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    end = step.offset + len(step.data)
    content.extend(bytes(max(0, end - len(content))))
    content[step.offset : end] = step.data
