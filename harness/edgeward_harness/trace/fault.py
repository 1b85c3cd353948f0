"""What can be wrong with a trace that reads well: stable codes, and a sentence that helps."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The name of a rule; scripts may rest on it."""

    DANGLING_ID = "dangling-id"
    FOREIGN_ID = "foreign-id"
    ONE_SIDED_LINK = "one-sided-link"
    UNTESTED_REQUIREMENT = "untested-requirement"
    UNTESTED_PROFILE = "untested-profile"
    LATE_TEST = "late-test"
    UNREQUIRED_TEST = "unrequired-test"
    UNMITIGATED_HAZARD = "unmitigated-hazard"
    CONTROL_WITHOUT_HAZARD = "control-without-hazard"
    CONTROL_WITHOUT_REQUIREMENT = "control-without-requirement"
    CONTROL_WITHOUT_IMPLEMENTATION_PROOF = "control-without-implementation-proof"
    CONTROL_WITHOUT_EFFECTIVENESS_PROOF = "control-without-effectiveness-proof"
    ONE_CASE_FOR_BOTH_PROOFS = "one-case-for-both-proofs"
    EFFECTIVENESS_WITHOUT_FAULT = "effectiveness-without-fault"
    DEVIATION_UNMATCHED = "deviation-unmatched"
    DEVIATION_EXPIRED = "deviation-expired"
    NEVER_REVIEWED = "never-reviewed"
    UNREVIEWED_CHANGE = "unreviewed-change"
    UNREVIEWED_ITEM = "unreviewed-item"
    UNREVIEWED_REMOVAL = "unreviewed-removal"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that one item breaks."""

    code: Code
    item: str
    place: str
    """Where the item is written: file and table."""
    sentence: str
    """What is wrong and what would mend it."""

    def __str__(self) -> str:
        """One line for a person."""
        where = f"{self.place} ({self.item})" if self.item else self.place
        return f"{where}: [{self.code}] {self.sentence}"
