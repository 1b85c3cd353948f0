"""Whether a beat looks like any that came before it, whatever those were.

A heart has few kinds of beats, and each kind looks like itself. What muscles, spikes and electrodes
make never looks the same twice. So a beat is *strange* that is like fewer than two of the last ones
(one may be chance). That is no verdict: the first beats of a new kind are strange too, and all are
when the ventricles fibrillate. It says what a number must not rest on, and hides nothing.
"""

import numpy as np

from edgeward.signal.detect.qrs.front import Values

_REMEMBERED = 16
_JUDGED_FROM = 5
"""Beats that are known: before, nothing is strange."""
_LIKE, _LIKE_LEAST = 0.75, 2


class Familiar:
    """Remembers the last beats of one lead."""

    __slots__ = ("_shapes", "_shifts")

    def __init__(self, shifts: int) -> None:
        """Begin knowing none; beats may lie so many moments beside their places."""
        self._shifts = shifts
        self._shapes: list[Values] = []

    def strange(self, wave: Values) -> bool:
        """Whether the next beat is, which has `shifts` more moments on either side than a shape."""
        moved = np.lib.stride_tricks.sliding_window_view(wave, len(wave) - 2 * self._shifts)
        level = moved - moved.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(level, axis=1, keepdims=True)
        shapes = np.divide(level, lengths, out=np.zeros_like(level), where=lengths > 0)
        found = False
        if len(self._shapes) >= _JUDGED_FROM:
            likeness = (np.stack(self._shapes) @ shapes.T).max(axis=1)
            found = int(np.count_nonzero(likeness >= _LIKE)) < _LIKE_LEAST
        self._shapes = [*self._shapes[1 - _REMEMBERED :], shapes[self._shifts]]
        return found
