"""A store for what nobody but its owner may read: keys.

Rules:
1. The folder is 0700 and each file 0600, both owned by whoever runs; wider ones are refused with
   the mode that was found, before anything is read. No link is followed.
2. A file that is replaced is overwritten once the new one is sure to be on the disk. A file system
   that writes elsewhere than it is told (flash, copy on write, a journal of data) may keep a copy
   of the old one: only a hardware keystore or an encrypted disk rules that out.
"""

import contextlib
import os
import stat
from pathlib import Path

from edgeward.adapters.store import DirectoryStore
from edgeward.errors import StoreError

_FOLDER = "a folder of its own, mode 0700, of the user who runs"
_FILE = "a file, mode 0600, of the user who runs"
_BYTES_MAX = 64 << 20
_OTHERS = 0o077


class PrivateStore(DirectoryStore):
    """One file for each blob in one directory that only its owner can look into."""

    __slots__ = ()

    def __init__(self, folder: Path | str) -> None:
        """Use the directory, making it where it is missing.

        Raises:
            StoreError: it cannot be made, or others than its owner could look into it.
        """
        super().__init__(folder)
        try:
            found = os.lstat(self._folder)
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be looked at: {error.strerror}") from error
        if not stat.S_ISDIR(found.st_mode):
            raise StoreError(f"{self._folder}: found a link; accepted: {_FOLDER}")
        _check_owner(self._folder, found, _FOLDER)

    def read(self, name: str) -> bytes | None:
        """The blob, or None when there is none.

        Raises:
            StoreError: it cannot be read, or others than its owner could have read it.
        """
        descriptor = self._opened(name, os.O_RDONLY)
        if descriptor is None:
            return None
        path = self._folder / name
        with os.fdopen(descriptor, "rb") as file:
            try:
                data = file.read(_BYTES_MAX + 1)
            except OSError as error:
                raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
        if len(data) > _BYTES_MAX:
            raise StoreError(f"{path}: longer than {_BYTES_MAX} bytes, which is all that is read")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob atomically and durably, and overwrite the old one.

        Raises:
            StoreError: as for any directory; or others than its owner could read the old blob.
        """
        old = self._opened(name, os.O_WRONLY)
        try:
            super().write(name, data)
            if old is not None:
                _overwrite(old)
        finally:
            if old is not None:
                os.close(old)

    def _opened(self, name: str, access: int) -> int | None:
        """A descriptor of the blob, found to be private; None where there is no blob."""
        if name not in self.names():
            super().read(name)  # refuses what cannot name a blob
            return None
        path = self._folder / name
        try:
            descriptor = os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise StoreError(f"{path}: found no regular file; accepted: {_FILE}")
            _check_owner(path, found, _FILE)
        except StoreError:
            os.close(descriptor)
            raise
        return descriptor


def _check_owner(path: Path, found: os.stat_result, accepted: str) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        raise StoreError(f"{path}: found mode {mode:04o}; accepted: {accepted}")
    if found.st_uid != os.geteuid():
        raise StoreError(f"{path}: found the owner {found.st_uid}; accepted: {accepted}")


def _overwrite(descriptor: int) -> None:
    """Rule 2; the old file has no name any more, so a failure harms nothing that is kept."""
    with contextlib.suppress(OSError):
        left = os.fstat(descriptor).st_size
        at = 0
        while left > 0:
            done = os.pwrite(descriptor, bytes(min(left, 1 << 16)), at)
            at, left = at + done, left - done
        os.fsync(descriptor)
