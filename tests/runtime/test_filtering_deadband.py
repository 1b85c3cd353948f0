"""A receiver that holds the last point is within the deadband of every sample, exactly."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeward.comms.filtering.deadband import (
    DeadbandRule,
    TrendFilter,
    TrendPoint,
    TrendSample,
    held,
)
from edgeward.comms.record import Offered, RecordClass
from edgeward.errors import StreamError

S = 1_000_000_000
VALUES = st.floats() | st.floats(50, 150) | st.integers(50, 150).map(float) | st.just(0.1)
SAMPLES = st.lists(st.tuples(st.integers(1, S), VALUES, st.booleans()), max_size=60)
DEADBANDS = st.sampled_from([0.0, 5e-324, 0.1, 0.2, 1.0, 2.0, 1e308]) | st.floats(0, 1e300)
RULES = st.builds(
    lambda deadband, interval, more: DeadbandRule(deadband, interval + more, interval),
    DEADBANDS, st.just(S), st.integers(0, 20 * S),
)  # fmt: skip


def run(
    steps: list[tuple[int, float, bool]], rule: DeadbandRule
) -> tuple[list[TrendSample], list[TrendPoint]]:
    times = itertools.accumulate(after for after, _, _ in steps)
    samples = [
        TrendSample(at, value, valid) for at, (_, value, valid) in zip(times, steps, strict=True)
    ]
    one = TrendFilter(rule)
    return samples, [point for sample in samples if (point := one.push(sample)) is not None]


def known(sample: TrendSample) -> bool:
    return sample.valid and abs(sample.value) < float("inf")


@given(SAMPLES, RULES)
@example([(1, 0.1, True), (1, 0.30000000000000004, True)], DeadbandRule(0.2, 9 * S, S))
@example([(1, 1.0, True), (1, 2.0000000000000004, True)], DeadbandRule(1.0, 9 * S, S))
@example([(1, 2.0**53, True), (1, -1.0, True)], DeadbandRule(2.0**53, 9 * S, S))
@settings(max_examples=60, deadline=None)
def test_the_error_is_bounded_at_every_sample(
    steps: list[tuple[int, float, bool]], rule: DeadbandRule
) -> None:
    samples, points = run(steps, rule)
    for sample in samples:
        found = held(points, sample.at_ns, rule)
        if known(sample):
            assert found is not None
            assert abs(Fraction(found) - Fraction(sample.value)) <= Fraction(rule.deadband)
        else:
            assert found is None


@given(SAMPLES, RULES)
@settings(max_examples=30, deadline=None)
def test_points_are_no_farther_apart_than_the_heartbeat(
    steps: list[tuple[int, float, bool]], rule: DeadbandRule
) -> None:
    samples, points = run(steps, rule)
    if samples:
        ends = [*(point.at_ns for point in points), samples[-1].at_ns]
        assert points[0].at_ns == samples[0].at_ns
        assert all(other - one <= rule.heartbeat_ns for one, other in itertools.pairwise(ends))


@given(SAMPLES, RULES)
@settings(max_examples=30, deadline=None)
def test_every_change_of_validity_is_sent(
    steps: list[tuple[int, float, bool]], rule: DeadbandRule
) -> None:
    samples, points = run(steps, rule)
    sent = {point.at_ns for point in points}
    for one, other in itertools.pairwise(samples):
        if known(one) != known(other):
            assert other.at_ns in sent


def test_what_moves_little_is_sent_seldom() -> None:
    rule = DeadbandRule(deadband=4.0, heartbeat_ns=60 * S, interval_ns=S)
    steps = [(S, 72.0 + (second % 5 - 2), True) for second in range(3600)]
    _, points = run(steps, rule)
    assert len(points) == 3600 // 60


def test_a_change_as_large_as_the_deadband_is_not_sent_and_a_larger_one_is() -> None:
    rule = DeadbandRule(deadband=1.0, heartbeat_ns=60 * S, interval_ns=S)
    one = TrendFilter(rule)
    assert one.push(TrendSample(1, 60.0)) == TrendPoint(1, 60.0)
    assert one.push(TrendSample(2, 61.0)) is None
    assert one.push(TrendSample(3, 59.0)) is None
    assert one.push(TrendSample(4, 61.00000000000001)) == TrendPoint(4, 61.00000000000001)


def test_small_steps_do_not_creep_away() -> None:
    rule = DeadbandRule(deadband=1.0, heartbeat_ns=10**6 * S, interval_ns=S)
    _, points = run([(S, 60 + 0.1 * number, True) for number in range(101)], rule)
    assert [point.value for point in points] == pytest.approx([60 + 1.1 * n for n in range(10)])


def test_silence_ends_what_is_known() -> None:
    rule = DeadbandRule(deadband=1.0, heartbeat_ns=60 * S, interval_ns=S)
    one = TrendFilter(rule)
    assert one.silence(5 * S) is None
    first = one.push(TrendSample(S, 60.0))
    assert first is not None
    assert one.silence(2 * S) is None
    ended = one.silence(2 * S + 1)
    assert ended == TrendPoint(2 * S + 1, None)
    assert one.silence(9 * S) is None
    again = one.push(TrendSample(10 * S, 60.0))
    assert again == TrendPoint(10 * S, 60.0)
    points = [first, ended, again]
    assert [held(points, at, rule) for at in (0, S, 2 * S, 3 * S, 11 * S, 70 * S, 71 * S)] == [
        None, 60.0, 60.0, None, 60.0, 60.0, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        Offered(RecordClass.EVENT, b"", "p"),
        Offered(RecordClass.ALARM, b"", "p"),
        Offered(RecordClass.TREND, b"", "p"),
        60.0,
        None,
    ],
)
def test_nothing_but_a_trend_is_ever_filtered(other: object) -> None:
    one = TrendFilter(DeadbandRule(1.0, S, S))
    with pytest.raises(StreamError, match="accepted: a sample of a trend"):
        one.push(other)  # type: ignore[arg-type]


def test_a_type_checker_says_so_too() -> None:
    from typing import get_type_hints

    assert get_type_hints(TrendFilter.push)["sample"] is TrendSample


def test_time_goes_forward() -> None:
    one = TrendFilter(DeadbandRule(1.0, S, S))
    one.push(TrendSample(5, 60.0))
    for at_ns in (5, 4, -1):
        with pytest.raises(StreamError, match="accepted: one after 5 ns"):
            one.push(TrendSample(at_ns, 60.0))


@pytest.mark.parametrize("deadband", [-1.0, float("nan"), float("inf")])
def test_a_rule_promises_something(deadband: float) -> None:
    with pytest.raises(StreamError, match="accepted: 0 or more, finite"):
        DeadbandRule(deadband, S, S)
    for heartbeat_ns, interval_ns in ((S, 2 * S), (S, 0), (0, 0)):
        with pytest.raises(StreamError, match="a heartbeat that is not shorter"):
            DeadbandRule(1.0, heartbeat_ns, interval_ns)
