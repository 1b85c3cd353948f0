"""Whether a device keeps its records: found where they are kept, read on any other thread."""

from collections.abc import Callable, Iterable
from typing import Protocol

from edgeward.comms.outbox.tally import Count
from edgeward.ports import Clock

HELD_NS = 10_000_000_000
"""A fault stands so long after it was seen last."""


class Losing(Protocol):
    """What counts what was not kept."""

    lost: int
    refused: int


class Health:
    """The fault of now, as text: one thread looks, and whoever reads it changes nothing."""

    __slots__ = ("_clock", "_counts", "_gone", "_losing", "_seen_ns", "fault")

    def __init__(self, clock: Clock, counts: Callable[[], Iterable[Count]], losing: Losing) -> None:
        """Nothing is wrong."""
        self._clock, self._counts, self._losing = clock, counts, losing
        self._gone = 0
        self._seen_ns = 0
        self.fault = ""
        """Empty while all is kept."""

    def look(self) -> None:
        """See how it is now; what was seen stands for a while."""
        volatile = sum(one.volatile for one in self._counts())
        gone = self._losing.lost + self._losing.refused
        now_ns = self._clock.monotonic_ns()
        if gone > self._gone:
            self.fault = f"{gone} records were not kept: there is no place for them"
        elif volatile:
            self.fault = f"the disk refuses: {volatile} records wait in memory"
        elif now_ns - self._seen_ns >= HELD_NS:
            self.fault = ""
        if gone > self._gone or volatile:
            self._gone, self._seen_ns = gone, now_ns
