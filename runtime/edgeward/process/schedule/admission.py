"""Whether one more task may run on this core: proven before it is installed, or refused.

Rules:
1. The tasks that run are judged together with the candidate, each job with the overhead that the
   operating system adds to it. Admitted is only what an exact analysis proves.
2. A core of which only a share is granted is slower and may be withheld for a while: every time on
   the core is divided by the share, and the longest time without it is blocking.
3. What is refused changes nothing. A refusal names the task that would be late, by how much, and
   the longest execution time of the candidate that would still be admitted (0: none would).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction

from edgeward.errors import ScheduleError
from edgeward.process.schedule import bounds, edf, priority
from edgeward.process.schedule.fixed_priority import Response, first_miss, responses
from edgeward.process.schedule.task import TIME_MAX_NS, Task, TaskSet
from edgeward.process.schedule.work import WORK_MAX, Verdict, Work


class Scheduling(StrEnum):
    """Who runs next, and who decides it."""

    DECLARED = "declared"
    """Fixed priorities, as the tasks state them."""
    DEADLINE_MONOTONIC = "deadline_monotonic"
    """Fixed priorities, given anew by deadline."""
    OPTIMAL = "optimal"
    """Fixed priorities, given anew so that all deadlines are met if any order does that."""
    EARLIEST_DEADLINE = "earliest_deadline"
    """Earliest deadline first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the core is shared, and what its operating system takes."""

    scheduling: Scheduling
    capacity_percent: int = 100
    """The share of the core that these tasks may use."""
    withheld_ns: int = 0
    """The longest time in which none of that share is given. For a quota in each period of a
    control group: twice what the period leaves over the quota."""
    overhead_ns: int = 0
    """What the operating system adds to each job, such as two context switches."""
    os_blocking_ns: int = 0
    """The longest time in which the kernel lets nobody run. What recurs is a task of its own."""

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ScheduleError: with every fault.
        """
        faults = []
        for field in fields(self)[1:]:
            found = getattr(self, field.name)
            least, most = (1, 100) if field.name == "capacity_percent" else (0, TIME_MAX_NS)
            whole = isinstance(found, int) and not isinstance(found, bool)
            if not whole or not least <= found <= most:
                faults.append(
                    f"policy: {field.name} = {found!r:.40}:"
                    f" expected a whole number from {least} to {most}"
                )
        if faults:
            raise ScheduleError(faults)


class Reason(StrEnum):
    """Why a candidate is refused."""

    NAME_TAKEN = "name_taken"
    NOT_ACCEPTABLE = "not_acceptable"
    """The tasks cannot be analysed together: a missing priority, or too many."""
    OVERLOAD = "overload"
    """More work than the share of the core."""
    DEADLINE_MISSED = "deadline_missed"
    UNDECIDED = "undecided"
    """No deadline is known to be missed, but the proof would take too long to find."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The candidate may run."""

    tasks: TaskSet
    """All tasks as they were given, with the priorities they must now get."""
    responses: tuple[Response, ...]
    """Of each task with the policy's overheads in it; empty for earliest deadline first."""
    warnings: tuple[str, ...]
    """What the textbook tests would have said; the proof stands beside them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The candidate must not run; nothing has changed."""

    reason: Reason
    text: str
    task: str | None
    """The task that would end too late, when one is known."""
    response_ns: int | None
    """A response time of it that would occur."""
    deadline_ns: int | None
    largest_wcet_ns: int
    """The longest execution time of the candidate that would be admitted; 0 when none would."""


def admit(current: TaskSet, candidate: Task, policy: Policy) -> Admitted | Refused:
    """Judge the candidate beside the tasks that run (rules 1 to 3)."""
    if candidate.name in current.names():
        text = f"a task {candidate.name!r} runs already; expected another name"
        return Refused(Reason.NAME_TAKEN, text, candidate.name, None, None, 0)
    try:
        found = _judge(current.with_task(candidate), policy)
    except ScheduleError as error:
        return Refused(Reason.NOT_ACCEPTABLE, str(error), None, None, None, 0)
    if isinstance(found, Admitted):
        return found
    work = Work(4 * WORK_MAX)
    largest_ns = _largest_wcet_ns(
        candidate.wcet_ns, lambda wcet_ns: _fits(current, candidate, wcet_ns, policy, work)
    )
    would = f"with at most {largest_ns}" if largest_ns else "not even with 1"
    unsure = ", as far as there was time to look" if work.left < 0 else ""
    text = f"{found.text}; {candidate.name!r} would fit {would} ns a job{unsure}"
    return replace(found, text=text, largest_wcet_ns=largest_ns)


