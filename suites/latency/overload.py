"""What becomes of a device after it has stood still while its patient did not."""

import bisect
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edgeward_harness.measure.recovery import Timed, recovery_ms
from edgeward_harness.rig.stall import Clocked, clocked, span_of
from edgeward_harness.target import DeviceSession, Pending

from .sensor import Crossing, Sensor
from .ward import Owed, Ward
from .watched import PACE_NS

BACKLOG_WINDOWS: Final = 16
"""Sent while the device stands still: a pipe has room for them at any hop of a second."""
CALM_WINDOWS: Final = 20
"""In a row within the budget, after which the device counts as recovered."""
STEP_NS: Final = 1_000_000
NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Episode:
    """One stop, and what followed."""

    still_ns: int
    """Until then the device stood still for certain."""
    thawed_ns: int
    """From then on it went on for certain."""
    backlog: Sequence[Crossing]
    """Windows completed while the device stood still."""
    after: Sequence[Crossing]
    """Windows sent from then on, until the device had recovered or the patience was over."""

    @property
    def crossings(self) -> Sequence[Crossing]:
        """All of them in their order."""
        return [*self.backlog, *self.after]

    @property
    def told_ns(self) -> int:
        """When the last result of those that waited was read."""
        return max(self.thawed_ns, *(one.received_ns for one in self.backlog))

    def back_after_ms(
        self, limit_ms: float, allowances: Sequence[float] = (), told_spare_ms: float = 0.0
    ) -> float:
        """From the end of the stop until all that waited was told and new results are in budget.

        What noise may have added is taken off: of each result after the stop, and of the time until
        the backlog was told. A result that never came leaves the device away for good.
        """
        if any(one.event is None for one in self.crossings):
            return float("inf")
        allowances = allowances or [0.0] * len(self.after)
        results = [
            Timed(one.sent_ns, one.observed_ms - spare)
            for one, spare in zip(self.after, allowances, strict=True)
        ]
        watched_ms = (self.after[-1].sent_ns - self.thawed_ns) / NS_PER_MS
        again_ms = min(watched_ms, recovery_ms(results, self.thawed_ns, limit_ms))
        return max(again_ms, (self.told_ns - self.thawed_ns) / NS_PER_MS - told_spare_ms)


@dataclass(slots=True)
class Overload:
    """Stops a device again and again while one stream goes on."""

    device: DeviceSession
    ward: Ward
    limit_ms: float
    """Of a result in budget."""
    patience_ms: float
    """After so long the device should have recovered; it is watched a little longer."""
    _asked: Pending | None = field(default=None, init=False)
    _readings: list[tuple[int, Clocked]] = field(default_factory=list, init=False)
    """What the scheduler had counted, and when."""

    @property
    def sensor(self) -> Sensor:
        """The stream that goes on."""
        return self.ward.sensors[0]

    def episode(self, stop_ms: float) -> Episode:
        """Stop the device for so long, let it go on, and watch it until it has recovered."""
        self._readings.clear()
        self.device.freeze()
        stopped_ns = time.monotonic_ns()
        stop_ns = int(stop_ms * NS_PER_MS)
        backlog = []
        for place in range(BACKLOG_WINDOWS):
            self.device.pump_until(stopped_ns + place * stop_ns // BACKLOG_WINDOWS)
            backlog.append(self._send())
        self.device.pump_until(stopped_ns + stop_ns)
        still_ns = time.monotonic_ns()
        self.device.thaw()
        thawed_ns = time.monotonic_ns()
        after = self._paced_until_calm(thawed_ns, backlog)
        self._gather([*backlog, *after])
        self._readings.append((time.monotonic_ns(), clocked(self.device)))
        seen = [[*map(self._crossing, owed)] for owed in (backlog, after)]
        return Episode(still_ns, thawed_ns, *seen)

    def _send(self) -> Owed:
        self._readings.append((time.monotonic_ns(), clocked(self.device)))
        return self.ward.send(self.sensor)

    def _crossing(self, owed: Owed) -> Crossing:
        """The way of a window, with what the scheduler did between the readings around it."""
        sent_ns, received_ns = owed.pushed.sent_ns, owed.received_ns
        instants = [instant_ns for instant_ns, _ in self._readings]
        first = max(0, bisect.bisect_right(instants, sent_ns) - 1)
        last = min(bisect.bisect_left(instants, received_ns), len(instants) - 1)
        before, after = self._readings[first][1], self._readings[max(first, last)][1]
        return owed.crossing(span_of(sent_ns, received_ns, before, after))

    def _paced_until_calm(self, thawed_ns: int, backlog: Sequence[Owed]) -> list[Owed]:
        """Send at the pace until so many in a row were in budget, or the patience is over."""
        after: list[Owed] = []
        end_ns = thawed_ns + int(self.patience_ms * NS_PER_MS) + CALM_WINDOWS * PACE_NS
        while time.monotonic_ns() < end_ns and not self._calm(backlog, after):
            due_ns = thawed_ns + len(after) * PACE_NS
            while (now_ns := time.monotonic_ns()) < due_ns:
                self._read()
                self.device.pump_until(min(due_ns, now_ns + STEP_NS))
            self._read()
            after.append(self._send())
        return after

    def _calm(self, backlog: Sequence[Owed], after: Sequence[Owed]) -> bool:
        """Whether everything was told, and the latest ones in budget."""
        latest = after[-CALM_WINDOWS:]
        if len(latest) < CALM_WINDOWS or not all(one.events for one in (*backlog, *after[:-1])):
            return False
        return all(
            (one.received_ns - one.pushed.sent_ns) / NS_PER_MS <= self.limit_ms
            for one in latest[:-1]
        )

    def _read(self) -> None:
        """Take what has been told, and ask for more; never wait."""
        if self._asked is None:
            self._asked = self.ward.reader.ask()
        elif self._asked.done:
            self.ward.take(self._asked)
            self._asked = self.ward.reader.ask()

    def _gather(self, owed: Sequence[Owed]) -> None:
        """Wait for what is still owed; the device has the time that any answer has."""
        while any(not one.events for one in owed):
            asked, self._asked = self._asked or self.ward.reader.ask(), None
            if not self.ward.take(asked):
                break
