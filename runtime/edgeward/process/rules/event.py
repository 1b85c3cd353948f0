"""What a rule has to tell: its condition, or that it cannot judge, begins or ends at a sample."""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What begins or ends."""

    CONDITION = "condition"
    """What the rule watches for."""
    CANNOT_JUDGE = "cannot_judge"
    """The rule has lost its signal. Technical: it says nothing about the patient."""


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """One beginning or end."""

    rule: str
    kind: EventKind
    raised: bool
    sample_index: int
    """The sample that decided it, counted from sample 0 of the stream."""
    value: float | None
    """What was judged there; None where nothing could be."""
    unit: str
