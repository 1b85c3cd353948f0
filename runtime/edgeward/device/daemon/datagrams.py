"""Samples over the network: frames in datagrams, on a UDP or a unix socket."""

import select
import socket
from pathlib import Path

from edgeward.adapters.listener import remove_abandoned
from edgeward.device.daemon.frames import FrameError, decode
from edgeward.device.daemon.refusals import refuse
from edgeward.device.daemon.source import Arrival
from edgeward.errors import EdgewardError
from edgeward.ports import Clock

_DATAGRAM_BYTES_MAX = 65_536
_AT_ONCE_MAX = 64
"""Datagrams taken before the first of them is worked off, damaged ones among them: no sender keeps
the rest waiting."""
_RECEIVE_BUFFER_BYTES = 4 << 20


class AddressError(EdgewardError):
    """An address that cannot be listened on."""


class DatagramSource:
    """Receives frames (`frames`) on `udp:HOST:PORT` or `unix:PATH`."""

    refused: dict[str, int]
    streams_expected: int | None = None

    def __init__(self, address: str, clock: Clock) -> None:
        """Listen.

        Raises:
            AddressError: it is no such address, or cannot be listened on.
        """
        self.said = f"frames on {address}"
        self.refused = {}
        self.ended = False
        self._clock = clock
        self._path: Path | None = None
        self._at_once = 1
        kind, _, rest = address.partition(":")
        family = socket.AF_INET if kind == "udp" else socket.AF_UNIX
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._bind(kind, rest)
        except (OSError, ValueError, OverflowError) as error:
            self._socket.close()
            raise AddressError(
                f"{address}: cannot be listened on: {error}; accepted: udp:HOST:PORT with a port up"
                " to 65535, or unix:PATH where nobody listens yet"
            ) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._socket.setblocking(False)  # noqa: FBT003
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def _bind(self, kind: str, rest: str) -> None:
        if kind == "udp":
            host, _, port = rest.rpartition(":")
            self._socket.bind((host, int(port)))
        elif kind == "unix" and rest:
            remove_abandoned(Path(rest), socket.SOCK_DGRAM)  # a killed daemon removes nothing
            self._socket.bind(rest)
            self._path = Path(rest)
            self._path.chmod(0o600)
        else:
            raise ValueError("it is of no known kind")

    @property
    def address(self) -> str:
        """Where it listens: with the port that the system chose, where it was left to choose."""
        name = self._socket.getsockname()
        return f"unix:{name}" if self._path else f"udp:{name[0]}:{name[1]}"

    def receive(self, until_ns: int) -> list[Arrival]:
        """The frames that have arrived; waits for one at most until this instant."""
        if self._poll.poll(0):  # faster than they are worked off: twice as many at once
            self._at_once = min(2 * self._at_once, _AT_ONCE_MAX)
        else:  # the next one is not kept waiting by a look for another
            self._at_once = 1
            left_ns = until_ns - self._clock.monotonic_ns()
            if not self._poll.poll(max(0, left_ns / 1e6)):
                return []
        arrived: list[Arrival] = []
        for _ in range(self._at_once):
            try:
                data = self._socket.recv(_DATAGRAM_BYTES_MAX)
            except BlockingIOError:
                break
            except OSError as error:
                refuse(self.refused, f"receiving failed: {error.strerror}")
                break
            try:
                arrived.append(decode(data, self._clock.monotonic_ns()))
            except FrameError as error:
                refuse(self.refused, error)
        return arrived

    def close(self) -> None:
        """Stop listening; closing twice is fine."""
        self._socket.close()
        self.ended = True
        if self._path is not None:
            self._path.unlink(missing_ok=True)