def _judge(tasks: TaskSet, policy: Policy) -> Admitted | Refused:
    """Rule 1."""
    on_core = TaskSet(tuple(_on_core(task, policy) for task in tasks))
    if on_core.utilisation > 1:
        text = (
            f"the tasks need {bounds.percent(_plain(tasks, policy))} % of a core;"
            f" {policy.capacity_percent} % is granted"
        )
        return Refused(Reason.OVERLOAD, text, None, None, None, 0)
    warnings = bounds.warnings(on_core)
    if policy.scheduling is Scheduling.EARLIEST_DEADLINE:
        return _late_demand(edf.demand(on_core)) or Admitted(tasks, (), warnings)
    ordered = _ordered(on_core, policy.scheduling)
    found = responses(ordered)
    late = _late_response(found)
    if late is not None:
        return late
    ranks = {task.name: task.priority for task in ordered}
    ranked = TaskSet(tuple(replace(task, priority=ranks[task.name]) for task in tasks))
    return Admitted(ranked, found, warnings)


def _plain(tasks: TaskSet, policy: Policy) -> Fraction:
    overhead = sum((Fraction(policy.overhead_ns, task.period_ns) for task in tasks), Fraction(0))
    return tasks.utilisation + overhead


def _on_core(task: Task, policy: Policy) -> Task:
    """Rules 1 and 2: the task as the share of the core sees it."""

    def stretched(time_ns: int) -> int:
        return -(-time_ns * 100 // policy.capacity_percent)

    waiting_ns = policy.withheld_ns + policy.os_blocking_ns
    return replace(
        task,
        wcet_ns=stretched(task.wcet_ns + policy.overhead_ns),
        section_ns=stretched(task.section_ns + policy.overhead_ns) if task.section_ns else 0,
        blocking_ns=stretched(task.blocking_ns) + waiting_ns,
    )


def _ordered(tasks: TaskSet, scheduling: Scheduling) -> TaskSet:
    """The tasks with the priorities of the policy; by deadline where no order would do."""
    if scheduling is Scheduling.DECLARED:
        return tasks
    found = priority.optimal(tasks, Work()) if scheduling is Scheduling.OPTIMAL else None
    return found or priority.deadline_monotonic(tasks)


def _late_response(found: tuple[Response, ...]) -> Refused | None:
    """The refusal for the first task that is late, or else the first that may be."""
    doubtful = [each for each in found if each.verdict is not Verdict.MEETS]
    late = [each for each in doubtful if each.verdict is not Verdict.UNDECIDED]
    if not doubtful:
        return None
    first = (late or doubtful)[0]
    if first.verdict is Verdict.UNDECIDED:
        return _undecided(first.task.name)
    return _late(first.task, first.response_ns, first.at_least_ns)


def _late_demand(found: edf.Demand) -> Refused | None:
    """The refusal for a demand that does not fit."""
    if found.verdict is Verdict.MEETS:
        return None
    if found.task is None or found.response_ns is None:
        return _undecided(None)
    return _late(found.task, None, found.response_ns)


def _late(task: Task, exact_ns: int | None, at_least_ns: int) -> Refused:
    how = "" if exact_ns is not None else "at least "
    text = f"task {task.name!r} would answer after {how}{at_least_ns} ns; due {task.deadline_ns} ns"
    return Refused(Reason.DEADLINE_MISSED, text, task.name, at_least_ns, task.deadline_ns, 0)


def _undecided(name: str | None) -> Refused:
    text = "no deadline is known to be missed, but the proof would take too long to find"
    return Refused(Reason.UNDECIDED, text, name, None, None, 0)


def _fits(current: TaskSet, candidate: Task, wcet_ns: int, policy: Policy, work: Work) -> bool:
    """Whether the candidate would be admitted with this execution time; stops at the first no."""
    section_ns = min(candidate.section_ns, wcet_ns)
    tried = replace(candidate, wcet_ns=wcet_ns, section_ns=section_ns)
    tasks = TaskSet(tuple(_on_core(task, policy) for task in (*current, tried)))
    if policy.scheduling is Scheduling.EARLIEST_DEADLINE:
        return edf.demand(tasks, work).verdict is Verdict.MEETS
    if policy.scheduling is Scheduling.OPTIMAL:
        return priority.optimal(tasks, work) is not None
    return first_miss(_ordered(tasks, policy.scheduling), work) is None


def _largest_wcet_ns(refused_ns: int, fits: Callable[[int], bool]) -> int:
    """The largest time under a refused one that fits: a shorter job never makes another late."""
    fitting_ns = 0
    while refused_ns - fitting_ns > 1:
        middle_ns = (fitting_ns + refused_ns) // 2
        if fits(middle_ns):
            fitting_ns = middle_ns
        else:
            refused_ns = middle_ns
    return fitting_ns
