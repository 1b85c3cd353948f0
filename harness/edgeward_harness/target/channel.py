"""Lines to and from a device, each stamped at the moment it was read.

The thread that waits is the thread that reads: a reader thread would add its wake-up (tens of
microseconds) to every latency measured. What arrives while nobody waits stays in the pipe and
would be stamped late; who paces a stream therefore waits with `DeviceSession.pump_until`, never
with a sleep.

Memory is bounded whatever the device does: at most one line limit and one read are held at once,
plus the lines cut from one read.
"""

import contextlib
import fcntl
import os
import select
import time
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from edgeward.errors import LineTooLongError, LinkClosedError
from edgeward.ports import Link

_READ_BYTES: Final = 1 << 16
_PIPE_BYTES: Final = 1 << 20
"""Asked of the kernel for each pipe, so that a busy verifier does not stall an innocent device."""
_LINES_HELD_MAX: Final = 4096
"""Lines held while a request waits to be written; then the device has to wait for its reader."""
_NS_PER_MS: Final = 1_000_000
_SELECT_FD_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline, and the harness's monotonic time right after it was read."""

    data: bytes
    received_ns: int


class ChannelEndedError(Exception):
    """The device has closed its end. `leftover` is the start of a line that never ended."""

    def __init__(self, leftover: bytes = b"") -> None:
        """Keep what came after the last newline."""
        self.leftover = leftover
        super().__init__("the connection ended")


class OverlongLineError(Exception):
    """A line went over the limit; it was discarded up to its newline. `head` is its start."""

    def __init__(self, head: bytes) -> None:
        """Keep the start of the line."""
        self.head = head
        super().__init__("a line is longer than the protocol allows")


class NotReadingError(Exception):
    """The device did not take a request before the deadline: its input stays full."""


class Channel(Protocol):
    """A two-way line connection to a device. One thread uses it."""

    def send(self, line: bytes, deadline_ns: int) -> int:
        """Write a line (the newline is added); the monotonic time right before the write.

        Raises:
            ChannelEndedError: the device has closed its input.
            NotReadingError: the device did not take the line before the deadline.
        """
        ...

    def receive(self, deadline_ns: int) -> Line | None:
        """The next line, or None when the deadline passed.

        Raises:
            ChannelEndedError: the device has closed its output; everything before was delivered.
            OverlongLineError: a line went over the limit.
        """
        ...

    def end_input(self) -> None:
        """Let the device see the end of its input."""
        ...

    def close(self) -> None:
        """Give everything back; closing twice is fine."""
        ...


