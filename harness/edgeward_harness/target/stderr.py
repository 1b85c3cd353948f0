"""A device's standard error: always read, so that a chatty device cannot block; its end is kept."""

import os
import select
import threading
from typing import Final

_KEPT_BYTES: Final = 16 << 10
_READ_BYTES: Final = 1 << 16


class StderrTail:
    """Reads a descriptor in a thread of its own, off the path of every measured latency."""

    def __init__(self, read_fd: int) -> None:
        """Own the descriptor and start reading."""
        self._read_fd = read_fd
        self._wake_read, self._wake_write = os.pipe()
        self._kept = b""
        self._closed = False
        self._thread = threading.Thread(target=self._drain, name="device-stderr", daemon=True)
        self._thread.start()

    def tail(self) -> bytes:
        """The end of what was written so far."""
        return self._kept

    def settle(self, timeout_s: float) -> None:
        """Wait for the rest of what a device that has ended wrote."""
        self._thread.join(timeout_s)

    def close(self) -> None:
        """Stop reading, even when some stray process still holds the other end."""
        if not self._closed:
            self._closed = True
            os.close(self._wake_write)
            self._thread.join()
            os.close(self._read_fd)
            os.close(self._wake_read)

    def _drain(self) -> None:
        poll = select.poll()
        poll.register(self._read_fd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            data = os.read(self._read_fd, _READ_BYTES) if self._read_fd in ready else b""
            self._kept = (self._kept + data)[-_KEPT_BYTES:]
            if not data or self._wake_read in ready:
                return
