"""The moments at which the strength of a QRS complex is highest, of all moments around.

Rules:
1. A peak is the highest of the moments within 90 ms to either side; of equals, the first.
2. No peak is told of which a moment within that reach is blind.
3. So of moments that come together, no more than that reach, one is a peak at most.
"""

from typing import NamedTuple

import numpy as np

from edgeward.signal.detect.qrs.front import Values
from edgeward.signal.ring import Mask

REACH_S = 0.09


class Peak(NamedTuple):
    """A moment that may be a beat."""

    moment: int
    strength: float
    height: float = 0.0
    """Of the wave around it, peak to peak; 0 where nobody has looked."""

    @property
    def sharpness(self) -> float:
        """Strength for the height: what rises slowly is weak for its height."""
        return self.strength / self.height if self.height > 0 else 0.0


class Peaks:
    """Finds peaks in the strength, `reach` moments behind it."""

    __slots__ = ("_blind", "_known", "reach")

    def __init__(self, rate_hz: float) -> None:
        """Begin with nothing known."""
        self.reach = round(REACH_S * rate_hz)
        """Moments to either side."""
        self._known = np.zeros(2 * self.reach)
        self._blind = np.ones(2 * self.reach, np.bool_)

    @property
    def coming(self) -> float:
        """The highest strength of the moments of which no peak is known yet."""
        return float(np.maximum.reduce(self._known[self.reach :]))

    def push(self, first: int, strength: Values, blind: Mask | None) -> Peak | None:
        """The one that the moments `first ..` make known, `reach` of them at most."""
        known = np.concatenate([self._known, strength])
        self._known = known[len(strength) :]
        dark = np.zeros(len(strength), np.bool_) if blind is None else blind
        unseen = np.concatenate([self._blind, dark])
        self._blind = unseen[len(strength) :]
        place = int(known[self.reach : -self.reach].argmax())
        around = slice(place, place + 2 * self.reach + 1)
        if known[around].argmax() != self.reach or unseen[around].any():
            return None
        highest = float(known[place + self.reach])
        return Peak(first - self.reach + place, highest) if highest > 0 else None
