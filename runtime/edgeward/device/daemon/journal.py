"""The daemon's log: one JSON line for each record, in files that are bounded together.

`events.jsonl` is written to; when it is full it becomes `events.jsonl.1`, and what had that name is
gone. A line is written in one go; a torn end, left by a power cut or by a disk that was full in the
middle of it, is closed by a newline before the next one, and does not count as written. It is a log
for people, written without waiting for the disk; what has to survive is the alarm journal's
business.
"""

import errno
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgeward.errors import StoreError

FILE = "events.jsonl"
BYTES_MAX = 8 << 20


class Journal:
    """Appends to the log. Used by one thread."""

    __slots__ = ("_bytes", "_bytes_max", "_fd", "_path", "_torn", "written")

    def __init__(self, folder: Path, bytes_max: int = BYTES_MAX) -> None:
        """Open the log of this folder, making the folder where it is missing.

        Raises:
            StoreError: it cannot be written.
        """
        self._path = folder / FILE
        self._bytes_max = bytes_max
        self.written = 0
        self._torn = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = self._open()
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be written: {error.strerror}") from error

    def append(self, records: Iterable[dict[str, Any]]) -> None:
        """Write records.

        Raises:
            StoreError: the disk refused; none of them, or the first of them, were written.
        """
        lines = [json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records]
        try:
            for line in lines:
                if self._bytes and self._bytes + len(line) > self._bytes_max:
                    self._rotate()
                self._write(line)
                self.written += 1
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be written: {error.strerror}") from error

    def sync(self) -> None:
        """Wait until the disk has all of it.

        Raises:
            StoreError: the disk refused.
        """
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be synced: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, line: bytes) -> None:
        whole = b"\n" + line if self._torn else line
        taken = os.write(self._fd, whole)
        self._bytes += taken
        if taken < len(whole):
            self._torn = True
            raise OSError(errno.ENOSPC, f"it took {taken} of {len(whole)} bytes")
        self._torn = False

    def _open(self) -> int:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            self._torn = bool(size) and os.pread(fd, 1, size - 1) != b"\n"
        except OSError:
            os.close(fd)
            raise
        self._bytes = size
        return fd

    def _rotate(self) -> None:
        """Go on in a new file; where none can be had, the old one stays open until it can."""
        with suppress(FileNotFoundError):  # an earlier try may have come this far
            os.replace(self._path, self._path.with_name(f"{FILE}.1"))
        full = self._fd
        self._fd = self._open()
        os.close(full)
