"""Shares and scores over patients: what the bound rests on, and when there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward_harness.measure.acceptance import rate_upper_bound
from edgeward_harness.measure.challenge import judge_challenge
from edgeward_harness.measure.clusters import CLUSTERS_MIN, Share, lower_bound, share_lower_bound
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.rates import judge_rate_per_hour
from edgeward_harness.measure.shares import judge_share

EVEN = [Share(f"p{place}", 99, 100) for place in range(20)]
UNEVEN = [*(Share(f"p{place}", 100, 100) for place in range(19)), Share("p19", 80, 100)]
"""Both 99 % of 2,000; in one of them it is all one patient's."""


def test_patients_who_differ_say_less_than_patients_who_do_not() -> None:
    even, uneven = (share_lower_bound(shares, 0.95) for shares in (EVEN, UNEVEN))
    assert even is not None
    assert uneven is not None
    assert uneven < even < 0.99


def test_it_is_never_tighter_than_if_all_were_independent() -> None:
    perfect = [Share(f"p{place}", 50, 50) for place in range(12)]
    assert share_lower_bound(perfect, 0.95) == pytest.approx(1 - rate_upper_bound(0, 600, 0.95))


def test_the_same_patients_always_have_the_same_bound() -> None:
    assert share_lower_bound(UNEVEN, 0.95) == share_lower_bound(UNEVEN, 0.95)


@pytest.mark.slow
def test_the_bound_covers_nearly_as_often_as_it_says() -> None:
    """Patients of beta-distributed shares, of whom the mean is known; 30 of them a trial."""
    rng = np.random.default_rng(7)
    covered, trials = 0, 300
    for _ in range(trials):
        shares = rng.beta(18, 2, size=30)
        right = rng.binomial(200, shares)
        bound = share_lower_bound([Share(str(n), one, 200) for n, one in enumerate(right)], 0.95)
        covered += bound is not None and bound <= 0.9
    assert covered / trials > 0.90  # a percentile interval of 30 patients is a little too short


def test_few_patients_have_no_bound_and_no_pass() -> None:
    few = EVEN[: CLUSTERS_MIN - 1]
    assert share_lower_bound(few, 0.95) is None
    assert judge_share(few, 90.0).verdict is Verdict.CANNOT_JUDGE
    assert judge_share(few, 99.5).verdict is Verdict.FAILED


def test_a_share_is_accepted_on_its_bound_and_not_on_itself() -> None:
    assert judge_share(EVEN, 98.0).verdict is Verdict.PASSED
    just_below = judge_share(EVEN, 98.9)
    assert just_below.observed == pytest.approx(99.0)
    assert just_below.verdict is Verdict.FAILED


def test_nothing_to_judge_is_no_pass() -> None:
    judged = judge_share([Share("p", 0, 0)], 50.0)
    assert (judged.verdict, judged.observed) == (Verdict.CANNOT_JUDGE, "nothing")
    assert judge_share([Share("p", 0, 0)], 50.0, rare=True).verdict is Verdict.CANNOT_JUDGE


def test_rare_events_are_bounded_one_by_one() -> None:
    judged = judge_share([Share("p", 57, 57), Share("q", 0, 0)], 90.0, rare=True)
    assert judged.verdict is Verdict.PASSED
    assert judged.bound == pytest.approx(100 * (1 - rate_upper_bound(0, 57, 0.95)))
    assert [one.value for one in judged.groups] == [100.0, None]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=CLUSTERS_MIN, max_size=30))
def test_a_bound_lies_at_or_below_the_share(right: list[int]) -> None:
    shares = [Share(str(place), one, 40) for place, one in enumerate(right)]
    bound = share_lower_bound(shares, 0.95)
    assert bound is not None
    assert 0 <= bound <= sum(right) / (40 * len(right)) + 1e-9


def test_a_figure_that_most_resampled_patients_lack_has_no_bound() -> None:
    counts = np.zeros((CLUSTERS_MIN, 2))
    counts[0] = 1
    assert lower_bound(counts, lambda sums: sums[..., 0] / sums[..., 1], 0.95) is None


def test_a_missed_alarm_costs_five_false_ones() -> None:
    kept = [(True, True)] * 40 + [(False, False)] * 40
    missed = judge_challenge({"Asystole": [*kept, *[(True, False)] * 4]}, 50.0)
    false = judge_challenge({"Asystole": [*kept, *[(False, True)] * 20]}, 50.0)
    assert missed.observed == false.observed == pytest.approx(80.0)


def test_a_score_is_accepted_on_its_bound() -> None:
    alarms = [(True, True)] * 30 + [(False, True)] * 10
    judged = judge_challenge({"Bradycardia": alarms}, 60.0)
    assert judged.observed == 75.0
    assert judged.bound is not None
    assert 60 < judged.bound < 75
    assert judged.verdict is Verdict.PASSED
    assert judge_challenge({"Bradycardia": alarms}, 70.0).verdict is Verdict.FAILED
    assert judge_challenge({"Bradycardia": alarms[:5]}, 70.0).verdict is Verdict.CANNOT_JUDGE


def test_a_rate_is_accepted_on_its_bound() -> None:
    assert judge_rate_per_hour(5, 11.0, 1.0).verdict is Verdict.PASSED
    assert judge_rate_per_hour(8, 11.0, 1.0).verdict is Verdict.FAILED  # 0.73 as seen, 1.3 bound
    assert judge_rate_per_hour(0, 0.0, 1.0).verdict is Verdict.CANNOT_JUDGE
