"""Two link ends in one process, for a device and its verifier in two threads."""

import threading
from collections import deque

from edgeward.errors import LineTooLongError, LinkClosedError
from edgeward.limits import DEFAULT, Limits


class _Pipe:
    """One direction: lines in order, at most so many under way, like a pipe of the system."""

    __slots__ = ("_changed", "_limits", "_lines", "_reader_gone", "_writer_gone")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: deque[bytes | None] = deque()  # None stands for a line over the limit
        self._changed = threading.Condition()
        self._writer_gone = False
        self._reader_gone = False

    def put(self, line: bytes) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._reader_gone
                    or self._writer_gone
                    or len(self._lines) < self._limits.memory_link_lines_max
                )
            )
            if self._reader_gone or self._writer_gone:
                raise LinkClosedError("the peer no longer reads")
            self._lines.append(line if len(line) < self._limits.line_bytes_max else None)
            self._changed.notify_all()

    def get(self, timeout_ns: int | None) -> bytes | None:
        timeout_s = None if timeout_ns is None else max(timeout_ns, 0) / 1e9
        with self._changed:
            self._changed.wait_for(self._answerable, timeout_s)
            if self._reader_gone or (self._writer_gone and not self._lines):
                raise LinkClosedError("the peer has ended the connection")
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._changed.notify_all()
        if line is None:
            raise LineTooLongError(f"a line exceeds line_bytes_max = {self._limits.line_bytes_max}")
        return line

    def end(self, *, reader: bool) -> None:
        with self._changed:
            self._reader_gone = self._reader_gone or reader
            self._writer_gone = self._writer_gone or not reader
            self._changed.notify_all()

    def _answerable(self) -> bool:
        return bool(self._lines) or self._writer_gone or self._reader_gone


class MemoryLink:
    """One end of a pair; behaves as a link over two pipes does.

    Timeouts pass in real time. Who lives on a simulated clock waits with None, or asks with 0.
    """

    __slots__ = ("_inbound", "_outbound")

    def __init__(self, inbound: _Pipe, outbound: _Pipe) -> None:
        """Read from one direction, write to the other."""
        self._inbound = inbound
        self._outbound = outbound

    def receive(self, timeout_ns: int | None) -> bytes | None:
        """The next line without its newline; None when the timeout passed (None waits for ever).

        Raises:
            LinkClosedError: the peer has ended the connection, or this side has.
            LineTooLongError: a line exceeded the limit; it was discarded up to its newline.
        """
        return self._inbound.get(timeout_ns)

    def send(self, line: bytes) -> None:
        """Send one line (as on a pipe, a newline inside makes two of it).

        Raises:
            LinkClosedError: the peer has ended the connection, or this side has.
        """
        for part in line.split(b"\n"):
            self._outbound.put(part)

    def close(self) -> None:
        """End the connection; closing twice is fine. The peer still gets what is under way."""
        self._outbound.end(reader=False)
        self._inbound.end(reader=True)


def memory_pair(limits: Limits = DEFAULT) -> tuple[MemoryLink, MemoryLink]:
    """Two ends of one connection."""
    there, back = _Pipe(limits), _Pipe(limits)
    return MemoryLink(back, there), MemoryLink(there, back)
