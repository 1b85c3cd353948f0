"""Drift of delays: what noise may have made is no failure, and what it may hide is no pass."""

import random

import pytest

from edgeward_harness.measure.judge import Sample, Verdict
from edgeward_harness.measure.steady import judge_steady

LIMIT_MS = 2.5


def delays(creep_ms: float, *, n: int = 400) -> list[float]:
    draw = random.Random(7)
    return [1.0 + draw.expovariate(2.0) + creep_ms * place / n for place in range(n)]


def sample(values: list[float], spares: list[float] | None = None) -> Sample:
    return Sample(values=values, allowances=spares or [0.0] * len(values))


@pytest.mark.parametrize(
    ("creep_ms", "verdict"),
    [(0.0, Verdict.PASSED), (1.5, Verdict.PASSED), (4.0, Verdict.FAILED), (-4.0, Verdict.PASSED)],
)
def test_a_drift_is_held_against_the_limit(creep_ms: float, verdict: Verdict) -> None:
    judged = judge_steady(sample(delays(creep_ms)), LIMIT_MS)
    assert judged.verdict is verdict, judged.note


def test_bounds_on_both_sides_of_the_limit_leave_it_open() -> None:
    judged = judge_steady(sample(delays(LIMIT_MS)), LIMIT_MS)
    assert judged.verdict is Verdict.CANNOT_JUDGE
    assert "both sides" in judged.note


def test_a_drift_that_noise_may_have_made_is_not_the_devices() -> None:
    noise = [5.0 * place / 400 for place in range(400)]
    seen = [value + spare for value, spare in zip(delays(0.0), noise, strict=True)]
    judged = judge_steady(sample(seen, noise), LIMIT_MS)
    assert judged.verdict is Verdict.CANNOT_JUDGE
    assert "make or hide" in judged.note


def test_noise_early_in_the_run_does_not_hide_a_drift() -> None:
    noise = [5.0 * (400 - place) / 400 for place in range(400)]
    seen = [value + spare for value, spare in zip(delays(5.0), noise, strict=True)]
    assert judge_steady(sample(seen), LIMIT_MS).verdict is Verdict.PASSED, "hidden if not known"
    judged = judge_steady(sample(seen, noise), LIMIT_MS)
    assert judged.verdict is Verdict.CANNOT_JUDGE


def test_single_stalls_are_no_drift() -> None:
    values = delays(0.0)
    values[390] = values[395] = 300.0
    assert judge_steady(sample(values), LIMIT_MS).verdict is Verdict.PASSED


def test_a_result_that_never_came_fails_and_too_few_values_judge_nothing() -> None:
    judged = judge_steady(sample([*delays(0.0), float("inf")]), LIMIT_MS)
    assert judged.verdict is Verdict.FAILED
    assert "1 of 401 never came" in judged.note
    assert judge_steady(sample([1.0] * 5), LIMIT_MS).verdict is Verdict.CANNOT_JUDGE
