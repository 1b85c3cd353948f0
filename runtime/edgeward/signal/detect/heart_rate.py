"""The heart rate of an ECG, told once a second.

Rules:
1. `AVERAGING` says how intervals become a rate. An interval lies between two beats that follow each
   other; one with an invalid sample in it is none.
2. There is no rate at a standstill: when the last beat lies further back than the slowest heart
   that is counted allows, the rate is STALE. It is never kept, and never made up.
3. LEARNING is the reason until there are `INTERVALS_LEAST` intervals, though for `LEARN_MAX_S` at
   most: with a signal that long and no beats in it, it is WEAK. MISSING is the reason while samples
   do not come, and a gap of `FORGET_S` makes everything be learned anew.
4. A reading depends on what lay before its second alone: on beats by their `at`.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from edgeward.signal.findings import Beat, Reading, Reason, Vital
from edgeward.signal.ring import Mask

AVERAGING = (
    "The mean of the intervals between beats that lie in the last 9 seconds, of the last 8 where"
    " those are fewer; an even number of them, so that a beat that comes early every second time"
    " does not sway the rate. While the last 3 intervals are longer than 1200 ms each, the mean of"
    " the last 4. In the beginning, of as many as there are, at least 4. Told once a second."
)
"""For the instructions for use. To leave out the longest and the shortest, as others do, hides
pauses: with the annotated beats of real recordings it misses rates below 50 that last, and tells of
rates above 120 that the mean of ten seconds never has."""
INTERVALS_LEAST = 4
STANDSTILL_S = 4.8
"""The interval of 15 beats a minute, and the time until a beat is told."""
MISSING_S, FORGET_S = 1.0, 3.0
LEARN_MAX_S = 12.0
_GAPS_APART_S = 0.2
"""Gaps nearer to each other than any two beats are one."""
_AVERAGED_S, _AVERAGED = 9.0, 8
_SLOW_AVERAGED, _SLOW, _SLOW_S = 4, 3, 1.2
_KEPT = 64
"""Intervals: more than 300 beats a minute have in the averaged time."""


class HeartRate:
    """Tells the rate of one channel."""

    __slots__ = (
        "_begun",
        "_coming",
        "_gaps",
        "_intervals",
        "_last",
        "_now",
        "_rate_hz",
    )

    def __init__(self, rate_hz: int) -> None:
        """Begin at sample 0.

        Raises:
            ValueError: the rate is not positive.
        """
        if rate_hz < 1:
            raise ValueError(f"found a rate of {rate_hz} Hz; accepted: 1 or more")
        self._rate_hz = rate_hz
        self._intervals: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self._coming: deque[Beat] = deque()
        self._last: int | None = None
        self._begun = 0
        self._gaps: deque[tuple[int, int]] = deque()
        self._now = 0

    def push(self, beats: Iterable[Beat], valid: Mask) -> list[Reading]:
        """Take which samples came, and the beats that were told with them; what is due to tell.

        `valid` is what the detector of the beats was given, with False for what is no number.
        """
        self._coming.extend(beats)
        told, taken = [], 0
        while taken < len(valid):
            count = min(self._rate_hz - self._now % self._rate_hz, len(valid) - taken)
            self._see(valid[taken : taken + count])
            taken += count
            if self._now % self._rate_hz == 0:
                told.append(self._tell())
        return told

    def _see(self, valid: Mask) -> None:
        """Note the gaps among the next samples, and forget after a long one."""
        if not valid.all():
            edges = np.flatnonzero(np.diff(np.concatenate([[True], valid, [True]])))
            for first, end in (edges.reshape(-1, 2) + self._now).tolist():
                self._note_gap(first, end)
        self._now += len(valid)

    def _note_gap(self, first: int, end: int) -> None:
        if self._gaps and first - self._gaps[-1][1] < _GAPS_APART_S * self._rate_hz:
            first = self._gaps.pop()[0]
        self._gaps.append((first, end))
        if end - first >= FORGET_S * self._rate_hz:
            self._intervals.clear()
            self._begun = end

    def _tell(self) -> Reading:
        while self._coming and self._coming[0].at < self._now:
            self._take(self._coming.popleft().sample)
        oldest = self._now - 2 * STANDSTILL_S * self._rate_hz
        while self._gaps and self._gaps[0][1] < oldest:
            self._gaps.popleft()
        reason = self._why_not()
        value = None if reason else 60 * self._rate_hz / self._mean()
        return Reading(Vital.HEART_RATE, value, self._now - 1, reason)

    def _take(self, beat: int) -> None:
        last, self._last = self._last, beat
        if last is None or last < self._begun:
            return
        if beat - last > STANDSTILL_S * self._rate_hz:
            self._intervals.clear()
        elif not any(first < beat and last < end for first, end in self._gaps):
            self._intervals.append((last, beat))

    def _why_not(self) -> Reason | None:
        """Rules 2 and 3; None when there is a rate."""
        if self._gaps:
            first, end = self._gaps[-1]
            if end == self._now and end - first >= MISSING_S * self._rate_hz:
                return Reason.MISSING
        last = self._last if self._last is not None and self._last >= self._begun else None
        still = last is None or self._now - last > STANDSTILL_S * self._rate_hz
        if not still:
            return None if len(self._intervals) >= INTERVALS_LEAST else Reason.LEARNING
        if last is not None:
            return Reason.STALE
        learning = self._now - self._begun < LEARN_MAX_S * self._rate_hz
        return Reason.LEARNING if learning else Reason.WEAK

    def _mean(self) -> float:
        """Rule 1, in samples."""
        lengths = [end - first for first, end in self._intervals]
        if min(lengths[-_SLOW:]) > _SLOW_S * self._rate_hz:
            return sum(lengths[-_SLOW_AVERAGED:]) / _SLOW_AVERAGED
        begin = self._now - _AVERAGED_S * self._rate_hz
        inside = sum(first >= begin for first, _ in self._intervals)
        count = min(max(inside, _AVERAGED), len(lengths)) // 2 * 2
        return sum(lengths[-count:]) / count
