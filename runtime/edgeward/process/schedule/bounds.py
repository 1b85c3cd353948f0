"""The textbook tests on utilisation alone. They warn; they never admit.

They hold for tasks that are preemptive, independent, never blocked, without jitter, and due at the
end of their period. Where a deadline is shorter they accept sets that miss it: two tasks that each
need 3 ms every 10 ms and are due 4 ms after they arrive use 60 % of the core, which every one of
these tests accepts, and the second ends after 6 ms. Where the periods fit each other they refuse
sets that miss nothing. The exact tests are `fixed_priority` and `edf`.
"""

from fractions import Fraction
from math import prod

from edgeward.process.schedule.task import TaskSet


def within_one_core(tasks: TaskSet) -> bool:
    """`sum C / T <= 1`: without it no policy meets the deadlines for long."""
    return tasks.utilisation <= 1


def within_liu_layland(tasks: TaskSet) -> bool:
    """`sum C / T <= n (2^(1/n) - 1)` (Liu and Layland 1973), compared exactly."""
    count = len(tasks)
    return not count or (1 + tasks.utilisation / count) ** count <= 2


def within_hyperbolic(tasks: TaskSet) -> bool:
    """`prod (C / T + 1) <= 2` (Bini and Buttazzo 2003): accepts all that the one above does."""
    return prod((1 + task.utilisation for task in tasks), start=Fraction(1)) <= 2


def warnings(tasks: TaskSet) -> tuple[str, ...]:
    """What these tests have to say about a set, for a person who reads an admission."""
    used = f"utilisation {percent(tasks.utilisation)} %"
    if not within_one_core(tasks):
        return (f"{used}: more than one core does",)
    found = []
    if not within_hyperbolic(tasks):
        found.append(f"{used} is over the hyperbolic bound: only an exact test can tell")
    elif not within_liu_layland(tasks):
        found.append(f"{used} is over the bound of Liu and Layland, within the hyperbolic one")
    if any(task.deadline_ns < task.period_ns for task in tasks):
        found.append(f"{used} says nothing here: a deadline is shorter than its period")
    return tuple(found)


def percent(share: Fraction) -> str:
    """A share of a core, rounded up to a tenth of a percent: never shown as less than it is."""
    tenths = -(-share * 1000 // 1)
    return f"{tenths // 10}.{tenths % 10}"
