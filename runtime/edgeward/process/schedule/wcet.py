"""How long a job may take at worst, from measured jobs: the larger of two figures, or a refusal.

Rules:
1. The watermark is the longest time measured, plus a margin.
2. The extreme-value figure is an upper confidence bound of the time that one job in so many exceeds
   (`tail`): peaks over a threshold, of which the lowest is taken that the fit does not contradict.
3. Used is the larger of the two. Without a tail that can be trusted there is no figure to use: too
   few jobs, peaks that gather in one half of the measurement, a fit that is contradicted, or a
   shape from 1/2 on, where measuring longer keeps finding longer times. The watermark is then told,
   so that a person can decide.
4. Only what was measured counts: the jobs must be those of the device as it will run, warm, under
   its worst load, in the order in which they ran. No statistic makes up for a load left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import ScheduleError
from edgeward.process.schedule import tail

JOBS_MIN = 1_000
"""Fewer jobs say too little about one in a million."""
PEAKS_MIN = 50
SHARES = (0.10, 0.05, 0.025)
"""Shares of all jobs that are taken as the tail, the largest first."""
PEAKS_MAX = 500
"""Peaks used at most: more would cost more than they tell."""
DRIFT_MAX = 3.3
"""Standard deviations by which the peaks of one half may outnumber those of the other: 1 in 1,000
steady measurements goes beyond."""
SHAPE_MAX = 0.5
CONTRADICTED = 0.05
"""A fit that a fitting law would only be this often so far off is contradicted."""


class Basis(StrEnum):
    """Where a worst case comes from."""

    WATERMARK = "watermark"
    EXTREME_VALUE = "extreme_value"


class NoTail(StrEnum):
    """Why there is no extreme-value figure."""

    TOO_FEW = "too_few"
    NO_SPREAD = "no_spread"
    DRIFT = "drift"
    BAD_FIT = "bad_fit"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, slots=True)
class Method:
    """What is asked of an estimate."""

    margin_percent: int = 20
    """Added to the longest time measured."""
    exceeded_once_in: int = 1_000_000
    """The extreme-value figure is exceeded by one job in so many."""
    confidence_percent: int = 95
    """Of the upper bound of that figure."""
    resamples: int = 400
    """Samples drawn from a fit to judge it."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ScheduleError: with every fault.
        """
        faults = [
            f"method: {name} = {getattr(self, name)!r:.40}:"
            f" expected a whole number from {least} to {most}"
            for name, (least, most) in _METHOD.items()
            if not isinstance(getattr(self, name), int) or not least <= getattr(self, name) <= most
        ]
        if faults:
            raise ScheduleError(faults)


_METHOD = {
    "margin_percent": (0, 1_000),
    "exceeded_once_in": (1_000, 10**12),
    "confidence_percent": (50, 99),
    "resamples": (100, 10_000),
    "seed": (0, 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class Tail:
    """The fitted tail of the measured times."""

    threshold_ns: int
    peaks: int
    shape: float
    scale_ns: float
    fit_p: float
    """How often a sample of the fitted law is as far off as the measured one, or farther."""
    quantile_ns: int
    bound_ns: int
    """The upper confidence bound of the quantile."""


@dataclass(frozen=True, slots=True)
class Wcet:
    """A worst case that may be used for admission."""

    wcet_ns: int
    basis: Basis
    jobs: int
    watermark_ns: int
    with_margin_ns: int
    tail: Tail
    method: Method


@dataclass(frozen=True, slots=True)
class WcetRefused:
    """No worst case may be used without a person's decision."""

    reason: NoTail
    text: str
    jobs: int
    watermark_ns: int
    """The longest time measured; 0 when none was."""
    with_margin_ns: int


