"""Response times under preemptive fixed priorities: exact, for any deadline.

Rules (Joseph and Pandya 1986; Lehoczky 1990 for deadlines beyond the period; Audsley, Burns,
Richardson, Tindell and Wellings 1993 for jitter and blocking):
1. The worst case begins when a task and all more urgent ones are released together, each after its
   longest jitter and from then on as soon as possible, just as the longest blocking begins.
2. Job q of the task (q = 0, 1, ...) ends at the smallest w with
   `w = B + (q + 1) C + sum over more urgent j of ceil((w + J_j) / T_j) C_j`,
   and its response time is `J + w - q T`.
3. The busy period ends with the first job whose response time is at most T; the worst response time
   is the largest up to there. One hyperperiod later no job waits longer than its counterpart, so
   no more jobs are looked at, even where the busy period never ends (a full core with jitter). If
   the task and the more urgent ones need more than the core, there is no worst response time; that
   is known before a job is looked at.
4. B is the declared blocking plus the longest section of a less urgent task that nobody can
   preempt. With such sections of its own a task does at least as well as rule 2 says: the result is
   then safe, not exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from edgeward.errors import ScheduleError
from edgeward.process.schedule.task import Task, TaskSet
from edgeward.process.schedule.work import OutOfWorkError, Verdict, Work


@dataclass(frozen=True, slots=True)
class Response:
    """The worst response time of one task."""

    task: Task
    verdict: Verdict
    at_least_ns: int
    """A response time that occurs."""
    exact: bool
    """Whether it is the worst one."""

    @property
    def response_ns(self) -> int | None:
        """The worst response time; None when there is none, or none was found."""
        return self.at_least_ns if self.exact else None

    @property
    def slack_ns(self) -> int | None:
        """What is left until the deadline; negative when it is missed."""
        response_ns = self.response_ns
        return None if response_ns is None else self.task.deadline_ns - response_ns


def responses(tasks: TaskSet) -> tuple[Response, ...]:
    """The worst response time of each task, in the order given.

    Raises:
        ScheduleError: a task has no priority.
    """
    _require_priorities(tasks)
    work = Work()
    return tuple(_response(task, *_neighbours(task, tasks), work) for task in tasks)


def first_miss(tasks: TaskSet, work: Work) -> Task | None:
    """A task that is not proven to meet its deadline; None when all are. Ends at the first.

    Raises:
        ScheduleError: a task has no priority.
    """
    _require_priorities(tasks)
    for task in tasks:
        if not meets(task, *_neighbours(task, tasks), work):
            return task
    return None


def meets(task: Task, urgent: Sequence[Task], lesser: Sequence[Task], work: Work) -> bool:
    """Whether the task meets its deadline among more urgent and less urgent ones."""
    if _needed((task, *urgent)) > 1:
        return False
    try:
        found = _job_responses_ns(task, urgent, lesser, work, task.deadline_ns)
        return all(response_ns <= task.deadline_ns for response_ns in found)
    except OutOfWorkError:
        return False


def _require_priorities(tasks: TaskSet) -> None:
    faults = [
        f"task {task.name!r}: no priority; expected a whole number, or assign them all"
        for task in tasks
        if task.priority is None
    ]
    if faults:
        raise ScheduleError(faults)


def _neighbours(task: Task, tasks: TaskSet) -> tuple[list[Task], list[Task]]:
    """The tasks that go first or may, and the others."""
    own = task.priority or 0
    others = [other for other in tasks if other is not task]
    urgent = [other for other in others if (other.priority or 0) >= own]
    return urgent, [other for other in others if (other.priority or 0) < own]


def _needed(tasks: Sequence[Task]) -> Fraction:
    return sum((task.utilisation for task in tasks), Fraction(0))


def _response(task: Task, urgent: list[Task], lesser: list[Task], work: Work) -> Response:
    worst_ns = task.jitter_ns + task.wcet_ns
    if _needed((task, *urgent)) > 1:  # rule 3
        return Response(task, Verdict.UNBOUNDED, worst_ns, exact=False)
    exact = True
    try:
        for response_ns in _job_responses_ns(task, urgent, lesser, work):
            worst_ns = max(worst_ns, response_ns)
    except OutOfWorkError:
        exact = False
    if worst_ns > task.deadline_ns:
        return Response(task, Verdict.MISSES, worst_ns, exact)
    return Response(task, Verdict.MEETS if exact else Verdict.UNDECIDED, worst_ns, exact)


def _job_responses_ns(
    task: Task,
    urgent: Sequence[Task],
    lesser: Sequence[Task],
    work: Work,
    enough_ns: int | None = None,
) -> Iterator[int]:
    """Rules 2 and 3: the response time of each job; those over `enough_ns` need not be exact."""
    blocking_ns = task.blocking_ns + max((other.section_ns for other in lesser), default=0)
    rivals = [(other.jitter_ns, other.period_ns, other.wcet_ns) for other in urgent]
    jobs = lcm(*(other.period_ns for other in (task, *urgent))) // task.period_ns
    end_ns = blocking_ns
    for job in range(jobs):
        shift_ns = task.jitter_ns - job * task.period_ns
        own_ns = blocking_ns + (job + 1) * task.wcet_ns
        end_ns += task.wcet_ns  # no job ends earlier than the one before it and its own time
        while True:
            work.spend(len(rivals) + 1)
            demand_ns = own_ns + sum(-((end_ns + j) // -t) * c for j, t, c in rivals)
            if demand_ns <= end_ns or (enough_ns is not None and end_ns + shift_ns > enough_ns):
                break
            end_ns = demand_ns
        yield end_ns + shift_ns
        if end_ns + shift_ns <= task.period_ns:
            return
