"""What lies about a patient's usual complexes, beside what lay about them before.

Rules:
1. The complexes of seconds that repeated well are remembered. One of the last seconds is *usual*
   when its middle is like two of them. What differs about it, from the two most like it of all
   that are known, is disturbance; against the usual height, that is a ratio of signal to noise, as
   in `repeats`. It needs but a few seconds, for it looks at nothing older than the disturbance.
2. A beat of another kind is not usual, and does not count. Where hardly any is, nothing is said:
   the patient may fibrillate. So disturbance is told only of a heart that is seen to beat as usual.
3. There is disturbance where the ratio is below what was asked, and far below its own median: what
   always lies about the beats of a patient is nothing new.
"""

from collections import deque
from math import log10

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.quality.check import Values

SHIFTS = 2
"""Samples by which a complex may be found beside its place."""
_RECENT_S = 4
_CORE_S = 0.06
_ALIKE, _SMALLEST, _LARGEST = 0.9, 0.7, 1.4
_FEWEST = 2
_SHARE = 0.5
"""Of the last complexes, that are usual at least."""
_REMEMBERED, _KNOWN_LEAST = 24, 8
_USUAL_S, _USUAL_LEAST_S = 60, 10
_BELOW_DB, _OTHER_DB = 6.0, 8.0
"""So far below the median is disturbed; what is further below does not change the median."""
_BACK_DB = 1.0
_CARRY = 0.05
_TINY = 1e-12


class Usual:
    """Remembers the complexes of one channel; asked once a second."""

    __slots__ = (
        "_cores",
        "_half",
        "_height",
        "_middle",
        "_past",
        "_rate",
        "_shapes",
        "_sizes",
        "beside_db",
    )

    def __init__(self, rate: float, half_s: float) -> None:
        """Begin knowing none; so much to either side is looked at."""
        self._rate = rate
        self._half = round(half_s * rate) + SHIFTS
        self._middle = round(_CORE_S * rate)
        self._shapes: Values = np.zeros((0, 2 * self._half + 1))
        self._cores: Values = np.zeros((0, 0))
        self._sizes: Values = np.zeros(0)
        self._height = 0.0
        self._past: deque[float] = deque(maxlen=_USUAL_S)
        self.beside_db: float | None = None
        """Rule 1, of the last seconds; None where too few complexes are usual."""

    def look(self, wave: Values, places: NDArray[np.intp]) -> None:
        """At the complexes at these places of a window, with room to either side."""
        self.beside_db = None
        recent = places[places >= len(wave) - _RECENT_S * self._rate]
        if len(recent) < _FEWEST or len(self._shapes) < _KNOWN_LEAST:
            return
        usual = recent[self._like_usual(wave, recent)]
        if len(usual) < max(_FEWEST, _SHARE * len(recent)):
            return
        others = np.concatenate([self._cut(wave, places, self._half), self._shapes])
        noise = max(self._apart(self._cut(wave, usual, self._half - SHIFTS), others), _TINY)
        self.beside_db = 10 * log10(max(self._height**2 / 8, _TINY) / noise)

    def learn(self, wave: Values, places: NDArray[np.intp], height: float, good_db: float) -> None:
        """Remember a second that repeated well in itself, if it does beside those before it."""
        beside = self.beside_db
        if beside is not None and beside <= good_db:
            return
        if beside is not None and (not self.known or beside > self._median - _OTHER_DB):
            self._past.append(beside)
        carry = _CARRY if self._height else 1.0
        self._height += carry * (height - self._height)
        new = places[places >= len(wave) - self._half - self._rate]
        if len(new):
            kept = np.concatenate([self._shapes, self._cut(wave, new, self._half)])[-_REMEMBERED:]
            self._shapes = kept
            self._cores, self._sizes = self._moved_cores(kept)

    @property
    def known(self) -> bool:
        """Whether it is known what is usual."""
        return len(self._past) >= _USUAL_LEAST_S

    @property
    def _median(self) -> float:
        return float(np.median(self._past))

    def disturbed(self, most_db: float) -> bool | None:
        """Rule 3; None where it is neither disturbed nor clearly not, and where nothing is known.

        Rule 2: without usual complexes there is none.
        """
        if not self.known:
            return None
        if self.beside_db is None:
            return False
        above: float = self.beside_db - min(most_db, self._median - _BELOW_DB)
        return True if above < 0 else None if above < _BACK_DB else False

    def _cut(self, wave: Values, places: NDArray[np.intp], half: int) -> Values:
        cut: Values = wave[places[:, None] + np.arange(-half, half + 1)]
        return cut

    def _like_usual(self, wave: Values, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of these are like two that are remembered, and about as large."""
        cores, sizes = _normal(self._cut(wave, places, self._middle))
        likeness = cores @ self._cores.T
        larger = sizes[:, None] / self._sizes
        alike = (likeness > _ALIKE) & (larger > _SMALLEST) & (larger < _LARGEST)
        known = alike.reshape(len(places), 2 * SHIFTS + 1, -1).any(axis=1)
        enough: NDArray[np.bool_] = np.count_nonzero(known, axis=1) >= _FEWEST
        return enough

    def _moved_cores(self, shapes: Values) -> tuple[Values, Values]:
        """The middles of shapes, moved each way, one after the other, and how large they are."""
        first, count = self._half - self._middle - SHIFTS, 2 * self._middle + 1
        moved = [shapes[:, first + by : first + by + count] for by in range(2 * SHIFTS + 1)]
        return _normal(np.concatenate(moved))

    def _apart(self, own: Values, others: Values) -> float:
        """The power of what differs between these and the second nearest others.

        They are among the others themselves.
        """
        power = (own * own).sum(axis=1)
        count = len(own[0])
        apart = np.full((len(own), len(others)), np.inf)
        for by in range(2 * SHIFTS + 1):
            other = others[:, by : by + count]
            squares = power[:, None] + (other * other).sum(axis=1)[None] - 2 * own @ other.T
            np.minimum(apart, squares, out=apart)
        nearest = np.partition(apart, _FEWEST, axis=1)[:, _FEWEST]
        return float(np.median(nearest)) / (2 * count)


def _normal(rows: Values) -> tuple[Values, Values]:
    """Each row with mean 0 and length 1, and how long it was."""
    level = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.maximum(np.sqrt((level * level).sum(axis=1)), _TINY)
    return level / lengths[:, None], lengths
