"""The score of judged bedside alarms, accepted on its lower bound over patients."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.measure.clusters import CLUSTERS_MIN, lower_bound
from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict
from edgeward_harness.measure.scoring.challenge import MISS_WEIGHT, ChallengeScore, score_alarms

Judged = Sequence[tuple[bool, bool]]
"""Of each alarm whether it is true, and whether it was kept; each is another patient's."""


def judge_challenge(kinds: Mapping[str, Judged], least: float) -> Judgement:
    """Accept when the lower confidence bound of the score is at least so much."""
    everything = [one for alarms in kinds.values() for one in alarms]
    whole, bound = score_alarms(everything), _bound(everything)
    verdict = Verdict.FAILED
    note = _words(whole)
    if bound is None:
        verdict = Verdict.CANNOT_JUDGE
        note = f"{note}; {len(everything)} patients are too few, at least {CLUSTERS_MIN} are needed"
    elif bound >= least:
        verdict = Verdict.PASSED
    return Judgement(
        verdict=verdict,
        unit="1",
        n=len(everything),
        method="score of the CinC Challenge 2015; lower bound, patients resampled",
        confidence=CONFIDENCE,
        expected=f"a score of at least {least:g} of 100",
        limit=least,
        observed="nothing" if whole.score is None else whole.score,
        bound=bound,
        note=note,
        groups=tuple(_group(kind, alarms) for kind, alarms in kinds.items()),
    )


def _bound(alarms: Judged) -> float | None:
    counts = np.array(
        [(true == kept, true and not kept, kept and not true) for true, kept in alarms],
        dtype=np.float64,
    )
    return lower_bound(counts, _score, CONFIDENCE)


def _score(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    right, missed, false = sums[..., 0], sums[..., 1], sums[..., 2]
    return 100 * right / (right + false + MISS_WEIGHT * missed)


def _group(kind: str, alarms: Judged) -> Group:
    score = score_alarms(alarms)
    return Group(kind, len(alarms), score.score, _bound(alarms), None, _words(score))


def _words(score: ChallengeScore) -> str:
    true, false = (
        score.kept_true + score.suppressed_true,
        score.kept_false + score.suppressed_false,
    )
    return f"{score.kept_true} of {true} true kept, {score.suppressed_false} of {false} false held"
