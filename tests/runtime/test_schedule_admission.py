"""One more task is admitted on proof, or refused with figures; a refusal changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import ScheduleError
from edgeward.process.schedule.admission import (
    Admitted,
    Policy,
    Reason,
    Refused,
    Scheduling,
    admit,
)
from edgeward.process.schedule.task import TIME_MAX_NS, Task, TaskSet

MS = 1_000_000
RUNNING = TaskSet(
    (
        Task("alarm", 10 * MS, 5 * MS, 1 * MS, priority=90),
        Task("filter", 20 * MS, 20 * MS, 6 * MS, priority=50),
    )
)
DECLARED = Policy(Scheduling.DECLARED)
EARLIEST = Policy(Scheduling.EARLIEST_DEADLINE)


def model(wcet_ms: int, deadline_ms: int = 40, **more: int) -> Task:
    return Task("model", 50 * MS, deadline_ms * MS, wcet_ms * MS, **{"priority": 10, **more})


def refused(found: Admitted | Refused) -> Refused:
    assert isinstance(found, Refused)
    return found


def test_what_fits_is_admitted_with_its_response_times() -> None:
    found = admit(RUNNING, model(20), DECLARED)
    assert isinstance(found, Admitted)
    assert found.tasks == RUNNING.with_task(model(20))
    # 20 -> 20 + 2 + 6 = 28 -> 20 + 3 + 12 = 35 -> 20 + 4 + 12 = 36 -> 36
    assert [each.response_ns for each in found.responses] == [1 * MS, 7 * MS, 36 * MS]


def test_what_is_late_is_refused_with_who_when_and_what_would_do() -> None:
    found = refused(admit(RUNNING, model(25), DECLARED))
    assert found.reason is Reason.DEADLINE_MISSED
    # 25 -> 34 -> 41 -> 48 -> 48; up to 40 ms there is room for 40 - 4 - 12 = 24
    assert (found.task, found.response_ns, found.deadline_ns) == ("model", 48 * MS, 40 * MS)
    assert found.largest_wcet_ns == 24 * MS
    assert found.text == (
        "task 'model' would answer after 48000000 ns; due 40000000 ns;"
        " 'model' would fit with at most 24000000 ns a job"
    )


def test_a_candidate_may_not_make_another_task_late() -> None:
    found = refused(admit(RUNNING, model(20, priority=99), DECLARED))
    assert found.task == "alarm"
    assert found.largest_wcet_ns == 4 * MS  # 5 ms are due, 1 ms the alarm needs itself


def test_a_candidate_that_cannot_be_preempted_makes_others_late() -> None:
    """The same job on a thread of its own is admitted; on the alarm's thread it is not."""
    assert isinstance(admit(RUNNING, model(20), DECLARED), Admitted)
    found = refused(admit(RUNNING, model(20, section_ns=20 * MS), DECLARED))
    assert (found.task, found.response_ns) == ("alarm", 21 * MS)
    assert found.largest_wcet_ns == 4 * MS


def test_earliest_deadline_first_admits_what_the_declared_order_does_not() -> None:
    found = admit(RUNNING, model(24, priority=99), EARLIEST)
    assert isinstance(found, Admitted)
    late = refused(admit(RUNNING, model(27), EARLIEST))
    assert late.reason is Reason.DEADLINE_MISSED
    assert late.deadline_ns is not None
    assert late.response_ns is not None
    assert late.response_ns > late.deadline_ns
    assert "would answer after at least" in late.text
    # in 40 ms: alarm due at 5, 15, 25, 35; filter at 20, 40
    assert late.largest_wcet_ns == (40 - 4 - 12) * MS


def test_overload_is_told_as_a_share_of_the_core() -> None:
    found = refused(admit(RUNNING, model(32), replace(DECLARED, capacity_percent=60)))
    assert found.reason is Reason.OVERLOAD
    assert found.text.startswith("the tasks need 104.0 % of a core; 60 % is granted;")
    assert found.task is None


def test_half_a_core_is_half_as_fast_and_withheld_for_a_while() -> None:
    policy = Policy(Scheduling.DECLARED, capacity_percent=50, withheld_ns=20 * MS)
    alone = Task("a", 100 * MS, 40 * MS, 10 * MS, priority=1)
    found = admit(TaskSet(), alone, policy)
    assert isinstance(found, Admitted)
    assert found.responses[0].response_ns == 40 * MS
    assert found.tasks.tasks == (alone,), "the figures of the policy stay out of the tasks"
    assert isinstance(admit(TaskSet(), replace(alone, wcet_ns=10 * MS + 1), policy), Refused)


def test_half_a_core_locks_twice_as_long() -> None:
    policy = Policy(Scheduling.DECLARED, capacity_percent=50)
    low = Task("low", 200, 200, 20, section_ns=7, priority=1)
    found = admit(TaskSet((low,)), Task("high", 100, 100, 5, blocking_ns=3, priority=2), policy)
    assert isinstance(found, Admitted)
    assert [each.response_ns for each in found.responses] == [50, 2 * (7 + 3 + 5)]


