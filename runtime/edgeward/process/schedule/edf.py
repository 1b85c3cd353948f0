"""Earliest deadline first: processor-demand analysis, for any deadline, exact without sections.

Rules (Baruah, Rosier and Howell 1990; Spuri 1996; Zhang and Burns 2009 for the way through):
1. All deadlines are met if, and only if, for every t the work that arrives and is due within t fits
   into t: `h(t) = B(t) + sum of max(0, floor((t + J - D) / T) + 1) C <= t`.
2. B(t) is the longest declared blocking of a task with a deadline in t, plus the longest section
   that a task due after t may have begun.
3. Only t up to a bound matter: where the linear bound of h falls below t for good, or one
   hyperperiod after the last first deadline. At a utilisation over 1 nothing has to be looked at.
4. The way is QPA: from the bound downwards, t becomes h(t) while h(t) < t, and else the next
   earlier deadline. What lies between is proven because h never falls: where a section no longer
   counts, the whole job it belongs to does.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from edgeward.process.schedule.task import Task, TaskSet
from edgeward.process.schedule.work import OutOfWorkError, Verdict, Work


@dataclass(frozen=True, slots=True)
class Demand:
    """Whether all deadlines are met; if not, where they are not."""

    verdict: Verdict
    task: Task | None = None
    """The task that ends too late, when one is known."""
    at_ns: int = 0
    """The instant after the common release by which the demand must be done."""
    demand_ns: int = 0
    """What must be done by then."""

    @property
    def response_ns(self) -> int | None:
        """A response time of it that occurs if the longest blocking does; None without a task."""
        if self.task is None:
            return None
        return self.task.deadline_ns + self.demand_ns - self.at_ns


def demand(tasks: TaskSet, work: Work | None = None) -> Demand:
    """Rules 1 to 4."""
    if not len(tasks):
        return Demand(Verdict.MEETS)
    if tasks.utilisation > 1:  # rule 3
        return Demand(Verdict.UNBOUNDED)
    try:
        return _walk(tasks, Work() if work is None else work)
    except OutOfWorkError:
        return Demand(Verdict.UNDECIDED)


def _first_due_ns(task: Task) -> int:
    """The earliest deadline after the common release: the first job has used up its jitter."""
    return task.deadline_ns - task.jitter_ns


def _demand_ns(tasks: TaskSet, at_ns: int) -> int:
    """h(t) of rule 1 with B(t) of rule 2."""
    due_ns, blocking_ns, section_ns = 0, 0, 0
    for task in tasks:
        jobs = (at_ns - _first_due_ns(task)) // task.period_ns + 1
        if jobs > 0:
            due_ns += jobs * task.wcet_ns
            blocking_ns = max(blocking_ns, task.blocking_ns)
        if task.deadline_ns > at_ns:
            section_ns = max(section_ns, task.section_ns)
    return due_ns + blocking_ns + section_ns if due_ns else 0


def _bound_ns(tasks: TaskSet) -> int:
    """Rule 3: no t from here on can break rule 1 unless an earlier one does."""
    last_ns = max(task.deadline_ns for task in tasks)
    bound_ns = last_ns + lcm(*(task.period_ns for task in tasks))
    left = 1 - tasks.utilisation
    if left:
        ahead_ns = sum(
            (task.utilisation * (task.period_ns - _first_due_ns(task)) for task in tasks),
            Fraction(max(task.blocking_ns for task in tasks)),
        )
        bound_ns = min(bound_ns, max(last_ns, int(ahead_ns / left) + 1))
    return bound_ns + 1


def _last_due(tasks: TaskSet, before_ns: int) -> tuple[int, Task] | None:
    """The last deadline before an instant, and whose it is."""
    found = [
        (first_ns + (before_ns - 1 - first_ns) // task.period_ns * task.period_ns, task)
        for task in tasks
        if (first_ns := _first_due_ns(task)) < before_ns
    ]
    return max(found, key=lambda due: due[0]) if found else None


def _walk(tasks: TaskSet, work: Work) -> Demand:
    """Rule 4."""
    before_ns = _bound_ns(tasks)
    while True:
        work.spend(2 * len(tasks))
        due = _last_due(tasks, before_ns)
        if due is None:
            return Demand(Verdict.MEETS)
        at_ns, task = due
        demand_ns = _demand_ns(tasks, at_ns)
        if demand_ns > at_ns:
            return Demand(Verdict.MISSES, task, at_ns, demand_ns)
        before_ns = min(at_ns, demand_ns)  # at an instant that is its own demand, rule 1 holds
