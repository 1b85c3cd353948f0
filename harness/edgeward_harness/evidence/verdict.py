"""What a run says as a whole: rule 9 of `assess`."""

from collections.abc import Iterable, Mapping

from edgeward_harness.evidence.assessment import CaseStanding, RequirementStanding
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.identity import builds
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import AGAINST, MEETS, UNDECIDED, RunVerdict, Standing


def run_verdict(
    bundle: Bundle,
    requirements: Mapping[str, RequirementStanding],
    cases: Mapping[str, CaseStanding],
) -> tuple[RunVerdict, list[str]]:
    """The verdict of a run and why it is not a pass.

    1. A finding decides, also of a run that was cut short.
    2. A run that did not reach its end, or left something out, is incomplete.
    3. A breakdown or a noisy host leaves it undecided.
    4. Anything else that is not met leaves it incomplete; so does a run that verified nothing.
    """
    orphans = {name: case for name, case in cases.items() if case.orphan}
    # 1.
    against = _named(requirements, AGAINST)
    against += [
        f"{name}, which cites no known requirement, failed"
        for name, case in orphans.items()
        if case.state is State.FAILED
    ]
    if against:
        return RunVerdict.FAILED, against
    # 2.
    left_out = _left_out(bundle)
    if left_out:
        return RunVerdict.INCOMPLETE, left_out
    # 3.
    undecided = _named(requirements, UNDECIDED)
    if undecided:
        return RunVerdict.CANNOT_JUDGE, undecided
    # 4.
    short = _named(requirements, set(Standing) - MEETS)
    short += [f"{name} cites no known requirement" for name in orphans]
    if not short and not _named(requirements, {Standing.VERIFIED}):
        short = ["no requirement is verified"]
    return (RunVerdict.INCOMPLETE, short) if short else (RunVerdict.PASSED, [])


def _named(
    requirements: Mapping[str, RequirementStanding], wanted: Iterable[Standing]
) -> list[str]:
    return [
        f"{name} is {entry.standing.value.replace('_', ' ')}"
        for name, entry in requirements.items()
        if entry.standing in wanted
    ]


def _left_out(bundle: Bundle) -> list[str]:
    """Why the run as a whole cannot pass, whatever its records say."""
    reasons = []
    if bundle.ended is None:
        reasons.append("the run did not reach its end")
    elif bundle.ended.interrupted:
        reasons.append("the run was interrupted")
    if not bundle.manifest.scope_complete:
        reasons.append("part of the suites was left out by hand")
    seen = builds(bundle.contexts)
    if len(seen) > 1:
        reasons.append(f"the records rest on {len(seen)} different builds of the device")
    return reasons