class FdChannel:
    """A channel over two file descriptors, which it owns."""

    def __init__(self, read_fd: int, write_fd: int, line_bytes_max: int) -> None:
        """Own the descriptors; the writing end is made non-blocking."""
        self._read_fd = read_fd
        self._write_fd: int | None = write_fd
        self._line_bytes_max = line_bytes_max
        self._lines: deque[Line | OverlongLineError] = deque()
        self._buffer = bytearray()
        self._searched = 0
        self._discarding = False
        self._ended = False
        self._closed = False
        self._poll = select.poll()
        self._poll.register(read_fd, select.POLLIN)
        os.set_blocking(write_fd, False)
        for fd in (read_fd, write_fd):
            with contextlib.suppress(OSError):  # a socket, or the user has no more pipe pages
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, line: bytes, deadline_ns: int) -> int:
        """Write a line; while the pipe is full, answers are taken in, so that both can go on."""
        if self._write_fd is None:
            raise ChannelEndedError
        message = line + b"\n"
        sent_ns = time.monotonic_ns()
        try:
            rest = message[os.write(self._write_fd, message) :]
        except BlockingIOError:
            rest = message
        except OSError as error:
            raise ChannelEndedError from error
        if rest:
            self._send_rest(self._write_fd, memoryview(rest), deadline_ns)
        return sent_ns

    def _send_rest(self, write_fd: int, rest: memoryview, deadline_ns: int) -> None:
        poll = select.poll()
        poll.register(write_fd, select.POLLOUT)
        poll.register(self._read_fd, select.POLLIN)
        while rest:
            left_ms = (deadline_ns - time.monotonic_ns()) // _NS_PER_MS
            if left_ms <= 0:
                raise NotReadingError
            ready = dict(poll.poll(left_ms))
            if self._read_fd in ready:
                self._take_in(poll)
            if write_fd in ready:
                rest = rest[_write_some(write_fd, rest) :]

    def _take_in(self, poll: select.poll) -> None:
        """Read answers while a request waits to be written; not without end."""
        self._read_once()
        if self._ended or len(self._lines) > _LINES_HELD_MAX:
            poll.unregister(self._read_fd)

    def receive(self, deadline_ns: int) -> Line | None:
        """The next line, stamped right after the read that completed it."""
        while not self._lines:
            if self._ended:
                raise ChannelEndedError(bytes(self._buffer))
            if not self._readable(deadline_ns):
                return None
            self._read_once()
            if not self._lines and time.monotonic_ns() > deadline_ns and not self._ended:
                return None  # a device that drips must not hold us past the deadline
        line = self._lines.popleft()
        if isinstance(line, OverlongLineError):
            raise line
        return line

    def _readable(self, deadline_ns: int) -> bool:
        """Wait for bytes, and return on the microsecond of the deadline, which paces streams."""
        while (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            if left_ns < _NS_PER_MS and self._read_fd < _SELECT_FD_MAX:
                return bool(select.select([self._read_fd], [], [], left_ns / 1e9)[0])
            if self._poll.poll(max(1, left_ns // _NS_PER_MS)):
                return True
        return bool(self._poll.poll(0))

    def _read_once(self) -> None:
        try:
            data = os.read(self._read_fd, _READ_BYTES)
        except ConnectionError:
            data = b""
        received_ns = time.monotonic_ns()
        if not data:
            self._ended = True
            return
        self._buffer += data
        self._cut_lines(received_ns)

    def _cut_lines(self, received_ns: int) -> None:
        start = 0
        while (end := self._buffer.find(b"\n", max(start, self._searched))) >= 0:
            self._end_line(bytes(self._buffer[start:end]), received_ns)
            start = end + 1
        del self._buffer[:start]
        if len(self._buffer) >= self._line_bytes_max and not self._discarding:
            self._discarding = True
            self._lines.append(OverlongLineError(bytes(self._buffer[:_READ_BYTES])))
        if self._discarding:
            self._buffer.clear()
        self._searched = len(self._buffer)

    def _end_line(self, data: bytes, received_ns: int) -> None:
        if self._discarding:
            self._discarding = False
        elif len(data) >= self._line_bytes_max:
            self._lines.append(OverlongLineError(data[:_READ_BYTES]))
        else:
            self._lines.append(Line(data, received_ns))

    def end_input(self) -> None:
        """Close the writing end."""
        if self._write_fd is not None:
            os.close(self._write_fd)
            self._write_fd = None

    def close(self) -> None:
        """Close both ends."""
        self.end_input()
        if not self._closed:
            self._closed = True
            os.close(self._read_fd)
        self._ended = True


def _write_some(write_fd: int, rest: memoryview) -> int:
    try:
        return os.write(write_fd, rest)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise ChannelEndedError from error


class LinkChannel:
    """A channel over a runtime `Link`, for a device inside this process."""

    def __init__(self, link: Link) -> None:
        """Own the link."""
        self._link = link

    def send(self, line: bytes, deadline_ns: int) -> int:  # noqa: ARG002 - a memory link has no timeout
        """Hand the line over."""
        sent_ns = time.monotonic_ns()
        try:
            self._link.send(line)
        except LinkClosedError as error:
            raise ChannelEndedError from error
        return sent_ns

    def receive(self, deadline_ns: int) -> Line | None:
        """The next line, stamped when this thread got it."""
        try:
            data = self._link.receive(max(0, deadline_ns - time.monotonic_ns()))
        except LinkClosedError as error:
            raise ChannelEndedError from error
        except LineTooLongError as error:
            raise OverlongLineError(b"") from error
        return None if data is None else Line(data, time.monotonic_ns())

    def end_input(self) -> None:
        """Close the link, which is never half closed; the peer still gets what is under way."""
        self._link.close()

    def close(self) -> None:
        """Close the link."""
        self._link.close()
