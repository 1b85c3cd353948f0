"""One stretch of a simulation, and what every channel is drawn from."""

from dataclasses import dataclass

import numpy as np

from edgeward.signal.simulation.lane import F64, Marks
from edgeward.signal.simulation.script import Script

EPOCH_S = 30
"""Everything is generated in stretches of this length, from 0 on: what a block holds does not
depend on how blocks are cut. Part of what a seed means; it is never changed."""
BEHIND_S, AHEAD_S = 40.0, 4.0
"""How far around a stretch its beats and breaths are known."""


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """A stretch, its beats and its breaths."""

    number: int
    script: Script
    seed: int
    beats: Marks
    breaths: Marks

    @property
    def start_s(self) -> float:
        """Its first instant."""
        return float(self.number * EPOCH_S)

    def times_s(self, rate_hz: int) -> F64:
        """The instants of its samples."""
        first = self.number * EPOCH_S * rate_hz
        return np.arange(first, first + EPOCH_S * rate_hz) / rate_hz

    def near(self, marks: Marks, reach_s: float) -> Marks:
        """The marks no farther from it than this."""
        low, high = np.searchsorted(
            marks["time_s"], [self.start_s - reach_s, self.start_s + EPOCH_S + reach_s]
        )
        return marks[low:high]
