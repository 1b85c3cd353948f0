"""A distribution as a drawing: geometry only, the template makes SVG of it.

Places are percentages of the width, so that the drawing follows the page while its letters keep
their size. Areas are true, whatever the bins: a bar is as high as its count divided by its width on
the axis. Only bars too low to be seen are lifted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.report.numbers import quantity
from edgeward_harness.report.scale import Scale, scale_for

BAR_HEIGHT_MIN = 0.02
BEYOND_HEIGHT_MIN = 0.08
"""A bin that holds anything is seen, even one value in a million; past the budget, all the more."""
BINS_MAX = 512
VALUE_MAX = 1e30
"""What lies beyond it, in whatever unit, was not measured."""
_TAG_WIDTH = 14.0
_TAG_ROWS_MAX = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with a short tag, on a row where it covers no other tag."""

    kind: str
    tag: str
    value: str
    x: float
    row: int
    flip: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One histogram. Bars are SVG paths in a box of 1000 by 100; `x` values are percentages."""

    within: str
    beyond: str
    budget_x: float | None
    far_budget: str
    marks: tuple[Mark, ...]
    rows: int
    ticks: tuple[tuple[float, str], ...]
    axis: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class _Bin:
    low: float
    high: float
    count: int


def figure_for(measurement: Measurement) -> Figure | None:
    """The drawing of a measurement, or None when it carries no histogram that can be drawn."""
    bins = _bins(measurement)
    if not bins:
        return None
    unit, budget = measurement.unit, measurement.limit
    numbers = _numbers(measurement, bins)
    scale = scale_for(list(numbers.values()), numbers.get("p50", numbers["min"]), budget)
    on_axis = budget is not None and scale.low <= budget <= scale.high
    edge = budget if budget is not None else float("inf")
    split = [_is_beyond(part, edge, numbers["max"]) for part in bins]
    heights = _heights(bins, scale, split)
    marks = _marks(numbers, budget if on_axis else None, scale, unit)
    return Figure(
        within=_path(bins, heights, scale, [not beyond for beyond in split]),
        beyond=_path(bins, heights, scale, split),
        budget_x=_percent(scale.place(edge)) if on_axis else None,
        far_budget="" if budget is None or on_axis else quantity(budget, unit),
        marks=marks,
        rows=1 + max(mark.row for mark in marks),
        ticks=_ticks(scale),
        axis=scale.axis.value,
        unit="" if unit == "1" else unit,
        description=_description(measurement, numbers, sum(part.count for part in bins)),
    )


def _bins(measurement: Measurement) -> list[_Bin]:
    histogram = (measurement.distribution or {}).get("histogram") or {}
    edges, counts = histogram.get("edges", ()), histogram.get("counts", ())
    if len(edges) != len(counts) + 1 or not 0 < len(counts) <= BINS_MAX:
        return []
    rising = all(low <= high for low, high in pairwise(edges))
    if not rising or not all(abs(edge) < VALUE_MAX for edge in edges):
        return []
    parts = zip(edges, edges[1:], counts, strict=False)
    return [_Bin(float(low), float(high), count) for low, high, count in parts if count]


def _numbers(measurement: Measurement, bins: Sequence[_Bin]) -> dict[str, float]:
    """What is marked, by tag; the extremes come from the bins where the record gives none."""
    given = measurement.distribution or {}
    numbers = {tag: given[tag] for tag in ("min", "p50", "p99", "max") if tag in given}
    if measurement.bound is not None:
        numbers["bound"] = measurement.bound
    drawn = {tag: float(value) for tag, value in numbers.items() if abs(value) < VALUE_MAX}
    return {"min": bins[0].low, "max": bins[-1].high, **drawn}


def _is_beyond(part: _Bin, budget: float, maximum: float) -> bool:
    """Whether a bin lies past the budget; the one astride it counts when it holds the maximum."""
    if maximum <= budget:
        return False
    return part.low >= budget or maximum <= part.high


def _heights(bins: Sequence[_Bin], scale: Scale, beyond: Sequence[bool]) -> list[float]:
    widths = [max(scale.place(part.high) - scale.place(part.low), 0.004) for part in bins]
    densities = [part.count / width for part, width in zip(bins, widths, strict=True)]
    peak = max(densities)
    least = [BEYOND_HEIGHT_MIN if over else BAR_HEIGHT_MIN for over in beyond]
    return [max(low, density / peak) for low, density in zip(least, densities, strict=True)]


def _path(
    bins: Sequence[_Bin], heights: Sequence[float], scale: Scale, chosen: Sequence[bool]
) -> str:
    strokes = []
    for part, height, wanted in zip(bins, heights, chosen, strict=True):
        if wanted:
            left, right = 1000 * scale.place(part.low), 1000 * scale.place(part.high)
            right = max(right, left + 4.0)
            strokes.append(f"M{left:.1f} 100V{100 * (1 - height):.1f}H{right:.1f}V100Z")
    return "".join(strokes)


def _marks(
    numbers: dict[str, float], budget: float | None, scale: Scale, unit: str
) -> tuple[Mark, ...]:
    wanted: list[tuple[str, float]] = [
        (tag, numbers[tag]) for tag in ("p50", "p99", "bound", "max") if tag in numbers
    ]
    if budget is not None:
        wanted.append(("budget", budget))
    ends = [-100.0] * _TAG_ROWS_MAX
    marks = []
    for tag, value in sorted(wanted, key=lambda pair: pair[1]):
        x = _percent(scale.place(value))
        flip = x > 100.0 - _TAG_WIDTH
        start = x - _TAG_WIDTH if flip else x
        row = next((n for n, end in enumerate(ends) if end <= start), _TAG_ROWS_MAX - 1)
        ends[row] = start + _TAG_WIDTH
        marks.append(Mark(tag, tag, quantity(value, unit), x, row, flip))
    return tuple(marks)


def _ticks(scale: Scale) -> tuple[tuple[float, str], ...]:
    return tuple((_percent(scale.place(tick)), f"{tick:.6g}") for tick in scale.ticks())


def _percent(share: float) -> float:
    return round(100.0 * share, 2)


def _description(measurement: Measurement, numbers: dict[str, float], drawn: int) -> str:
    """The drawing in words, for those who cannot see it."""
    unit = measurement.unit
    low, high = quantity(numbers["min"], unit), quantity(numbers["max"], unit)
    names = {"p50": "median", "p99": "99th percentile", "bound": "confidence bound"}
    said = [f"{drawn:,} values from {low} to {high}"]
    said += [f"{names[tag]} {quantity(numbers[tag], unit)}" for tag in names if tag in numbers]
    if measurement.limit is not None:
        said.append(f"budget {quantity(measurement.limit, unit)}")
    return "; ".join(said) + "."
