"""One core, simulated job by job: what the analyses are compared with. Slow, plain, and exact."""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm

from edgeward.process.schedule.task import Task, TaskSet


@dataclass(slots=True)
class Job:
    """One run of a task."""

    arrival: int
    release: int
    task: Task
    left: int = 0
    locked: int = 0
    """What is left of the stretch at its start in which nobody can preempt it."""

    def __post_init__(self) -> None:
        self.left = self.task.wcet_ns
        self.locked = self.task.section_ns


Urgency = Callable[[Job], tuple[int, int]]


def by_priority(job: Job) -> tuple[int, int]:
    """Fixed priorities; the jobs of one task in the order of their arrival."""
    return (-(job.task.priority or 0), job.arrival)


def by_deadline(job: Job) -> tuple[int, int]:
    """Earliest deadline first."""
    return (job.arrival + job.task.deadline_ns, job.arrival)


def simulate(jobs: Sequence[Job], urgency: Urgency) -> dict[str, int]:
    """Run all jobs to their end; the longest response time of each task."""
    coming = sorted(jobs, key=lambda job: -job.release)
    ready: list[tuple[tuple[int, int], int, Job]] = []
    worst: dict[str, int] = {}
    now = 0
    running: Job | None = None
    while coming or ready:
        if not ready:
            now = max(now, coming[-1].release)
        while coming and coming[-1].release <= now:
            job = coming.pop()
            heapq.heappush(ready, (urgency(job), id(job), job))
        job = running if running is not None and running.locked else ready[0][2]
        step = job.locked or job.left
        if not job.locked and coming:
            step = min(step, coming[-1].release - now)
        now += step
        job.left -= step
        job.locked = max(0, job.locked - step)
        running = job if job.left else None
        if not job.left:
            ready.remove((urgency(job), id(job), job))
            heapq.heapify(ready)
            worst[job.task.name] = max(worst.get(job.task.name, 0), now - job.arrival)
    return worst


def together(tasks: TaskSet) -> list[Job]:
    """All tasks released together and then as soon as possible, over one hyperperiod."""
    horizon = lcm(*(task.period_ns for task in tasks))
    return [
        Job(arrival, arrival, task)
        for task in tasks
        for arrival in range(0, horizon, task.period_ns)
    ]


def adversarial(tasks: TaskSet, draw: random.Random, horizon: int, kernel_ns: int = 0) -> list[Job]:
    """Jobs with drawn phases, jitter and pauses, and one stretch that the kernel keeps to itself.

    Half of the time all jitter ends at one instant.
    """
    meeting = draw.randrange(horizon) if draw.random() < 0.5 else None
    jobs = []
    if kernel_ns:
        at = draw.randrange(horizon) if meeting is None else meeting
        kernel = Task("kernel", horizon, 1, kernel_ns, section_ns=kernel_ns, priority=99)
        jobs.append(Job(at - 1_000_000, at, kernel))  # so early that both policies let it go first
    for task in tasks:
        arrival = draw.randrange(task.period_ns)
        if meeting is not None:
            arrival = (meeting - task.jitter_ns) % task.period_ns
        while arrival < horizon:
            late = draw.choice((0, 0, task.jitter_ns, draw.randint(0, task.jitter_ns)))
            if meeting is not None and arrival <= meeting <= arrival + task.jitter_ns:
                late = meeting - arrival
            jobs.append(Job(arrival, arrival + late, task))
            arrival += task.period_ns + draw.choice((0, 0, 0, draw.randrange(task.period_ns)))
    return jobs


def drawn(
    draw: random.Random,
    *,
    deadlines: str = "constrained",
    jitter: bool = False,
    sections: bool = False,
    most: float = 1.1,
) -> TaskSet:
    """Two to five tasks of small numbers, most of them near the edge of what one core can do."""
    count = draw.randint(2, 5)
    periods = [draw.choice((4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 40, 60)) for _ in range(count)]
    shares = [draw.expovariate(1.0) for _ in range(count)]
    target = draw.uniform(most / 2, most) / sum(shares)
    tasks = []
    for number, (period, share) in enumerate(zip(periods, shares, strict=True)):
        wcet = min(period, max(1, round(period * share * target)))
        longest = 3 * period if deadlines == "arbitrary" else period
        tasks.append(
            Task(
                f"t{number}",
                period,
                draw.randint(wcet, longest),
                wcet,
                jitter_ns=draw.randint(0, period // 2) if jitter else 0,
                section_ns=draw.choice((0, wcet, draw.randint(0, wcet))) if sections else 0,
                priority=draw.randint(1, 9) if sections else number,
            )
        )
    if not sections:
        draw.shuffle(tasks)
    return TaskSet(tuple(tasks))
