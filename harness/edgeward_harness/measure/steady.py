"""Whether delays stay what they were over a run.

Noise on the host adds delay, but to a drift it has no direction: late in the run it looks like a
drift, early in the run it hides one. So the drift is taken twice, of the delays as observed and of
those less all that noise may have added. Where both say the same, that is the verdict; where they
do not, it cannot be judged here. A result that never came has no drift, and fails.
"""

import math

from edgeward_harness.measure.distribution import describe
from edgeward_harness.measure.drift import STRETCHES_MIN, Drift, drift
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Sample, Verdict


def judge_steady(sample: Sample, limit: float) -> Judgement:
    """Accept when the upper bound of the change over the run is within the limit.

    Delays that were set aside for noise, and replaced, are left out.
    """
    came = [
        (value, value - spare)
        for value, spare in zip(sample.values, sample.allowances, strict=True)
        if math.isfinite(value)
    ]
    missing = len(sample.values) - len(came)
    if missing or len(came) < STRETCHES_MIN:
        note = f"{missing} of {len(sample.values)} never came" if missing else "too few values"
        return _judgement(sample, limit, None, _unknown(missing), note)
    seen = drift([value for value, _ in came], confidence=CONFIDENCE)
    relieved = drift([value for _, value in came], confidence=CONFIDENCE)
    verdict, why = _agreed(seen, relieved, limit)
    bounds = f"lower bound {seen.change_lower:.3g} {sample.unit}"
    without = f"{relieved.change_lower:.3g} to {relieved.change_upper:.3g} {sample.unit}"
    return _judgement(
        sample,
        limit,
        seen,
        verdict,
        "; ".join(filter(None, (why, bounds, f"{without} less noise"))),
    )


def _unknown(missing: int) -> Verdict:
    return Verdict.FAILED if missing else Verdict.CANNOT_JUDGE


def _agreed(seen: Drift, relieved: Drift, limit: float) -> tuple[Verdict, str]:
    """The verdict that holds with the noise and without it."""
    if max(seen.change_upper, relieved.change_upper) <= limit:
        return Verdict.PASSED, ""
    if min(seen.change_lower, relieved.change_lower) > limit:
        return Verdict.FAILED, "noise on the host does not explain the drift"
    if seen.change_upper > limit and relieved.change_upper > limit:
        return Verdict.CANNOT_JUDGE, "the bounds lie on both sides of the limit; take more values"
    return Verdict.CANNOT_JUDGE, "noise on the host may make or hide a drift"


def _judgement(
    sample: Sample, limit: float, seen: Drift | None, verdict: Verdict, note: str
) -> Judgement:
    finite = [value for value in sample.values if math.isfinite(value)]
    return Judgement(
        verdict=verdict,
        unit=sample.unit,
        n=len(sample.values),
        method="slope of Theil and Sen over the medians of twenty stretches, with Sen's bounds",
        confidence=CONFIDENCE,
        expected=f"change over the run <= {limit:g} {sample.unit}",
        limit=limit,
        observed="no drift to tell" if seen is None else seen.change,
        bound=None if seen is None else seen.change_upper,
        distribution=describe(finite) if finite else None,
        note="; ".join(filter(None, (note, sample.remark))),
    )
