"""From a sample and a promise to a verdict: the only place where numbers become pass or fail.

Noise on the host only ever adds delay. So a promise that holds as observed holds, noisy host or
not. When it does not hold as observed, the sample is judged a second time with everything the noise
may have added taken away: a promise broken even then is the device's fault; one that holds then
cannot be judged here.

Delays may have been set aside for the noise around them and replaced by others. One that noise does
not explain counts all the same, on top of the others: setting aside can never hide a fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from edgeward_harness.measure.acceptance import (
    percentile_rank,
    percentile_upper_bound,
    quantile,
    rate_upper_bound,
    zero_failure_trials,
)
from edgeward_harness.measure.distribution import Distribution, describe
from edgeward_harness.measure.groups import Group

CONFIDENCE = 0.95
"""The confidence every verdict of the shipped suites carries."""


class Verdict(StrEnum):
    """What a single measurement says about its promise."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_JUDGE = "cannot_judge"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with everything needed to reach it again."""

    verdict: Verdict
    unit: str
    n: int
    method: str
    expected: str
    observed: float | str
    confidence: float | None = None
    limit: float | None = None
    bound: float | None = None
    distribution: Distribution | None = None
    note: str = ""
    groups: tuple[Group, ...] = ()
    """The parts it was pooled from, such as each recording; shown, never judged."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Delays as observed, and for each the part that noise on the host may have added.

    A result that never came is infinite; no noise excuses it.
    """

    values: Sequence[float]
    allowances: Sequence[float]
    unit: str = "ms"
    aside: Sequence[tuple[float, float]] = ()
    """Delays set aside and replaced, with their allowances: for the noise, never for the delay."""
    remark: str = ""
    """Why some, or why none, were set aside; part of the note of every judgement."""

    def relieved(self) -> list[float]:
        """The delays with all that noise may have added taken away."""
        return [value - spare for value, spare in zip(self.values, self.allowances, strict=True)]

    def held_against(self, limit: float) -> "Sample":
        """The sample as it is judged: those set aside that noise does not explain are added.

        They come on top of those that replaced them, so that a longer delay never makes the sample
        a better one; only a delay beyond the limit ever enters in this way.
        """
        back = [(value, spare) for value, spare in self.aside if value - spare > limit]
        if not back:
            return self
        return replace(
            self,
            values=[*self.values, *(value for value, _ in back)],
            allowances=[*self.allowances, *(spare for _, spare in back)],
        )


def judge_percentile(sample: Sample, fraction: float, limit: float) -> Judgement:
    """Accept when the upper confidence bound of the percentile is within the limit."""
    sample = sample.held_against(limit)
    n = len(sample.values)
    bound = percentile_upper_bound(sample.values, fraction, CONFIDENCE)
    verdict, note = Verdict.PASSED, ""
    if bound is None:
        least = zero_failure_trials(1.0 - fraction, CONFIDENCE)
        verdict, note = Verdict.CANNOT_JUDGE, f"{n} values are too few, at least {least} are needed"
    elif bound > limit:
        relieved = percentile_upper_bound(sample.relieved(), fraction, CONFIDENCE)
        verdict, note = _blame(relieved is not None and relieved <= limit, relieved, sample.unit)
    rank = percentile_rank(n, fraction, CONFIDENCE) if n else None
    return Judgement(
        verdict=verdict,
        unit=sample.unit,
        n=n,
        method=f"order-statistic upper bound of the {_ordinal(fraction)} percentile"
        + (f" (value {rank} of {n})" if rank else ""),
        confidence=CONFIDENCE,
        expected=f"p{_percent(fraction)} <= {limit:g} {sample.unit}",
        limit=limit,
        observed=_finite(quantile(sorted(sample.values), fraction)) if n else "no values",
        bound=None if bound is None else _finite_or_none(bound),
        distribution=_shape(sample.values),
        note=_joined(note, _missing(sample.values), _set_aside(sample, limit)),
    )


