"""The horizontal axis of a figure: linear, or logarithmic when the values ask for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOG_FROM_RATIO = 10.0
"""A range of positive values spanning at least this ratio is drawn on a logarithmic axis."""
LOG_TO_RATIO = 1e12
"""Beyond this ratio the small values are nothing beside the large ones, and stand at 0."""
FAR_FACTOR = 12.0
"""On a linear axis a budget this many times the spread away is an arrow, not drawn to scale."""
_MARGIN = 0.03
_TICKS_MAX = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value to its place, 0 at the left edge and 1 at the right."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Where a value lies, clipped to the axis."""
        if self.log and value <= 0.0:
            return 0.0
        share = (self._of(value) - self._of(self.low)) / (self._of(self.high) - self._of(self.low))
        return min(1.0, max(0.0, share))

    def _of(self, value: float) -> float:
        return math.log(value) if self.log else value

    def ticks(self) -> list[float]:
        """Round values within the axis, few enough to be read on a phone."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def scale_for(values: Sequence[float], budget: float | None) -> Scale:
    """The axis that shows every value, and the budget when it is near enough to be drawn."""
    low, high = min(values), max(values)
    reach = [low, high] if budget is None else [low, high, budget]
    if min(reach) > max(reach) / LOG_TO_RATIO and max(reach) / min(reach) >= LOG_FROM_RATIO:
        spare = (max(reach) / min(reach)) ** _MARGIN
        return Scale(min(reach) / spare, max(reach) * spare, log=True)
    spread = (high - low) or abs(high) or 1.0
    if budget is not None and (budget - high > FAR_FACTOR * spread or budget < low - spread):
        reach = [low, high]
    spare = ((max(reach) - min(reach)) or spread) * _MARGIN
    return Scale(min(reach) - spare, max(reach) + spare, log=False)


def _linear_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / (_TICKS_MAX - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [10.0**decade * factor for decade in decades for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= _TICKS_MAX:
            return inside
    return inside[:: math.ceil(len(inside) / _TICKS_MAX)]
