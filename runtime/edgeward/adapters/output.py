"""An output that a rule can switch: a file that holds one digit, as the kernel's GPIO files do."""

import os
from pathlib import Path

from edgeward.errors import StoreError


class SwitchFile:
    """Writes `1` or `0` to a file that is opened once; a write neither waits nor is buffered."""

    __slots__ = ("_fd", "_path")

    def __init__(self, path: Path) -> None:
        """Open the output and switch it off.

        Raises:
            StoreError: it cannot be opened or written.
        """
        self._path = path
        self._fd = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: cannot be switched: {error.strerror}") from error
        self.switch(on=False)

    def switch(self, *, on: bool) -> None:
        """Switch it.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            os.pwrite(self._fd, b"1" if on else b"0", 0)
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be switched: {error.strerror}") from error

    def close(self) -> None:
        """Let go of it, as it is; closing twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
