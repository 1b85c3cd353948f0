"""A socket on which all that belongs to one exchange ends by one deadline.

A timeout of a socket is for one call: a peer that sends a byte now and then would hold us for ever.
"""

import contextlib
import io
import select
import socket
import ssl
from typing import Any

from edgeward.ports import Clock

CHUNK_BYTES = 1 << 16


class TimedSocket:
    """What `http.client` needs of a socket; counts what was sent through it."""

    __slots__ = ("_clock", "_deadline_ns", "_socket", "sent_bytes")

    def __init__(self, connected: socket.socket, clock: Clock) -> None:
        """Use a connected socket; nothing may be sent before `allow`."""
        self._socket, self._clock = connected, clock
        self._deadline_ns = clock.monotonic_ns()
        self.sent_bytes = 0

    def allow(self, duration_ns: int) -> None:
        """Whatever comes next ends within this long."""
        self._deadline_ns = self._clock.monotonic_ns() + duration_ns

    def sendall(self, data: Any) -> None:  # noqa: ANN401 - whatever has bytes
        """Send all of it.

        Raises:
            TimeoutError: the deadline passed; a part may have been sent.
            OSError: the connection is broken.
        """
        left = memoryview(data)
        while left:
            self._wait()
            sent = self._socket.send(left[:CHUNK_BYTES])
            self.sent_bytes += sent
            left = left[sent:]

    def receive(self, buffer: Any) -> int:  # noqa: ANN401 - whatever can be written to
        """Receive what there is; 0 when the peer has ended the connection.

        Raises:
            TimeoutError: the deadline passed.
            OSError: the connection is broken.
        """
        self._wait()
        try:
            return self._socket.recv_into(buffer)
        except ssl.SSLZeroReturnError:
            return 0

    @property
    def quiet(self) -> bool:
        """Whether nothing has come that nobody has read: not even the end."""
        asked = select.poll()
        asked.register(self._socket, select.POLLIN)
        return not asked.poll(0)

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:  # noqa: ARG002
        """A file to read the answer from."""
        return io.BufferedReader(_Reading(self), CHUNK_BYTES)

    def close(self) -> None:
        """End the connection without waiting for the peer; closing twice is fine."""
        say_goodbye(self._socket)

    def _wait(self) -> None:
        left_ns = self._deadline_ns - self._clock.monotonic_ns()
        if left_ns <= 0:
            raise TimeoutError("the deadline of the exchange passed")
        self._socket.settimeout(left_ns / 1e9)


class _Reading(io.RawIOBase):
    """The raw side of the file; closing it leaves the socket open."""

    def __init__(self, timed: TimedSocket) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as the base class has it
        return self._timed.receive(buffer)


def say_goodbye(peer: socket.socket) -> None:
    """End a connection in the way of TLS, without waiting for the other side."""
    with contextlib.suppress(OSError, ValueError):
        peer.settimeout(0)
        if isinstance(peer, ssl.SSLSocket):
            peer.unwrap()
    peer.close()
