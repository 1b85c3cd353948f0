"""A bound on how long an analysis may take: an exact answer, or none, but never an endless loop.

Exact analyses are pseudo-polynomial: periods that share no factor and a core that is almost full
can make them look at more releases than there is time for. What is not answered by then counts as
not schedulable, and says so.
"""

from dataclasses import dataclass
from enum import StrEnum

WORK_MAX = 1_000_000
"""Terms that one analysis may add up: a part of a second on a server, a few on a wearable."""


class Verdict(StrEnum):
    """What an analysis says about a deadline. Only `meets` is a promise."""

    MEETS = "meets"
    MISSES = "misses"
    UNBOUNDED = "unbounded"
    """More work arrives than the core can do: the task waits longer and longer."""
    UNDECIDED = "undecided"
    """The exact answer would take too long to find."""


class OutOfWorkError(Exception):
    """The bound is reached. Never leaves this package: it becomes `Verdict.UNDECIDED`."""


@dataclass(slots=True)
class Work:
    """How many terms are left to one analysis."""

    left: int = WORK_MAX

    def spend(self, terms: int) -> None:
        """Take these terms.

        Raises:
            OutOfWorkError: fewer are left.
        """
        self.left -= terms
        if self.left < 0:
            raise OutOfWorkError
