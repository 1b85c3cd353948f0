"""The horizontal axis of a figure: linear, or logarithmic when the values ask for it.

Delays span decades, so a logarithmic axis is the rule. Differences of delays span decades on both
sides of 0; for them the axis is linear near 0 and logarithmic beyond (the inverse hyperbolic sine).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LOG_FROM_RATIO = 10.0
"""A range of positive values spanning at least this ratio is drawn on a logarithmic axis."""
LOG_TO_RATIO = 1e12
"""Beyond this ratio the small values are nothing beside the large ones, and stand at 0."""
FAR_FACTOR = 12.0
"""On a linear axis a budget this many times the spread away is an arrow, not drawn to scale."""
_MARGIN = 0.03
_TICKS_MAX = 6


class Axis(StrEnum):
    """How places follow values; the words are shown beside a figure."""

    LINEAR = "linear axis"
    LOG = "logarithmic axis"
    BOTH = "axis linear near 0, logarithmic beyond"


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value to its place, 0 at the left edge and 1 at the right."""

    low: float
    high: float
    axis: Axis
    near: float = 1.0
    """For an axis of both kinds: up to where it is linear."""

    def place(self, value: float) -> float:
        """Where a value lies, clipped to the axis."""
        value = min(self.high, max(self.low, value))
        share = (self._of(value) - self._of(self.low)) / (self._of(self.high) - self._of(self.low))
        return min(1.0, max(0.0, share))

    def _of(self, value: float) -> float:
        if self.axis is Axis.LOG:
            return math.log(value)
        return math.asinh(value / self.near) if self.axis is Axis.BOTH else value

    def ticks(self) -> list[float]:
        """Round values within the axis, few enough to be read on a phone."""
        if self.axis is Axis.LINEAR:
            return _linear_ticks(self.low, self.high)
        if self.axis is Axis.LOG:
            return _log_ticks(self.low, self.high, _TICKS_MAX)
        above = _log_ticks(self.near, self.high, _TICKS_MAX - 2)
        below = [-tick for tick in _log_ticks(self.near, -self.low, 2)] if self.low < 0 else []
        return [*reversed(below), 0.0, *above]


def scale_for(values: Sequence[float], middle: float, budget: float | None) -> Scale:
    """The axis that shows every value, and the budget when it is near enough to be drawn.

    Args:
        values: what must be on the axis.
        middle: a typical value, such as the median.
        budget: the limit, if there is one.
    """
    low, high = min(values), max(values)
    reach = [low, high] if budget is None else [low, high, budget]
    least, most = min(reach), max(reach)
    if least > most / LOG_TO_RATIO and most / least >= LOG_FROM_RATIO:
        spare = (most / least) ** _MARGIN
        return Scale(least / spare, most * spare, Axis.LOG)
    near = max(-low, abs(middle))
    if least <= 0.0 < near and LOG_FROM_RATIO < most / near < LOG_TO_RATIO:
        return Scale(min(least, 0.0) * (1 + _MARGIN), most * (1 + _MARGIN) ** 3, Axis.BOTH, near)
    spread = (high - low) or abs(high) or 1.0
    if budget is not None and (budget - high > FAR_FACTOR * spread or budget < low - spread):
        least, most = low, high
    spare = ((most - least) or spread) * _MARGIN
    return Scale(least - spare, most + spare, Axis.LINEAR)


def _linear_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / (_TICKS_MAX - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values between two positive ones; none when the second is the smaller."""
    if high <= low:
        return []
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [10.0**decade * factor for decade in decades for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]
