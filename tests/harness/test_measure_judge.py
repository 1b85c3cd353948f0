"""Verdicts: what passes, what is the device's fault, and what noise leaves open."""

import math

from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.measure.judge import (
    Sample,
    Verdict,
    judge_check,
    judge_failures,
    judge_maximum,
    judge_percentile,
)

LIMIT_MS = 50.0


def sample(values: list[float], allowance: float = 0.0) -> Sample:
    return Sample(values=values, allowances=[allowance] * len(values))


def test_a_promise_kept_as_observed_is_kept_however_noisy_the_host() -> None:
    judged = judge_percentile(sample([1.0] * 400, allowance=900.0), 0.99, LIMIT_MS)
    assert judged.verdict is Verdict.PASSED
    assert judged.bound == 1.0
    assert judged.n == 400


def test_an_excess_the_noise_may_explain_cannot_be_judged() -> None:
    judged = judge_percentile(sample([60.0] * 400, allowance=20.0), 0.99, LIMIT_MS)
    assert judged.verdict is Verdict.CANNOT_JUDGE
    assert "may explain" in judged.note


def test_an_excess_beyond_the_noise_is_the_devices() -> None:
    judged = judge_percentile(sample([80.0] * 400, allowance=20.0), 0.99, LIMIT_MS)
    assert judged.verdict is Verdict.FAILED
    assert judged.bound == 80.0


def test_one_percent_too_late_breaks_a_99th_percentile() -> None:
    values = [1.0] * 990 + [LIMIT_MS + 1] * 10
    assert judge_percentile(sample(values), 0.99, LIMIT_MS).verdict is Verdict.FAILED
    assert judge_percentile(sample(values), 0.50, LIMIT_MS).verdict is Verdict.PASSED


def test_the_point_estimate_is_not_what_is_accepted() -> None:
    """The observed p99 is within the limit, its confidence bound is not: refused."""
    values = [1.0] * 992 + [LIMIT_MS + 1] * 8
    judged = judge_percentile(sample(values), 0.99, LIMIT_MS)
    assert judged.observed == 1.0
    assert judged.verdict is Verdict.FAILED


def test_too_small_a_sample_cannot_be_judged() -> None:
    judged = judge_percentile(sample([1.0] * 298), 0.99, LIMIT_MS)
    assert judged.verdict is Verdict.CANNOT_JUDGE
    assert judged.note == "298 values are too few, at least 299 are needed"
    assert judge_percentile(sample([]), 0.99, LIMIT_MS).verdict is Verdict.CANNOT_JUDGE
    assert judge_maximum(sample([]), LIMIT_MS).verdict is Verdict.CANNOT_JUDGE
    assert judge_failures(0, 0, "none").verdict is Verdict.CANNOT_JUDGE


def test_one_exceedance_breaks_a_maximum_and_names_its_rate() -> None:
    judged = judge_maximum(sample([1.0] * 999 + [51.0]), LIMIT_MS)
    assert judged.verdict is Verdict.FAILED
    assert judged.observed == 51.0
    assert "1 of 1000" in judged.note
    assert judge_maximum(sample([50.0] * 1000), LIMIT_MS).verdict is Verdict.PASSED


def test_a_result_that_never_came_is_excused_by_nothing() -> None:
    values = [1.0] * 999 + [math.inf]
    judged = judge_maximum(sample(values, allowance=1e9), LIMIT_MS)
    assert judged.verdict is Verdict.FAILED
    assert judged.observed == "never"
    assert "1 of 1000 never came" in judged.note
    assert judge_percentile(sample([math.inf] * 400, 1e9), 0.99, LIMIT_MS).verdict is Verdict.FAILED


def test_counted_failures_and_checks() -> None:
    assert judge_failures(0, 10, "none").verdict is Verdict.PASSED
    assert judge_failures(1, 10, "none").verdict is Verdict.FAILED
    assert judge_check(holds=False, expected="1", observed="2").verdict is Verdict.FAILED


def test_a_delay_set_aside_is_told_and_does_not_count() -> None:
    judged = judge_maximum(
        Sample([1.0] * 400, [0.0] * 400, aside=[(310.0, 305.0), (2.0, 0.0)], remark="by noise"),
        LIMIT_MS,
    )
    assert (judged.verdict, judged.n) == (Verdict.PASSED, 400)
    assert "2 set aside and replaced, by noise" in judged.note
    assert "the worst of them 310 ms, of which noise may explain 305 ms" in judged.note


def test_a_delay_set_aside_that_noise_does_not_explain_counts_on_top() -> None:
    beyond = Sample([1.0] * 400, [0.0] * 400, aside=[(310.0, 250.0)], remark="by noise")
    judged = judge_maximum(beyond, LIMIT_MS)
    assert (judged.verdict, judged.n, judged.observed) == (Verdict.FAILED, 401, 310.0)
    assert "1 of them counted all the same" in judged.note
    assert judge_maximum(beyond, 60.0).verdict is Verdict.PASSED


def test_a_result_that_never_came_is_never_set_aside() -> None:
    lost = Sample([1.0] * 400, [0.0] * 400, aside=[(math.inf, 1e9)], remark="by noise")
    judged = judge_maximum(lost, LIMIT_MS)
    assert (judged.verdict, judged.observed) == (Verdict.FAILED, "never")
    assert "1 of 401 never came" in judged.note


def test_why_none_was_set_aside_is_told() -> None:
    told = Sample([1.0] * 400, [0.0] * 400, remark="none set aside: too many")
    assert judge_percentile(told, 0.99, LIMIT_MS).note == "none set aside: too many"


@given(
    st.lists(st.floats(0, 100), min_size=299, max_size=480),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 80)), min_size=1, max_size=20),
    st.sampled_from([0.5, 0.99]),
    st.integers(0, 499),
    st.floats(0, 200),
)
def test_a_longer_delay_never_turns_a_fault_into_a_pass(
    values: list[float], aside: list[tuple[float, float]], fraction: float, place: int, more: float
) -> None:
    """Not among those that count, nor among those set aside, by coming back into the sample."""
    counted, apart = list(values), list(aside)
    if place < len(values):
        counted[place] += more
    else:
        value, spare = apart[place % len(apart)]
        apart[place % len(apart)] = (value + more, spare)
    before = Sample(values, [0.0] * len(values), aside=aside)
    after = Sample(counted, [0.0] * len(values), aside=apart)
    if judge_percentile(after, fraction, LIMIT_MS).verdict is Verdict.PASSED:
        assert judge_percentile(before, fraction, LIMIT_MS).verdict is Verdict.PASSED
    if judge_maximum(after, LIMIT_MS).verdict is Verdict.PASSED:
        assert judge_maximum(before, LIMIT_MS).verdict is Verdict.PASSED


@given(
    st.lists(st.floats(0, 200), min_size=299, max_size=400),
    st.floats(0, 100),
    st.floats(1, 150),
)
def test_noise_never_turns_a_fault_into_a_pass(
    values: list[float], allowance: float, limit: float
) -> None:
    """Whatever the noise: it may withhold a verdict, never give a better one."""
    quiet = judge_percentile(sample(values), 0.99, limit).verdict
    noisy = judge_percentile(sample(values, allowance), 0.99, limit).verdict
    assert (quiet is Verdict.PASSED) == (noisy is Verdict.PASSED)