@pytest.mark.slow
def test_a_miss_that_is_known_goes_before_a_doubt() -> None:
    awkward = TaskSet(
        (
            Task("a", 999_999_937, 999_999_937, 499_999_968, priority=3),
            Task("b", 1_000_000_007, TIME_MAX_NS, 500_000_003, priority=2),
        )
    )
    found = refused(admit(awkward, Task("c", 10**15, 5, 10, priority=1), DECLARED))
    assert found.reason is Reason.DEADLINE_MISSED
    assert found.text.startswith("task 'c' would answer after at least 10 ns; due 5 ns;")


def test_overhead_and_kernel_count_for_each_job() -> None:
    policy = Policy(Scheduling.DECLARED, overhead_ns=10, os_blocking_ns=5)
    tasks = TaskSet((Task("a", 100, 100, 20, priority=2),))
    found = admit(tasks, Task("b", 200, 200, 30, priority=1), policy)
    assert isinstance(found, Admitted)
    assert [each.response_ns for each in found.responses] == [35, 5 + 40 + 30]


@pytest.mark.parametrize("scheduling", [Scheduling.DEADLINE_MONOTONIC, Scheduling.OPTIMAL])
def test_priorities_are_given_where_the_policy_gives_them(scheduling: Scheduling) -> None:
    found = admit(RUNNING, model(20, priority=99), Policy(scheduling))
    assert isinstance(found, Admitted)
    assert [task.priority for task in found.tasks] == [3, 2, 1]


def test_the_best_order_admits_what_the_order_by_deadline_does_not() -> None:
    running, candidate = TaskSet((Task("a", 2, 4, 1),)), Task("b", 6, 5, 3)
    assert isinstance(admit(running, candidate, Policy(Scheduling.DEADLINE_MONOTONIC)), Refused)
    assert isinstance(admit(running, candidate, Policy(Scheduling.OPTIMAL)), Admitted)


def test_a_name_runs_once() -> None:
    found = refused(admit(RUNNING, replace(model(1), name="alarm"), DECLARED))
    assert found.reason is Reason.NAME_TAKEN


def test_a_declared_order_needs_every_priority() -> None:
    found = refused(admit(RUNNING, replace(model(1), priority=None), DECLARED))
    assert found.reason is Reason.NOT_ACCEPTABLE
    assert "task 'model': no priority" in found.text


def test_nothing_is_offered_where_the_running_tasks_are_late_already() -> None:
    late = TaskSet((Task("a", 10, 4, 3, priority=3), Task("b", 10, 4, 3, priority=2)))
    found = refused(admit(late, Task("c", 100, 100, 1, priority=1), DECLARED))
    assert (found.task, found.largest_wcet_ns) == ("b", 0)
    assert found.text.endswith("'c' would fit not even with 1 ns a job")


@pytest.mark.slow
@pytest.mark.parametrize("policy", [DECLARED, EARLIEST, Policy(Scheduling.OPTIMAL)])
def test_what_takes_too_long_to_prove_is_refused(policy: Policy) -> None:
    running = TaskSet((Task("a", 999_999_937, 999_999_937, 499_999_968, priority=2),))
    awkward = Task("b", 1_000_000_007, TIME_MAX_NS, 500_000_003, priority=1)
    found = admit(running, awkward, policy)
    if policy is EARLIEST:  # the demand is far below its bound: few steps prove it
        assert isinstance(found, Admitted)
        return
    assert refused(found).reason is Reason.UNDECIDED
    assert 0 < refused(found).largest_wcet_ns < awkward.wcet_ns
    assert "as far as there was time to look" in refused(found).text or policy is DECLARED


def test_every_fault_of_a_policy_is_told() -> None:
    with pytest.raises(ScheduleError) as caught:
        Policy(Scheduling.DECLARED, capacity_percent=0, overhead_ns=-1)
    assert caught.value.faults == (
        "policy: capacity_percent = 0: expected a whole number from 1 to 100",
        f"policy: overhead_ns = -1: expected a whole number from 0 to {TIME_MAX_NS}",
    )


rows = st.lists(
    st.tuples(st.integers(3, 30), st.integers(1, 40), st.integers(1, 8)), min_size=1, max_size=4
)


@given(rows, st.sampled_from(Scheduling), st.integers(40, 100))
def test_what_is_offered_is_admitted_and_one_more_is_not(
    drawn: list[tuple[int, int, int]], scheduling: Scheduling, share: int
) -> None:
    policy = Policy(scheduling, capacity_percent=share, overhead_ns=1)
    *running, candidate = (
        Task(f"t{number}", *row, priority=number) for number, row in enumerate(drawn)
    )
    current = TaskSet(tuple(running))
    found = admit(current, candidate, policy)
    if isinstance(found, Admitted):
        assert all(each.verdict == "meets" for each in found.responses)
        return
    assert 0 <= found.largest_wcet_ns < candidate.wcet_ns
    if found.largest_wcet_ns:
        offered = replace(candidate, wcet_ns=found.largest_wcet_ns)
        assert isinstance(admit(current, offered, policy), Admitted)
    one_more = replace(candidate, wcet_ns=found.largest_wcet_ns + 1)
    assert isinstance(admit(current, one_more, policy), Refused)
