"""What a model that was made small has lost: the same windows, two answers, patient by patient.

Rules:
1. A window that the device did not answer, or answered with anything but its label, is wrong.
   Whatever was dropped therefore counts against the device, never for it.
2. The loss is that of the pairs: windows that the reference had right and the device has wrong,
   less those the other way round, over all windows.
3. It is accepted on the upper bound of the loss. The bound resamples patients, and is never tighter
   than Clopper and Pearson's for so many independent windows: where nothing was lost, resampling
   would promise that nothing ever is.
4. How many windows that takes is settled before the run (`power`). With fewer than could show the
   margin even without a loss, one loss fails, and the note says what was shown instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeward_harness.measure.acceptance import (
    binomial_cdf,
    rate_upper_bound,
    zero_failure_trials,
)
from edgeward_harness.measure.clusters import lower_bound
from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.judge import CONFIDENCE, Judgement, Verdict, judge_failures

METHOD: Final = (
    "upper bound of the paired loss, patients resampled; never tighter than Clopper and Pearson's"
)
STEP: Final = 50
FEW_LOST: Final = 0.2
"""Of the margin."""
ENOUGH: Final = 0.8


@dataclass(frozen=True, slots=True)
class Pairs:
    """Of one patient: how many windows, how many of them only one of the two had right."""

    name: str
    windows: int
    lost: int
    gained: int


def judge_retention(
    pairs: Sequence[Pairs], margin: float, detail: str = "", of: str = "windows"
) -> Judgement:
    """Accept when no more than the margin was lost, with confidence (rules 2 to 4).

    Args:
        pairs: one for each patient.
        margin: the most that may be lost, as a share of all windows.
        detail: for the note.
        of: what was counted, where it is no windows.
    """
    counted = [one for one in pairs if one.windows]
    windows = sum(one.windows for one in counted)
    lost, gained = sum(one.lost for one in counted), sum(one.gained for one in counted)
    note = f"{lost} lost, {gained} gained of {windows} {of} of {len(counted)} patients"
    expected = f"at most {100 * margin:g} points"
    if not windows:
        return Judgement(
            Verdict.CANNOT_JUDGE, "points", 0, METHOD, expected, "nothing", CONFIDENCE,
            100 * margin, note="there was nothing to judge",
        )  # fmt: skip
    if windows < zero_failure_trials(margin, CONFIDENCE):  # rule 4
        return judge_failures(lost, windows, f"none lost; too few to show {expected}", detail)
    loss = (lost - gained) / windows
    bound = loss_upper_bound(counted)
    return Judgement(
        verdict=Verdict.PASSED if bound <= margin else Verdict.FAILED,
        unit="points",
        n=windows,
        method=METHOD,
        confidence=CONFIDENCE,
        expected=expected,
        limit=100 * margin,
        observed=100 * loss,
        bound=100 * bound,
        note="; ".join(part for part in (note, detail) if part),
    )


def judge_no_worse(pairs: Sequence[Pairs], margin: float, of: str = "windows") -> Judgement:
    """Accept unless more than the margin is shown to be lost: for parts too small to show less.

    It clears nobody. With windows enough to show the margin, with a power of 80 % where `FEW_LOST`
    are lost in truth, it is `judge_retention`.
    """
    counted = [one for one in pairs if one.windows]
    windows = sum(one.windows for one in counted)
    if windows >= windows_needed(margin, FEW_LOST * margin, ENOUGH):
        return judge_retention(counted, margin, of=of)
    lost, gained = sum(one.lost for one in counted), sum(one.gained for one in counted)
    net = max(lost - gained, 0)
    least = 1.0 - rate_upper_bound(windows - net, windows, CONFIDENCE) if net else 0.0
    return Judgement(
        verdict=Verdict.PASSED if least <= margin else Verdict.FAILED,
        unit="points",
        n=windows,
        method="whether a paired loss is shown: Clopper and Pearson's bound from below",
        confidence=CONFIDENCE,
        expected=f"loss shown <= {100 * margin:g} points; too few {of} to show less",
        limit=100 * margin,
        observed=100 * (lost - gained) / windows if windows else "nothing",
        bound=100 * least,
        note=f"{lost} lost, {gained} gained of {windows} {of} of {len(counted)} patients; "
        f"in truth up to {100 * rate_upper_bound(net, windows, CONFIDENCE):.1f} points",
    )


def loss_upper_bound(pairs: Sequence[Pairs]) -> float:
    """The upper bound of the share of windows that was lost on the whole (rule 3)."""
    windows = sum(one.windows for one in pairs)
    net = sum(one.lost - one.gained for one in pairs)
    independent = rate_upper_bound(max(net, 0), windows, CONFIDENCE)
    counts = np.array([(one.gained - one.lost, one.windows) for one in pairs], dtype=np.float64)
    gain = lower_bound(counts, lambda sums: sums[..., 0] / sums[..., 1], CONFIDENCE)
    return independent if gain is None else max(-gain, independent)


def judge_better(pairs: Sequence[Pairs], what: str) -> Judgement:
    """Accept when more was gained than lost, with confidence.

    Both must say so: the lower bound of the gain with patients resampled, and the exact test that a
    window which only one of the two has right is as often the one's as the other's.
    """
    counted = [one for one in pairs if one.windows]
    windows = sum(one.windows for one in counted)
    lost, gained = sum(one.lost for one in counted), sum(one.gained for one in counted)
    counts = np.array([(one.gained - one.lost, one.windows) for one in counted], dtype=np.float64)
    bound = lower_bound(counts, lambda sums: sums[..., 0] / sums[..., 1], CONFIDENCE)
    chance = 1.0 - binomial_cdf(gained - 1, gained + lost, 0.5)
    better = bound is not None and bound > 0 and chance <= 1.0 - CONFIDENCE
    return Judgement(
        verdict=Verdict.PASSED if better else Verdict.FAILED,
        unit="points",
        n=windows,
        method="lower bound of the paired gain, patients resampled, and exact test of the pairs",
        confidence=CONFIDENCE,
        expected=f"{what}: a gain",
        limit=0.0,
        observed=100 * (gained - lost) / windows if windows else "nothing",
        bound=None if bound is None else 100 * bound,
        note=f"{gained} gained, {lost} lost of {windows} windows; so many or more by chance in"
        f" {chance:.2%}",
    )


def group_of(name: str, pairs: Sequence[Pairs]) -> Group:
    """The loss of some patients beside the others, in points, with its upper bound."""
    counted = [one for one in pairs if one.windows]
    windows = sum(one.windows for one in counted)
    if not windows:
        return Group(name, 0, None, None, None)
    net = sum(one.lost - one.gained for one in counted)
    return Group(name, windows, 100 * net / windows, None, 100 * loss_upper_bound(counted))


def power(windows: int, margin: float, loss: float) -> float:
    """How likely so many independent windows show the margin, where so much is lost in truth."""
    most = -1
    while rate_upper_bound(most + 1, windows, CONFIDENCE) <= margin:
        most += 1
    return binomial_cdf(most, windows, loss)


def windows_needed(margin: float, loss: float, wanted: float) -> int:
    """How many windows show the margin so likely, to within `STEP`.

    Raises:
        ValueError: no number of windows shows a margin that is no more than what is lost.
    """
    if not 0 <= loss < margin:
        raise ValueError(f"a loss of {loss:g} never shows a margin of {margin:g}")
    windows = zero_failure_trials(margin, CONFIDENCE)
    while power(windows, margin, loss) < wanted:
        windows += STEP
    return windows
