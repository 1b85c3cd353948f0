"""The vocabulary of requirements and runs: standings, verdicts, and the one table that orders them.

| standing | when |
|---|---|
| verified | every expected item passed, with evidence, and nothing has changed since |
| failed | an item failed: the device is at fault |
| error | an item broke: the harness is at fault, nothing is known |
| flaky | an item was run again and said something else; counts as a failure |
| unexpected_pass | an item passed that was announced to fail: the plan is wrong |
| known_anomaly | an item failed as announced, and no deviation accepts it |
| cannot_judge | noise on the host may explain what was seen |
| no_evidence | an item ran and measured nothing for this requirement |
| skipped | an item chose not to run |
| partial | some items have no record |
| not_executed | no item has a record, or none is planned |
| stale | verified, but its text or plan has changed since |
| waived | not verified, and accepted by a deviation that has not expired |
| not_applicable | no item concerns this device, with the reason |
| orphan | cited by a case, but not a known requirement |
"""

from collections.abc import Collection
from enum import StrEnum

from edgeward_harness.evidence.record import State


class Standing(StrEnum):
    """What is known about a requirement. None but VERIFIED says that it is met."""

    VERIFIED = "verified"
    FAILED = "failed"
    ERROR = "error"
    FLAKY = "flaky"
    UNEXPECTED_PASS = "unexpected_pass"  # noqa: S105 - a standing, not a secret
    KNOWN_ANOMALY = "known_anomaly"
    CANNOT_JUDGE = "cannot_judge"
    NO_EVIDENCE = "no_evidence"
    SKIPPED = "skipped"
    PARTIAL = "partial"
    NOT_EXECUTED = "not_executed"
    STALE = "stale"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"
    ORPHAN = "orphan"


class RunVerdict(StrEnum):
    """What a run says as a whole."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    CANNOT_JUDGE = "cannot_judge"


EXIT_CODES = {
    RunVerdict.PASSED: 0,
    RunVerdict.FAILED: 1,
    RunVerdict.INCOMPLETE: 2,
    RunVerdict.CANNOT_JUDGE: 2,
}

WORST_FIRST = (
    State.FAILED,
    State.ERROR,
    State.FLAKY,
    State.UNEXPECTED_PASS,
    State.KNOWN_ANOMALY,
    State.CANNOT_JUDGE,
    State.NO_EVIDENCE,
    State.SKIPPED,
    State.NOT_EXECUTED,
    State.PASSED,
    State.NOT_APPLICABLE,
)
"""The worst item decides: what speaks against the device first, then what we did wrong, then what
is missing. An item that does not apply decides only where no other does."""

MEETS = frozenset({Standing.VERIFIED, Standing.WAIVED, Standing.NOT_APPLICABLE})
"""What lets a run pass; at least one requirement must be verified besides."""
AGAINST = frozenset(
    {Standing.FAILED, Standing.FLAKY, Standing.UNEXPECTED_PASS, Standing.KNOWN_ANOMALY}
)
"""What was seen contradicts what was promised: the run fails, whatever else is missing."""
UNDECIDED = frozenset({Standing.ERROR, Standing.CANNOT_JUDGE})
"""Something ran, and nothing can be said."""
WAIVABLE = frozenset(Standing) - MEETS - {Standing.ERROR, Standing.ORPHAN, Standing.STALE}
"""What a deviation may accept. A breakdown of ours is not a property of the device, and evidence of
another text is none: neither can be accepted."""


def worst(states: Collection[State]) -> State:
    """The state that decides among several; of none, that nothing was executed."""
    if len(states) == 1:
        return next(iter(states))
    return min(states, key=WORST_FIRST.index, default=State.NOT_EXECUTED)


def standing_of(states: Collection[State]) -> Standing:
    """The standing that the states of all items of a requirement give it."""
    state = worst(states)
    if state is State.PASSED:
        return Standing.VERIFIED
    if state is State.NOT_EXECUTED and set(states) & {State.PASSED}:
        return Standing.PARTIAL
    return Standing(state.value)
