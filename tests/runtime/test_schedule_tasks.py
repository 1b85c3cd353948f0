"""Tasks and sets are refused with every fault; textbook sets have the figures of the textbook."""

import itertools
from dataclasses import replace

import pytest
import schedule_oracle as oracle
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import ScheduleError
from edgeward.process.schedule.edf import demand
from edgeward.process.schedule.fixed_priority import first_miss, responses
from edgeward.process.schedule.priority import deadline_monotonic, optimal
from edgeward.process.schedule.task import TASKS_MAX, TIME_MAX_NS, Task, TaskSet
from edgeward.process.schedule.work import Verdict, Work


def tasks(*rows: tuple[int, int, int], **more: int) -> TaskSet:
    """Rows of period, deadline and worst case, the most urgent first."""
    return TaskSet(
        tuple(
            Task(f"t{number}", *row, priority=len(rows) - number, **more)
            for number, row in enumerate(rows)
        )
    )


def found_ns(of: TaskSet) -> list[int | None]:
    return [each.response_ns for each in responses(of)]


def test_every_fault_of_a_task_is_told_with_what_is_accepted() -> None:
    with pytest.raises(ScheduleError) as caught:
        Task("", 0, True, -1, jitter_ns=TIME_MAX_NS + 1, priority=1.5)  # type: ignore[arg-type]
    assert len(caught.value.faults) == 6
    told = caught.value.diagnostics()
    assert "period_ns = 0: expected a whole number of ns from 1 to" in told
    assert "jitter_ns = 31622400000000001: expected a whole number of ns from 0 to" in told
    assert "priority = 1.5" in told


def test_a_section_is_part_of_a_job() -> None:
    with pytest.raises(ScheduleError, match="section_ns = 3: expected at most wcet_ns = 2 ns"):
        Task("a", 10, 10, 2, section_ns=3)
    assert Task("a", 10, 10, 2, section_ns=2).section_ns == 2


def test_a_set_has_each_name_once_and_an_end() -> None:
    task = Task("a", 10, 10, 1)
    with pytest.raises(ScheduleError) as caught:
        TaskSet((task,) * (TASKS_MAX + 1))
    assert caught.value.faults == (
        "task 'a': 65 tasks of this name; expected one",
        "65 tasks; expected at most 64 on one core",
    )


def test_a_task_of_another_name_is_not_there() -> None:
    with pytest.raises(ScheduleError, match="task 'b': not there"):
        TaskSet((Task("a", 10, 10, 1),)).named("b")


def test_a_response_needs_priorities() -> None:
    with pytest.raises(ScheduleError, match="task 'a': no priority"):
        responses(TaskSet((Task("a", 10, 10, 1),)))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Burns and Wellings: 5 -> 11 -> 14 -> 17 -> 20 for the third task
        ([(7, 7, 3), (12, 12, 3), (20, 20, 5)], [3, 6, 20]),
        # the same book: utilisation 1 with harmonic periods, 40 -> 60 -> 75 -> 80
        ([(20, 20, 5), (40, 40, 10), (80, 80, 40)], [5, 15, 80]),
        # Lehoczky 1990: jobs of the second answer after 114 102 116 104 118 106 94
        ([(70, 70, 26), (100, 200, 62)], [26, 118]),
    ],
)
def test_textbook_response_times(rows: list[tuple[int, int, int]], expected: list[int]) -> None:
    assert found_ns(tasks(*rows)) == expected


def test_jitter_and_blocking_by_hand() -> None:
    urgent = Task("urgent", 10, 10, 3, jitter_ns=4, blocking_ns=2, priority=2)
    late = Task("late", 50, 50, 4, priority=1)  # 4 + ceil((7 + 4) / 10) * 3 = 10
    assert found_ns(TaskSet((urgent, late))) == [4 + 2 + 3, 10]


def test_a_less_urgent_section_blocks_and_a_more_urgent_one_does_not() -> None:
    low = Task("low", 100, 100, 20, section_ns=7, priority=1)
    high = Task("high", 50, 50, 5, section_ns=5, priority=2)
    assert found_ns(TaskSet((low, high))) == [25, 12]


def test_one_thread_in_turn_as_on_a_can_bus() -> None:
    """Davis, Burns, Bril and Lukkien 2007: the third message is late in its second busy slot."""
    rows = [("A", 250, 250), ("B", 350, 325), ("C", 350, 325)]
    bus = TaskSet(
        tuple(
            Task(name, period, deadline, 100, section_ns=100, priority=3 - number)
            for number, (name, period, deadline) in enumerate(rows)
        )
    )
    worst = oracle.simulate(oracle.together(bus), oracle.by_priority)
    assert worst["C"] == 350
    last = responses(bus)[2]
    assert last.verdict is Verdict.MISSES
    assert last.at_least_ns >= 350


