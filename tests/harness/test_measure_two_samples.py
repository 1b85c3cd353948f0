"""Two samples held against each other, and what many tests at once may claim."""

import random
from collections import Counter

import pytest

from edgeward_harness.measure.two_samples import exact_test, rank_test, significant, weighted

LEVEL = 0.05


def _sample(seed: int, shift: float, n: int = 80) -> Counter[float]:
    draw = random.Random(seed)
    return Counter(round(draw.gauss(shift, 1), 1) for _ in range(n))


@pytest.mark.parametrize(
    ("before", "after", "due"),
    [
        # Worked out by hand from the hypergeometric distribution.
        ((3, 10), (8, 10), 0.0697785),
        ((0, 5), (5, 5), 2 / 252),
        ((0, 10), (0, 10), 1.0),
        ((1, 1), (0, 1), 1.0),
    ],
)
def test_the_exact_test_is_fishers(
    before: tuple[int, int], after: tuple[int, int], due: float
) -> None:
    assert exact_test(before, after) == pytest.approx(due, rel=1e-5)
    assert exact_test(after, before) == pytest.approx(due, rel=1e-5)


def test_more_failures_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        exact_test((11, 10), (0, 10))


def test_the_rank_test_agrees_with_a_count_of_all_orders() -> None:
    # Of {1, 2} against {3, 4, 5}: 2 of the 10 splits are as far apart; the normal limit is near.
    assert rank_test({1.0: 1, 2.0: 1}, {3.0: 1, 4.0: 1, 5.0: 1}) == pytest.approx(0.149, abs=0.002)


def test_alike_samples_are_told_apart_as_seldom_as_promised() -> None:
    told = sum(rank_test(_sample(n, 0), _sample(n + 10_000, 0)) < LEVEL for n in range(400))
    assert told / 400 == pytest.approx(LEVEL, abs=0.03)


def test_a_shift_is_seen_and_ties_do_not_hide_it() -> None:
    assert rank_test(_sample(1, 0), _sample(2, 1)) < 1e-3
    assert rank_test({0.0: 90, 1.0: 10}, {0.0: 50, 1.0: 50}) < 1e-6
    assert rank_test({0.0: 50}, {0.0: 50}) == 1.0


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="samples of 0 and 1"):
        rank_test({}, {1.0: 1})


def test_holm_steps_down() -> None:
    assert significant((0.01, 0.04, 0.03), LEVEL) == (True, False, False)
    assert significant((0.01, 0.02, 0.04), LEVEL) == (True, True, True)
    assert significant((), LEVEL) == ()


def test_many_tests_of_nothing_claim_something_as_seldom_as_one() -> None:
    claims = 0
    for seed in range(300):
        draw = random.Random(seed)
        claims += any(significant([draw.random() for _ in range(20)], LEVEL))
    assert claims / 300 < 0.09


def test_a_histogram_is_its_middles() -> None:
    assert weighted((0.0, 1.0, 2.0, 3.0), (2, 0, 1)) == {0.5: 2, 2.5: 1}
