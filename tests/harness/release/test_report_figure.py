"""Drawings of distributions: true to the numbers, readable, and safe against any record."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.judge import Sample, Verdict, judge_percentile
from edgeward_harness.report.figure import Figure, figure_for
from edgeward_harness.report.numbers import duration, instant, number, observation, quantity
from edgeward_harness.report.scale import scale_for

FINITE = st.floats(-1e12, 1e12, allow_nan=False).filter(lambda x: x == 0.0 or abs(x) > 1e-9)


def measured(values: list[float], limit: float = 50.0) -> Measurement:
    judged = judge_percentile(Sample(values, [0.0] * len(values)), 0.99, limit)
    return Measurement.of("delay", "REQ-LAT-002", judged)


def drawn(values: list[float], limit: float = 50.0) -> Figure:
    figure = figure_for(measured(values, limit))
    assert figure is not None
    return figure


def test_values_within_and_beyond_the_budget_are_told_apart() -> None:
    assert drawn([1.0, 2.0, 3.0] * 100).beyond == ""
    late = drawn([1.0, 2.0, 3.0] * 100 + [80.0])
    assert late.beyond.startswith("M")
    assert late.within.startswith("M")


def test_the_budget_lies_right_of_what_keeps_it() -> None:
    figure = drawn([1.0, 2.0, 3.0] * 100)
    places = {mark.tag: mark.x for mark in figure.marks}
    assert places["p50"] < places["p99"] <= places["max"] < places["budget"]
    assert figure.budget_x == places["budget"]


def test_a_wide_range_asks_for_a_logarithmic_axis_and_a_narrow_one_does_not() -> None:
    assert drawn([1.0, 2.0, 4.0] * 100, limit=50.0).axis == "logarithmic axis"
    assert drawn([40.0, 41.0, 42.0] * 100, limit=50.0).axis == "linear axis"
    assert drawn([-1.0, 2.0, 4.0] * 100, limit=5.0).axis == "linear axis"


def test_differences_with_a_long_tail_are_readable_on_both_sides_of_zero() -> None:
    figure = drawn([-0.2, 0.1, 0.15] * 100 + [90.0], limit=10.0)
    assert figure.axis == "axis linear near 0, logarithmic beyond"
    places = {mark.tag: mark.x for mark in figure.marks}
    assert 5.0 < places["p50"] < 50.0 < places["budget"] < places["max"]
    assert 0.0 in [float(label) for _, label in figure.ticks]


def test_a_budget_far_off_a_linear_axis_is_an_arrow() -> None:
    figure = drawn([40.0, 41.0, 42.0] * 100, limit=100.0)
    assert figure.budget_x is None
    assert figure.far_budget == "100\u202fms"


def test_the_description_says_in_words_what_is_drawn() -> None:
    text = drawn([1.0, 2.0, 3.0] * 100).description
    for part in ("300 values from 1\u202fms to 3\u202fms", "median 2\u202fms", "budget 50\u202fms"):
        assert part in text


def test_a_single_value_can_be_drawn() -> None:
    assert drawn([7.0] * 300, limit=7.0).within


@settings(deadline=None, max_examples=60)
@given(st.lists(FINITE, min_size=1, max_size=60), FINITE)
def test_whatever_was_measured_stays_on_the_page(values: list[float], limit: float) -> None:
    figure = figure_for(measured(values, limit))
    assert figure is not None
    assert all(0.0 <= mark.x <= 100.0 for mark in figure.marks)
    assert all(0.0 <= x <= 100.0 for x, _ in figure.ticks)
    assert len(figure.ticks) <= 12


HOSTILE: list[dict[str, Any]] = [
    {},
    {"p50": 1.0},
    {"histogram": {"edges": [], "counts": []}},
    {"histogram": {"edges": [1.0, 2.0], "counts": [0]}},
    {"histogram": {"edges": [3.0, 2.0, 1.0], "counts": [1, 1]}},
    {"histogram": {"edges": [1.0, 2.0, 3.0], "counts": [1]}},
    {"histogram": {"edges": [-1e300, 1e300], "counts": [1]}},
    {"histogram": {"edges": [float(n) for n in range(2000)], "counts": [1] * 1999}},
]


@pytest.mark.parametrize("distribution", HOSTILE)
def test_a_record_that_cannot_be_drawn_is_not_drawn(distribution: dict[str, Any]) -> None:
    one = Measurement(
        "m", "", "ms", 3, "any", "x <= 1", 0.5, Verdict.PASSED, limit=1.0, distribution=distribution
    )
    assert figure_for(one) is None


def test_equal_edges_and_enormous_counts_are_drawn() -> None:
    distribution = {"histogram": {"edges": [1.0, 1.0, 1.0], "counts": [1, 2**63 - 1]}, "max": 1e99}
    one = Measurement(
        "m", "", "ms", 3, "any", "x <= 1", 0.5, Verdict.PASSED, distribution=distribution
    )
    figure = figure_for(one)
    assert figure is not None
    assert "nan" not in figure.within
    assert "inf" not in figure.within


@settings(deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=5), FINITE, st.none() | FINITE)
def test_places_keep_the_order_of_values(
    values: list[float], middle: float, budget: float | None
) -> None:
    scale = scale_for(values, middle, budget)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0.0 <= place <= 1.0 for place in places)
    ticks = scale.ticks()
    assert ticks == sorted(ticks)
    assert len(ticks) <= 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3, "3"),
        (4.1234, "4.12"),
        (0.00123, "0.00123"),
        (999.7, "1,000"),
        (1234.5, "1,234"),
        (100.25, "100"),
        (2e20, "2e+20"),
        (-3.456, "-3.46"),
        (1e-9, "1.00e-09"),
    ],
)
def test_numbers_are_written_in_three_figures(value: float, text: str) -> None:
    assert number(value) == text


def test_quantities_durations_and_instants_read_like_prose() -> None:
    assert quantity(4.1, "ms") == "4.10\u202fms"
    assert [quantity(value) for value in ("never", True, None)] == ["never", "yes", "none"]
    spans = (None, 5_000_000, 21_000_000_000, 149_000_000_000, 7_500_000_000_000)
    assert [duration(span) for span in spans] == [
        "unknown",
        "5\u202fms",
        "21\u202fs",
        "2\u202fmin 29\u202fs",
        "2\u202fh 5\u202fmin",
    ]
    assert instant("2026-03-02T09:14:07.120Z") == "2026-03-02 09:14:07 UTC"
    assert instant("yesterday") == "yesterday"


def test_failures_are_told_with_their_trials() -> None:
    one = Measurement("m", "", "1", 1000, "no failure", "none", 2.0, Verdict.FAILED, limit=0.0)
    assert observation(one) == "2\u00a0of\u00a01,000"
