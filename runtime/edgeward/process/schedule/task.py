"""What runs again and again on one core, and what is promised about each run.

Rules:
1. All times are whole nanoseconds. A task is released at most once in each period, up to its jitter
   after it arrived; each run (a job) must end within the deadline, counted from its arrival.
2. A higher priority is more urgent, as with SCHED_FIFO. Tasks of equal priority are taken to hold
   each other up, whichever the kernel would let go first.
3. What is wrong with a task, or with a set of them, is told all at once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from edgeward.errors import ScheduleError

TIME_MAX_NS = 366 * 86_400 * 1_000_000_000
"""No time of a task is longer than a year."""
TASKS_MAX = 64
"""Tasks on one core. Patients are not tasks: one task serves many."""
NAME_CHARS_MAX = 64
_LEAST_NS = {"period_ns": 1, "deadline_ns": 1, "wcet_ns": 1}


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Its worst-case execution time includes what only it waits for."""

    name: str
    period_ns: int
    """The shortest time between two arrivals."""
    deadline_ns: int
    """From arrival to end; shorter than the period, equal, or longer."""
    wcet_ns: int
    """The longest a job runs when nothing holds it up."""
    jitter_ns: int = 0
    """The longest a job that has arrived waits before it can run at all."""
    blocking_ns: int = 0
    """The longest a job waits for less urgent work that holds a lock, and for the kernel."""
    section_ns: int = 0
    """The longest stretch of a job in which nobody can preempt it: all of it (`wcet_ns`) where one
    thread runs several tasks in turn."""
    priority: int | None = None

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ScheduleError: with every fault.
        """
        faults = [fault for field in _TIMES if (fault := self._time_fault(field))]
        if not isinstance(self.name, str) or not 0 < len(self.name) <= NAME_CHARS_MAX:
            faults.append(f"name = {self.name!r:.80}: expected 1 to {NAME_CHARS_MAX} characters")
        if self.priority is not None and not _whole(self.priority):
            faults.append(f"{self._named('priority')}: expected a whole number, or none")
        if not faults and self.section_ns > self.wcet_ns:
            faults.append(
                f"{self._named('section_ns')}: expected at most wcet_ns = {self.wcet_ns} ns"
            )
        if faults:
            raise ScheduleError(faults)

    @property
    def utilisation(self) -> Fraction:
        """The share of the core it needs in the long run, exactly."""
        return Fraction(self.wcet_ns, self.period_ns)

    def _named(self, field: str) -> str:
        return f"task {self.name!r:.80}: {field} = {getattr(self, field)!r:.40}"

    def _time_fault(self, field: str) -> str:
        found, least = getattr(self, field), _LEAST_NS.get(field, 0)
        if _whole(found) and least <= found <= TIME_MAX_NS:
            return ""
        return f"{self._named(field)}: expected a whole number of ns from {least} to {TIME_MAX_NS}"


_TIMES = ("period_ns", "deadline_ns", "wcet_ns", "jitter_ns", "blocking_ns", "section_ns")


def _whole(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


@dataclass(frozen=True, slots=True)
class TaskSet:
    """The tasks of one core."""

    tasks: tuple[Task, ...] = ()

    def __post_init__(self) -> None:
        """Check that each name is there once and that the set can be analysed.

        Raises:
            ScheduleError: with every fault.
        """
        counted = Counter(task.name for task in self.tasks)
        faults = [
            f"task {name!r}: {count} tasks of this name; expected one"
            for name, count in counted.items()
            if count > 1
        ]
        if len(self.tasks) > TASKS_MAX:
            faults.append(f"{len(self.tasks)} tasks; expected at most {TASKS_MAX} on one core")
        if faults:
            raise ScheduleError(faults)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def utilisation(self) -> Fraction:
        """The share of the core that all need in the long run, exactly."""
        return sum((task.utilisation for task in self.tasks), Fraction(0))

    def names(self) -> tuple[str, ...]:
        """The names, in the order given."""
        return tuple(task.name for task in self.tasks)

    def named(self, name: str) -> Task:
        """The task of this name.

        Raises:
            ScheduleError: there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise ScheduleError([f"task {name!r}: not there; expected one of {self.names()}"])

    def with_task(self, task: Task) -> "TaskSet":
        """This set and one more task."""
        return TaskSet((*self.tasks, task))
