"""Who goes first: priorities for tasks whose deadlines alone are given.

Rules:
1. Deadline monotonic (Leung and Whitehead 1982): the shorter the deadline, less the jitter, the
   more urgent. Where every task answers within its period and nobody is blocked, no other order
   meets deadlines that this one misses.
2. Beyond that (deadlines over the period, blocking) it may miss what another order meets. Audsley's
   assignment (1991) finds an order that the response-time analysis accepts whenever there is one:
   from the bottom up, any task that meets its deadline at a place may keep that place.
"""

from dataclasses import replace

from edgeward.process.schedule.fixed_priority import first_miss, meets
from edgeward.process.schedule.task import Task, TaskSet
from edgeward.process.schedule.work import Work


def deadline_monotonic(tasks: TaskSet) -> TaskSet:
    """Rule 1: the same tasks in the same order, with priorities from 1 (the least urgent) up."""
    return _numbered(tasks, sorted(tasks, key=_laxity, reverse=True))


def optimal(tasks: TaskSet, work: Work) -> TaskSet | None:
    """Rule 2: the same tasks with priorities that meet every deadline; None when no order does."""
    likely = deadline_monotonic(tasks)
    if first_miss(likely, work) is None:
        return likely
    waiting, placed = sorted(tasks, key=_laxity, reverse=True), list[Task]()
    while waiting:
        found = _lowest(waiting, placed, work)
        if found is None:
            return None
        placed.append(found)
        waiting.remove(found)
    return _numbered(tasks, placed)


def _laxity(task: Task) -> int:
    return task.deadline_ns - task.jitter_ns


def _lowest(waiting: list[Task], placed: list[Task], work: Work) -> Task | None:
    """A task that meets its deadline below all others that wait."""
    for task in waiting:
        urgent = [other for other in waiting if other is not task]
        if meets(task, urgent, placed, work):
            return task
    return None


def _numbered(tasks: TaskSet, upwards: list[Task]) -> TaskSet:
    rank = {task.name: place for place, task in enumerate(upwards, 1)}
    return TaskSet(tuple(replace(task, priority=rank[task.name]) for task in tasks))
