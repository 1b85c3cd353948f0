"""What must be right often enough: accepted on the lower bound of its share over patients."""

from collections.abc import Sequence

from edgeward_harness.measure.acceptance import rate_upper_bound
from edgeward_harness.measure.clusters import CLUSTERS_MIN, Share, pooled, share_lower_bound
from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict

RESAMPLED = "lower bound of the share, patients resampled; never tighter than Clopper and Pearson's"
INDEPENDENT = "Clopper and Pearson's lower bound of the share, as if each were independent"


def judge_share(
    shares: Sequence[Share], least: float, detail: str = "", *, rare: bool = False
) -> Judgement:
    """Accept when the lower confidence bound of the pooled share is at least so much, in percent.

    A share that is below by itself fails; one that is not, with too few patients to say more,
    cannot be judged. Events that are `rare`, which most patients never have, are taken as
    independent of each other: there is no resampling a handful of patients.
    """
    counted = [one for one in shares if one.total]
    whole = pooled(counted)
    bound = independent_bound(whole) if rare else share_lower_bound(counted, CONFIDENCE)
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
        method=INDEPENDENT if rare else RESAMPLED,
        confidence=CONFIDENCE,
        expected=f"at least {least:g} %",
        limit=least,
        observed="nothing" if value is None else 100 * value,
        bound=None if bound is None else 100 * bound,
        note="; ".join(part for part in (note, detail) if part),
        groups=tuple(map(group_of, shares)),
    )


def independent_bound(share: Share) -> float:
    """The lower bound of a share of independent events; 0 without any."""
    wrong, total = round(share.total - share.right), round(share.total)
    return 1.0 - rate_upper_bound(wrong, total, CONFIDENCE)


def group_of(share: Share) -> Group:
    """One patient beside the others, in percent, with Clopper and Pearson's bounds."""
    right, total = round(share.right), round(share.total)
    low = 100 * independent_bound(share)
    return Group(
        name=share.name,
        n=total,
        value=None if share.value is None else 100 * share.value,
        low=low if total else None,
        high=100 * rate_upper_bound(right, total, CONFIDENCE) if total else None,
    )
