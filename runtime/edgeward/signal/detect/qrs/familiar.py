"""Whether a beat looks like any that came before it, whatever those were.

A heart has few kinds of beats, and each kind looks like itself. What muscles, spikes and electrodes
make never looks the same twice. So a beat is *strange* that is like fewer than two of the last ones
(one may be chance). That is no verdict: the first beats of a new kind are strange too, and all are
when the ventricles fibrillate. It says what a number must not rest on, and hides nothing.
"""

import numpy as np

from edgeward.signal.detect.qrs.families import SHIFTS, Outline
from edgeward.signal.detect.qrs.front import Values

_REMEMBERED = 16
_JUDGED_FROM = 5
"""Beats that are known: before, nothing is strange."""
_LIKE, _LIKE_LEAST = 0.75, 2


class Familiar:
    """Remembers the last beats of one lead."""

    __slots__ = ("_shapes", "likeness")

    def __init__(self) -> None:
        """Begin knowing none."""
        self._shapes: list[Values] = []
        self.likeness: tuple[float, ...] = ()
        """Of the last beat to those before it, the latest of them first; from -1 to 1."""

    def strange(self, outline: Outline) -> bool:
        """Whether the next beat is, wherever it lies within `SHIFTS` moments of its place."""
        found = False
        if self._shapes:
            likeness = (np.array(self._shapes) @ outline.tries.T).max(axis=1)
            self.likeness = tuple(likeness[::-1].tolist())
        if len(self._shapes) >= _JUDGED_FROM:
            found = int(np.count_nonzero(likeness >= _LIKE)) < _LIKE_LEAST
        self._shapes = [*self._shapes[1 - _REMEMBERED :], outline.tries[SHIFTS]]
        return found
