"""Stores: a directory whose writes survive a power cut, and a memory that forgets.

A write goes to a temporary file, is synced, replaces the old file in one step, and the directory is
synced: a reader after a crash finds the old blob or the new one, never a piece of either. What is
appended is synced too, though a crash may leave a piece of it.
"""

import contextlib
import io
import os
import re
from pathlib import Path

from edgeward.errors import StoreError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _checked(name: str) -> str:
    """The name, if it can be neither a path out of the store nor a temporary file."""
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot name a blob; accepted: up to 100 letters, digits, '.', '_' and '-',"
            " starting with a letter or a digit"
        )
    return name


class MemoryStore:
    """Blobs that live as long as this object: for tests, and for a device without a disk."""

    __slots__ = ("_blobs",)

    def __init__(self) -> None:
        """Start empty."""
        self._blobs: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        """The blob, or None when there is none.

        Raises:
            StoreError: the name cannot name a blob.
        """
        return self._blobs.get(_checked(name))

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob.

        Raises:
            StoreError: the name cannot name a blob.
        """
        self._blobs[_checked(name)] = bytes(data)

    def delete(self, name: str) -> None:
        """Remove the blob; a missing one is fine.

        Raises:
            StoreError: the name cannot name a blob.
        """
        self._blobs.pop(_checked(name), None)

    def names(self) -> list[str]:
        """The names of all blobs, sorted."""
        return sorted(self._blobs)


class DirectoryStore:
    """One file for each blob in one directory, readable by its owner only."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path | str) -> None:
        """Use the directory, making it where it is missing.

        Raises:
            StoreError: the directory cannot be made.
        """
        self._folder = Path(folder)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be the store: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        """The blob, or None when there is none.

        Raises:
            StoreError: the medium cannot be read.
        """
        path = self._folder / _checked(name)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror}") from error

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob atomically and durably.

        Raises:
            StoreError: the old blob is still there, whole (full disk, read-only, I/O error). Only
                when the very last step fails, the sync of the directory, may the new blob be
                visible already.
        """
        path = self._folder / _checked(name)
        temporary = self._folder / f".{name}.new"
        try:
            _write_synced(temporary, data)
            os.replace(temporary, path)
            self._sync()
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StoreError(
                f"{path}: {len(data)} bytes cannot be written: {error.strerror}"
            ) from error

    def append(self, name: str, data: bytes) -> None:
        """Put bytes at the end of a blob, and wait until the disk has them.

        Raises:
            StoreError: the blob may now end with none, a part, or all of the bytes.
        """
        path = self._folder / _checked(name)
        try:
            if _append_synced(path, data):
                self._sync()
        except OSError as error:
            raise StoreError(
                f"{path}: {len(data)} bytes cannot be appended: {error.strerror}"
            ) from error

    def delete(self, name: str) -> None:
        """Remove the blob durably; a missing one is fine.

        Raises:
            StoreError: the medium refused.
        """
        path = self._folder / _checked(name)
        try:
            path.unlink(missing_ok=True)
            self._sync()
        except OSError as error:
            raise StoreError(f"{path}: cannot be removed: {error.strerror}") from error

    def names(self) -> list[str]:
        """The names of all blobs, sorted.

        Raises:
            StoreError: the directory cannot be read.
        """
        try:
            return sorted(name for name in os.listdir(self._folder) if _NAME.fullmatch(name))
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be read: {error.strerror}") from error

    def _sync(self) -> None:
        folder_fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder_fd)
        finally:
            os.close(folder_fd)


class LateStore(DirectoryStore):
    """The same in a directory that may have to wait: it is made before something is written."""

    __slots__ = ()

    def __init__(self, folder: Path | str) -> None:
        """Use the directory; a disk that does not let it be made is asked again later on."""
        self._folder = Path(folder)
        with contextlib.suppress(StoreError):
            super().__init__(folder)

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob atomically and durably.

        Raises:
            StoreError: as without delay, or the directory cannot be made yet.
        """
        self._have_made()
        super().write(name, data)

    def append(self, name: str, data: bytes) -> None:
        """Put bytes at the end of a blob, and wait until the disk has them.

        Raises:
            StoreError: as without delay, or the directory cannot be made yet.
        """
        self._have_made()
        super().append(name, data)

    def names(self) -> list[str]:
        """The names of all blobs, sorted; none where the directory is not made yet.

        Raises:
            StoreError: the directory cannot be read.
        """
        return super().names() if self._folder.exists() else []

    def _have_made(self) -> None:
        if not self._folder.is_dir():
            super().__init__(self._folder)


def _write_synced(path: Path, data: bytes) -> None:
    """Write a whole file and wait until the disk has it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
        _write_all(file, data)
        os.fsync(file.fileno())


def _append_synced(path: Path, data: bytes) -> bool:
    """Append to a file and wait until the disk has it; True when the file was empty or missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
        was_empty = os.fstat(file.fileno()).st_size == 0
        _write_all(file, data)
        os.fdatasync(file.fileno())
    return was_empty


def _write_all(file: io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
