"""What the simulated tree of files is made of, and what a power cut leaves of it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class MemoryFile:
    """A file: what was written, and what of it is sure to outlive a power cut."""

    data: bytes
    synced: bytes | None = None


@dataclass(slots=True)
class MemoryFolder:
    """A folder: the names in it, and those that are sure to outlive a power cut."""

    there: "dict[str, MemoryFile | MemoryFolder]" = field(default_factory=dict)
    synced: "dict[str, MemoryFile | MemoryFolder]" = field(default_factory=dict)


def as_found(folder: MemoryFolder, reached: Callable[[], bool]) -> MemoryFolder:
    """A folder as the disk has it; each name that is not synced may be there, or not yet gone."""
    names: dict[str, MemoryFile | MemoryFolder] = {}
    for name in sorted({*folder.there, *folder.synced}):
        now, before = folder.there.get(name), folder.synced.get(name)
        node = now if now is before or reached() else before
        if isinstance(node, MemoryFolder):
            names[name] = as_found(node, reached)
        elif node is not None:
            whole = node.synced == node.data or reached()
            data = node.data if whole else (node.synced or node.data[: len(node.data) // 2])
            names[name] = MemoryFile(data, data)
    return MemoryFolder(names, dict(names))
