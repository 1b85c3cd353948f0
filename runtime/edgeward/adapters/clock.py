"""Clocks: the system's, a thread's own, and one that moves only when it is told to."""

import threading
import time


class SystemClock:
    """The operating system's clocks."""

    __slots__ = ()

    @property
    def simulated(self) -> bool:
        """False: time passes by itself."""
        return False

    monotonic_ns = staticmethod(time.monotonic_ns)
    """Nanoseconds since an arbitrary start; never goes back. Called four times a window."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC, as far as this device knows."""
        return time.time_ns()

    def sleep_ns(self, duration_ns: int) -> None:
        """Return after at least this long; a negative duration returns at once."""
        deadline_ns = time.monotonic_ns() + duration_ns
        while (left_ns := deadline_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / 1e9)


class ThreadClock(SystemClock):
    """Durations in processor time of the calling thread: what others on the core do is not in it.

    For measuring how long work takes, never for telling when something happened.
    """

    __slots__ = ()

    monotonic_ns = staticmethod(time.thread_time_ns)
    """Nanoseconds of processor time that this thread has had."""


class SimulatedClock:
    """Stands still until `advance` or `sleep_ns` moves it; threads may share it."""

    __slots__ = ("_lock", "_monotonic_ns", "_wall_ns")

    def __init__(self, start_monotonic_ns: int = 0, start_wall_ns: int = 0) -> None:
        """Start both clocks at the given instants."""
        self._lock = threading.Lock()
        self._monotonic_ns = start_monotonic_ns
        self._wall_ns = start_wall_ns

    @property
    def simulated(self) -> bool:
        """True: time moves only when it is told to."""
        return True

    def monotonic_ns(self) -> int:
        """Nanoseconds since the start; never goes back."""
        return self._monotonic_ns

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC in the simulated world."""
        return self._wall_ns

    def sleep_ns(self, duration_ns: int) -> None:
        """Jump over the sleep: a day passes in no time; a negative duration moves nothing."""
        self.advance(max(duration_ns, 0))

    def advance(self, duration_ns: int) -> None:
        """Move both clocks on.

        Raises:
            ValueError: the duration is negative; a monotonic clock never goes back.
        """
        if duration_ns < 0:
            raise ValueError(f"a clock cannot go back by {-duration_ns} ns; advance by 0 or more")
        with self._lock:
            self._monotonic_ns += duration_ns
            self._wall_ns += duration_ns

    def jump_wall(self, jump_ns: int) -> None:
        """Set the wall clock on or back, as a person or a time server would; no time passes."""
        with self._lock:
            self._wall_ns += jump_ns
