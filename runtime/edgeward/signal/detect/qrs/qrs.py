"""Beats in an ECG (mV), found as the signal comes.

Rules:
1. What a beat is, is said in `front` (strength), `peaks`, `learning`, `decide` (levels and time),
   `shapes` (class) and `familiar` (strange or not). No level is a number of millivolts but the
   floor.
2. `lag_samples` is the most by which a beat is told after it; `usual_lag_samples` holds for a beat
   that is as strong as most, `weak_lag_samples` for one that had to be held back, and only one that
   was overlooked first takes longer. There is no other delay, however blocks are cut.
3. `learning` says that no beat can be told yet: at the begin, and after a gap that is so long that
   the patient may have changed. No beat is told of a moment whose surroundings cannot be seen.
4. The place of a beat is where the wave is farthest from its level, near the highest strength.
"""

from math import ceil

import numpy as np

from edgeward.signal.detect.qrs.decide import HELD_S, OVERDUE_MAX_S, Decider
from edgeward.signal.detect.qrs.familiar import Familiar
from edgeward.signal.detect.qrs.families import AROUND_S, SHIFTS, Outline
from edgeward.signal.detect.qrs.front import Front, Strip, Values
from edgeward.signal.detect.qrs.learning import Learning
from edgeward.signal.detect.qrs.peaks import Peak, Peaks
from edgeward.signal.detect.qrs.shapes import Complex, Shapes
from edgeward.signal.findings import Beat
from edgeward.signal.ring import Mask, Samples

RELEARN_S = 5.0
"""A gap so long makes everything that was learned doubtful."""
_PLACE_S = 0.05
_KEPT_S = 3.0
_STEEP = 0.12
"""Of the steepest: a complex begins and ends where the wave is no steeper."""


class QrsDetector:
    """Finds the beats of one ECG channel."""

    __slots__ = (
        "_around",
        "_blind",
        "_decider",
        "_end",
        "_familiar",
        "_front",
        "_last",
        "_learning",
        "_near",
        "_peaks",
        "_relearn",
        "_shapes",
        "_wave",
    )

    def __init__(self, rate_hz: int) -> None:
        """Begin at sample 0, knowing nothing of the patient.

        Raises:
            ValueError: the rate does not show a QRS complex, or is beyond what is worked with.
        """
        self._front = Front(rate_hz)
        moments_hz = self._front.rate_hz
        self._peaks = Peaks(moments_hz)
        self._around = round(AROUND_S * moments_hz) + SHIFTS
        self._near = round(_PLACE_S * moments_hz)
        self._relearn = round(RELEARN_S * moments_hz)
        self._wave: Values = np.zeros(round(_KEPT_S * moments_hz))
        self._end = 0
        self._forget()

    def _forget(self) -> None:
        self._learning: Learning | None = Learning(self._front.rate_hz)
        self._decider: Decider | None = None
        self._shapes = Shapes()
        self._familiar = Familiar()
        self._last: int | None = None
        self._blind = 0

    @property
    def learning(self) -> bool:
        """No beat can be told yet."""
        return self._decider is None

    @property
    def usual_lag_samples(self) -> int:
        """After a beat that is stronger than most, until it is told at the latest."""
        front = self._front
        moments = front.lead + self._peaks.reach + ceil(_PLACE_S * front.rate_hz)
        return moments * front.factor + 2 * front.step_samples + front.delay_samples

    @property
    def weak_lag_samples(self) -> int:
        """The same for one that is weak for this patient."""
        return self.usual_lag_samples + self._seconds(HELD_S)

    @property
    def lag_samples(self) -> int:
        """The same for every beat, an overlooked one included."""
        return self.usual_lag_samples + self._seconds(OVERDUE_MAX_S)

    def push(self, samples: Samples, valid: Mask) -> list[Beat]:
        """Take the next samples, and tell the beats that they make known."""
        return [beat for strip in self._front.push(samples, valid) for beat in self._step(strip)]

    def _seconds(self, seconds: float) -> int:
        return ceil(seconds * self._front.rate_hz) * self._front.factor

    def _step(self, strip: Strip) -> list[Beat]:
        count = len(strip.wave)
        self._wave = np.concatenate([self._wave[count:], strip.wave])
        self._end = strip.first + self._front.lead + count
        peak = self._peaks.push(strip.first, strip.strength, strip.blind)
        unseen = 0 if strip.blind is None else int(np.count_nonzero(strip.blind))
        if unseen:
            self._lose(unseen)
        else:
            self._blind = 0
        if self._decider is None:
            self._learn(peak, count - unseen)
            return []
        found: list[Peak] = []
        if peak is not None:
            height = float(np.ptp(self._cut(peak.moment, self._near)))
            found += self._decider.push(peak._replace(height=height))
        seen = strip.first + count
        found += self._decider.advance(seen - self._peaks.reach, self._peaks.coming, seen)
        return [self._beat(peak, strip.at) for peak in found]

    def _lose(self, unseen: int) -> None:
        """Rule 3."""
        self._blind += unseen
        if self._blind >= self._relearn:
            self._forget()
        elif self._decider is not None:
            self._decider.lose()
        self._last = None

    def _learn(self, peak: Peak | None, moments: int) -> None:
        assert self._learning is not None
        learned = self._learning.push(peak, moments)
        if learned is not None:
            self._learning = None
            self._decider = Decider(self._front.rate_hz, learned)

    def _beat(self, peak: Peak, at: int) -> Beat:
        """Rule 4; what is told about a beat."""
        moments_hz = self._front.rate_hz
        level = np.sort(self._cut(peak.moment, self._around))[self._around]
        place = peak.moment - self._near
        place += int(np.abs(self._cut(peak.moment, self._near) - level).argmax())
        wave = self._cut(place, self._around)
        interval_s = None if self._last is None else (place - self._last) / moments_hz
        self._last = place
        width_ms = 1000 * _width(wave) / moments_hz
        outline = Outline(wave)
        kind = self._shapes.judge(Complex(outline, interval_s))
        height = float(np.ptp(self._cut(place, self._near)))
        strange = self._familiar.strange(outline)
        likeness = self._familiar.likeness
        return Beat(self._front.sample(place), at, height, width_ms, kind, strange, likeness)

    def _cut(self, moment: int, reach: int) -> Values:
        """The wave so far to either side of a moment."""
        first = moment - reach - self._end + len(self._wave)
        return self._wave[first : first + 2 * reach + 1]


def _width(wave: Values) -> int:
    """Moments from the begin of a complex in the middle of a wave to its end."""
    steep = np.abs(np.gradient(wave))
    inside = np.flatnonzero(steep > _STEEP * steep.max())
    return int(inside[-1] - inside[0] + 1)
