"""Beats of one lead as they are found in; each one's row out, as soon as the next beat is known.

Rules:
1. A beat waits for the next one, for `WAIT_S` at most; then the interval after it reads as that
   long. When a row is known depends on the signal alone, never on how it was cut into blocks.
2. A beat has no row while fewer than `LEARNED` intervals are known, or when part of its wave did
   not come: then there is nothing to say about it.
3. An interval in which a sample did not come is unknown: a beat may lie in it.
4. After a gap of `RELEARN_S` nothing is usual any more: it may be another patient.
5. Memory is bounded: the last seconds of the signal, and what `rhythm` and `shape` remember.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from edgeward.signal.detect.beats.cut import Cutter, Values
from edgeward.signal.detect.beats.rhythm import IN_TIME, Rhythm
from edgeward.signal.detect.beats.row import Seen, row
from edgeward.signal.detect.beats.shape import Common
from edgeward.signal.detect.qrs.qrs import RELEARN_S
from edgeward.signal.findings import Beat, BeatClass
from edgeward.signal.ring import Mask, Samples

WAIT_S: Final = 2.5
"""No beat for so long is a pause, whatever comes after it."""
LEARNED: Final = 5
_TOLD_S = 4.0
"""After a beat, until it is told at the latest: more than any rate of the detector takes."""
_BLOCK_S = 1.0
_LEAST_S = 0.1
_FEW = 5
_BEATS = 40


@dataclass(frozen=True, slots=True)
class BeatRow:
    """What is known of one beat."""

    beat: Beat
    at: int
    """The sample with which it became known."""
    row: Samples | None
    """None by rule 2."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A beat whose row is not made yet."""

    beat: Beat
    interval_s: float | None
    anew: bool
    """Whether it is the first one after a gap by rule 4."""


class BeatContext:
    """Makes rows of the beats of one lead, in mV."""

    __slots__ = (
        "_before_s",
        "_common",
        "_cutter",
        "_end",
        "_gaps",
        "_known",
        "_previous",
        "_rate_hz",
        "_rhythm",
        "_told",
        "_unread",
        "_ventricular",
        "_wave",
        "wait_samples",
    )

    def __init__(self, rate_hz: int) -> None:
        """Expect sample 0."""
        self._rate_hz = rate_hz
        self._cutter = Cutter(rate_hz, WAIT_S + _TOLD_S + _BLOCK_S)
        self.wait_samples = ceil(WAIT_S * rate_hz)
        """After a beat, until its row is known at the latest."""
        self._end = 0
        self._unread = 0
        self._gaps: deque[int] = deque(maxlen=2)  # no beat is told so late that more are needed
        self._told: int | None = None
        self._known: deque[_Waiting] = deque()
        self._forget()

    def _forget(self) -> None:
        self._rhythm = Rhythm()
        self._common = Common()
        self._before_s: float | None = None
        self._previous: BeatClass | None = None
        self._wave: Values | None = None
        self._ventricular: deque[bool] = deque(maxlen=_BEATS)

    def push(self, samples: Samples, valid: Mask, beats: Sequence[Beat]) -> list[BeatRow]:
        """The next samples, the beats that they made known, and the rows that are known now.

        Beats come in order, each with the block that holds the sample with which it was known.
        """
        left = deque(beats)
        found: list[BeatRow] = []
        block = max(1, int(_BLOCK_S * self._rate_hz))
        for first in range(0, len(samples), block):
            part = slice(first, first + block)
            self._read(valid[part] & np.isfinite(samples[part]))
            self._cutter.push(samples[part], valid[part])
            self._end += len(samples[part])
            while left and left[0].at < self._end:
                self._take(left.popleft())
            found += self._due()
        return found

    def leave(self) -> list[BeatRow]:
        """No sample will come any more: the beats that still wait, without a row."""
        left = [BeatRow(one.beat, self._end - 1, None) for one in self._known]
        self._known.clear()
        return left

    def _read(self, sound: Mask) -> None:
        """Rule 4: where a gap has become so long; a block is shorter than that."""
        read = np.flatnonzero(sound)
        long = round(RELEARN_S * self._rate_hz)
        unread = self._unread + (int(read[0]) if len(read) else len(sound))
        if self._unread < long <= unread:
            self._gaps.append(self._end + long - self._unread)
        self._unread = len(sound) - 1 - int(read[-1]) if len(read) else unread

    def _take(self, beat: Beat) -> None:
        interval_s, anew = None, False
        while self._gaps and self._gaps[0] <= beat.sample:
            self._gaps.popleft()
            self._told, anew = None, True
        if self._told is not None:
            interval = beat.sample - self._told
            seen = min(interval, self.wait_samples)
            if self._cutter.whole(beat.sample - seen, beat.sample):
                interval_s = max(_LEAST_S, seen / self._rate_hz)
        self._told = beat.sample
        self._known.append(_Waiting(beat, interval_s, anew))

    def _due(self) -> Iterator[BeatRow]:
        """Rule 1."""
        while self._known:
            one = self._known[0]
            latest = one.beat.sample + self.wait_samples
            after = self._known[1] if len(self._known) > 1 else None
            if after is not None and after.beat.at > latest:
                after = None
            at = latest
            if after is not None:
                at = max(after.beat.at, one.beat.sample + self._cutter.after_samples)
            if at >= self._end:
                return
            self._known.popleft()
            yield BeatRow(one.beat, at, self._row(one, after))

    def _row(self, one: _Waiting, after: _Waiting | None) -> Samples | None:
        if one.anew:
            self._forget()
        wave = self._cutter.cut(one.beat.sample)
        found: Samples | None = None
        if wave is not None and len(self._rhythm) >= LEARNED:
            after_s = self._pause(one.beat) if after is None else after.interval_s
            seen = Seen(
                one.beat, wave, one.interval_s, self._before_s, after_s, self._wave,
                sum(self._ventricular) / max(1, len(self._ventricular)),
            )  # fmt: skip
            found = row(seen, self._rhythm, self._common)
        self._note(one, wave)
        return found

    def _pause(self, beat: Beat) -> float | None:
        """Rule 1, unless rule 3 holds."""
        whole = self._cutter.whole(beat.sample, beat.sample + self.wait_samples)
        return WAIT_S if whole else None

    def _note(self, one: _Waiting, wave: Values | None) -> None:
        """What the next beats are measured by."""
        beat = one.beat
        foreign = beat.kind is BeatClass.VENTRICULAR
        alone = self._previous in (None, BeatClass.VENTRICULAR)
        if one.interval_s is not None:
            own = not foreign and not alone
            self._rhythm.note(one.interval_s, self._before_s, own=own)
        in_time = self._rhythm.earliness(one.interval_s) > IN_TIME
        common = not foreign and not beat.strange and in_time
        if wave is not None and common and (not alone or self._common.beats < _FEW):
            self._common.note(wave, beat.width_ms)
        self._ventricular.append(foreign)
        self._before_s, self._previous, self._wave = one.interval_s, beat.kind, wave
