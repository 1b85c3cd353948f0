"""No pulse in an arterial line: the pressure has run out since the last beat.

Rules:
1. Without beats the blood runs off through the vessels: the pressure falls below what it was before
   each beat, without a step, and does not rise again. That, `no_pulse_s` and three usual intervals
   after the foot of the last beat, is a pulse that has stopped, whatever a lead counts meanwhile.
2. The pulse before was a clear one: `STRONG_MMHG` and more. What becomes weak by and by is told by
   its pressures.
3. What falls at once was taken off, or opened to the air; what stays above was flushed, closed or
   clotted; what rises by a quarter of a pulse is moved. None of these is decided, nor is a line of
   which a part did not come. So long as it takes from the end of a wave on must be seen without.
4. A pulse is there again with the first beat of a new chain.
"""

from collections import deque
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from edgeward.signal.detect.chain import QUIET, Chain
from edgeward.signal.detect.wave import Wave

NO_PULSE_S = 4.0
STRONG_MMHG = 10.0
AIR_MMHG = 10.0
"""A line that is open to the air shows less."""
_WAVE_S = 1.2
"""After its foot a wave is over."""
_LEFT = 0.5
"""Of the usual diastolic pressure, where what is looked at begins: an opened line has less."""
_BELOW = 0.9
"""Of the usual diastolic pressure: there is no doubt that the next beat has not come."""
_USUAL = 8


class _Step(NamedTuple):
    """A tenth of a second."""

    whole: bool
    level: float
    rise: float


class RunOut:
    """Watches what is left of the pressure after a beat."""

    __slots__ = ("_lows", "_no_pulse", "_steps", "present")

    def __init__(self, rate_hz: float, step_values: int) -> None:
        """Begin without a beat; values come in steps of so many."""
        self._no_pulse = NO_PULSE_S * rate_hz
        self._steps: deque[_Step] = deque(
            maxlen=round((NO_PULSE_S - _WAVE_S) * rate_hz / step_values)
        )
        self._lows: deque[float] = deque(maxlen=_USUAL)
        self.present: bool | None = None
        """Whether the pulse has stopped; None where that cannot be decided."""

    def beat(self, wave: Wave) -> None:
        """This wave was a beat."""
        self._lows.append(wave.low)

    def push(self, values: list[float], rise: float, *, whole: bool) -> None:
        """Take a step, and how far it rose at most."""
        self._steps.append(_Step(whole, fmean(values), rise))

    def judge(self, chain: Chain, now: float) -> None:
        """Settle `present` at this moment, in values."""
        last, height = chain.last, chain.height
        if last is None or height is None:
            self.present = None
        elif chain.going or now - last < self._no_pulse:
            self.present = False
        elif not self.present:
            self.present = True if self._has_run_out(height) else None

    def _has_run_out(self, height: float) -> bool:
        """Rules 1 to 3, for the time since the last wave was over."""
        levels = [one.level for one in self._steps]
        usual, step = median(self._lows), QUIET * height
        falls = [before - after for before, after in pairwise(levels)]
        return (
            len(levels) == self._steps.maxlen
            and height >= STRONG_MMHG
            and all(one.whole and one.rise < step for one in self._steps)
            and max(falls) < step
            and levels[0] >= _LEFT * usual
            and AIR_MMHG < levels[-1] < _BELOW * usual
        )
