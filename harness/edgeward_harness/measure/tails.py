"""What every extrapolation of a tail shares: its answer, its refusals and its measure of fit.

Rules:
1. Values must be finite, independent and not coarsely rounded.
2. A distribution fits when samples of it lie as far from their own fits as the values do from
   theirs often enough, by Anderson and Darling's distance.
3. A quantile more than a hundred times rarer than the sample is long is refused.
4. Two methods that contradict each other are both refused: one of the models behind them is wrong,
   and nothing says which. Long samples whose delays have an upper end are refused by it too: both
   methods then say too much, each by another amount.
"""

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TAIL_SHARE: Final = 0.10
"""The share of a sample that counts as its tail."""
SHAPE_MAX: Final = 0.5
"""From this shape on a distribution has no finite variance."""
REACH_MAX: Final = 100.0
"""How many times the length of the sample one exceedance may be rare."""
DISTINCT_SHARE_MIN: Final = 0.9
"""Of the values fitted; fewer come from a clock or a scheduler, not from a tail."""
FIT_LEVEL: Final = 0.05
INDEPENDENCE_LEVEL: Final = 0.01
"""Of each of the three tests of independence."""
SIMULATIONS: Final = 299

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TailBound:
    """The quantile that one value in many exceeds, and its upper confidence bound."""

    bound_ms: float
    quantile_ms: float
    """The most likely value; no promise is accepted on it."""
    xi: float
    """The shape that fits best, of those not lighter than exponential."""
    scale_ms: float
    location_ms: float
    """The threshold that peaks are above, or the location of the maxima."""
    fitted: int
    """How many values the fit rests on: peaks or maxima."""
    n: int
    p_value: float
    """Of the fit."""
    method: str

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TailRefused:
    """Why the sample bears no extrapolation."""

    reason: str

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record."""
        return {"refused": self.reason}


TailFit = TailBound | TailRefused


def reconciled(one: TailFit, other: TailFit) -> tuple[TailFit, TailFit]:
    """Rule 4: both as they are, unless what one holds most likely is beyond the other's bound."""
    if isinstance(one, TailRefused) or isinstance(other, TailRefused):
        return one, other
    higher, lower = (one, other) if one.quantile_ms > other.quantile_ms else (other, one)
    if higher.quantile_ms <= lower.bound_ms:
        return one, other
    refused = TailRefused(
        f"two methods contradict each other: {higher.quantile_ms:.3g} ms is most likely by the"
        f" {higher.method}; at most {lower.bound_ms:.3g} ms by the {lower.method}"
    )
    return refused, refused


def drop(error: float) -> float:
    """How far behind the best a log-likelihood may be, for a one-sided bound with this error."""
    return NormalDist().inv_cdf(1 - error) ** 2 / 2


def check_arguments(values: Values, exceedance: float, confidence: float) -> None:
    """Raise with every argument that is out of its range.

    Raises:
        ValueError: a value is NaN, or a share or the confidence is out of its range.
    """
    faults = []
    if values.ndim != 1 or np.isnan(values).any():
        faults.append("values_ms: expected a row of numbers without NaN")
    if not 0.0 < exceedance < TAIL_SHARE / 2:
        faults.append(f"exceedance: {exceedance}, expected above 0 and below {TAIL_SHARE / 2:g}")
    if not 0.5 < confidence < 1.0:
        faults.append(f"confidence: {confidence}, expected above 0.5 and below 1")
    if faults:
        raise ValueError("; ".join(faults))


def out_of_reach(values: Values, exceedance: float, least: int) -> str:
    """Why nothing can be fitted to this many values; empty if something can."""
    if len(values) < least:
        return f"{len(values)} values are too few, at least {least} are needed"
    missing = int(np.isinf(values).sum())
    if missing:
        return f"{missing} of {len(values)} never came"
    if REACH_MAX * exceedance * len(values) < 1:
        least = math.ceil(1 / (REACH_MAX * exceedance))
        return (
            f"one in {1 / exceedance:.3g} is too rare for {len(values)} values,"
            f" at least {least} are needed"
        )
    return ""


def tied(fitted: Values, count: int, where: str) -> str:
    """Whether too few of the values to be fitted differ; empty if enough do."""
    distinct = len(np.unique(fitted))
    if distinct >= DISTINCT_SHARE_MIN * count and len(fitted) == count:
        return ""
    return f"only {distinct} distinct values lie in {where}: they are tied or rounded"


def dependence(values: Values, above: NDArray[np.bool_]) -> str:
    """Which test says that the values depend on those before them; empty if none does."""
    limit = NormalDist().inv_cdf(1 - INDEPENDENCE_LEVEL / 2)
    high = values > np.median(values)
    if abs(_changes_z(high)) > limit:
        return "the values are not independent: their runs about the median are no chance"
    if -_changes_z(above) > limit:
        return "the values are not independent: the longest of them come in clusters"
    n, count = len(values), int(above.sum())
    middle_sd = math.sqrt((n + 1) * (n - count) / (12 * count))
    if abs(float(np.flatnonzero(above).mean()) - (n - 1) / 2) > limit * middle_sd:
        return "the values are not independent: the longest of them have a trend"
    return ""


def _changes_z(marks: NDArray[np.bool_]) -> float:
    """Wald and Wolfowitz's number of runs, in standard deviations from what chance gives."""
    n, ones = len(marks), int(marks.sum())
    pairs = 2 * ones * (n - ones)
    if not pairs:
        return -math.inf
    runs = 1 + int(np.count_nonzero(marks[1:] != marks[:-1]))
    variance = pairs * (pairs - n) / (n * n * (n - 1))
    return (runs - 1 - pairs / n) / math.sqrt(variance)


def p_value(distance: float, simulated: Values) -> float:
    """How often a simulated sample lies as far from its own fit as the values do from theirs."""
    return (int((simulated >= distance).sum()) + 1) / (len(simulated) + 1)


def anderson_darling(log_below: Values, log_above: Values) -> Values:
    """The distance of each sorted row from its fit, from the logarithms of both its shares."""
    size = log_below.shape[1]
    weights = (2 * np.arange(1, size + 1) - 1) / size
    total: Values = -size - ((log_below + log_above[:, ::-1]) * weights).sum(axis=1)
    return total
