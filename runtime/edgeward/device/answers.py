"""How a method answers: at once, when there is something to tell, or for the last time."""

from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An `events` request that is answered when there is an event, or at the deadline."""

    after: int
    limit: int
    deadline_ns: int


@dataclass(frozen=True, slots=True)
class Ending:
    """The answer is empty and the last one; the process then ends with this status."""

    exit_status: int
