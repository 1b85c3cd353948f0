"""What one device did to its folder, step by step, and what it said meanwhile.

The order is that of the kernel, seen from outside: an answer stands after the writes that were
synced before it was given, whatever the device says about its disk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edgeward_harness.errors import CannotJudge
from edgeward_harness.rig.disk.syscalls import UNDERSTOOD, Call, bytes_of, calls_in, descriptor


@dataclass(frozen=True, slots=True)
class Made:
    """A name is given to a new, empty file; one that has it stays."""

    path: str
    emptied: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes are on their way to a file."""

    path: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file is made longer or shorter."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    """The disk has a file, or the names in a folder."""

    path: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file takes another name."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A name goes."""

    path: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder is made."""

    path: str
    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class Said:
    """Bytes left the device through a pipe: what it answered."""

    data: bytes


Step = Made | Written | Cut | Synced | Renamed | Removed | Folder | Said


def steps_of(trace: Path, folder: Path) -> list[Step]:
    """The steps in a file that `strace` wrote, paths relative to the device's folder.

    Raises:
        CannotJudge: the device changed its folder by a call that is not understood here.
    """
    with trace.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        return _Reader(str(folder.resolve())).read(calls_in(lines))


class _Reader:
    """Follows each descriptor's place in its file."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._at: dict[tuple[int, str], int] = {}
        self._sizes: dict[str, int] = {}

    def read(self, calls: Iterable[Call]) -> list[Step]:
        steps: list[Step] = []
        for call in calls:
            try:
                step = self._step(call)
            except (ValueError, IndexError) as error:
                if self._folder in str(error) or call.name in UNDERSTOOD:
                    raise CannotJudge(f"a record of the disk: {call.name}: {error}") from error
                raise
            if step is not None:
                steps.append(step)
        return steps

    def _step(self, call: Call) -> Step | None:
        match call.name:
            case "openat" if call.ends:
                return self._opened(call)
            case "write" | "pwrite64" if call.begins:
                return self._wrote(call)
            case "lseek" if call.ends:
                self._at[descriptor(call.arguments[0])] = call.result
                return None
            case "ftruncate" if call.begins:
                path = self._inside(descriptor(call.arguments[0])[1])
                if path is not None:
                    self._sizes[path] = int(call.arguments[1])
                return None if path is None else Cut(path, int(call.arguments[1]))
            case "fsync" | "fdatasync" if call.ends:
                path = self._inside(descriptor(call.arguments[0])[1])
                return None if path is None else Synced(path)
            case "rename" | "unlink" | "mkdir" | "rmdir" if call.ends:
                return self._named(call)
        self._check_other(call)
        return None

    def _opened(self, call: Call) -> Step | None:
        number, path = int(call.result), self._inside(_text(call.arguments[1]))
        flags = call.arguments[2].split("|") if len(call.arguments) > 2 else []
        if path is None:
            return None
        full = f"{self._folder}/{path}" if path else self._folder
        self._at[(number, full)] = 0
        if "O_APPEND" in flags:
            self._at[(number, full)] = -1
        if "O_CREAT" not in flags and "O_TRUNC" not in flags:
            return None
        emptied = "O_TRUNC" in flags
        if emptied or path not in self._sizes:
            self._sizes[path] = 0
        return Made(path, emptied)

    def _wrote(self, call: Call) -> Step | None:
        number, name = descriptor(call.arguments[0])
        path = self._inside(name)
        if path is None:
            is_pipe = name.startswith(("pipe:", "socket:"))
            return Said(bytes_of(call.arguments[1])) if is_pipe else None
        data = bytes_of(call.arguments[1])
        if call.name == "pwrite64":
            offset = int(call.arguments[3])
        else:
            offset = self._at.get((number, name), 0)
            if offset < 0:
                offset = self._sizes.get(path, 0)
            else:
                self._at[(number, name)] = offset + len(data)
        self._sizes[path] = max(self._sizes.get(path, 0), offset + len(data))
        return Written(path, offset, data)

    def _named(self, call: Call) -> Step | None:
        paths = [self._inside(_text(one)) for one in call.arguments[:2] if one.startswith('"')]
        if None in paths or not paths:
            return None
        if call.name == "rename":
            old, new = paths
            assert old is not None
            assert new is not None
            self._sizes[new] = self._sizes.pop(old, 0)
            return Renamed(old, new)
        (path,) = paths
        assert path is not None
        return Folder(path, int(call.arguments[1], 8)) if call.name == "mkdir" else Removed(path)

    def _check_other(self, call: Call) -> None:
        """Nothing else may have touched the folder."""
        if call.name in UNDERSTOOD:
            return
        for argument in call.arguments:
            if argument.startswith('"'):
                name = _text(argument)
            else:
                name = descriptor(argument)[1] if "<" in argument else ""
            if self._inside(name) is not None:
                raise ValueError(f"{name} was changed by {call.name}, which is not understood here")

    def _inside(self, name: str) -> str | None:
        """The path below the folder; None for what lies elsewhere or has no name any more."""
        if name == self._folder:
            return ""
        if not name.startswith(self._folder + "/") or name.endswith("(deleted)"):
            return None
        return str(PurePosixPath(name).relative_to(self._folder))


def _text(argument: str) -> str:
    return bytes_of(argument).decode("utf-8", "surrogateescape")
