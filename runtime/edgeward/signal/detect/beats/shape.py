"""What the common beats of one patient look like, and how to compare a wave with them.

Rules:
1. The template is a running mean of waves: of beats that shape and rhythm both let pass. A run of
   early beats does not become the template, nor its P waves.
2. Sizes go by the median of the last few, and mean nothing but as shares of it.
"""

from collections import deque
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from edgeward.signal.detect.beats.cut import MIDDLE, POINTS_HZ, Values

LEAST_MV: Final = 1e-3
_CARRY = 0.06
_REMEMBERED = 40
_APART_LEAST = 1e-4
_POWER_LEAST = 1e-9


def _part(first_s: float, last_s: float) -> slice:
    return slice(MIDDLE + round(first_s * POINTS_HZ), MIDDLE + round(last_s * POINTS_HZ) + 1)


P: Final = _part(-0.28, -0.06)
QRS: Final = _part(-0.1, 0.1)
COMPLEX: Final = _part(-0.1, 0.25)
"""With the begin of the T wave, which follows a wide complex otherwise."""
AFTER: Final = _part(0.096, 0.25)
T: Final = _part(0.12, 0.44)


class Measured(NamedTuple):
    """One wave in numbers."""

    height: float
    """Of the complex, peak to peak, mV."""
    area: float
    """Its mean distance from the level, mV."""
    quickness: float
    """How fast it moves for its size, 1/s."""


def measured(wave: Values) -> Measured:
    """The complex of a wave."""
    part = wave[QRS]
    steps, apart = np.diff(part), part - part.mean()
    power = max(_POWER_LEAST, float(apart @ apart))
    return Measured(
        height=max(LEAST_MV, float(part.max() - part.min())),
        area=max(LEAST_MV, float(np.abs(part).mean())),
        quickness=POINTS_HZ * (max(_POWER_LEAST, float(steps @ steps)) / power) ** 0.5,
    )


class Remembered:
    """The last values of one number."""

    __slots__ = ("_known", "usual")

    def __init__(self) -> None:
        """Begin knowing none."""
        self._known: deque[float] = deque(maxlen=_REMEMBERED)
        self.usual: float | None = None
        """Their median; None while there is none."""

    def note(self, value: float) -> None:
        """One more."""
        self._known.append(value)
        self.usual = median(self._known)


class Common:
    """What the common beats look like so far."""

    __slots__ = ("area", "beats", "complex_like", "height", "p_apart", "p_like", "quickness",
                 "wave", "width_ms")  # fmt: skip

    def __init__(self) -> None:
        """Begin knowing none."""
        self.beats = 0
        self.wave: Values | None = None
        self.height = Remembered()
        self.area = Remembered()
        self.quickness = Remembered()
        self.width_ms = Remembered()
        self.p_apart = Remembered()
        self.p_like = Remembered()
        self.complex_like = Remembered()

    def note(self, wave: Values, width_ms: float | None) -> None:
        """One more common beat."""
        found = measured(wave)
        if self.wave is not None:
            self.p_apart.note(p_apart(wave, self.wave, self.height.usual or found.height))
            self.p_like.note(likeness(wave[P], self.wave[P]))
            self.complex_like.note(likeness(wave[QRS], self.wave[QRS]))
        self.height.note(found.height)
        self.area.note(found.area)
        self.quickness.note(found.quickness)
        if width_ms is not None:
            self.width_ms.note(width_ms)
        self.beats += 1
        mean = wave if self.wave is None else self.wave
        self.wave = mean + max(_CARRY, 1 / self.beats) * (wave - mean)


def likeness(one: Values, other: Values) -> float:
    """From -1 to 1, whatever their levels and sizes; 0 where one of them is flat."""
    a, b = one - one.mean(), other - other.mean()
    power = float(a @ a) * float(b @ b)
    return float(a @ b) / power**0.5 if power > 0 else 0.0


def spread(wave: Values) -> float:
    """Root of the mean square around its own mean; never 0."""
    apart = wave - wave.mean()
    return max(_APART_LEAST, float(np.sqrt(apart @ apart / len(apart))))


def p_apart(wave: Values, template: Values, height: float) -> float:
    """How far what comes before the complex is from the usual, as a share of a height."""
    return spread(wave[P] - template[P]) / height
