"""Levels and growths held against a limit, where what is seen lies between two bounds.

A level is accepted when even the most that it may have been keeps the limit, and refused when even
the least does not. What lies between cannot be judged: the verdict is never a guess.
"""

from collections.abc import Sequence
from typing import NamedTuple

from edgeward_harness.measure.distribution import describe
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict


class Level(NamedTuple):
    """One reading: at least this, at most that; the same when it is exact."""

    least: float
    most: float


def judge_levels(
    levels: Sequence[Level], limit: float, unit: str, *, doubt: str = "", note: str = ""
) -> Judgement:
    """Accept when no reading can have been beyond the limit; `doubt` says why it is not exact."""
    least = max((one.least for one in levels), default=0.0)
    most = max((one.most for one in levels), default=float("inf"))
    verdict, why = _between(least, most, limit, doubt)
    shown = least if verdict is Verdict.FAILED or most == float("inf") else most
    return Judgement(
        verdict=verdict,
        unit=unit,
        n=len(levels),
        method="every reading held against the limit, by the most it may be",
        expected=f"every reading <= {limit:g} {unit}",
        limit=limit,
        observed=shown if levels else "no values",
        distribution=describe([one.least for one in levels]) if levels else None,
        note="; ".join(filter(None, (why, note))),
    )


def judge_growth(
    slope: float, lower: float, upper: float, *, n: int, limit: float, unit: str, note: str = ""
) -> Judgement:
    """Accept when the upper confidence bound of a growth is within the limit."""
    verdict, why = _between(slope, upper, limit, f"of {n} readings the bound is not that narrow")
    return Judgement(
        verdict=verdict,
        unit=unit,
        n=n,
        method="slope of Theil and Sen over equal stretches, with Sen's bounds",
        confidence=CONFIDENCE,
        expected=f"growth <= {limit:g} {unit}",
        limit=limit,
        observed=slope,
        bound=upper,
        note="; ".join(filter(None, (f"lower bound {lower:.4g} {unit}", why, note))),
    )


def _between(least: float, most: float, limit: float, doubt: str) -> tuple[Verdict, str]:
    if most <= limit:
        return Verdict.PASSED, ""
    if least > limit:
        return Verdict.FAILED, ""
    return Verdict.CANNOT_JUDGE, f"it may be {least:.4g} or {most:.4g}: {doubt}"
