"""Links over file descriptors: standard streams, pipes and sockets; no threads."""

import os
import select
import time

from edgeward.adapters.memory_link import MemoryLink, memory_pair
from edgeward.errors import LineTooLongError, LinkClosedError
from edgeward.limits import DEFAULT, Limits

__all__ = ["FileLink", "LineBuffer", "MemoryLink", "memory_pair"]

_READ_BYTES = 1 << 16
_NS_PER_MS = 1_000_000
_POLL_MS_MAX = (1 << 31) - 1


class LineBuffer:
    """Cuts a byte stream into lines. It never holds more than one limit and one read."""

    __slots__ = ("_buffer", "_discarding", "_line_bytes_max", "_scanned")

    def __init__(self, line_bytes_max: int) -> None:
        """Refuse lines longer than this, newline included."""
        self._line_bytes_max = line_bytes_max
        self._buffer = bytearray()
        self._scanned = 0
        self._discarding = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._buffer += data

    def next_line(self) -> bytes | None:
        """The next whole line without its newline, or None when more bytes are needed.

        Raises:
            LineTooLongError: a line exceeded the limit; it is gone, once it has ended.
        """
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._discarding = self._discarding or len(self._buffer) >= self._line_bytes_max
            if self._discarding:
                self._buffer.clear()
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        if self._discarding or end >= self._line_bytes_max:
            self._discarding = False
            raise LineTooLongError(f"a line exceeds line_bytes_max = {self._line_bytes_max}")
        return line


class FileLink:
    """A link over two descriptors (or one socket, given twice), which it owns and closes.

    One thread may receive while another sends. Bytes after the last newline, when the peer ends,
    are a message cut short and are dropped: half a command must not be obeyed.
    """

    __slots__ = ("_lines", "_read_fd", "_readable", "_writable", "_write_fd")

    def __init__(self, read_fd: int, write_fd: int, limits: Limits = DEFAULT) -> None:
        """Own the descriptors; blocking and non-blocking ones both work."""
        self._read_fd: int | None = read_fd
        self._write_fd: int | None = write_fd
        self._lines = LineBuffer(limits.line_bytes_max)
        self._readable = select.poll()
        self._readable.register(read_fd, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(write_fd, select.POLLOUT)

    def receive(self, timeout_ns: int | None) -> bytes | None:
        """The next line without its newline; None when the timeout passed (None waits for ever).

        Raises:
            LinkClosedError: the peer has ended the connection, or this side has.
            LineTooLongError: a line exceeded the limit; it was discarded up to its newline.
        """
        deadline_ns = None if timeout_ns is None else time.monotonic_ns() + timeout_ns
        while (line := self._lines.next_line()) is None:
            left_ns = None if deadline_ns is None else max(0, deadline_ns - time.monotonic_ns())
            if not self._readable.poll(_poll_ms(left_ns)):
                return None
            self._fill()
            if (
                left_ns == 0
            ):  # a peer that floods without a newline must not hold us past the deadline
                return self._lines.next_line()
        return line

    def send(self, line: bytes) -> None:
        """Send one line; the newline is added. Waits as long as the peer does not read.

        Raises:
            LinkClosedError: the peer has ended the connection, or this side has.
        """
        view = memoryview(line + b"\n")
        while view:
            if self._write_fd is None:
                raise LinkClosedError("this side has closed the link")
            try:
                view = view[os.write(self._write_fd, view) :]
            except BlockingIOError:
                self._writable.poll()
            except OSError as error:
                raise LinkClosedError(f"the peer no longer reads: {error.strerror}") from error

    def close(self) -> None:
        """End the connection; closing twice is fine."""
        descriptors = {self._read_fd, self._write_fd} - {None}
        self._read_fd = self._write_fd = None
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)

    def _fill(self) -> None:
        if self._read_fd is None:
            raise LinkClosedError("this side has closed the link")
        try:
            data = os.read(self._read_fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkClosedError(f"the peer has ended: {error.strerror}") from error
        if not data:
            raise LinkClosedError("the peer has ended the connection")
        self._lines.feed(data)


def _poll_ms(left_ns: int | None) -> int | None:
    """Nanoseconds as the milliseconds poll() takes, rounded up: never early, never a busy loop."""
    return None if left_ns is None else min(-(-left_ns // _NS_PER_MS), _POLL_MS_MAX)