def judge_maximum(sample: Sample, limit: float) -> Judgement:
    """Accept when no value exceeds the limit; states how rare an exceedance is then."""
    sample = sample.held_against(limit)
    n = len(sample.values)
    over = sum(value > limit for value in sample.values)
    bound = rate_upper_bound(over, n, CONFIDENCE)
    verdict = Verdict.PASSED
    note = f"{over} of {n} beyond; rate below {bound:.3%} with 95 % confidence"
    if n == 0:
        verdict, note = Verdict.CANNOT_JUDGE, "no values"
    elif over:
        still = sum(value > limit for value in sample.relieved())
        verdict, why = _blame(still == 0, None, sample.unit)
        note = f"{note}; {why}"
    return Judgement(
        verdict=verdict,
        unit=sample.unit,
        n=n,
        method="no exceedance in the sample; exact binomial bound of the exceedance rate",
        confidence=CONFIDENCE,
        expected=f"every value <= {limit:g} {sample.unit}",
        limit=limit,
        observed=_finite(max(sample.values)) if n else "no values",
        distribution=_shape(sample.values),
        note=_joined(note, _missing(sample.values), _set_aside(sample, limit)),
    )


def judge_failures(failures: int, trials: int, expected: str, detail: str = "") -> Judgement:
    """Accept when none of the trials failed; states how rare a failure is then."""
    bound = rate_upper_bound(failures, trials, CONFIDENCE)
    verdict = Verdict.FAILED if failures else Verdict.PASSED
    if trials == 0:
        verdict = Verdict.CANNOT_JUDGE
    return Judgement(
        verdict=verdict,
        unit="1",
        n=trials,
        method="no failure in the sample; exact binomial bound of the failure rate",
        confidence=CONFIDENCE,
        expected=expected,
        limit=0.0,
        observed=float(failures),
        note=f"failure rate below {bound:.3%} with 95 % confidence"
        + (f"; {detail}" if detail else ""),
    )


def judge_check(*, holds: bool, expected: str, observed: str, n: int = 1) -> Judgement:
    """A counted assertion: it holds or it does not."""
    return Judgement(
        verdict=Verdict.PASSED if holds else Verdict.FAILED,
        unit="1",
        n=n,
        method="check",
        expected=expected,
        observed=observed,
    )


def _blame(excused: bool, relieved: float | None, unit: str) -> tuple[Verdict, str]:  # noqa: FBT001
    shown = "" if relieved is None else f" ({relieved:.3g} {unit} without it)"
    if excused:
        return Verdict.CANNOT_JUDGE, f"noise on the host may explain the excess{shown}"
    return Verdict.FAILED, f"noise on the host does not explain the excess{shown}"


def _percent(fraction: float) -> str:
    return f"{fraction * 100:g}"


def _ordinal(fraction: float) -> str:
    return f"{_percent(fraction)}th"


def _finite(value: float) -> float | str:
    return value if value != float("inf") else "never"


def _finite_or_none(value: float) -> float | None:
    return value if value != float("inf") else None


def _shape(values: Sequence[float]) -> Distribution | None:
    finite = [value for value in values if value != float("inf")]
    return describe(finite) if finite else None


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _missing(values: Sequence[float]) -> str:
    count = sum(value == float("inf") for value in values)
    return f"{count} of {len(values)} never came" if count else ""


def _set_aside(sample: Sample, limit: float) -> str:
    """How many delays were set aside, the worst of them, and how many count all the same."""
    if not sample.aside:
        return sample.remark
    worst, spare = max(sample.aside)
    back = sum(value - spare > limit for value, spare in sample.aside)
    shown = "never came" if worst == float("inf") else f"{worst:.3g} {sample.unit}"
    return _joined(
        f"{len(sample.aside)} set aside and replaced, {sample.remark}",
        f"the worst of them {shown}, of which noise may explain {spare:.3g} {sample.unit}",
        f"{back} of them counted all the same: noise does not explain the excess" if back else "",
    )
