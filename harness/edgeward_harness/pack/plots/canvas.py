"""A sheet to draw on: the house's colours, letters as outlines, no date, nothing at random.

Letters become outlines so that a page, a PDF and a viewer show the same; what a figure says is
said in words beside it, for whoever cannot see it.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgeward_harness.errors import HarnessError

INK, SOFT, LINE, BARS = "#171a20", "#525a66", "#dcdfe5", "#5f7fa6"
GOOD, BAD, DOUBT = "#0b6239", "#a31b16", "#744700"
SERIES = ("#1d4e89", "#a31b16", "#0b6239", "#744700", "#57458a", "#33506f")
WIDTH_IN = 7.2
_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "edgeward",
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}
_NUMBER = re.compile(r"\d+\.\d{4,}")


class Sheet:
    """One figure under way."""

    def __init__(self, figure: Any, axes: Any) -> None:  # noqa: ANN401 - the library has no types
        self.figure = figure
        self.axes = axes
        self.svg = ""


@contextmanager
def sheet(height_in: float) -> Iterator[Sheet]:
    """A sheet with one pair of axes; its SVG is there when the block has ended.

    Raises:
        HarnessError: the extra `pack` is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as fault:
        told = "drawings need matplotlib: pip install 'edgeward-harness[pack]'"
        raise HarnessError(told) from fault
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        made = Sheet(figure, figure.add_subplot())
        yield made
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
        made.svg = _NUMBER.sub(lambda found: f"{float(found[0]):.3f}", out.getvalue())
