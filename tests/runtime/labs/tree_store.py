"""A store that takes a directory's steps on the simulated tree, which can lose its power."""

from edgeward.adapters.memory_tree import MemoryTree
from edgeward.errors import StoreError


class TreeStore:
    """New file, sync, rename, sync of the folder: as the store of a device writes a blob."""

    def __init__(self, tree: MemoryTree) -> None:
        self.tree = tree

    def read(self, name: str) -> bytes | None:
        return self.tree.read(name, 1 << 30)

    def write(self, name: str, data: bytes) -> None:
        temporary = f"{name}.new"
        try:
            self.tree.remove(temporary)
            self.tree.create(temporary, data)
            self.tree.sync(temporary)
            self.tree.rename(temporary, name)
            self.tree.sync("")
        except StoreError:
            raise StoreError(f"{name}: {len(data)} bytes cannot be written") from None

    def delete(self, name: str) -> None:
        self.tree.remove(name)
        self.tree.sync("")

    def names(self) -> list[str]:
        return [one.name for one in self.tree.entries("") if not one.name.endswith(".new")]
