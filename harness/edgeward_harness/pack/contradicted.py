"""Is the gate's answer that a pack keeps one that a gate can have given on the bundles beside it?

A signature shows who wrote the answer down, not that it was ever given. The policy is the reader's,
so the answer itself is not made again here; but no policy releases what failed. So the most lenient
policy that there can be is asked, and an answer that is better than its answer was made up.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.gate.case import Outcome
from edgeward_harness.gate.decide import RULES, Decision, ReleaseVerdict, decide
from edgeward_harness.gate.exhibit import Exhibit
from edgeward_harness.gate.policy import (
    SCHEMA,
    Allowed,
    ApprovalRules,
    EvidenceRules,
    Policy,
    TraceRules,
    TrustRules,
)
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.profile.bench import Realization
from edgeward_harness.trace.vocabulary import Depth

AGE_DAYS_MAX = 3650
"""The oldest evidence that a policy can allow."""
FINDINGS_TOLD = 3


def contradictions(source: PackSource, asked: date) -> Iterator[str]:
    """What in the kept answer of the gate no gate can have said on the day it was asked.

    A gate decides on the day on which the pack is made, whatever day the pack is of: a deviation
    that had expired by then waives nothing.
    """
    decision = source.decision
    if decision is None:
        return
    found = [(one.rule, one.question) for one in decision.rulings]
    if found != [(one.name, one.question) for one in RULES]:
        yield "the gate's answer does not answer each rule of the gate once, in their order"
    if set(decision.profiles) != set(source.profiles):
        told = ", ".join(decision.profiles) or "none"
        yield f"the gate's answer is about {told}; the bundles are of {', '.join(source.profiles)}"
    for one in decision.rulings:
        outcomes = {finding.outcome for finding in one.findings} or {Outcome.MET}
        if one.outcome is not _worst(outcomes):
            yield f"the gate's answer on {one.rule} is {one.outcome}, which its findings are not"
    if decision.verdict is ReleaseVerdict.RELEASED:
        yield from _not_released(source, asked)


def _worst(outcomes: set[Outcome]) -> Outcome:
    order = (Outcome.REFUSED, Outcome.UNDECIDED, Outcome.MET)
    return next(one for one in order if one in outcomes)


def _not_released(source: PackSource, asked: date) -> Iterator[str]:
    """Why not even the most lenient policy releases these bundles."""
    least = most_lenient(source, asked)
    if least.verdict is ReleaseVerdict.RELEASED:
        return
    reasons = list(least.reasons)
    told = "; ".join(reasons[:FINDINGS_TOLD])
    more = f"; and {len(reasons) - FINDINGS_TOLD} more" if len(reasons) > FINDINGS_TOLD else ""
    yield f"the gate's answer is released, which no policy says of these bundles: {told}{more}"


def most_lenient(source: PackSource, asked: date) -> Decision:
    """What the gate says on a day under a policy that allows all that a policy can allow."""
    now = datetime.combine(asked, time.max, UTC)
    exhibits = [_exhibit(one, asked) for one in source.evidence]
    return decide(_policy(exhibits), exhibits, now)


def _exhibit(one: Evidence, asked: date) -> Exhibit:
    """The bundle as a gate sees it that does not ask whether texts have changed since."""
    assessment = assess_against(one.bundle, None, today=asked)
    return Exhibit(one.label, one.verification, assessment, one.statement_sha256)


def _policy(exhibits: list[Exhibit]) -> Policy:
    assessed = [one.assessment for one in exhibits if one.assessment is not None]
    named = {name for one in assessed for name in one.requirements}
    waived = {name for one in assessed for name in one.deviations_used}
    return Policy(
        schema=SCHEMA,
        title="all that can be allowed",
        evidence=EvidenceRules(
            suites=(),
            profiles=(),
            depth_min=next(iter(Depth)),
            realizations=tuple(Realization),
            require_on_target=False,
            same_build=False,
            build_sha256="",
            promises=False,
            protocol=False,
            age_days_max=AGE_DAYS_MAX,
        ),
        trust=TrustRules(
            trusted_signer=False, qualification=False, qualification_age_days_max=AGE_DAYS_MAX
        ),
        trace=TraceRules(
            fresh=False,
            standings=tuple(Allowed),
            waivers=tuple(sorted(waived)),
            inapplicable=tuple(sorted(named)),
            controls_proven=False,
        ),
        approval=ApprovalRules(
            quorum=(),
            people=(),
            plan_approved_before_run=False,
            waivers_signed=False,
            two_components=False,
            authority="",
            audit=False,
            baseline="",
        ),
    )
