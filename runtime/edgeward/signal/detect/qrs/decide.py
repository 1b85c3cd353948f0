"""Which peaks are beats: levels that follow the patient, and what time allows.

Rules:
1. *Signal* is the median strength of the last beats, *noise* that of the last peaks that were none.
   A beat is stronger than the noise by a share of what lies between; nothing below the floor is
   one.
2. No two beats lie within 185 ms. Soon after a beat comes its T wave: a peak there needs a share of
   the strength of a usual beat, the less the later it comes.
3. A beat that is weaker than most of this patient is held back for 250 ms. When a stronger peak
   comes meanwhile, far sooner than the next beat is due, the first was a P wave or a disturbance.
4. When no beat comes for much longer than usual, the strongest peak since the last one that passes
   a lower level is a beat that was overlooked.
5. A signal that becomes weak is followed: while no beat is found the level of the signal falls, to
   a third and no lower; but then only what stands out far above the noise is a beat. Noise alone
   never does, and what is left when the ventricles stand still lies below.
6. After a long silence, or overlooked, a peak far weaker than usual is a beat only if it is nearly
   as sharp for its height as this patient's beats: a P wave that no complex follows is not.
"""

from collections import deque
from collections.abc import Iterator
from math import exp
from statistics import median

from edgeward.signal.detect.qrs.learning import Learned
from edgeward.signal.detect.qrs.peaks import Peak

FLOOR_MV = 0.012
"""A complex of 0.15 mV has a strength of 0.02 to 0.06 mV, as it is wide or narrow."""
APART_S = 0.185
"""A little less than the interval of 300 beats a minute."""
HELD_S = 0.25
OVERDUE_MAX_S = 2.0
"""An overlooked beat is found so long after the last one, or sooner."""
_SHARE = 0.23
_EARLY_S, _EARLY_OF_USUAL = 0.45, 0.75
_EARLY_SHARE, _EARLY_END_SHARE = 0.8, 0.25
_OVERLOOKED_EARLY_SHARE = 0.65
_CLOSE = 0.4
"""Of the usual interval: nearer to each other than this, one of two beats is none."""
_INTERVAL_S = 1.0
"""Until one is known."""
_OVERDUE = 1.5
_OVERLOOKED = 0.6
_FALL_FROM_S, _FALL_S, _FALL_LEAST = 1.5, 1.0, 0.4
_STAND_OUT = 3.0
_NOISE_MOST = 0.25
"""Of the usual strength: what is higher, such as a T wave, is not what noise is measured by."""
_OUTLIER_LEAST = 0.3
_USUAL, _FEW = 8, 3
_INTERVAL_MAX_S = 2.0
_OVERLOOKED_MAX = 16
_FAR_WEAKER, _AS_SHARP = 0.35, 0.92


