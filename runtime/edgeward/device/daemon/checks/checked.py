"""One check: what was found, what would be accepted, and what to do about the difference."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a check says. Only what was looked at and accepted is good."""

    GOOD = "good"
    FINDING = "finding"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and its verdict."""

    id: str
    """Stable: a script may look for it."""
    verdict: Verdict
    found: str
    accepted: str
    advice: str = ""
    due: bool = True
    """Whether it should have been checked; False where nobody asked, or there is nothing yet."""

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON values."""
        return asdict(self)


def judged(name: str, found: str, accepted: str, advice: str, *, good: bool) -> Checked:
    """Good, or a finding with advice."""
    verdict = Verdict.GOOD if good else Verdict.FINDING
    return Checked(name, verdict, found, accepted, "" if good else advice)


def exit_status(checks: list[Checked]) -> int:
    """0 all good, 1 a finding, 2 no finding, but something due could not be checked."""
    verdicts = {one.verdict for one in checks if one.due}
    if Verdict.FINDING in verdicts:
        return 1
    return 2 if Verdict.NOT_CHECKED in verdicts or not checks else 0
