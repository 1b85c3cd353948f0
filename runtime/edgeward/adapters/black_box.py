"""Black boxes: a mapped file that outlives its process, and plain memory for simulations.

The file is allocated in full before it is mapped, so that a full disk is told when it is opened and
can never stop a write. Put it on a file system that lives in memory, such as `/run`: there a write
touches no disk at all. On a disk the kernel writes a page back when it likes, and may make the next
write to that page wait.
"""

import fcntl
import mmap
import os
from pathlib import Path

from edgeward.errors import StoreError
from edgeward.ports import Entropy

SECTOR_BYTES = 512
"""What a disk writes as a whole, at the least."""


class MappedBox:
    """A file mapped into memory, held by one process at a time."""

    __slots__ = ("_fd", "_map", "_memory")

    def __init__(self, path: Path | str, size_bytes: int) -> None:
        """Open the box; one that is there keeps its content, and grows if it is smaller.

        Raises:
            StoreError: there is no room for it, it cannot be mapped, or another process holds it.
        """
        path = Path(path)
        self._map: mmap.mmap | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: cannot be the black box: {error.strerror}") from error
        try:
            self._map = _mapped(self._fd, size_bytes)
        except BlockingIOError as error:
            os.close(self._fd)
            raise StoreError(f"{path}: another process holds this black box") from error
        except OSError as error:
            os.close(self._fd)
            raise StoreError(
                f"{path}: {size_bytes} bytes cannot be had: {error.strerror}"
            ) from error
        self._memory = memoryview(self._map)

    @property
    def memory(self) -> memoryview:
        """All of its bytes."""
        return self._memory

    def close(self) -> None:
        """Let go of the file; its content stays. Closing twice is fine."""
        if self._map is not None:
            self._memory.release()
            self._map.close()
            self._map = None
            os.close(self._fd)


def _mapped(fd: int, size_bytes: int) -> mmap.mmap:
    """The file in memory, with every page in place."""
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    size = max(os.fstat(fd).st_size, size_bytes)
    os.posix_fallocate(fd, 0, size)
    return mmap.mmap(fd, size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))


class MemoryBox:
    """A box without a file: for simulations, and what is left of it after each kind of end."""

    __slots__ = ("_bytes", "_memory")

    def __init__(self, content: int | bytes) -> None:
        """So many zeros, or this content."""
        self._bytes = bytearray(content)
        self._memory = memoryview(self._bytes)

    @property
    def memory(self) -> memoryview:
        """All of its bytes."""
        return self._memory

    def close(self) -> None:
        """Nothing to let go of."""

    def after_kill(self) -> "MemoryBox":
        """The box that a next process finds."""
        return MemoryBox(bytes(self._bytes))

    def after_power_cut(self, old: bytes, entropy: Entropy) -> "MemoryBox":
        """The box after a power cut: each sector as it was at an older moment, or as it is now."""
        found = bytearray(self._bytes)
        sectors = range(0, len(found), SECTOR_BYTES)
        for first, coin in zip(sectors, entropy.token(len(sectors)), strict=True):
            if coin % 2:
                found[first : first + SECTOR_BYTES] = old[first : first + SECTOR_BYTES]
        return MemoryBox(bytes(found))


def boot_id() -> str | None:
    """Which start of the system the monotonic clock counts from; None where it does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip() or None
    except OSError:
        return None
