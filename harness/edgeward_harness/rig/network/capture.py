"""What crossed the wire, both ways, to be searched: not more than so many bytes of it are kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field

KEPT_BYTES_MAX = 64 << 20


@dataclass(slots=True)
class Trail:
    """What crossed one connection."""

    number: int
    """Which connection; a replayed one has the number of the one that it repeats."""
    up: bytearray = field(default_factory=bytearray)
    """From the device to the receiver."""
    down: bytearray = field(default_factory=bytearray)


class Capture:
    """All connections of one proxy."""

    def __init__(self, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        """Keep so many bytes of all of them together."""
        self._left = kept_bytes_max
        self.trails: list[Trail] = []
        self.crossed_bytes = 0
        """How many crossed, kept or not."""

    @property
    def whole(self) -> bool:
        """Whether all that crossed was kept: without it, nothing found proves nothing."""
        return self.crossed_bytes == sum(len(one.up) + len(one.down) for one in self.trails)

    def begin(self, number: int) -> Trail:
        """A new connection, of this number."""
        self.trails.append(Trail(number))
        return self.trails[-1]

    def keep(self, where: bytearray, data: bytes) -> None:
        """Keep what crossed, as far as there is room."""
        self.crossed_bytes += len(data)
        where += data[: self._left]
        self._left -= min(self._left, len(data))

    def found(self, markers: Iterable[bytes]) -> list[tuple[bytes, int]]:
        """Each marker that crossed in the clear, and the number of the connection."""
        return [
            (marker, trail.number)
            for marker in markers
            for trail in self.trails
            if marker in trail.up or marker in trail.down
        ]
