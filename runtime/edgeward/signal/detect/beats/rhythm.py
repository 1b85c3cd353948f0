"""The intervals between the beats of one patient, and which of them are usual.

Rules:
1. Nobody says which beats are usual. Medians go by the most of them; what a run of early beats must
   not move has a memory of its own, which follows only what hardly differs from it.
2. Between two beats that are both not ventricular lies an interval of the patient's own rhythm.
   How much such intervals differ from one to the next tells fibrillation of the atria, where none
   of them is early, from a rhythm in which one is.
3. All of it is bounded: the last `LONG` intervals, and fewer of each other kind.
"""

from collections import deque
from math import log
from statistics import median
from typing import Final

LONG: Final = 240
IN_TIME: Final = -0.16
"""The logarithm of an interval's share of the usual one, below which a beat is early."""
_LOCAL, _OWN, _TURNS, _EARLY = 10, 12, 30, 40
_LONG_SHARE = 0.8
_TURNING_LEAST, _STEADY = 0.02, 0.05
_OWN_LEAST = 3
_NEAR, _FOLLOWS, _FOLLOWS_LONGER, _FOLLOWS_SHORTER = 0.12, 0.1, 0.04, 0.01


class Rhythm:
    """Remembers the intervals, in seconds."""

    __slots__ = ("_all", "_before", "_early", "_local", "_own", "_own_turns", "_slow", "_turns")

    def __init__(self) -> None:
        """Begin knowing none."""
        self._all: deque[float] = deque(maxlen=LONG)
        self._local: deque[float] = deque(maxlen=_LOCAL)
        self._turns: deque[float] = deque(maxlen=_TURNS)
        self._early: deque[bool] = deque(maxlen=_EARLY)
        self._own: deque[float] = deque(maxlen=_OWN)
        self._own_turns: deque[float] = deque(maxlen=_TURNS)
        self._before: float | None = None
        self._slow: float | None = None

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._all)

    @property
    def local_s(self) -> float:
        """The median of the last few; there must be one."""
        return median(self._local)

    @property
    def long_s(self) -> float:
        """What four of five of all remembered ones stay below."""
        return sorted(self._all)[int(_LONG_SHARE * len(self._all))]

    @property
    def own_s(self) -> float:
        """The median of the last few of the patient's own rhythm."""
        return median(self._own) if self._own else self.local_s

    @property
    def slow_s(self) -> float:
        """The patient's own interval, as it was before a run of early beats."""
        return self._slow or self.local_s

    @property
    def turning(self) -> float:
        """How much an interval usually differs from the one before, as a logarithm."""
        return _usual_turn(self._turns)

    @property
    def own_turning(self) -> float:
        """The same of the patient's own rhythm."""
        return _usual_turn(self._own_turns)

    @property
    def steadiness(self) -> float:
        """From 0, where every interval differs, to nearly 1: what an early beat is worth."""
        return _STEADY / (_STEADY + self.own_turning)

    @property
    def early(self) -> float:
        """The share of the last beats that came early beside those around them."""
        return sum(self._early) / max(1, len(self._early))

    def earliness(self, interval_s: float | None) -> float:
        """The logarithm of its share of the slow one; 0 where either is unknown."""
        return log(interval_s / self._slow) if interval_s and self._slow else 0.0

    def note(self, interval_s: float, before_s: float | None, *, own: bool) -> None:
        """One more, the one before it, and whether both its beats are of the patient's own."""
        turn = None if before_s is None else abs(log(interval_s / before_s))
        if turn is not None:
            self._turns.append(turn)
        if own:
            self._note_own(interval_s)
        else:
            self._before = None
        local_s = self.local_s if self._local else interval_s
        self._early.append(log(interval_s / local_s) < IN_TIME)
        self._local.append(interval_s)
        self._all.append(interval_s)

    def _note_own(self, interval_s: float) -> None:
        """Rules 1 and 2."""
        self._own.append(interval_s)
        if self._before is not None:
            self._own_turns.append(abs(log(interval_s / self._before)))
        self._before = interval_s
        if len(self._own) < _OWN_LEAST:
            return
        slow = self._slow or median(self._own)
        apart = log(interval_s / slow)
        far = _FOLLOWS_SHORTER if apart < 0 else _FOLLOWS_LONGER
        follows = _FOLLOWS if abs(apart) < _NEAR else far
        self._slow = slow * (interval_s / slow) ** follows


def _usual_turn(turns: deque[float]) -> float:
    return max(_TURNING_LEAST, median(turns)) if turns else _TURNING_LEAST
