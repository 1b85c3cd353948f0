"""The watchdog of the clinical thread: another thread sees that it does not come back.

The clinical thread says when it takes up a piece of work and when it is through with it: one store
each, no lock, no call. Waiting for samples is no work, however long it lasts.
"""

from edgeward.ports import Clock


class Watchdog:
    """Watches one thread. `begin` and `end` are called by it, `stalled_ns` by any other."""

    __slots__ = ("_limit_ns", "_now_ns", "begun_ns", "worked")

    def __init__(self, clock: Clock, limit_ns: int) -> None:
        """Call a piece of work stalled when it takes longer than the limit.

        Raises:
            ValueError: the limit is not positive.
        """
        if limit_ns <= 0:
            raise ValueError(f"a watchdog limit of {limit_ns} ns; it must be above 0")
        self._now_ns = clock.monotonic_ns
        self._limit_ns = limit_ns
        self.begun_ns: int | None = None
        """When the work at hand was taken up; None while there is none."""
        self.worked = 0
        """Pieces of work done: a sign of life that can be compared over time."""

    def begin(self) -> None:
        """A piece of work is taken up."""
        self.begun_ns = self._now_ns()

    def end(self) -> None:
        """It is done."""
        self.begun_ns = None
        self.worked += 1

    def stalled_ns(self) -> int | None:
        """How long the work at hand has taken, when that is over the limit; None otherwise."""
        begun_ns = self.begun_ns
        if begun_ns is None:
            return None
        taken_ns = self._now_ns() - begun_ns
        return taken_ns if taken_ns > self._limit_ns else None
