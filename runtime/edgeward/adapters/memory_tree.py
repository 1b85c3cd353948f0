"""The simulated tree of files: it refuses, and loses its power, at whatever step it is told to.

Every step that changes something is counted. `survivor` is what a machine finds afterwards: all
that was done when only the process was killed; after a power cut, of everything that was not synced
any part. The real tree is `file_tree.SystemTree`.
"""

import contextlib
from collections.abc import Callable, Iterator

from edgeward.adapters.append_log import PowerCutError
from edgeward.adapters.memory_nodes import MemoryFile, MemoryFolder, as_found
from edgeward.errors import FullError, StoreError
from edgeward.ports import Entry


class MemoryTree:
    """Files and folders that live as long as this object, on a disk that fails when told to."""

    __slots__ = ("_claimed", "_root", "cut_at", "refuse_at", "room_bytes", "steps")

    def __init__(self) -> None:
        """Start empty, with nothing wrong."""
        self._root = MemoryFolder()
        self._claimed = False
        self.steps = 0
        """How many steps were asked for that change or sync something."""
        self.refuse_at: int | None = None
        """The step, from 0, that the disk refuses; a file is then half written."""
        self.cut_at: int | None = None
        """The step during which the power goes."""
        self.room_bytes: int | None = None
        """How much all files together may hold; a file for which there is no room is half there."""

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, sorted by name; nothing where there is no such folder."""
        node = self._find(folder)
        if not isinstance(node, MemoryFolder):
            return []
        return [
            Entry(name, "folder", 0)
            if isinstance(one, MemoryFolder)
            else Entry(name, "file", len(one.data))
            for name, one in sorted(node.there.items())
        ]

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file, or None where there is none.

        Raises:
            StoreError: it is no file, or it is longer.
        """
        node = self._find(path)
        if isinstance(node, MemoryFolder) or (node is not None and len(node.data) > bytes_max):
            raise StoreError(f"{path}: cannot be read: no file, or longer than {bytes_max} bytes")
        return None if node is None else node.data

    def create(self, path: str, data: bytes) -> None:
        """A new file, not yet durable.

        Raises:
            StoreError: something is there already, or the disk refuses.
            FullError: there is no room for it.
            PowerCutError: the power went.
        """
        folder, name = self._parent(path)
        if name in folder.there:
            raise StoreError(f"{path}: cannot be written: it is there already")
        file = MemoryFile(data[: len(data) // 2])
        folder.there[name] = file
        self._step(path)
        if self.room_bytes is not None and self._used_bytes(self._root) + len(data) > (
            self.room_bytes + len(file.data)
        ):
            raise FullError(f"{path}: cannot be written: there is no room for {len(data)} bytes")
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
            folder.there.setdefault(name, MemoryFolder())

    def sync(self, path: str) -> None:
        """Make a file's bytes, or the names in a folder, outlive a power cut.

        Raises:
            StoreError: there is nothing, or the disk refuses.
            PowerCutError: the power went.
        """
        self._step(path)
        node = self._find(path)
        if isinstance(node, MemoryFolder):
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
        if name not in source.there or isinstance(target.there.get(given), MemoryFolder):
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
        if isinstance(node, MemoryFolder) and node.there:
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
        found._root = as_found(self._root, reached or (lambda: True))
        return found

    def _step(self, path: str) -> None:
        number, self.steps = self.steps, self.steps + 1
        if self.cut_at is not None and number >= self.cut_at:
            raise PowerCutError(f"{path}: the power is gone")
        if number == self.refuse_at:
            raise StoreError(f"{path}: the disk refuses")

    def _used_bytes(self, folder: MemoryFolder) -> int:
        return sum(
            self._used_bytes(one) if isinstance(one, MemoryFolder) else len(one.data)
            for one in folder.there.values()
        )

    def _find(self, path: str) -> MemoryFile | MemoryFolder | None:
        node: MemoryFile | MemoryFolder | None = self._root
        for part in path.split("/") if path else ():
            node = node.there.get(part) if isinstance(node, MemoryFolder) else None
        return node

    def _parent(self, path: str) -> tuple[MemoryFolder, str]:
        above, _, name = path.rpartition("/")
        folder = self._find(above)
        if not isinstance(folder, MemoryFolder):
            raise StoreError(f"{path}: there is no folder {above}")
        return folder, name
