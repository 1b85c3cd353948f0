"""What the beats of the heart say: standstill, pause, extreme rates, ventricular tachycardia.

Everything rests on beats and on where the signal could be read; never on how high the signal is. A
standstill with P waves, wander or pacing spikes has no beats, so it is one.

Rules:
1. Silence is the time since the last beat in which the signal could be read. Short holes do not
   count towards it; one of `HOLE_S` or more begins it anew, for a beat could hide there.
2. Asystole: silence of `asystole_s`, to the sample. It ends with a beat. Without a beat for so long
   and without so much silence it cannot be decided. A pause is a silence of `pause_s`, until it is
   asystole.
3. Extreme rates are means of the last so many intervals, and end `BACK_PER_MIN` inside the limit.
   A fast one begins with beats that are like each other (`rows`).
   The open interval counts as soon as it makes a slow rate certain.
4. Ventricular tachycardia: so many ventricular beats in a row at such a rate, like each other where
   it begins (`rows`). It ends with two other beats in a row, or when no beat follows.
5. A hole of `HOLE_S` breaks all rows of beats. Until they are long enough again, what rests on them
   is undecided.
6. The detector of beats tells each beat within `lag_samples`: what was silent at a sample is known
   so much later, and up to a step of `STEP_S`. Beats are taken in the order of their places.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.detect.rhythm.rows import SIGNS as ROW_SIGNS
from edgeward.signal.detect.rhythm.rows import Rows
from edgeward.signal.detect.rhythm.silence import SIGNS as SILENCE_SIGNS
from edgeward.signal.detect.rhythm.silence import Silence
from edgeward.signal.findings import Beat, Sign, SignChange
from edgeward.signal.ring import Mask
from edgeward.signal.steps import Steps

STEP_S = 0.04
SIGNS = (*SILENCE_SIGNS, *ROW_SIGNS)
"""What is told here."""


class RhythmDetector:
    """The signs that rest on beats, of one lead."""

    def __init__(self, rate_hz: int, lag_samples: int, limits: RhythmLimits | None = None) -> None:
        """Expect sample 0, and each beat `lag_samples` after it at the latest.

        Raises:
            ValueError: the rate or the lag is out of range.
        """
        if rate_hz < 1 or lag_samples < 0:
            raise ValueError(
                f"found {rate_hz} Hz and a lag of {lag_samples} samples; accepted: 1 or more, and"
                " 0 or more"
            )
        self.limits = limits or RhythmLimits()
        self._step = max(1, round(STEP_S * rate_hz))
        self._steps = Steps(self._step)
        self._behind: deque[Mask] = deque()
        self._behind_steps = -(-lag_samples // self._step)
        self._coming: deque[Beat] = deque()
        self._silence = Silence(rate_hz, self.limits)
        self._rows = Rows(rate_hz, self.limits)
        self._present: dict[Sign, bool | None] = dict.fromkeys(SIGNS)

    def push(self, beats: Iterable[Beat], valid: Mask) -> list[SignChange]:
        """Take the validity of the next samples, the beats that they made known, and tell signs."""
        self._coming.extend(beats)
        found: list[SignChange] = []
        for first, _, mask in self._steps.push(np.zeros(len(valid), np.float32), valid):
            self._behind.append(mask.copy())
            if len(self._behind) > self._behind_steps:
                judged = first - self._behind_steps * self._step
                self._read(judged, self._behind.popleft(), first + self._step - 1, found)
        return found

    def _read(self, first: int, mask: Mask, at: int, found: list[SignChange]) -> None:
        """One step: its beats, and the silence before, between and after them."""
        end, begin = first + len(mask), first
        while self._coming and self._coming[0].sample < end and self._coming[0].at <= at:
            beat = self._coming.popleft()
            here = max(beat.sample, begin)
            self._pass(mask[begin - first : here - first], here, at, found)
            self._silence.beat(beat.sample)
            self._rows.beat(beat)
            self._tell(at, found)
            begin = here
        self._pass(mask[begin - first :], end, at, found)

    def _pass(self, mask: Mask, end: int, at: int, found: list[SignChange]) -> None:
        """Samples before `end` without a beat."""
        if self._silence.read(mask, end):
            self._rows.broken()
        self._rows.wait(end, self._silence.samples)
        self._tell(at, found)

    def _tell(self, at: int, found: list[SignChange]) -> None:
        """What has changed."""
        for sign, present, since, text in (*self._silence.signs(), *self._rows.signs()):
            if present is not self._present[sign]:
                self._present[sign] = present
                shown = since if present else at
                found.append(SignChange(sign, present, shown, at, text if present else ""))
