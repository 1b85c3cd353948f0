"""Rows of beats: extreme rates and ventricular runs (rules 3 to 5 of `rhythm`).

While more than half of the last beats are strange (like no other), no fast row begins: muscles make
such beats, and a tachycardia never did in the recordings that this was chosen on, for its beats are
like each other. It is undecided then, not absent; one that has begun goes on.

A fast row begins only when its beats are like each other: more than half of them are each like
half of the others. An electrode that moves makes rows of wide beats, of which each looks otherwise.
A rhythm whose shape never comes back is for those to tell who look at the wave. Nor is a row a
ventricular tachycardia whose longest interval is thrice the shortest: one beat may have been
overlooked there, not two. It is undecided here; and what has begun goes on.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.findings import Beat, BeatClass, Sign

SIGNS = (Sign.EXTREME_BRADYCARDIA, Sign.EXTREME_TACHYCARDIA, Sign.VENTRICULAR_TACHYCARDIA)
BACK_PER_MIN = 5.0
STALE_S = 2.0
"""Without a beat for so long there is no fast rhythm any more."""
OTHERS_END = 2
_STRANGE_LAST, _STRANGE_MOST = 8, 0.5
_LIKE = 0.85
"""The correlation from which on two beats are like each other."""
_UNEVEN = 3.0

Told = tuple[Sign, bool | None, int, str]


class Rows:
    """The last beats, as far as no hole lies between them."""

    def __init__(self, rate_hz: int, limits: RhythmLimits) -> None:
        """Begin without a beat."""
        self._limits = limits
        self._rate_hz = rate_hz
        self._beats: deque[int] = deque(
            maxlen=max(limits.tachy_intervals, limits.brady_intervals) + 1
        )
        self._fast: deque[Beat] = deque(maxlen=limits.tachy_intervals + 1)
        self._run: deque[Beat] = deque(maxlen=limits.ventricular_beats)
        self._others = 0
        self._strange: deque[bool] = deque(maxlen=_STRANGE_LAST)
        self._end = 0
        self._stale = False
        self._brady: bool | None = None
        self._tachy: bool | None = None
        self._ventricular: bool | None = None

    def broken(self) -> None:
        """A hole: nothing before it goes on after it."""
        self._beats.clear()
        self._fast.clear()
        self._run.clear()
        self._strange.clear()
        self._others = 0
        self._brady = self._tachy = self._ventricular = None

    def beat(self, beat: Beat) -> None:
        """The next beat."""
        if self._beats and beat.sample <= self._beats[-1]:
            return
        self._beats.append(beat.sample)
        self._fast.append(beat)
        self._strange.append(beat.strange)
        self._end, self._stale = beat.sample, False
        if beat.kind is BeatClass.VENTRICULAR:
            self._run.append(beat)
            self._others = 0
        else:
            self._others += 1
            if self._ventricular is not True or self._others >= OTHERS_END:
                self._run.clear()
        fast, ventricular = self._tachy, self._ventricular
        self._judge()
        if self._strange.count(True) > _STRANGE_MOST * len(self._strange):
            self._tachy = self._tachy if fast or not self._tachy else None
            self._ventricular = self._ventricular if ventricular or not self._ventricular else None

    def wait(self, end: int, silent: int) -> None:
        """No beat up to `end`, though the last `silent` samples could be read."""
        self._end = end
        if not self._stale and silent >= STALE_S * self._rate_hz:
            self._stale = True
            self._run.clear()
            self._ventricular = self._tachy = False
        self._judge_slow()

    def _judge(self) -> None:
        self._judge_slow()
        self._judge_fast()
        limits = self._limits
        enough = len(self._run) == limits.ventricular_beats
        rate = self._per_min(self._ventricular_row) if len(self._run) > 1 else 0.0
        if enough and rate >= limits.ventricular_per_min:
            begun = self._ventricular or (alike(list(self._run)) and self._even())
            self._ventricular = True if begun else None
        elif not self._run or (enough and rate < limits.ventricular_per_min - BACK_PER_MIN):
            ended = self._ventricular is True or len(self._beats) >= limits.ventricular_beats
            self._ventricular = False if ended else self._ventricular

    def _even(self) -> bool:
        """Whether the intervals of the ventricular row may be those of one rhythm."""
        intervals = [after - one for one, after in pairwise(self._ventricular_row)]
        return max(intervals) < _UNEVEN * min(intervals)

    def _judge_fast(self) -> None:
        need, limit = self._limits.tachy_intervals, self._limits.tachy_per_min
        if len(self._fast) <= need:
            return
        rate = self._per_min(list(self._beats)[-need - 1 :])
        if rate < (limit - BACK_PER_MIN if self._tachy else limit):
            self._tachy = False
        elif not self._tachy:
            self._tachy = True if alike(list(self._fast)) else None

    def _judge_slow(self) -> None:
        need, limit = self._limits.brady_intervals, self._limits.brady_per_min
        if len(self._beats) > need:
            rate = self._per_min(list(self._beats)[-need - 1 :])
            self._brady = rate <= (limit + BACK_PER_MIN if self._brady else limit)
        if len(self._beats) >= need and not self._brady:
            last = list(self._beats)[-need:]
            slow = self._per_min(last) <= limit
            self._brady = (slow and self._per_min([*last, self._end]) <= limit) or self._brady

    def _per_min(self, beats: list[int]) -> float:
        return 60.0 * self._rate_hz * (len(beats) - 1) / max(1, beats[-1] - beats[0])

    @property
    def _ventricular_row(self) -> list[int]:
        return [beat.sample for beat in self._run]

    def signs(self) -> Iterator[Told]:
        """Each sign: whether it is present, since when, and in words."""
        beats = list(self._beats)
        need, fast = self._limits.brady_intervals, beats[-self._limits.tachy_intervals - 1 :]
        slow = beats[-need - 1 :]
        if self._brady and self._per_min(slow) > self._limits.brady_per_min:
            slow = [*beats[-need:], self._end]  # the open interval made it certain
        yield self._told(Sign.EXTREME_BRADYCARDIA, slow, state=self._brady)
        yield self._told(Sign.EXTREME_TACHYCARDIA, fast, state=self._tachy)
        row = self._ventricular_row
        yield self._told(Sign.VENTRICULAR_TACHYCARDIA, row, state=self._ventricular)

    def _told(self, sign: Sign, row: list[int], *, state: bool | None) -> Told:
        if not state or len(row) < 2:
            return sign, state, 0, ""
        text = f"{len(row)} beats at {self._per_min(row):.0f}/min"
        return sign, state, row[0], text


def alike(row: Sequence[Beat]) -> bool:
    """Whether the beats of a row are like each other; of those nobody compared, it is taken so."""
    if not all(beat.likeness for beat in row[1:]):
        return True
    counts = [0] * len(row)
    for place, beat in enumerate(row):
        for back, likeness in enumerate(beat.likeness[:place], 1):
            if likeness >= _LIKE:
                counts[place] += 1
                counts[place - back] += 1
    return 2 * sum(2 * count >= len(row) - 1 for count in counts) > len(row)