def estimate(times_ns: Sequence[int] | NDArray[np.int64], method: Method) -> Wcet | WcetRefused:
    """Rules 1 to 3.

    Raises:
        ScheduleError: a measured time is not a whole number above 0.
    """
    in_order = _checked(times_ns)
    jobs = len(in_order)
    watermark_ns = int(in_order.max()) if jobs else 0
    with_margin_ns = -(-watermark_ns * (100 + method.margin_percent) // 100)
    found = _tail(in_order, method)
    if not isinstance(found, Tail):
        reason, text = found
        return WcetRefused(reason, text, jobs, watermark_ns, with_margin_ns)
    from_tail = found.bound_ns > with_margin_ns  # rule 3
    return Wcet(
        wcet_ns=max(found.bound_ns, with_margin_ns),
        basis=Basis.EXTREME_VALUE if from_tail else Basis.WATERMARK,
        jobs=jobs,
        watermark_ns=watermark_ns,
        with_margin_ns=with_margin_ns,
        tail=found,
        method=method,
    )


def _checked(times_ns: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.asarray(times_ns)
    if found.size == 0:
        return np.zeros(0, dtype=np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu" or found.min() < 1:
        raise ScheduleError([f"times_ns: {found.dtype} values; expected whole numbers above 0"])
    return found.astype(np.int64)


def _tail(in_order: NDArray[np.int64], method: Method) -> Tail | tuple[NoTail, str]:
    """Rule 2: the tail over the first threshold whose fit stands, or why there is none."""
    if len(in_order) < JOBS_MIN:
        return NoTail.TOO_FEW, f"{len(in_order)} jobs were measured; expected at least {JOBS_MIN}"
    drift = _drift(in_order)
    if drift:
        return NoTail.DRIFT, drift
    ascending = np.sort(in_order)
    said: tuple[NoTail, str] | None = None
    for share in SHARES:
        wanted = min(int(len(ascending) * share), PEAKS_MAX)
        if wanted < PEAKS_MIN:
            break
        found = _over(ascending, wanted, method)
        if isinstance(found, Tail):
            return found
        said = found
        if found[0] is NoTail.UNBOUNDED:
            break  # a higher threshold would only see less of the same tail
    assert said is not None, "the first share of enough jobs has enough peaks"
    return said


def _drift(in_order: NDArray[np.int64]) -> str:
    """Why the jobs are not all of one kind; empty when their order does not tell."""
    half = len(in_order) // 2
    over = in_order > np.percentile(in_order, 100 * (1 - SHARES[0]))
    early, late = int(np.count_nonzero(over[:half])), int(np.count_nonzero(over[-half:]))
    if abs(late - early) <= DRIFT_MAX * (late + early) ** 0.5:
        return ""
    return (
        f"{early} of the longest times are in the first half and {late} in the second:"
        " the load or the device has changed; measure again, warm and steady"
    )


def _over(ascending: NDArray[np.int64], wanted: int, method: Method) -> Tail | tuple[NoTail, str]:
    threshold_ns = int(ascending[-wanted - 1])
    peaks = (ascending[ascending > threshold_ns] - threshold_ns).astype(np.float64)
    if len(peaks) < PEAKS_MIN or len(np.unique(peaks)) < PEAKS_MIN // 2:
        return NoTail.NO_SPREAD, (
            f"{len(np.unique(peaks))} different times lie over {threshold_ns} ns;"
            f" expected at least {PEAKS_MIN // 2}, of {PEAKS_MIN} jobs: is the clock fine enough?"
        )
    rows = peaks[None, :]
    fitted = tail.fit(rows)
    again, off = tail.bootstrap(fitted, len(peaks), method.resamples, method.seed)
    own = float(tail.anderson_darling(rows, fitted)[0])
    fit_p = (1 + int(np.count_nonzero(off >= own))) / (1 + method.resamples)
    shape = float(fitted.shape[0])
    if fit_p < CONTRADICTED:
        return NoTail.BAD_FIT, (
            f"the {len(peaks)} times over {threshold_ns} ns follow no tail law (p = {fit_p:.3f};"
            f" expected at least {CONTRADICTED}): they may come from several loads"
        )
    if shape >= SHAPE_MAX:
        return NoTail.UNBOUNDED, (
            f"the times over {threshold_ns} ns have a shape of {shape:.2f};"
            f" expected under {SHAPE_MAX}: measuring longer keeps finding longer times"
        )
    share = len(ascending) / (len(peaks) * method.exceeded_once_in)
    quantile_ns = threshold_ns + ceil(float(tail.over(fitted, share)[0]))
    bound_ns = threshold_ns + ceil(
        float(np.percentile(tail.over(again, share), method.confidence_percent))
    )
    return Tail(
        threshold_ns=threshold_ns,
        peaks=len(peaks),
        shape=shape,
        scale_ns=float(fitted.scale[0]),
        fit_p=fit_p,
        quantile_ns=quantile_ns,
        bound_ns=max(bound_ns, quantile_ns),
    )
