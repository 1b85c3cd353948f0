"""The parts of a figure drawn: true to the numbers, complete in words, safe against any record."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.judge import Judgement, Verdict
from edgeward_harness.report.forest import ROWS_SHOWN, Forest, Row, forest_for
from edgeward_harness.report.html import write_html
from edgeward_harness.report.json_writer import write_json
from edgeward_harness.report.numbers import observation, quantity


def sensitivity(*groups: Group, observed: float | str = 0.996, **changes: Any) -> Judgement:
    """A share that must be at least 0.99, pooled from these parts."""
    judged = Judgement(
        verdict=Verdict.PASSED,
        unit="1",
        n=sum(group.n for group in groups),
        method="patient-clustered lower bound",
        expected="sensitivity >= 0.99",
        observed=observed,
        confidence=0.95,
        limit=0.99,
        bound=0.993,
        groups=groups,
    )
    return replace(judged, **changes)


def drawn(judged: Judgement) -> Forest:
    forest = forest_for(Measurement.of("sensitivity", "", judged))
    assert forest is not None
    return forest


GOOD = Group("100", 2273, 0.9987, 0.996, 0.9995)
POOR = Group("207", 1860, 0.958, 0.947, 0.966, "flutter")
EMPTY = Group("102", 0, None, None, None, "no beats of this type")


def test_without_parts_there_is_nothing_to_draw() -> None:
    assert forest_for(Measurement.of("check", "", sensitivity())) is None


def test_a_part_beyond_the_limit_lies_on_its_far_side_and_is_counted() -> None:
    forest = drawn(sensitivity(GOOD, POOR, EMPTY))
    good, poor, empty = forest.rows
    assert forest.limit_x is not None
    assert good.x is not None
    assert poor.x is not None
    assert poor.x < forest.limit_x < good.x
    assert (good.beyond, poor.beyond, empty.beyond) == (False, True, False)
    assert forest.zone == (0.0, forest.limit_x)
    assert forest.legend[:4] == (
        "3 parts",
        "limit 0.990",
        "1 beyond it, which is not judged",
        "1 without a value",
    )


def test_where_less_is_better_the_far_side_is_the_other_one() -> None:
    rates = (Group("a", 3, 2.0, 0.4, 5.8), Group("b", 0, 0.0, 0.0, 1.2))
    forest = drawn(
        sensitivity(
            *rates,
            observed=0.8,
            unit="1/h",
            method="exact Poisson bound of the rate",
            expected="rate <= 1 1/h",
            limit=1.0,
            bound=1.5,
        )
    )
    assert [row.beyond for row in forest.rows] == [True, False]
    assert forest.zone is not None
    assert forest.zone[0] == forest.limit_x
    assert (forest.pooled.bounds, forest.pooled.beyond) == ("≤ 1.50", True)
    assert forest.unit == "1/h"


def test_a_point_lies_within_its_interval_and_grows_with_what_it_holds() -> None:
    forest = drawn(sensitivity(GOOD, replace(POOR, n=20)))
    for row in forest.rows:
        assert row.left is not None
        assert row.right is not None
        assert row.x is not None
        assert row.left < row.x < row.right
    assert forest.rows[0].size > forest.rows[1].size


def test_what_was_not_measured_is_not_drawn_and_is_said() -> None:
    rows = drawn(sensitivity(GOOD, EMPTY, Group("x", 2, 0.97, 0.95, None))).rows
    assert (rows[1].value, rows[1].bounds, rows[1].detail) == ("none", "", "no beats of this type")
    assert (rows[1].x, rows[1].left, rows[1].right) == (None, None, None)
    assert rows[2].bounds == "≥ 0.9500"
    assert rows[2].right == rows[2].x


def test_shares_are_told_apart_where_three_figures_would_not() -> None:
    rows = drawn(sensitivity(GOOD, Group("101", 1865, 0.9996, 0.9981, 1.0))).rows
    assert [row.value for row in rows] == ["0.9987", "0.9996"]
    assert rows[1].bounds == "0.9981 to 1.0000"


def test_the_axis_of_a_share_ends_where_shares_end() -> None:
    forest = drawn(sensitivity(GOOD, Group("x", 9, 0.01, 0.0, 1.0)))
    assert forest.legend[-1] == "linear axis"
    assert [label for _, label in forest.ticks] == ["0", "0.5", "1"]


def test_all_together_is_told_with_the_bound_that_is_judged() -> None:
    pooled = drawn(sensitivity(GOOD, POOR)).pooled
    assert (pooled.name, pooled.n, pooled.value) == ("All together", 4133, "0.9960")
    assert pooled.bounds == "≥ 0.9930"
    assert pooled.left is not None
    assert pooled.x is not None
    assert pooled.left < pooled.x == pooled.right
    assert drawn(sensitivity(EMPTY, observed="no values", bound=None)).pooled.value == "no values"


def test_few_parts_keep_their_order_and_of_many_the_worst_are_shown() -> None:
    few = [Group(f"{n}", 10, 1 - n / 1000, None, None) for n in range(ROWS_SHOWN)]
    assert [row.name for row in drawn(sensitivity(*few)).rows] == [one.name for one in few]
    many = [*few, Group("worst", 1, 0.5, None, None), EMPTY]
    forest = drawn(sensitivity(*many))
    assert [row.name for row in forest.rows][:2] == ["worst", "23"]
    assert [row.name for row in forest.folded] == ["0", "102"]
    assert "worst first" in forest.legend
    unsaid = drawn(sensitivity(*many, method="counted", expected="some", limit=None))
    assert [row.name for row in unsaid.folded] == ["worst", "102"]
    assert "worst first" not in unsaid.legend


NUMBERS = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 2**63 - 1), NUMBERS, NUMBERS, NUMBERS), min_size=1),
    NUMBERS,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["1", "%", "1/h", "ms"]),
)
def test_whatever_the_parts_are_they_stay_on_the_page(
    parts: list[tuple[int, float | None, float | None, float | None]],
    bound: float | None,
    limit: float | None,
    unit: str,
) -> None:
    groups = []
    for n, value, low, high in parts:
        ends = (high, low) if low is not None and high is not None and low > high else (low, high)
        groups.append(Group("a", n, value, *ends))
    forest = drawn(sensitivity(*groups, bound=bound, limit=limit, unit=unit))
    rows: list[Row] = [*forest.rows, *forest.folded, forest.pooled]
    assert len(rows) == len(groups) + 1
    for row in rows:
        assert all(x is None or 0.0 <= x <= 100.0 for x in (row.x, row.left, row.right))
        assert "nan" not in row.value + row.bounds
    assert all(0.0 <= x <= 100.0 for x, _ in forest.ticks)
    assert len(forest.ticks) <= 12


def story(lab: Any, *judged: Judgement) -> Any:
    told = lab.story()
    told.judgements["TC-LAT-001"] = [(f"part_{n}", one) for n, one in enumerate(judged)]
    return lab.report(told)


def test_the_page_shows_every_part_in_words_and_folds_what_is_too_much(lab: Any) -> None:
    many = [Group(f"rec-{n}", 10, 0.999, 0.99, 1.0, f"<b>{n}</b>") for n in range(100)]
    page = write_html(story(lab, sensitivity(GOOD, POOR, EMPTY), sensitivity(*many))).decode()
    for said in ("flutter", "no beats of this type", "0.947", "All together", "76 more parts"):
        assert said in page
    assert all(f">rec-{n}<" in page for n in range(100))
    assert "<b>99</b>" not in page
    assert page.count('<table class="forest">') == 3
    assert page.count('class="pooled') == 2


def test_the_twin_has_every_part_as_a_number(lab: Any) -> None:
    told = json.loads(write_json(story(lab, sensitivity(GOOD, EMPTY))))
    case = next(one for one in told["cases"] if one["id"] == "TC-LAT-001")
    (view,) = case["items"][0]["attempts"][0]["measurements"]
    assert view["measurement"]["groups"] == [
        {"name": "100", "n": 2273, "value": 0.9987, "low": 0.996, "high": 0.9995, "detail": ""},
        {"name": "102", "n": 0, "value": None, "low": None, "high": None,
         "detail": "no beats of this type"},
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "said"), [(0.83, "1/h", "0.830 per h"), (2, "1", "2")])
def test_a_rate_is_written_so_that_its_unit_is_no_digit(value: float, unit: str, said: str) -> None:
    assert quantity(value, unit) == said


def test_a_share_is_not_told_as_a_count_of_failures() -> None:
    assert observation(Measurement.of("s", "", sensitivity(GOOD, observed=1.0))) == "1"
