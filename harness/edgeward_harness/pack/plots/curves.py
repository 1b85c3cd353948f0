"""Curves over a threshold: what is found against what is taken for it, one label against the rest.

A window that got no answer has a score below every other: it is found last, and counts as missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeward_harness.pack.plots.canvas import LINE, SERIES, SOFT, sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of a curve, thinned, and the area below it."""

    points: tuple[tuple[float, float], ...]
    area: float


POINTS_MAX = 200


def roc(truth: "NDArray[np.bool_]", scores: "NDArray[np.float64]") -> Curve | None:
    """Sensitivity over the share of others taken for it; None where one kind is missing."""
    import numpy as np

    found, taken = _counts(truth, scores)
    if not found[-1] or not taken[-1]:
        return None
    x = np.concatenate([[0.0], taken / taken[-1]])
    y = np.concatenate([[0.0], found / found[-1]])
    return Curve(_thinned(x, y), float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)))


def precision_recall(truth: "NDArray[np.bool_]", scores: "NDArray[np.float64]") -> Curve | None:
    """Predictivity over sensitivity; its area is the average precision, by steps."""
    import numpy as np

    found, taken = _counts(truth, scores)
    if not found[-1]:
        return None
    recall, precision = found / found[-1], found / (found + taken)
    area = float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))
    return Curve(_thinned(recall, precision), area)


def _counts(
    truth: "NDArray[np.bool_]", scores: "NDArray[np.float64]"
) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
    """Right and wrong ones found so far, at each threshold from the surest down; ties as one."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.nonzero(np.diff(scores[order]))[0], len(order) - 1)
    return np.cumsum(truth[order])[ends], np.cumsum(~truth[order])[ends]


def _thinned(x: "NDArray[np.float64]", y: "NDArray[np.float64]") -> tuple[tuple[float, float], ...]:
    step = max(1, len(x) // POINTS_MAX)
    kept = [*range(0, len(x), step), len(x) - 1]
    return tuple((round(float(x[at]), 5), round(float(y[at]), 5)) for at in dict.fromkeys(kept))


def drawn(curves: Mapping[str, Curve], x_name: str, y_name: str) -> str:
    """Curves on one sheet, each with its area in the legend."""
    with sheet(2.9) as made:
        axes = made.axes
        named: Sequence[tuple[str, Curve]] = tuple(curves.items())
        for colour, (name, curve) in zip(SERIES * len(named), named, strict=False):
            x, y = zip(*curve.points, strict=True)
            axes.plot(x, y, color=colour, linewidth=1.2, label=f"{name}: {curve.area:.4f}")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.03)
        axes.grid(color=LINE)
        axes.set_axisbelow(True)
        axes.tick_params(colors=SOFT)
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
        axes.legend(loc="lower center", ncols=2, title="area")
    return made.svg
