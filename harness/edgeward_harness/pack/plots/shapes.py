"""The kinds of drawing: how times lie below a budget, parts beside a margin, a course over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from edgeward_harness.pack.plots.canvas import BAD, BARS, GOOD, INK, LINE, SERIES, SOFT, sheet

_ROW_IN = 0.21
_HEAD_IN = 0.75
ROWS_MAX = 60
"""Rows of one drawing; more would not be read."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a forest: a value between two bounds, any of which may be missing."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    good: bool = True
    limit: float | None = None
    """What is promised of this row."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """From where to where its line goes; a bound that is missing ends at the value."""
        known = [end for end in (self.low, self.value, self.high) if end is not None]
        return (min(known), max(known)) if known else None


def histogram(shape: Mapping[str, Any], unit: str, limit: float | None, bound: float | None) -> str:
    """Counts over edges, with the budget and the bound drawn."""
    edges, counts = shape["edges"], shape["counts"]
    with sheet(2.3) as made:
        axes = made.axes
        widths = [high - low for low, high in pairwise(edges)]
        axes.bar(edges[:-1], counts, widths, align="edge", color=BARS, linewidth=0)
        if edges[0] > 0 and edges[-1] / edges[0] > 20:
            axes.set_xscale("log")
        if limit is not None:
            axes.axvline(limit, color=BAD, linewidth=1.4, label=f"promised {limit:g} {unit}")
        if bound is not None:
            axes.axvline(bound, color=GOOD, linewidth=1.2, linestyle="--",
                         label=f"95 % bound {bound:.3g} {unit}")  # fmt: skip
        axes.set_xlabel(unit)
        axes.set_ylabel("times observed")
        if limit is not None or bound is not None:
            axes.legend(loc="upper center")
    return made.svg


def forest(bars: Sequence[Bar], unit: str) -> str:
    """A row for each part with its interval, and what is promised of it."""
    shown = list(bars[:ROWS_MAX])
    with sheet(_HEAD_IN + _ROW_IN * len(shown)) as made:
        axes = made.axes
        for place, bar in enumerate(shown):
            colour = GOOD if bar.good else BAD
            if bar.ends is not None:
                axes.plot(bar.ends, [place, place], color=colour, linewidth=1.6)
            if bar.value is not None:
                axes.plot([bar.value], [place], "o", color=colour, markersize=3.5)
            if bar.limit is not None:
                axes.plot([bar.limit, bar.limit], [place - 0.4, place + 0.4], color=BAD,
                          linewidth=1.4)  # fmt: skip
        axes.set_yticks(range(len(shown)), [bar.name for bar in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        promised = any(bar.limit is not None for bar in shown)
        axes.set_xlabel(f"{unit}; the red mark is what is promised" if promised else unit)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_color(LINE)
    return made.svg


def courses(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    x_unit: str,
    y_unit: str,
    limit: float | None,
) -> str:
    """Values over time, a line each, with the promise drawn."""
    with sheet(2.4) as made:
        axes = made.axes
        for colour, (name, points) in zip(SERIES * len(lines), lines.items(), strict=False):
            axes.plot([x for x, _ in points], [y for _, y in points], color=colour,
                      linewidth=1.1, label=name)  # fmt: skip
        if limit is not None:
            axes.axhline(limit, color=BAD, linewidth=1.2, label=f"promised {limit:g} {y_unit}")
        axes.set_xlabel(x_unit)
        axes.set_ylabel(y_unit)
        axes.set_ylim(
            0, 1.15 * max((y for points in lines.values() for _, y in points), default=1.0)
        )
        axes.grid(axis="y", color=LINE)
        axes.tick_params(colors=SOFT)
        axes.legend(loc="lower right", ncols=2)
    return made.svg
