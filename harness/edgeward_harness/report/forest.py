"""The parts of a figure as a forest plot: geometry only, the template makes a table with SVG of it.

One row a part: its name, how much it holds, a point with its interval, and the same in figures. All
rows share one axis with the limit on it; the pooled figure stands below them with the bound that it
is judged on. Places are percentages of the width, as in `figure`.

Rules:
1. Up to ROWS_SHOWN parts keep the order they came in. Of more the worst are shown and the others
   folded, worst first: nobody should search a hundred rows for the one that fails.
2. A point without a value is not drawn, an open interval has no end. Both are said in words.
3. A part beyond the limit is marked, and counted below; what is judged is the pooled figure alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeward_harness.evidence.judge import direction
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.groups import Group
from edgeward_harness.report.figure import VALUE_MAX
from edgeward_harness.report.numbers import number, percent, quantity
from edgeward_harness.report.scale import Axis, Scale, scale_for

ROWS_SHOWN = 24
_POINT_PX_MIN, _POINT_PX_SPAN = 5.0, 6.0
_SHARES = {"1": 1.0, "%": 100.0}
_FLIP_FROM = 70.0
_PLACES_MAX = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One part, or all of them together. `x`, `left`, `right` are places; None is not drawn."""

    name: str
    n: int
    value: str
    bounds: str
    detail: str
    x: float | None
    left: float | None
    right: float | None
    size: float
    """Side of the point in pixels: its area follows what the part holds."""
    beyond: bool


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest plot: rows that are shown, rows that are folded away, and the pooled figure."""

    rows: tuple[Row, ...]
    folded: tuple[Row, ...]
    pooled: Row
    limit: str
    limit_x: float | None
    flip: bool
    zone: tuple[float, float] | None
    """Where the limit is not kept: from, and how wide."""
    ticks: tuple[tuple[float, str], ...]
    unit: str
    """Of every figure in the rows, so that none of them need repeat it."""
    level: str
    legend: tuple[str, ...]


def forest_for(measurement: Measurement) -> Forest | None:
    """The drawing of a measurement's parts, or None when it has none."""
    groups = measurement.groups
    if not groups:
        return None
    draw = _Drawing(measurement)
    ordered = draw.worst_first() if len(groups) > ROWS_SHOWN else list(groups)
    rows = tuple(map(draw.row, ordered))
    limit_x = draw.place(measurement.limit)
    return Forest(
        rows=rows[:ROWS_SHOWN],
        folded=rows[ROWS_SHOWN:],
        pooled=draw.pooled(),
        limit="" if measurement.limit is None else number(measurement.limit),
        limit_x=limit_x,
        flip=limit_x is not None and limit_x > _FLIP_FROM,
        zone=_zone(limit_x, draw.upwards),
        ticks=draw.ticks(),
        unit="" if measurement.unit == "1" else measurement.unit,
        level="" if measurement.confidence is None else percent(measurement.confidence),
        legend=draw.legend(rows),
    )