class Decider:
    """Turns peaks into beats, each told once and in order."""

    __slots__ = (
        "_held",
        "_intervals",
        "_last",
        "_linked",
        "_noise",
        "_passed",
        "_rate_hz",
        "_sharpness",
        "_signal",
        "_usual_s",
    )

    def __init__(self, rate_hz: float, learned: Learned) -> None:
        """Begin with levels that were learned; `rate_hz` is that of moments."""
        self._rate_hz = rate_hz
        self._signal = deque([learned.signal] * _FEW, maxlen=_USUAL)
        self._noise = deque([learned.noise], maxlen=_USUAL)
        self._intervals: deque[int] = deque(maxlen=_USUAL)
        self._passed: deque[Peak] = deque(maxlen=_OVERLOOKED_MAX)
        self._sharpness: deque[float] = deque(maxlen=_USUAL)
        self._last = learned.last
        self._held: Peak | None = None
        self._linked = False
        self._usual_s = _INTERVAL_S
        """The usual interval."""

    def lose(self) -> None:
        """A part of the signal cannot be seen: nothing is concluded from the time it took."""
        self._linked = False
        self._passed.clear()

    def push(self, peak: Peak) -> Iterator[Peak]:
        """The beats that a peak makes known."""
        yield from self._release(peak.moment)
        held = self._held
        if held is None:
            taken = self._passes(peak, self._last)
        elif self._replaces(peak, held):
            self._held = None
            self._refuse(held)
            taken = True
        else:
            taken = self._passes(peak, held)
            if taken:
                yield self._tell(held)
        if not taken:
            self._refuse(peak)
        elif peak.strength > median(self._signal):
            yield self._tell(peak)
        else:
            self._held = peak

    def advance(self, moment: int, coming: float, seen: int) -> Iterator[Peak]:
        """The beats that are known when all peaks before a moment are.

        From there to `seen`, peaks are not known yet, but nothing is stronger than `coming`.
        """
        yield from self._release(moment)
        held = self._held
        if held is not None and coming <= held.strength:
            yield from self._release(seen)
        oldest = moment - OVERDUE_MAX_S * self._rate_hz
        while self._passed and self._passed[0].moment < oldest:
            self._passed.popleft()
        while self._held is None and self._overdue(moment):
            passed = [peak for peak in self._passed if self._overlooked(peak)]
            if not passed:
                return
            yield self._tell(max(passed, key=lambda peak: peak.strength))

    def _release(self, moment: int) -> Iterator[Peak]:
        """Rule 3: the beat held back, when nothing stronger came before this moment."""
        if self._held is not None and moment - self._held.moment >= HELD_S * self._rate_hz:
            yield self._tell(self._held)

    def _since(self, moment: int, last: Peak | None) -> float:
        """Seconds since a beat; long ago when there was none."""
        return (moment - last.moment) / self._rate_hz if last is not None else 1e9

    def _need(self, moment: int, last: Peak | None) -> float:
        """Rules 1, 2 and 5."""
        since_s = self._since(moment, last)
        early_s = min(_EARLY_S, _EARLY_OF_USUAL * self._usual_s)
        usual = median(self._signal)
        noise = min(median(self._noise), usual)
        need = noise + _SHARE * (usual - noise)
        if since_s < early_s:
            part = (since_s - APART_S) / (early_s - APART_S)
            share = _EARLY_SHARE + part * (_EARLY_END_SHARE - _EARLY_SHARE)
            need = max(need, share * usual)
        elif since_s > _FALL_FROM_S:
            fallen = max(_FALL_LEAST, exp((_FALL_FROM_S - since_s) / _FALL_S))
            above = _STAND_OUT * min(noise, _NOISE_MOST * usual)
            need = max(min(need, _SHARE * fallen * usual), above)
        return max(need, FLOOR_MV)

    def _passes(self, peak: Peak, last: Peak | None) -> bool:
        if self._since(peak.moment, last) < APART_S:
            return False
        if self._since(peak.moment, last) > _FALL_FROM_S and self._blunt(peak):
            return False
        return peak.strength > self._need(peak.moment, last)

    def _blunt(self, peak: Peak) -> bool:
        """Rule 6."""
        if len(self._sharpness) < _FEW or peak.strength >= _FAR_WEAKER * median(self._signal):
            return False
        return peak.sharpness < _AS_SHARP * median(self._sharpness)

    def _replaces(self, peak: Peak, held: Peak) -> bool:
        """Rule 3."""
        close_s = max(APART_S, _CLOSE * self._usual_s)
        if self._since(peak.moment, held) >= close_s or peak.strength <= held.strength:
            return False
        return self._passes(peak, self._last)

    def _refuse(self, peak: Peak) -> None:
        if self._since(peak.moment, self._last) >= APART_S:
            self._noise.append(peak.strength)
            self._passed.append(peak)

    def _tell(self, beat: Peak) -> Peak:
        if self._last is not None and self._linked:
            longest = int(_INTERVAL_MAX_S * self._rate_hz)
            self._intervals.append(min(beat.moment - self._last.moment, longest))
            self._usual_s = median(self._intervals) / self._rate_hz
        self._follow(beat)
        self._held, self._last, self._linked = None, beat, True
        while self._passed and self._passed[0].moment <= beat.moment:
            self._passed.popleft()
        return beat

    def _follow(self, beat: Peak) -> None:
        """Rules 1 and 5: a beat that came after the level fell is one of many as weak as it."""
        least = _OUTLIER_LEAST * median(self._signal)
        if beat.strength >= least:
            self._sharpness.append(beat.sharpness)
        if beat.strength < least and self._since(beat.moment, self._last) > _FALL_FROM_S:
            self._signal = deque([beat.strength] * _FEW, maxlen=_USUAL)
        else:
            self._signal.append(max(beat.strength, least))

    def _overdue(self, moment: int) -> bool:
        """Rule 4: whether it is time to look back."""
        if self._last is None or not self._passed:
            return False
        return self._since(moment, self._last) >= min(_OVERDUE * self._usual_s, OVERDUE_MAX_S)

    def _overlooked(self, peak: Peak) -> bool:
        """Rule 4: whether a peak that was passed over is a beat after all."""
        last = self._last
        since_s = self._since(peak.moment, last)
        if last is None or since_s < APART_S or self._blunt(peak):
            return False
        early = since_s < _EARLY_S and peak.strength < _OVERLOOKED_EARLY_SHARE * last.strength
        least = max(_SHARE * _FALL_LEAST * median(self._signal), FLOOR_MV)
        lower = max(_OVERLOOKED * self._need(peak.moment, last), least)
        return not early and peak.strength > lower
