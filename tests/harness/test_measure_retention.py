"""What a smaller model has lost: pairs, patients, and bounds that never promise perfection."""

import numpy as np
import pytest

from edgeward_harness.measure.acceptance import rate_upper_bound
from edgeward_harness.measure.calibration import Sureness, calibration_error, judge_calibration
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.retention import (
    Pairs,
    group_of,
    judge_better,
    judge_no_worse,
    judge_retention,
    loss_upper_bound,
    power,
    windows_needed,
)

SAME = [Pairs(f"p{at}", 6, 0, 0) for at in range(100)]


def test_where_nothing_was_lost_the_bound_is_that_of_as_many_independent_windows() -> None:
    assert loss_upper_bound(SAME) == rate_upper_bound(0, 600, 0.95)
    told = judge_retention(SAME, 0.01)
    assert (told.verdict, told.observed) == (Verdict.PASSED, 0.0)
    assert told.bound == pytest.approx(0.498, abs=0.001)


def test_a_loss_of_one_patient_weighs_more_than_the_same_loss_spread_over_all() -> None:
    spread = [Pairs(f"p{at}", 20, int(at < 40), 0) for at in range(200)]
    one = [Pairs(f"p{at}", 20, 20 * int(at < 2), 0) for at in range(200)]
    assert loss_upper_bound(spread) < loss_upper_bound(one)


def test_what_is_lost_is_less_what_is_gained() -> None:
    both = [Pairs(f"p{at}", 10, int(at % 10 == 0), int(at % 10 == 1)) for at in range(400)]
    told = judge_retention(both, 0.01)
    assert (told.verdict, told.observed) == (Verdict.PASSED, 0.0)
    assert "40 lost, 40 gained of 4000 windows of 400 patients" in told.note


@pytest.mark.parametrize("patients", [10, 100])
def test_what_was_counted_is_called_by_its_name(patients: int) -> None:
    told = judge_no_worse(SAME[:patients], 0.01, "beats")
    assert f"{6 * patients} beats of {patients} patients" in told.note
    assert "windows" not in told.note + told.expected


def test_a_loss_that_the_mean_hides_is_beyond_the_margin() -> None:
    """Two points lost of a label with 500 windows; half a point of all."""
    label = [Pairs(f"p{at}", 1, int(at < 10), 0) for at in range(500)]
    whole = [Pairs(f"p{at}", 4, int(at < 10), 0) for at in range(500)]
    assert judge_retention(label, 0.01).verdict is Verdict.FAILED
    assert judge_retention(whole, 0.01).verdict is Verdict.PASSED


@pytest.mark.parametrize(("lost", "verdict"), [(0, Verdict.PASSED), (1, Verdict.FAILED)])
def test_of_too_few_windows_none_may_be_lost(lost: int, verdict: Verdict) -> None:
    few = [Pairs(f"p{at}", 1, int(at < lost), 0) for at in range(60)]
    told = judge_retention(few, 0.01)
    assert (told.verdict, told.limit) == (verdict, 0.0)
    assert "too few to show at most 1 points" in told.expected


@pytest.mark.parametrize(("lost", "verdict"), [(1, Verdict.PASSED), (6, Verdict.FAILED)])
def test_of_few_windows_only_a_loss_that_is_shown_counts(lost: int, verdict: Verdict) -> None:
    few = [Pairs(f"p{at}", 1, int(at < lost), 0) for at in range(72)]
    told = judge_no_worse(few, 0.01)
    assert told.verdict is verdict
    assert "too few windows to show less" in told.expected
    enough = [Pairs(f"p{at}", 7, int(at == 0), 0) for at in range(100)]
    assert judge_no_worse(enough, 0.01) == judge_retention(enough, 0.01)


def test_of_nothing_nothing_is_said() -> None:
    assert judge_retention([Pairs("p", 0, 0, 0)], 0.01).verdict is Verdict.CANNOT_JUDGE
    assert group_of("nobody", []).value is None


def test_the_bound_covers_as_often_as_it_says() -> None:
    """Patients of whom some lose a tenth of their windows; 1 % on the whole."""
    draw = np.random.default_rng(3)
    covered = 0
    for _ in range(50):
        losing = draw.random(60) < 0.1
        lost = np.where(losing, draw.binomial(40, 0.1, 60), 0)
        pairs = [Pairs(str(at), 40, int(each), 0) for at, each in enumerate(lost)]
        covered += loss_upper_bound(pairs) >= 0.01
    assert covered >= 42


def test_power_is_the_chance_of_so_few_losses() -> None:
    assert power(299, 0.01, 0.001) == pytest.approx(0.999**299)  # none may be lost
    assert power(298, 0.01, 0.0) == 0.0
    needed = windows_needed(0.01, 0.001, 0.8)
    assert power(needed, 0.01, 0.001) >= 0.8 > power(needed - 50, 0.01, 0.001)
    with pytest.raises(ValueError, match=r"a loss of 0.01 never shows a margin of 0.01"):
        windows_needed(0.01, 0.01, 0.8)


@pytest.mark.parametrize(
    ("lost", "gained", "verdict"),
    [(0, 4, Verdict.FAILED), (0, 5, Verdict.PASSED), (5, 20, Verdict.PASSED),
     (5, 10, Verdict.FAILED), (0, 0, Verdict.FAILED)],
)  # fmt: skip
def test_a_gain_is_one_when_chance_hardly_makes_it(
    lost: int, gained: int, verdict: Verdict
) -> None:
    pairs = [Pairs(f"p{at}", 1, int(at < lost), int(lost <= at < lost + gained))
             for at in range(200)]  # fmt: skip
    assert judge_better(pairs, "calls").verdict is verdict


# calibration


def _answers(confidence: float, right: int, of: int) -> list[Sureness]:
    return [Sureness(f"p{at % 20}", confidence, at < right) for at in range(of)]


def test_the_calibration_error_is_how_far_sureness_is_from_being_right() -> None:
    assert calibration_error(_answers(0.95, 95, 100)) == pytest.approx(0.0)
    assert calibration_error(_answers(0.95, 85, 100)) == pytest.approx(0.10)
    half = [*_answers(0.95, 100, 100), *_answers(0.55, 45, 100)]
    assert calibration_error(half) == pytest.approx(0.5 * 0.05 + 0.5 * 0.10)
    assert calibration_error(_answers(1.0, 100, 100)) == 0.0


@pytest.mark.slow
def test_its_bins_are_those_of_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    draw = np.random.default_rng(5)
    sure = draw.random(2000)
    right = draw.random(2000) < sure**2
    shares, means = calibration_curve(right, sure, n_bins=10, strategy="uniform")
    counts = np.bincount(np.minimum((sure * 10).astype(int), 9), minlength=10)
    expected = float((np.abs(means - shares) * counts).sum() / 2000)
    answers = [Sureness(str(at), float(sure[at]), bool(right[at])) for at in range(2000)]
    assert calibration_error(answers) == pytest.approx(expected)


def test_a_model_that_is_too_sure_is_found_and_one_that_is_not_is_not() -> None:
    assert judge_calibration(_answers(0.99, 900, 1000), 0.05).verdict is Verdict.FAILED
    assert judge_calibration(_answers(0.95, 950, 1000), 0.05).verdict is Verdict.PASSED
    few = [Sureness("p", 0.9, True)] * 50
    assert judge_calibration(few, 0.05).verdict is Verdict.CANNOT_JUDGE
