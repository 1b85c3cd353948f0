"""The decision: a policy and the bundles before it in, a verdict with reasons out. Pure.

Every rule is asked, whatever the others said, so that nobody mends one thing to hear of the next.
One rule that is not met refuses the release. Where nothing is refused but a rule cannot be decided
(the bench broke, the host was too noisy), the release is undecided. Without a bundle there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edgeward_harness.gate.approval_rules import APPROVAL_RULES
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.case import Case, Finding, Outcome
from edgeward_harness.gate.evidence_rules import EVIDENCE_RULES
from edgeward_harness.gate.exhibit import Exhibit
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.origin_rules import ORIGIN_RULES
from edgeward_harness.gate.policy import Policy
from edgeward_harness.gate.proof_rules import PROOF_RULES

RULES = (*EVIDENCE_RULES, *ORIGIN_RULES, *PROOF_RULES, *APPROVAL_RULES)
"""Every rule, in the order they are told."""


class ReleaseVerdict(StrEnum):
    """What the gate says."""

    RELEASED = "released"
    REFUSED = "refused"
    UNDECIDED = "undecided"


EXIT_CODES = {
    ReleaseVerdict.RELEASED: 0,
    ReleaseVerdict.REFUSED: 1,
    ReleaseVerdict.UNDECIDED: 2,
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one rule says, and why it is not met."""

    rule: str
    question: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with every ruling, and what a reader must not overlook."""

    rulings: tuple[Ruling, ...]
    profiles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> ReleaseVerdict:
        """The worst ruling decides."""
        outcomes = {ruling.outcome for ruling in self.rulings}
        if Outcome.REFUSED in outcomes:
            return ReleaseVerdict.REFUSED
        if Outcome.UNDECIDED in outcomes:
            return ReleaseVerdict.UNDECIDED
        return ReleaseVerdict.RELEASED

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not a release."""
        return tuple(one.text for ruling in self.rulings for one in ruling.findings)

    @property
    def exit_code(self) -> int:
        """0 released, 1 refused, 2 could not decide."""
        return EXIT_CODES[self.verdict]


def decide(
    policy: Policy,
    exhibits: Sequence[Exhibit],
    now: datetime,
    wanted: Mapping[str, frozenset[str]] | None = None,
    here: Here | None = None,
    beside: Beside | None = None,
) -> Decision:
    """Ask every rule.

    Args:
        policy: the rules of this release.
        exhibits: the bundles, verified and assessed.
        now: the moment of the decision, with its time zone.
        wanted: the requirements that each suite speaks for today (`requirements_of`).
        here: the profiles, suites and harness of this place; what is not given is not known, and
            a policy that asks for it refuses.
        beside: what people signed, the self-audit and the release before; the same holds.
    """
    case = Case(policy, tuple(exhibits), now, wanted or {}, here or Here(), beside or Beside())
    rulings = []
    for rule in RULES:
        findings = tuple(dict.fromkeys(rule.ask(case)))
        outcomes = {finding.outcome for finding in findings}
        worst = next((one for one in (Outcome.REFUSED, Outcome.UNDECIDED) if one in outcomes), None)
        rulings.append(Ruling(rule.name, rule.question, worst or Outcome.MET, findings))
    profiles = tuple(dict.fromkeys(one.bundle.manifest.profile.name for one in case.readable))
    return Decision(tuple(rulings), profiles, tuple(_notes(case)))


def _notes(case: Case) -> list[str]:
    seen = {realization for one in case.readable for realization in case.realizations_of(one)}
    notes = []
    if seen - {"on_target"}:
        named = " and ".join(sorted(seen - {"on_target"}))
        notes.append(
            f"this rests on {named} evidence. Only evidence taken on target supports a release "
            "claim about a device: ask for it with require_on_target = true."
        )
    if "on_target" in seen:
        notes.append(_claim_on_target(case))
    if not case.policy.trust.trusted_signer:
        notes.append("this policy does not ask who signed the evidence.")
    if not case.policy.trace.fresh:
        notes.append("this policy does not ask whether requirements have changed since.")
    if not case.policy.evidence.promises:
        notes.append("this policy does not ask whether a profile promises the same here.")
    if not case.policy.evidence.protocol:
        notes.append("this policy does not ask by which suites and harness was judged.")
    if not case.policy.trust.qualification:
        notes.append("this policy does not ask whether the tool finds broken devices.")
    if not case.policy.approval.quorum:
        notes.append("this policy does not ask any person.")
    if not case.policy.approval.audit:
        notes.append("this policy does not ask for the self-audit.")
    return notes


def _claim_on_target(case: Case) -> str:
    """Nobody can prove from afar what lies on a bench; the note names what to look for there."""
    claiming = [one for one in case.readable if "on_target" in case.realizations_of(one)]
    serials = {one.bundle.manifest.unit.serial or "none stated" for one in claiming}
    return (
        "that a device was on_target is what the bench file claims. A person must check its serial "
        f"number at the bench: {', '.join(sorted(serials))}."
    )
