"""What must be right often enough: accepted on the lower bound of its share over patients."""

from collections.abc import Sequence

from edgeward_harness.measure.clusters import CLUSTERS_MIN, Share, pooled, share_lower_bound
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict

METHOD = "lower bound of the share, patients resampled; never tighter than Clopper and Pearson's"


def judge_share(shares: Sequence[Share], least: float, detail: str = "") -> Judgement:
    """Accept when the lower confidence bound of the pooled share is at least so much, in percent.

    A share that is below by itself fails; one that is not, with too few patients to say more,
    cannot be judged.
    """
    counted = [one for one in shares if one.total]
    whole, bound = pooled(counted), share_lower_bound(counted, CONFIDENCE)
    value = whole.value
    note = f"{whole.total - whole.right:g} of {whole.total:g} wrong, {len(counted)} patients"
    verdict = Verdict.PASSED
    if value is None:
        verdict, note = Verdict.CANNOT_JUDGE, "there was nothing to judge"
    elif bound is None and 100 * value >= least:
        verdict = Verdict.CANNOT_JUDGE
        note = f"{note}: too few, at least {CLUSTERS_MIN} are needed"
    elif bound is None or 100 * bound < least:
        verdict = Verdict.FAILED
    return Judgement(
        verdict=verdict,
        unit="%",
        n=round(whole.total),
        method=METHOD,
        confidence=CONFIDENCE,
        expected=f"at least {least:g} %",
        limit=least,
        observed="nothing" if value is None else 100 * value,
        bound=None if bound is None else 100 * bound,
        note="; ".join(part for part in (note, detail) if part),
    )
