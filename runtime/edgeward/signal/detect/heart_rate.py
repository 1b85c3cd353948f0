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
5. A strange beat may be none. Between two that are not strange, as many beats are counted as were
   found, though never more than usual intervals have room there: so one that comes in time counts,
   and one that comes in between does not. One that comes `_LATE` usual intervals after the beat
   before is not one too many, and counts like any other: the first beats of a slow escape are like
   no other, and without them the rate would be even lower. When more than a third of the last
   beats are strange, the rate is unknown, for NOISE, and never made up. If that lasts, the channel
   is WEAK, so that somebody is told; no sign is blinded by that, for a fibrillation is strange too.
6. A fast rate is one of beats that are like each other, as a fast row is (`rhythm.rows`). Of others
   it is unknown, as with strange ones: disturbance makes beats of all shapes, and so a fast rate.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import accumulate
from statistics import median
from typing import NamedTuple

import numpy as np

from edgeward.signal.detect.averaging import per_minute
from edgeward.signal.detect.rhythm.rows import alike
from edgeward.signal.findings import Beat, DefectChange, Reading, Reason, Vital
from edgeward.signal.ring import Mask

AVERAGING = (
    "The mean of the intervals between beats that lie in the last 9 seconds, of the last 8 where"
    " those are fewer; an even number of them, so that a beat that comes early every second time"
    " does not sway the rate. While the last 3 intervals are longer than 1200 ms each, the mean of"
    " the last 4. In the beginning, of as many as there are, at least 4. A beat that is like no"
    " other counts only where a usual interval has room; when more than a third of the last 8 are"
    " like no other, there is no rate, nor is there one above 120 of beats that mostly differ. Told"
    " once a second, as a whole number; limits judge that number."
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
_STRANGE_MOST, _FOUND_MOST = 3, 3
"""One beat in so many is strange at most; and with more than so many intervals between two beats
that are not, nobody knows how many there really are."""
_LATE = 1.5
_KEPT = 64
"""Intervals: more than 300 beats a minute have in the averaged time."""
_FAST_PER_MIN, _ALIKE_AMONG = 120, 17
"""What is faster is fast; and as many beats as an extreme tachycardia rests on. Of an even number
that come of two kinds in turn, none would be like half of the others."""
_UNKNOWN_S, _UNKNOWN_AMONG_S = 3, 6
"""So many seconds of so many without a rate, for noise, and the channel is WEAK; until there was
one, or another reason, in as many in a row."""


class Stretch(NamedTuple):
    """From one beat that is not strange to the next, in samples."""

    first: int
    end: int
    intervals: int
    """How many it counts for (rule 5)."""

    @property
    def interval(self) -> float:
        """How long each of them is."""
        return (self.end - self.first) / self.intervals


class HeartRate:
    """Tells the rate of one channel."""

    __slots__ = (
        "_begun",
        "_coming",
        "_found",
        "_gaps",
        "_last",
        "_now",
        "_rate_hz",
        "_row",
        "_strange",
        "_stretches",
        "_sure",
        "_unknown",
        "_weak",
    )

    def __init__(self, rate_hz: int) -> None:
        """Begin at sample 0.

        Raises:
            ValueError: the rate is not positive.
        """
        if rate_hz < 1:
            raise ValueError(f"found a rate of {rate_hz} Hz; accepted: 1 or more")
        self._rate_hz = rate_hz
        self._stretches: deque[Stretch] = deque(maxlen=_KEPT)
        self._coming: deque[Beat] = deque()
        self._last: int | None = None
        self._sure: int | None = None
        self._found = 0
        self._strange: deque[bool] = deque(maxlen=_AVERAGED)
        self._row: deque[Beat] = deque(maxlen=_ALIKE_AMONG)
        self._begun = 0
        self._gaps: deque[tuple[int, int]] = deque()
        self._now = 0
        self._unknown: deque[bool] = deque(maxlen=_UNKNOWN_AMONG_S)
        self._weak = False

    def push(self, beats: Iterable[Beat], valid: Mask) -> list[Reading | DefectChange]:
        """Take which samples came, and the beats that were told with them; what is due to tell.

        `valid` is what the detector of the beats was given, with False for what is no number.
        """
        self._coming.extend(beats)
        told: list[Reading | DefectChange] = []
        taken = 0
        while taken < len(valid):
            count = min(self._rate_hz - self._now % self._rate_hz, len(valid) - taken)
            self._see(valid[taken : taken + count])
            taken += count
            if self._now % self._rate_hz == 0:
                reading = self._tell()
                told += (*self._weaken(reading), reading)
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
            self._forget()
            self._begun = end

    def _tell(self) -> Reading:
        while self._coming and self._coming[0].at < self._now:
            self._take(self._coming.popleft())
        oldest = self._now - 2 * STANDSTILL_S * self._rate_hz
        while self._gaps and self._gaps[0][1] < oldest:
            self._gaps.popleft()
        reason = self._why_not()
        value = None if reason else per_minute(self._rate_hz, self._mean())
        return Reading(Vital.HEART_RATE, value, self._now - 1, reason)

    def _weaken(self, reading: Reading) -> Iterator[DefectChange]:
        """Rule 5: the defect, where it begins or ends with this second."""
        self._unknown.append(reading.reason is Reason.NOISE)
        known = len(self._unknown) == _UNKNOWN_AMONG_S and not any(self._unknown)
        weak = self._unknown.count(True) >= _UNKNOWN_S or (self._weak and not known)
        if weak is not self._weak:
            self._weak = weak
            seconds = len(self._unknown) - self._unknown.index(weak)
            yield DefectChange(Reason.WEAK, weak, self._now - seconds * self._rate_hz, reading.at)

    def _take(self, beat: Beat) -> None:
        last, self._last = self._last, beat.sample
        if last is None or last < self._begun or self._apart(last, beat.sample):
            self._sure, self._found = None, 0
        strange = beat.strange and not self._late(last, beat.sample)
        self._strange.append(strange)
        self._row.append(beat)
        self._found += 1
        if strange:
            return
        if self._sure is not None and self._found <= _FOUND_MOST:
            self._stretches.append(self._stretch(self._sure, beat.sample))
        self._sure, self._found = beat.sample, 0

    def _forget(self) -> None:
        self._stretches.clear()
        self._strange.clear()
        self._row.clear()

    def _apart(self, first: int, end: int) -> bool:
        """Whether two beats do not follow each other, as far as can be seen."""
        if end - first > STANDSTILL_S * self._rate_hz:
            self._forget()
            return True
        return any(begun < end and first < over for begun, over in self._gaps)

    def _late(self, last: int | None, sample: int) -> bool:
        """Whether a strange beat comes too late to be one too many."""
        usual = self._usual()
        return last is not None and usual is not None and sample - last >= _LATE * usual

    def _usual(self) -> float | None:
        """The usual interval; None before the first."""
        known = [one.interval for one in self._stretches][-_AVERAGED:]
        return median(known) if known else None

    def _stretch(self, first: int, end: int) -> Stretch:
        """Rule 5."""
        room = max(1, round((end - first) / (self._usual() or end - first)))
        return Stretch(first, end, min(self._found, room))

    def _why_not(self) -> Reason | None:
        """Rules 2, 3 and 5; None when there is a rate."""
        if self._gaps:
            first, end = self._gaps[-1]
            if end == self._now and end - first >= MISSING_S * self._rate_hz:
                return Reason.MISSING
        last = self._last if self._last is not None else -1
        if last >= self._begun and self._now - last <= STANDSTILL_S * self._rate_hz:
            if _STRANGE_MOST * self._strange.count(True) > len(self._strange):
                return Reason.NOISE
            if len(self._stretches) < INTERVALS_LEAST:
                return Reason.LEARNING
            return Reason.NOISE if self._made_up() else None
        if last >= self._begun:
            return Reason.STALE
        learning = self._now - self._begun < LEARN_MAX_S * self._rate_hz
        return Reason.LEARNING if learning else Reason.WEAK

    def _made_up(self) -> bool:
        """Rule 6."""
        fast = per_minute(self._rate_hz, self._mean()) > _FAST_PER_MIN
        return fast and len(self._row) == _ALIKE_AMONG and not alike(list(self._row))

    def _mean(self) -> float:
        """Rule 1, in samples."""
        averaged = self._averaged()
        lengths = sum(one.end - one.first for one in averaged)
        return lengths / sum(one.intervals for one in averaged)

    def _averaged(self) -> list[Stretch]:
        """The intervals whose mean it is."""
        known = list(self._stretches)
        slow = _newest(known, _SLOW)
        if min(one.interval for one in slow) > _SLOW_S * self._rate_hz:
            return _newest(known, _SLOW_AVERAGED)
        begin = self._now - _AVERAGED_S * self._rate_hz
        inside = sum(one.intervals for one in known if one.first >= begin)
        wanted = max(inside, _AVERAGED) // 2 * 2
        totals = list(accumulate(one.intervals for one in reversed(known)))
        enough = [place for place, total in enumerate(totals, 1) if total <= wanted]
        even = [place for place in enough if totals[place - 1] % 2 == 0]
        return known[-(even or enough)[-1] :]


def _newest(known: list[Stretch], intervals: int) -> list[Stretch]:
    """The newest stretches that hold so many intervals, or all of them."""
    totals = accumulate(one.intervals for one in reversed(known))
    wanted = next((place for place, total in enumerate(totals, 1) if total >= intervals), 0)
    return known[-wanted:]
