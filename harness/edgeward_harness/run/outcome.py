"""From what pytest saw of a test to the state of its record. No state but a pass becomes one.

The blame follows the type of what was raised: a `Finding` or a failed assertion is the device's, a
`CannotJudge` is nobody's, anything else is ours and never counts for or against the device.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgeward_harness.errors import CannotJudge, Finding
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.strict import whole

REASON_LENGTH_MAX = 4000
_ORDER = (
    State.PASSED,
    State.NO_EVIDENCE,
    State.SKIPPED,
    State.KNOWN_ANOMALY,
    State.UNEXPECTED_PASS,
    State.CANNOT_JUDGE,
    State.ERROR,
    State.FAILED,
)
"""From best to worst: a later phase may make a state worse, never better."""


@dataclass(slots=True)
class Phases:
    """What is known of one attempt at a test while its phases go by."""

    start_ns: int
    state: State = State.PASSED
    reasons: list[str] = field(default_factory=list)
    attachments: dict[str, bytes] = field(default_factory=dict)

    def worsen(self, state: State, reason: str) -> None:
        """Take a phase's state when it is worse than what stands; keep every reason."""
        if reason:
            self.reasons.append(reason)
        if _ORDER.index(state) > _ORDER.index(self.state):
            self.state = state

    def reason(self) -> str:
        """Why the state is what it is, shortened to what a record may hold."""
        text = whole("\n".join(self.reasons))
        return text if len(text) <= REASON_LENGTH_MAX else text[: REASON_LENGTH_MAX - 1] + "…"


def take(phases: Phases, report: pytest.TestReport, error: BaseException | None) -> None:
    """Add what one phase (setup, call or teardown) of a test says."""
    if hasattr(report, "wasxfail"):
        state = State.KNOWN_ANOMALY if report.skipped else State.UNEXPECTED_PASS
        phases.worsen(state, f"expected to fail: {report.wasxfail or 'no reason given'}")
    elif report.failed and error is None:
        phases.worsen(State.UNEXPECTED_PASS, str(report.longrepr))
    elif report.skipped:
        phases.worsen(State.SKIPPED, _skip_reason(report))
    elif error is not None:
        phases.worsen(blame(error), f"{_where(report)}{explain(error)}")
        for one in _leaves(error):
            if isinstance(one, Finding):
                phases.attachments.update(one.attachments)


def blame(error: BaseException) -> State:
    """Whose an exception is."""
    states = []
    for one in _leaves(error):
        if isinstance(one, AssertionError | pytest.fail.Exception):
            states.append(State.FAILED)
        elif isinstance(one, CannotJudge):
            states.append(State.CANNOT_JUDGE)
        else:
            states.append(State.ERROR)
    # Several faults at once: ours among them means that the others may be ours too.
    return State.ERROR if State.ERROR in states else max(states, key=_ORDER.index)


def explain(error: BaseException) -> str:
    """An exception for a reader: its text, and a falsifying example where one was found."""
    own = str(error) if isinstance(error, Finding | CannotJudge) else f"{_name(error)}: {error}"
    return "\n".join([own, *getattr(error, "__notes__", ())])


def _leaves(error: BaseException) -> Iterable[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _name(error: BaseException) -> str:
    return type(error).__name__


def _where(report: pytest.TestReport) -> str:
    return "" if report.when == "call" else f"in {report.when}: "


def _skip_reason(report: pytest.TestReport) -> str:
    place: Any = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place)
    return str(text).removeprefix("Skipped: ")
