"""What must not come, or seldom, over a time; says how often it may still come."""

from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict
from edgeward_harness.measure.scoring.episodes import poisson_upper_bound


def judge_none_per_hour(events: int, hours: float, detail: str = "") -> Judgement:
    """Accept when none came in these hours; the bound is the exact one of a Poisson rate."""
    bound = poisson_upper_bound(events, CONFIDENCE) / hours if hours > 0 else None
    verdict = Verdict.FAILED if events else Verdict.PASSED
    if bound is None:
        verdict = Verdict.CANNOT_JUDGE
    return Judgement(
        verdict=verdict,
        unit="1/h",
        n=events,
        method="none in the time watched; exact Poisson bound of the rate",
        confidence=CONFIDENCE,
        expected="none",
        limit=0.0,
        observed=events / hours if hours > 0 else "no time",
        bound=bound,
        note=f"{events} in {hours:.3f} h" + (f"; {detail}" if detail else ""),
    )


def judge_rate_per_hour(events: int, hours: float, most: float, detail: str = "") -> Judgement:
    """Accept when the exact upper bound of a Poisson rate is at most so many an hour."""
    bound = poisson_upper_bound(events, CONFIDENCE) / hours if hours > 0 else None
    verdict = Verdict.CANNOT_JUDGE
    if bound is not None:
        verdict = Verdict.PASSED if bound <= most else Verdict.FAILED
    return Judgement(
        verdict=verdict,
        unit="1/h",
        n=events,
        method="exact Poisson upper bound of the rate",
        confidence=CONFIDENCE,
        expected=f"at most {most:g} an hour",
        limit=most,
        observed=events / hours if hours > 0 else "no time",
        bound=bound,
        note=f"{events} in {hours:.3f} h" + (f"; {detail}" if detail else ""),
    )
