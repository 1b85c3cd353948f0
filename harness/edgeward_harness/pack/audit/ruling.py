"""What one rule of the self-audit says."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of a rule. Only the first is good."""

    HOLDS = "holds"
    BROKEN = "broken"
    NO_DATA = "no_data"  # nobody gave what it needs
    NOT_APPLICABLE = "not_applicable"  # there is nothing that it could be about


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule with its outcome, in figures, and where a reader finds the evidence."""

    number: int
    group: str
    question: str
    outcome: Outcome
    text: str
    """What was counted, and what is wrong; never empty."""
    link: str = ""
    """The document, or the place in one, that shows it."""
    fix: str = ""
    """What would mend it or give the data."""