class _Drawing:
    """A measurement with the axis that its parts share."""

    def __init__(self, measurement: Measurement) -> None:
        self._of = measurement
        self.upwards = direction(measurement)
        self._most = max((group.n for group in measurement.groups), default=0)
        self._share = _SHARES.get(measurement.unit)
        self._scale = self._axis()

    def _axis(self) -> Scale | None:
        parts = [x for group in self._of.groups for x in (group.value, group.low, group.high)]
        numbers = [x for x in map(_drawable, [*parts, self._of.observed, self._of.bound])
                   if x is not None]  # fmt: skip
        limit = _drawable(self._of.limit)
        if not numbers:
            return None
        reach = numbers if limit is None else [*numbers, limit]
        if self._share is not None and all(0.0 <= x <= self._share for x in reach):
            spare = 0.04 * ((max(reach) - min(reach)) or self._share)
            return Scale(min(reach) - spare, max(reach) + spare, Axis.LINEAR)
        self._share = None
        return scale_for(numbers, sorted(numbers)[len(numbers) // 2], limit)

    def place(self, value: object) -> float | None:
        """Where a value lies on the axis; None where it does not."""
        number, scale = _drawable(value), self._scale
        if number is None or scale is None or not scale.low <= number <= scale.high:
            return None
        return round(100.0 * scale.place(number), 2)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Round values; a share has none below nothing and none above all."""
        if self._scale is None:
            return ()
        most = self._share
        kept = [x for x in self._scale.ticks() if most is None or -1e-9 <= x <= most * (1 + 1e-9)]
        return tuple((round(100.0 * self._scale.place(x), 2), f"{x:.6g}") for x in kept)

    def text(self, value: float) -> str:
        """A figure of a row: on a linear axis all to the same place, so that they can be compared.

        A hundredth of what the axis spans is told apart; in three figures 0.9996 would read 1.00.
        """
        scale = self._scale
        if scale is None or scale.axis is not Axis.LINEAR or _drawable(value) is None:
            return number(value)
        places = 2 - math.floor(math.log10(scale.high - scale.low))
        return f"{value:,.{min(max(places, 0), _PLACES_MAX)}f}"

    def _interval(self, low: float | None, high: float | None) -> str:
        if low is not None and high is not None:
            return f"{self.text(low)} to {self.text(high)}"
        if low is not None:
            return f"≥ {self.text(low)}"
        return "" if high is None else f"≤ {self.text(high)}"

    def worst_first(self) -> list[Group]:
        """Rule 1. Where it is not said what is worse, the order they came in."""
        if self.upwards is None:
            return list(self._of.groups)
        sign = 1.0 if self.upwards else -1.0
        return sorted(
            self._of.groups,
            key=lambda one: math.inf if one.value is None else sign * one.value,
        )

    def row(self, group: Group) -> Row:
        """One part."""
        share = math.sqrt(group.n / self._most) if self._most else 0.0
        return Row(
            name=group.name,
            n=group.n,
            value="none" if group.value is None else self.text(group.value),
            bounds=self._interval(group.low, group.high),
            detail=group.detail,
            x=self.place(group.value),
            left=self.place(group.low if group.low is not None else group.value),
            right=self.place(group.high if group.high is not None else group.value),
            size=round(_POINT_PX_MIN + _POINT_PX_SPAN * share, 1),
            beyond=self._is_beyond(group.value),
        )

    def pooled(self) -> Row:
        """All parts together, with the bound that is judged."""
        one = self._of
        ends = [self.place(one.observed), self.place(one.bound)]
        drawn = sorted(end for end in ends if end is not None)
        sign = {True: "≥ ", False: "≤ ", None: ""}[self.upwards]
        seen = _drawable(one.observed)
        return Row(
            name="All together",
            n=one.n,
            value=quantity(one.observed) if seen is None else self.text(seen),
            bounds="" if one.bound is None else sign + self.text(one.bound),
            detail="",
            x=ends[0],
            left=drawn[0] if drawn else None,
            right=drawn[-1] if drawn else None,
            size=_POINT_PX_MIN + _POINT_PX_SPAN,
            beyond=self._is_beyond(one.observed if one.bound is None else one.bound),
        )

    def _is_beyond(self, value: object) -> bool:
        limit, number = self._of.limit, _number(value)
        if limit is None or number is None or self.upwards is None:
            return False
        return number < limit if self.upwards else number > limit

    def legend(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """What the drawing says, for those who cannot see it and those who count."""
        said = [f"{len(rows):,} {'part' if len(rows) == 1 else 'parts'}"]
        if self._of.limit is not None:
            said.append(f"limit {quantity(self._of.limit, self._of.unit)}")
        if self._of.limit is not None and self.upwards is not None:
            count = sum(row.beyond for row in rows)
            said.append(f"{count:,} beyond it, which is not judged" if count else "none beyond it")
        empty = sum(group.value is None for group in self._of.groups)
        said += [f"{empty:,} without a value"] if empty else []
        said += ["worst first"] if len(rows) > ROWS_SHOWN and self.upwards is not None else []
        said += [] if self._scale is None else [self._scale.axis.value]
        return tuple(said)


def _zone(limit_x: float | None, upwards: bool | None) -> tuple[float, float] | None:  # noqa: FBT001
    if limit_x is None or upwards is None:
        return None
    return (0.0, limit_x) if upwards else (limit_x, round(100.0 - limit_x, 2))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and type(value) is not bool else None


def _drawable(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and abs(number) < VALUE_MAX else None
