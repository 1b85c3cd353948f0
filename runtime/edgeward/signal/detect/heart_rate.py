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
    "The mean of the last 12 intervals between beats without the longest and the shortest of them."
    " While the last 3 intervals are longer than 1200 ms each, the mean of the last 4."
    " With fewer than 12 intervals, of as many as there are, and at least 3;"
    " the longest and the shortest are left out from 5 on. Told once a second."
)
"""For the instructions for use."""
INTERVALS_LEAST = 3
STANDSTILL_S = 4.8
"""The interval of 15 beats a minute, and the time until a beat is told."""
MISSING_S, FORGET_S = 1.0, 3.0
LEARN_MAX_S = 12.0
_GAPS_APART_S = 0.2
"""Gaps nearer to each other than any two beats are one."""
_AVERAGED, _SLOW_AVERAGED, _SLOW, _SLOW_S = 12, 4, 3, 1.2
_TRIMMED_FROM = 5


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
        self._intervals: deque[float] = deque(maxlen=_AVERAGED)
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
        value = None if reason else 60 / _averaged_s(list(self._intervals), self._rate_hz)
        return Reading(Vital.HEART_RATE, value, self._now - 1, reason)

    def _take(self, beat: int) -> None:
        last, self._last = self._last, beat
        if last is None or last < self._begun:
            return
        if beat - last > STANDSTILL_S * self._rate_hz:
            self._intervals.clear()
        elif not any(first < beat and last < end for first, end in self._gaps):
            self._intervals.append(float(beat - last))

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


def _averaged_s(intervals: list[float], rate_hz: int) -> float:
    """Rule 1."""
    slow = [one for one in intervals[-_SLOW:] if one > _SLOW_S * rate_hz]
    if len(slow) == _SLOW:
        chosen = intervals[-_SLOW_AVERAGED:]
    elif len(intervals) >= _TRIMMED_FROM:
        chosen = sorted(intervals)[1:-1]
    else:
        chosen = intervals
    return sum(chosen) / len(chosen) / rate_hz
