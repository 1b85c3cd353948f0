"""Both analyses against a core simulated job by job: they agree, or err on the safe side."""

import random
from dataclasses import replace
from itertools import permutations

import pytest
import schedule_oracle as oracle

from edgeward.process.schedule.edf import demand
from edgeward.process.schedule.fixed_priority import first_miss, responses
from edgeward.process.schedule.priority import deadline_monotonic, optimal
from edgeward.process.schedule.task import TaskSet
from edgeward.process.schedule.work import Verdict, Work

QUICK, ALL = 500, 10_000
SIZES = [pytest.param(QUICK, id="quick"), pytest.param(ALL, id="all", marks=pytest.mark.slow)]


def met(tasks: TaskSet, worst: dict[str, int]) -> bool:
    return all(worst[task.name] <= task.deadline_ns for task in tasks)


@pytest.mark.parametrize("deadlines", ["constrained", "arbitrary"])
@pytest.mark.parametrize("count", SIZES)
def test_response_times_are_those_of_the_simulated_core(count: int, deadlines: str) -> None:
    draw, seen = random.Random(f"fixed {deadlines}"), {True: 0, False: 0}
    for _ in range(count):
        tasks = oracle.drawn(draw, deadlines=deadlines)
        if tasks.utilisation > 1:
            assert first_miss(tasks, Work()) is not None
            seen[False] += 1
            continue
        worst = oracle.simulate(oracle.together(tasks), oracle.by_priority)
        assert {each.task.name: each.response_ns for each in responses(tasks)} == worst, tasks
        assert (first_miss(tasks, Work()) is None) == met(tasks, worst), tasks
        seen[met(tasks, worst)] += 1
    assert min(seen.values()) > count // 10, "one of the two answers was hardly ever asked for"


@pytest.mark.parametrize("deadlines", ["constrained", "arbitrary"])
@pytest.mark.parametrize("count", SIZES)
def test_the_demand_fits_where_the_simulated_core_meets_all_deadlines(
    count: int, deadlines: str
) -> None:
    draw, seen = random.Random(f"deadline {deadlines}"), {True: 0, False: 0}
    for _ in range(count):
        tasks = oracle.drawn(draw, deadlines=deadlines)
        found = demand(tasks)
        if tasks.utilisation > 1:
            assert found.verdict is Verdict.UNBOUNDED
            seen[False] += 1
            continue
        worst = oracle.simulate(oracle.together(tasks), oracle.by_deadline)
        assert (found.verdict is Verdict.MEETS) == met(tasks, worst), tasks
        seen[met(tasks, worst)] += 1
        if found.task is not None and found.response_ns is not None:
            assert max(worst[task.name] - task.deadline_ns for task in tasks) >= (
                found.response_ns - found.task.deadline_ns
            ), "told a lateness that does not occur"
    assert min(seen.values()) > count // 10, "one of the two answers was hardly ever asked for"


@pytest.mark.parametrize("urgency", [oracle.by_priority, oracle.by_deadline])
@pytest.mark.parametrize("deadlines", ["constrained", "arbitrary"])
@pytest.mark.parametrize("count", SIZES)
def test_no_drawn_jitter_section_or_kernel_makes_a_promise_wrong(
    count: int, deadlines: str, urgency: oracle.Urgency
) -> None:
    draw, promised = random.Random(f"adversary {deadlines}"), 0
    for _ in range(count):
        drawn = oracle.drawn(draw, deadlines=deadlines, jitter=True, sections=True, most=0.6)
        kernel_ns = draw.choice((0, 1, 3))
        tasks = TaskSet(tuple(replace(task, blocking_ns=kernel_ns) for task in drawn))
        if urgency is oracle.by_deadline:
            bound = {task.name: task.deadline_ns for task in tasks}
            if demand(tasks).verdict is not Verdict.MEETS:
                continue
        else:
            found = {each.task.name: each.response_ns for each in responses(tasks)}
            bound = {name: each for name, each in found.items() if each is not None}
        promised += 1
        jobs = oracle.adversarial(tasks, draw, horizon=240, kernel_ns=kernel_ns)
        worst = oracle.simulate(jobs, urgency)
        assert all(worst.get(name, 0) <= each for name, each in bound.items()), (tasks, worst)
    assert promised > count // 20


def test_jitter_is_reached_where_all_of_it_falls_on_one_instant() -> None:
    draw, reached = random.Random("reached"), 0
    for _ in range(QUICK):
        tasks = oracle.drawn(draw, jitter=True)
        found = {each.task.name: each.response_ns for each in responses(tasks)}
        worst = oracle.simulate(oracle.adversarial(tasks, draw, horizon=240), oracle.by_priority)
        reached += any(found[name] == worst.get(name) for name in found)
    assert reached > QUICK // 2, "the bound is far from what occurs, or the adversary is lame"


def test_an_order_is_found_whenever_one_of_all_orders_does() -> None:
    draw, found_beyond = random.Random("order"), 0
    for _ in range(QUICK // 2):
        drawn = oracle.drawn(draw, deadlines="arbitrary", jitter=True, sections=True)
        tasks = TaskSet(drawn.tasks[:4])
        orders = (
            TaskSet(
                tuple(replace(task, priority=rank) for task, rank in zip(tasks, order, strict=True))
            )
            for order in permutations(range(len(tasks)))
        )
        possible = any(first_miss(order, Work()) is None for order in orders)
        best = optimal(tasks, Work())
        assert (best is not None) == possible, tasks
        if best is not None:
            assert first_miss(best, Work()) is None
            assert [replace(task, priority=0) for task in best] == [
                replace(task, priority=0) for task in tasks
            ]
            found_beyond += first_miss(deadline_monotonic(tasks), Work()) is not None
    assert found_beyond > 0, "deadline monotonic was never beaten: the draw is too easy"