def test_more_work_than_a_core_has_no_worst_response_time() -> None:
    overloaded = tasks((10, 10, 6), (10, 1_000, 5))
    assert [each.verdict for each in responses(overloaded)] == [Verdict.MEETS, Verdict.UNBOUNDED]
    assert found_ns(overloaded) == [6, None]
    assert demand(overloaded).verdict is Verdict.UNBOUNDED


def test_a_full_core_with_jitter_has_an_answer() -> None:
    """The busy period never ends; one hyperperiod tells it all."""
    full = tasks((2, 9, 1), (4, 9, 2), jitter_ns=1)
    assert [each.verdict for each in responses(full)] == [Verdict.MEETS, Verdict.MEETS]


@pytest.mark.slow
def test_what_takes_too_long_is_undecided_and_not_admitted() -> None:
    awkward = tasks(
        (999_999_937, 999_999_937, 499_999_968), (1_000_000_007, TIME_MAX_NS, 500_000_003)
    )
    assert [each.verdict for each in responses(awkward)] == [Verdict.MEETS, Verdict.UNDECIDED]
    assert first_miss(awkward, Work()) is awkward.tasks[1]
    assert demand(awkward, Work(10)).verdict is Verdict.UNDECIDED


def test_the_demand_by_hand() -> None:
    fits = tasks((6, 4, 2), (8, 5, 2), (9, 7, 3))  # h(16) = 6 + 4 + 6 = 16 is the tightest
    assert demand(fits).verdict is Verdict.MEETS
    late = demand(tasks((10, 4, 3), (10, 4, 3)))
    assert (late.verdict, late.at_ns, late.demand_ns) == (Verdict.MISSES, 4, 6)
    assert late.response_ns == 6


def test_no_tasks_meet_all_deadlines() -> None:
    assert demand(TaskSet()).verdict is Verdict.MEETS
    assert responses(TaskSet()) == ()


def test_the_shorter_deadline_is_more_urgent() -> None:
    ordered = deadline_monotonic(tasks((10, 9, 1), (10, 5, 1), (10, 7, 1)))
    assert [task.priority for task in ordered] == [1, 3, 2]
    patient = Task("t0", 10, 9, 1, jitter_ns=5)  # once it is released 4 are left
    ordered = deadline_monotonic(TaskSet((patient, *ordered.tasks[1:])))
    assert [task.priority for task in ordered] == [3, 2, 1]


def test_an_order_by_deadline_is_not_the_best_with_deadlines_beyond_the_period() -> None:
    """By deadline b answers after 6 where 5 is due; the other way round after 3, and a after 4."""
    both = TaskSet((Task("a", 2, 4, 1), Task("b", 6, 5, 3)))
    assert found_ns(deadline_monotonic(both)) == [1, 6]
    best = optimal(both, Work())
    assert best is not None
    assert [task.priority for task in best] == [1, 2]
    assert found_ns(best) == [4, 3]


def test_no_order_is_made_up_where_none_does() -> None:
    assert optimal(tasks((10, 4, 3), (10, 4, 3)), Work()) is None


small = st.integers(1, 12)
rows = st.lists(st.tuples(st.integers(3, 12), st.integers(1, 20), small), min_size=1, max_size=4)


def worst(of: TaskSet) -> list[float]:
    return [float("inf") if each is None else each for each in found_ns(of)]


@given(rows, st.sampled_from(["wcet_ns", "jitter_ns", "blocking_ns"]), st.data())
def test_more_of_anything_bad_never_helps(
    drawn: list[tuple[int, int, int]], field: str, data: st.DataObject
) -> None:
    before = tasks(*drawn)
    place = data.draw(st.integers(0, len(drawn) - 1))
    worse = [*before]
    worse[place] = replace(worse[place], **{field: getattr(worse[place], field) + 1})
    after = TaskSet(tuple(worse))
    assert all(new >= old for new, old in zip(worst(after), worst(before), strict=True))
    if demand(before).verdict is not Verdict.MEETS:
        assert demand(after).verdict is not Verdict.MEETS


@given(rows)
def test_leaving_one_out_or_waiting_longer_never_hurts(drawn: list[tuple[int, int, int]]) -> None:
    whole = tasks(*drawn)
    if demand(whole).verdict is Verdict.MEETS:
        for fewer in itertools.combinations(whole, len(whole) - 1):
            assert demand(TaskSet(fewer)).verdict is Verdict.MEETS
        patient = TaskSet(tuple(replace(task, deadline_ns=task.deadline_ns + 1) for task in whole))
        assert demand(patient).verdict is Verdict.MEETS
    assert worst(TaskSet(whole.tasks[:-1])) == worst(whole)[:-1]


@given(rows)
def test_what_fixed_priorities_can_do_earliest_deadline_first_can(
    drawn: list[tuple[int, int, int]],
) -> None:
    if first_miss(tasks(*drawn), Work()) is None:
        assert demand(tasks(*drawn)).verdict is Verdict.MEETS
