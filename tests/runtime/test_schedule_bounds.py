"""The textbook tests on utilisation: kept as warnings, because they admit what misses deadlines."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from edgeward.process.schedule import bounds
from edgeward.process.schedule.edf import demand
from edgeward.process.schedule.fixed_priority import first_miss, responses
from edgeward.process.schedule.task import Task, TaskSet
from edgeward.process.schedule.work import Verdict, Work

SHORT = TaskSet((Task("a", 10, 4, 3, priority=2), Task("b", 10, 4, 3, priority=1)))
"""60 % of a core; each is due 4 ns after it arrives, and the second ends after 6."""


def test_every_utilisation_test_accepts_a_set_that_misses_its_deadlines() -> None:
    assert bounds.within_liu_layland(SHORT)
    assert bounds.within_hyperbolic(SHORT)
    assert bounds.within_one_core(SHORT)
    assert [each.response_ns for each in responses(SHORT)] == [3, 6]
    assert first_miss(SHORT, Work()) is SHORT.tasks[1]
    assert demand(SHORT).verdict is Verdict.MISSES
    assert bounds.warnings(SHORT) == (
        "utilisation 60.0 % says nothing here: a deadline is shorter than its period",
    )


def test_harmonic_periods_are_refused_though_nothing_is_missed() -> None:
    full = TaskSet((Task("a", 10, 10, 5, priority=2), Task("b", 20, 20, 10, priority=1)))
    assert not bounds.within_hyperbolic(full)
    assert first_miss(full, Work()) is None
    assert bounds.warnings(full) == (
        "utilisation 100.0 % is over the hyperbolic bound: only an exact test can tell",
    )


def test_between_the_two_bounds() -> None:
    uneven = TaskSet((Task("a", 100, 100, 70), Task("b", 100, 100, 15)))  # 1.7 * 1.15 = 1.955
    assert bounds.warnings(uneven) == (
        "utilisation 85.0 % is over the bound of Liu and Layland, within the hyperbolic one",
    )


def test_more_than_a_core() -> None:
    over = TaskSet((Task("a", 10, 10, 9), Task("b", 9_999, 9_999, 1_001)))
    assert bounds.warnings(over) == ("utilisation 100.1 %: more than one core does",)


def test_nothing_has_nothing_to_warn_of() -> None:
    assert bounds.within_liu_layland(TaskSet())
    assert bounds.warnings(TaskSet()) == ()


def test_a_share_is_never_shown_as_less_than_it_is() -> None:
    assert bounds.percent(Fraction(2, 3)) == "66.7"
    assert bounds.percent(Fraction(1, 2)) == "50.0"


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=5))
def test_the_bounds_are_right_where_each_deadline_is_the_period(
    rows: list[tuple[int, int]],
) -> None:
    tasks = TaskSet(
        tuple(
            Task(f"t{number}", period, period, wcet, priority=-period)
            for number, (period, wcet) in enumerate(rows)
        )
    )
    if bounds.within_liu_layland(tasks):
        assert bounds.within_hyperbolic(tasks)
    if bounds.within_hyperbolic(tasks) and len({period for period, _ in rows}) == len(rows):
        assert first_miss(tasks, Work()) is None
    assert bounds.within_one_core(tasks) == (demand(tasks).verdict is Verdict.MEETS)
