"""How long the battery lasts, and what happens before it is empty.

Rules:
1. Time left is energy left over mean power, with bounds from how much the power varied: hours, from
   milliwatt-hours and milliwatts. A battery nobody can read is unknown, and never full.
2. The mean is of the last `POWERS_KEPT` readings. Where the load has stepped, those before the step
   say nothing about what comes: when of `RECENT` readings all but two lie beyond what four of five
   before them were, the mean begins anew with them. A load that comes and goes shows both its
   levels among those readings and is no step, so its mean stays. Until a step is told from a burst,
   for `RECENT` readings, the time left is as wrong as the step is large.
3. Low is told well before the end, and taken back where the time left is again a fifth longer: a
   load that passed. In time before the cut-off, everything that waits to be written is flushed,
   once, while there is energy for twice the time that a flush is stated to take.
4. After the flush the device says that it is about to end. Charging takes all of it back.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import sqrt

POWERS_KEPT = 300
RECENT = 20
_STEPPED = RECENT - 2
_USUAL = 0.8
"""The share of the earlier readings that a step lies beyond."""
LOW_LEFT_RATIO = 1.2
_SPREADS = 1.96
_MS_PER_H = 3_600_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What the battery says."""

    energy_mwh: float
    power_mw: float
    """Drawn from it; below 0: it is charged. 0 says nothing."""
    on_mains: bool = False
    """It says that it is charged or full, whatever the power."""

    @property
    def charged(self) -> bool:
        """Whether no end is in sight."""
        return self.on_mains or self.power_mw < 0


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Hours to empty."""

    hours: float
    least_hours: float
    most_hours: float


class Stage(IntEnum):
    """How near the end is."""

    FINE = 0
    LOW = 1
    """Told; work that no patient waits for may be left out."""
    FLUSHED = 2
    """What waited is written; the device is about to end."""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Where the battery ends, and what has to be done before."""

    low_hours: float
    """From where on it is low."""
    reserve_mwh: float
    """Left in the battery when the system cuts the power."""
    flush_ms: float
    """How long a flush takes, as stated by the owner; nothing here measures it."""

    def __post_init__(self) -> None:
        """Check the figures.

        Raises:
            ValueError: one is negative, or low begins at nothing.
        """
        if self.low_hours <= 0 or self.reserve_mwh < 0 or self.flush_ms < 0:
            raise ValueError(f"{self}: accepted: low_hours above 0, the others 0 or more")


class Battery:
    """Watches the battery and flushes in time."""

    __slots__ = ("_cutoff", "_flush", "_powers", "stage", "unknown")

    def __init__(self, cutoff: Cutoff, flush: Callable[[float], None]) -> None:
        """Call `flush` with the milliseconds there are for it, once, before the cut-off."""
        self._cutoff = cutoff
        self._flush = flush
        self._powers: deque[float] = deque(maxlen=POWERS_KEPT)
        self.stage = Stage.FINE
        self.unknown = True

    def time_left(self, charge: Charge) -> TimeLeft | None:
        """Rule 1; None while it is charged, or before a power was seen."""
        if charge.charged or not self._powers:
            return None
        count = len(self._powers)
        mean = sum(self._powers) / count
        variance = sum((one - mean) ** 2 for one in self._powers) / max(1, count - 1)
        spread = _SPREADS * sqrt(variance / count)
        energy = max(0.0, charge.energy_mwh - self._cutoff.reserve_mwh)
        slowest = max(mean - spread, mean * 1e-3)
        return TimeLeft(energy / mean, energy / (mean + spread), energy / slowest)

    def read(self, charge: Charge | None) -> Stage:
        """Take what the battery says (None: nobody can tell); the stage it is in now."""
        self.unknown = charge is None
        if charge is None:
            return self.stage
        if charge.charged:
            self._powers.clear()
            self.stage = Stage.FINE
            return self.stage
        if charge.power_mw > 0:
            self._powers.append(charge.power_mw)
            self._forget_before_step()
        left = self.time_left(charge)
        if left is None:
            return self.stage
        left_ms = left.least_hours * _MS_PER_H
        low_hours = self._cutoff.low_hours
        if self.stage < Stage.LOW and left.least_hours <= low_hours:
            self.stage = Stage.LOW
        elif self.stage is Stage.LOW and left.least_hours > low_hours * LOW_LEFT_RATIO:
            self.stage = Stage.FINE
        if self.stage is Stage.LOW and left_ms <= 2 * max(self._cutoff.flush_ms, 1000.0):
            self.stage = Stage.FLUSHED  # also when the flush fails: there is no energy for another
            self._flush(left_ms / 2)
        return self.stage

    def _forget_before_step(self) -> None:
        """Rule 2."""
        if len(self._powers) < 2 * RECENT:
            return
        powers = [*self._powers]
        before, recent = sorted(powers[:-RECENT]), powers[-RECENT:]
        edge = int(len(before) * _USUAL)
        above = sum(one > before[edge] for one in recent)
        below = sum(one < before[-1 - edge] for one in recent)
        if max(above, below) < _STEPPED:
            return
        old, new = before[len(before) // 2], sorted(recent)[RECENT // 2]
        while abs(recent[0] - old) < abs(recent[0] - new):  # from before the step
            del recent[0]
        self._powers.clear()
        self._powers.extend(recent)
