"""The simulated tree of files: it refuses, and loses its power, at whatever step it is told to.

Every step that changes something is counted. `survivor` is what a machine finds afterwards: all
that was done when only the process was killed; after a power cut, of everything that was not synced
any part. The real tree is `file_tree.SystemTree`.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edgeward.adapters.append_log import PowerCutError
from edgeward.errors import StoreError
from edgeward.ports import Entry


@dataclass(slots=True)
class _File:
    data: bytes
    synced: bytes | None = None


@dataclass(slots=True)
class _Folder:
    there: "dict[str, _File | _Folder]" = field(default_factory=dict)
    synced: "dict[str, _File | _Folder]" = field(default_factory=dict)


class MemoryTree:
    """Files and folders that live as long as this object, on a disk that fails when told to."""

    __slots__ = ("_claimed", "_root", "cut_at", "refuse_at", "steps")

    def __init__(self) -> None:
        """Start empty, with nothing wrong."""
        self._root = _Folder()
        self._claimed = False
        self.steps = 0
        """How many steps were asked for that change or sync something."""
        self.refuse_at: int | None = None
        """The step, from 0, that the disk refuses; a file is then half written."""
        self.cut_at: int | None = None
        """The step during which the power goes."""

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, sorted by name; nothing where there is no such folder."""
        node = self._find(folder)
        if not isinstance(node, _Folder):
            return []
        return [
            Entry(name, "folder", 0)
            if isinstance(one, _Folder)
            else Entry(name, "file", len(one.data))
            for name, one in sorted(node.there.items())
        ]

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file, or None where there is none.

        Raises:
            StoreError: it is no file, or it is longer.
        """
        node = self._find(path)
        if isinstance(node, _Folder) or (node is not None and len(node.data) > bytes_max):
            raise StoreError(f"{path}: cannot be read: no file, or longer than {bytes_max} bytes")
        return None if node is None else node.data

    def create(self, path: str, data: bytes) -> None:
        """A new file, not yet durable.

        Raises:
            StoreError: something is there already, or the disk refuses.
            PowerCutError: the power went.
        """
        folder, name = self._parent(path)
        if name in folder.there:
            raise StoreError(f"{path}: cannot be written: it is there already")
        file = _File(data[: len(data) // 2])
        folder.there[name] = file
        self._step(path)
        file.data = data

    def make_folder(self, path: str) -> None:
        """A new folder; one that is there is fine.

        Raises:
            StoreError: the disk refuses.
            PowerCutError: the power went.
        """
        self._step(path)
        if path:
            folder, name = self._parent(path)
            folder.there.setdefault(name, _Folder())

    def sync(self, path: str) -> None:
        """Make a file's bytes, or the names in a folder, outlive a power cut.

        Raises:
            StoreError: there is nothing, or the disk refuses.
            PowerCutError: the power went.
        """
        self._step(path)
        node = self._find(path)
        if isinstance(node, _Folder):
            node.synced = dict(node.there)
        elif node is not None:
            node.synced = node.data
        else:
            raise StoreError(f"{path}: cannot be synced: there is nothing")

    def rename(self, old: str, new: str) -> None:
        """Give a file or folder another name in one step; a file that has it is replaced.

        Raises:
            StoreError: the old name is missing, the new one is a folder's, or the disk refuses.
            PowerCutError: the power went.
        """
        self._step(old)
        (source, name), (target, given) = self._parent(old), self._parent(new)
        if name not in source.there or isinstance(target.there.get(given), _Folder):
            raise StoreError(f"{old}: cannot be renamed to {new}")
        target.there[given] = source.there.pop(name)

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder; a missing one is fine.

        Raises:
            StoreError: the folder is not empty, or the disk refuses.
            PowerCutError: the power went.
        """
        self._step(path)
        folder, name = self._parent(path)
        node = folder.there.get(name)
        if isinstance(node, _Folder) and node.there:
            raise StoreError(f"{path}: cannot be removed: it is not empty")
        folder.there.pop(name, None)

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Be the only one who changes this tree.

        Raises:
            StoreError: somebody else is.
        """
        if self._claimed:
            raise StoreError("somebody else changes this tree")
        self._claimed = True
        try:
            yield
        finally:
            self._claimed = False

    def survivor(self, reached: Callable[[], bool] | None = None) -> "MemoryTree":
        """What is found afterwards, with nothing wrong.

        Without `reached` the process was killed, and all it did is there. With it the power went:
        it says of each name, and of each file's bytes, whether the disk had it without a sync.
        """
        found = MemoryTree()
        found._root = _copied(self._root, reached or (lambda: True))
        return found

    def _step(self, path: str) -> None:
        number, self.steps = self.steps, self.steps + 1
        if self.cut_at is not None and number >= self.cut_at:
            raise PowerCutError(f"{path}: the power is gone")
        if number == self.refuse_at:
            raise StoreError(f"{path}: the disk refuses")

    def _find(self, path: str) -> _File | _Folder | None:
        node: _File | _Folder | None = self._root
        for part in path.split("/") if path else ():
            node = node.there.get(part) if isinstance(node, _Folder) else None
        return node

    def _parent(self, path: str) -> tuple[_Folder, str]:
        above, _, name = path.rpartition("/")
        folder = self._find(above)
        if not isinstance(folder, _Folder):
            raise StoreError(f"{path}: there is no folder {above}")
        return folder, name


def _copied(folder: _Folder, reached: Callable[[], bool]) -> _Folder:
    """A folder as the disk has it; each name that is not synced may be there, or not yet gone."""
    names: dict[str, _File | _Folder] = {}
    for name in sorted({*folder.there, *folder.synced}):
        now, before = folder.there.get(name), folder.synced.get(name)
        node = now if now is before or reached() else before
        if isinstance(node, _Folder):
            names[name] = _copied(node, reached)
        elif node is not None:
            whole = node.synced == node.data or reached()
            data = node.data if whole else (node.synced or node.data[: len(node.data) // 2])
            names[name] = _File(data, data)
    return _Folder(names, dict(names))
