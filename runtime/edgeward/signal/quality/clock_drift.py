"""How much faster or slower a sensor's clock runs than it says, and whether it jumps.

A block's last sample was taken, or arrived, at some instant; by the channel's rate it should have
been another. The difference moves with the drift, and lies higher by every delay on the way. The
earliest of some seconds is hardly delayed: a line through those of the last minutes is the drift.

Rules:
1. What is tolerated is tracked. Beyond it, with three standard errors to spare, is a defect.
2. A block far too early cannot be a delay: a jump, at once. Too late may be one; it is a jump when
   it lasts as it is. After a jump, the line begins anew.
3. The defect ends after a while without either. Before there is a line, nothing is said.
4. Memory is the same for ever. What is told depends on the blocks and their instants alone.
"""

from collections import deque

import numpy as np

from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.sample_clock import NS_PER_SECOND, SampleClock

_SPAN_S = 4
_SPANS = 75
"""Five minutes."""
_LINE_MIN = 10
_RIGHT_SPANS = 10
_STANDARD_ERRORS = 3.0
_FEW = 12
"""With so many spans, the scatter itself is so badly known that the error counts twice."""
_PPM = 1e6
_MAD_TO_SIGMA = 1.4826
_SLOPE_LOSS = 1.1
"""A median of slopes is so much less certain than a fit by squares."""


class ClockDrift:
    """Tells of one channel's clock."""

    def __init__(
        self, clock: SampleClock, *, tolerated_ppm: float = 200.0, jump_ns: int = 200_000_000
    ) -> None:
        """Compare with the clock as it is said to be; only its rate counts.

        Raises:
            ValueError: a bound is not positive.
        """
        if tolerated_ppm <= 0 or jump_ns < 1:
            raise ValueError(
                f"found {tolerated_ppm} ppm and a jump of {jump_ns} ns; accepted: above 0"
            )
        self._clock = clock
        self._tolerated_ppm = tolerated_ppm
        self._jump_ns = jump_ns
        self._span_samples = max(1, clock.index_at(clock.origin_ns + _SPAN_S * NS_PER_SECOND))
        self._times: deque[float] = deque(maxlen=_SPANS)  # seconds of the channel
        self._offsets: deque[int] = deque(maxlen=_SPANS)  # nanoseconds
        self._base_ns = 0  # of the first block: differences stay small
        self._span: int | None = None  # the one under way, and its earliest block
        self._least_ns = 0
        self._least_sample = 0
        self._suspect: tuple[float, int, int] | None = None  # time, offset, sample: too late once
        self._right = 0
        self._error_ppm = 0.0
        self.present = False
        """Whether the clock is wrong now."""
        self.drift_ppm: float | None = None
        """Above 0: the sensor's clock is slow, a sample takes longer than it says."""

    def push(self, last_sample: int, acquired_ns: int) -> list[DefectChange]:
        """Take a block: the index of its last sample, and when that was taken or arrived."""
        span = last_sample // self._span_samples
        if self._span is None:
            self._base_ns = acquired_ns - self._clock.instant_ns(last_sample)
        offset_ns = acquired_ns - self._clock.instant_ns(last_sample) - self._base_ns
        if self._span is not None and span < self._span:  # it came after later ones
            return []
        changes: list[DefectChange] = []
        if self._span is not None and span > self._span:
            changes += self._complete(last_sample)
        if self._span is None or span > self._span or offset_ns < self._least_ns:
            self._least_ns, self._least_sample = offset_ns, last_sample
        self._span = span
        expected = self._expected_ns(self._seconds(last_sample))
        if expected is not None and offset_ns < expected - self._jump_ns:
            changes += self._begin(last_sample, last_sample)
            self._restart()
        return changes

    def instant_ns(self, sample: int) -> int | None:
        """When the sample was taken, the drift allowed for; None before there is a line."""
        expected = None if self.drift_ppm is None else self._expected_ns(self._seconds(sample))
        if expected is None:
            return None
        return self._clock.instant_ns(sample) + self._base_ns + round(expected)

    def _seconds(self, sample: int) -> float:
        return (self._clock.instant_ns(sample) - self._clock.origin_ns) / NS_PER_SECOND

    def _expected_ns(self, seconds: float) -> float | None:
        """The offset that the line, or the last span, leads one to expect."""
        if not self._offsets:
            return None
        slope = (self.drift_ppm or 0.0) * 1e3  # parts in a million are microseconds a second
        if self.drift_ppm is None:
            return float(self._offsets[-1])
        offsets, times = np.array(self._offsets), np.array(self._times)
        return float(np.median(offsets + slope * (seconds - times)))

    def _complete(self, at: int) -> list[DefectChange]:
        """The span under way is over: what it shows."""
        seconds = self._seconds(self._least_sample)
        expected = self._expected_ns(seconds)
        if expected is not None and self._least_ns > expected + self._jump_ns:
            return self._too_late(seconds, at)
        self._suspect = None
        self._keep(seconds, self._least_ns)
        drift = self.drift_ppm
        if drift is None:
            return []
        if abs(drift) > self._tolerated_ppm + self._error_ppm:
            return self._begin(round(self._times[0] * self._span_samples / _SPAN_S), at)
        return self._go_right(at) if abs(drift) <= self._tolerated_ppm else []

    def _too_late(self, seconds: float, at: int) -> list[DefectChange]:
        """Rule 2: a jump when the last span was as late, otherwise a delay so far."""
        before = self._suspect
        self._suspect = seconds, self._least_ns, self._least_sample
        if before is None or abs(self._least_ns - before[1]) > self._jump_ns / 2:
            return []
        changes = self._begin(before[2], at)
        self._restart()
        self._keep(before[0], before[1])
        self._keep(seconds, self._least_ns)
        return changes

    def _keep(self, seconds: float, offset_ns: int) -> None:
        """Add to the line, and draw it again."""
        self._times.append(seconds)
        self._offsets.append(offset_ns)
        if len(self._times) < _LINE_MIN:
            return
        times, offsets = np.array(self._times), np.array(self._offsets, np.float64)
        one, other = np.triu_indices(len(times), 1)
        slope = float(np.median((offsets[other] - offsets[one]) / (times[other] - times[one])))
        rest = offsets - slope * times
        sigma = _MAD_TO_SIGMA * float(np.median(np.abs(rest - np.median(rest))))
        spread = float(np.sqrt(((times - times.mean()) ** 2).sum()))
        self.drift_ppm = slope / NS_PER_SECOND * _PPM
        error = _SLOPE_LOSS * sigma / spread / NS_PER_SECOND * _PPM
        self._error_ppm = _STANDARD_ERRORS * error * (1 + _FEW / len(times))

    def _restart(self) -> None:
        """Begin a new line; the next span begins with the next block."""
        self._times.clear()
        self._offsets.clear()
        self._suspect = None
        self.drift_ppm = None

    def _begin(self, since: int, at: int) -> list[DefectChange]:
        self._right = 0
        if self.present:
            return []
        self.present = True
        return [DefectChange(Reason.CLOCK, present=True, since=since, at=at)]

    def _go_right(self, at: int) -> list[DefectChange]:
        """Rule 3."""
        self._right += 1
        if not self.present or self._right < _RIGHT_SPANS:
            return []
        self.present = False
        since = at - self._right * self._span_samples
        return [DefectChange(Reason.CLOCK, present=False, since=since, at=at)]
