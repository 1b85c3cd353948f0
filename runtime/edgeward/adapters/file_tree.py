"""A folder of this machine, changed step by step: what a store of model packages is made of.

Each step is one call to the system; what is durable, and when, is the caller's to arrange. No step
follows a symbolic link at the end of a path: one could lead out of the folder.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edgeward.errors import FullError, StoreError
from edgeward.ports import Entry

LOCK = "lock"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class SystemTree:
    """Files and folders below one folder, for their owner to write and everybody to read."""

    __slots__ = ("_root",)

    def __init__(self, root: Path | str) -> None:
        """Work below this folder; it need not be there before something is written."""
        self._root = Path(root)

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, sorted by name; nothing where there is no such folder."""
        path = self._path(folder)
        with _told(path, "listed"):
            try:
                descriptor = _opened(path, follow=not folder)
            except FileNotFoundError:
                return []
            try:
                found = [_entry(one) for one in os.scandir(descriptor)]
            finally:
                os.close(descriptor)
        return sorted(found, key=lambda one: one.name)

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file, or None where there is none.

        Raises:
            StoreError: it is no file, it is longer, or it cannot be read.
        """
        full = self._path(path)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with _told(full, "read"):
            try:
                descriptor = os.open(full, flags)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise StoreError(f"{full}: found no regular file; accepted: a file")
                data = file.read(bytes_max + 1)
        if len(data) > bytes_max:
            raise StoreError(f"{full}: longer than {bytes_max} bytes, which is all that is read")
        return data

    def create(self, path: str, data: bytes) -> None:
        """A new file, not yet durable.

        Raises:
            StoreError: something is there already, or the medium refused; a part may be there.
        """
        full = self._path(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with _told(full, "written"), os.fdopen(os.open(full, flags, 0o644), "wb") as file:
            file.write(data)

    def make_folder(self, path: str) -> None:
        """A new folder, with those above it; one that is there is fine.

        Raises:
            StoreError: the medium refused.
        """
        full = self._path(path)
        with _told(full, "made"):
            full.mkdir(mode=0o755, parents=not path, exist_ok=True)

    def sync(self, path: str) -> None:
        """Wait until the disk has a file's bytes, or the names in a folder.

        Raises:
            StoreError: the disk may have them or not.
        """
        full = self._path(path)
        with _told(full, "synced"):
            _sync(full, follow=not path)

    def rename(self, old: str, new: str) -> None:
        """Give a file or folder another name in one step; a file that has it is replaced.

        Raises:
            StoreError: nothing was changed.
        """
        source, target = self._path(old), self._path(new)
        with _told(source, f"renamed to {target}"):
            os.rename(source, target)

    def remove(self, path: str) -> None:
        """Remove a file, a link or an empty folder; a missing one is fine.

        Raises:
            StoreError: nothing was changed.
        """
        full = self._path(path)
        with _told(full, "removed"), contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(os.lstat(full).st_mode):
                os.rmdir(full)
            else:
                os.unlink(full)

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Be the only process that changes this folder; a killed one lets go of it.

        Raises:
            StoreError: another one does.
        """
        self.make_folder("")
        full = self._path(LOCK)
        with _told(full, "claimed"):
            _sync(self._root.parent, follow=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(full, flags, 0o644)
        try:
            with _told(full, "claimed, somebody else changes this folder"):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def _path(self, path: str) -> Path:
        parts = path.split("/") if path else []
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise StoreError(f"{path!r} leads out of {self._root}; accepted: a path below it")
        return self._root.joinpath(*parts)


def _opened(path: Path, *, follow: bool) -> int:
    """A descriptor of a file or folder; only the root itself may be reached through a link."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags if follow else flags | os.O_NOFOLLOW)


def _sync(path: Path, *, follow: bool) -> None:
    descriptor = _opened(path, follow=follow)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entry(found: os.DirEntry[str]) -> Entry:
    status = found.stat(follow_symlinks=False)
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    return Entry(found.name, kinds.get(stat.S_IFMT(status.st_mode), "other"), status.st_size)


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Say of a call that the system refused what could not be done, and to what."""
    try:
        yield
    except OSError as error:
        kind = FullError if error.errno in _NO_ROOM else StoreError
        raise kind(f"{path}: cannot be {what}: {error.strerror}") from error
