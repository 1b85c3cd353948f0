"""How strong the beats of this patient are, learned from the first seconds that can be seen.

Rules:
1. It takes two seconds in which a peak stands out from most others. Without one it takes five, in
   which the slowest heart that is counted (15 a minute) beats once; then what was there is noise.
2. What cannot be seen takes no part, and does not count as time.
"""

from dataclasses import dataclass
from statistics import median

from edgeward.signal.detect.qrs.peaks import Peak

LEARN_S, LEARN_MAX_S = 2.0, 5.0
_STAND_OUT = 3.0
_SIGNAL_SHARE = 0.65
"""Of the strongest peak: what is stronger is taken for beats."""
_NOISE_SHARE = 0.1
_SIGNAL_LEAST_MV = 0.06
"""What beats are expected to have, where none was seen."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Levels to begin with."""

    signal: float
    noise: float
    last: Peak | None
    """That was taken for a beat: its T wave may be yet to come."""


class Learning:
    """Collects peaks until it can say."""

    __slots__ = ("_peaks", "_rate_hz", "_seen")

    def __init__(self, rate_hz: float) -> None:
        """Begin; `rate_hz` is that of moments."""
        self._rate_hz = rate_hz
        self._seen = 0
        self._peaks: list[Peak] = []

    def push(self, peak: Peak | None, moments: int) -> Learned | None:
        """Take what was seen in so many moments more; the levels, when it is enough."""
        self._seen += moments
        if peak is not None:
            self._peaks.append(peak)
        seconds = self._seen / self._rate_hz
        if seconds < LEARN_S:
            return None
        strengths = [peak.strength for peak in self._peaks]
        strongest = max(strengths, default=0.0)
        others = [one for one in strengths if one < _SIGNAL_SHARE * strongest]
        noise = median(others) if others else _NOISE_SHARE * strongest
        if strongest >= _SIGNAL_LEAST_MV / _STAND_OUT and strongest >= _STAND_OUT * noise:
            beats = [one for one in self._peaks if one.strength >= _SIGNAL_SHARE * strongest]
            return Learned(median(one.strength for one in beats), noise, beats[-1])
        if seconds < LEARN_MAX_S:
            return None
        return Learned(max(strongest, _SIGNAL_LEAST_MV), noise, None)
