"""A level between two bounds is accepted by its most, refused by its least, and never guessed."""

import pytest

from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.level import Level, judge_growth, judge_levels


@pytest.mark.parametrize(
    ("levels", "verdict", "observed"),
    [
        ([Level(5, 5), Level(10, 10)], Verdict.PASSED, 10),
        ([Level(5, 10), Level(7, 9)], Verdict.PASSED, 10),
        ([Level(5, 5), Level(10.5, 20)], Verdict.FAILED, 10.5),
        ([Level(5, 5), Level(9, 11)], Verdict.CANNOT_JUDGE, 11),
        ([Level(5, float("inf"))], Verdict.CANNOT_JUDGE, 5),
        ([], Verdict.CANNOT_JUDGE, "no values"),
    ],
)
def test_a_level_is_held_against_its_limit(
    levels: list[Level], verdict: Verdict, observed: float | str
) -> None:
    judged = judge_levels(levels, 10, "MB", doubt="pages are shared", note="three processes")
    assert (judged.verdict, judged.observed, judged.n) == (verdict, observed, len(levels))
    assert judged.note.endswith("three processes")
    assert ("pages are shared" in judged.note) is (verdict is Verdict.CANNOT_JUDGE)


@pytest.mark.parametrize(
    ("slope", "upper", "verdict"),
    [
        (0.0, 1.0, Verdict.PASSED),
        (0.5, 1.5, Verdict.CANNOT_JUDGE),
        (1.5, 2.0, Verdict.FAILED),
        (-1.0, -0.5, Verdict.PASSED),
    ],
)
def test_a_growth_is_accepted_by_its_upper_bound(
    slope: float, upper: float, verdict: Verdict
) -> None:
    judged = judge_growth(slope, -2.0, upper, n=40, limit=1.0, unit="MB/h")
    assert (judged.verdict, judged.observed, judged.bound) == (verdict, slope, upper)
    assert judged.confidence == 0.95
