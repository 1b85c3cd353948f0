"""The release policy: a file that a person reads and signs off, read strictly.

Every rule must be stated; a policy that leaves one out is refused, so that no rule is lax by being
forgotten. What can never fold into a release (a failure, an error, a case that cannot be judged)
has no key that could allow it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from edgeward.profile.kinds import Choice, Choices, Flag, Text, whole
from edgeward.profile.reading import build, read
from edgeward.profile.toml import TomlError, read_toml
from edgeward_harness.approval.people import Person, Wanted
from edgeward_harness.approval.words import Meaning
from edgeward_harness.errors import InputError
from edgeward_harness.gate.kinds import Names, Pin
from edgeward_harness.gate.people_kinds import People, Quorum
from edgeward_harness.profile.bench import Realization
from edgeward_harness.trace.vocabulary import Depth

SCHEMA = 1
FILE = "gate_policy.toml"
"""The default policy, beside the suites it is for."""


class Allowed(StrEnum):
    """What a policy may let a requirement be."""

    VERIFIED = "verified"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """What bundles there must be."""

    suites: Annotated[tuple[str, ...], Names("Suites that must have been run for every profile.")]
    profiles: Annotated[tuple[str, ...], Names("Profiles that must have a bundle.")]
    depth_min: Annotated[Depth, Choice("The least depth.", Depth)]
    realizations: Annotated[
        tuple[Realization, ...], Choices("How near to the product it may be.", Realization)
    ]
    require_on_target: Annotated[bool, Flag("Whether only evidence taken on target counts.")]
    same_build: Annotated[bool, Flag("Whether all bundles must rest on one build.")]
    build_sha256: Annotated[str, Pin("The build of the device's software that it must be.")]
    promises: Annotated[bool, Flag("Whether the profile must make the same promises here.")]
    protocol: Annotated[bool, Flag("Whether suites and harness must be those that are here.")]
    age_days_max: Annotated[int, whole("The oldest evidence.", "days", 1, 3650, (7, 365))]


@dataclass(frozen=True, slots=True)
class TrustRules:
    """Whose word counts."""

    trusted_signer: Annotated[bool, Flag("Whether every bundle needs a trusted signature.")]
    qualification: Annotated[bool, Flag("Whether the tool must be shown to find broken devices.")]
    qualification_age_days_max: Annotated[
        int, whole("The oldest record of that.", "days", 1, 3650, (7, 365))
    ]


@dataclass(frozen=True, slots=True)
class TraceRules:
    """What the evidence must prove."""

    fresh: Annotated[bool, Flag("Whether texts and plans must be those of the run.")]
    standings: Annotated[tuple[Allowed, ...], Choices("What a requirement may be.", Allowed)]
    waivers: Annotated[tuple[str, ...], Names("Deviations that may waive a requirement.")]
    inapplicable: Annotated[tuple[str, ...], Names("Requirements that may not be applicable.")]
    controls_proven: Annotated[bool, Flag("Whether each risk control needs both proofs.")]


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """Which people must have said what."""

    quorum: Annotated[tuple[Wanted, ...], Quorum("How many people of a role must have said what.")]
    people: Annotated[tuple[Person, ...], People("Who may sign, with their keys.")]
    plan_approved_before_run: Annotated[bool, Flag("Whether the plan must be approved first.")]
    waivers_signed: Annotated[bool, Flag("Whether each deviation in use must be signed.")]
    two_components: Annotated[bool, Flag("Whether a passphrase must have guarded each key.")]
    authority: Annotated[str, Pin("The root of the authority that must have stamped the time.")]
    audit: Annotated[bool, Flag("Whether the self-audit must hold.")]
    baseline: Annotated[str, Pin("The statement of the release before, to compare with.")]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a release."""

    schema: Annotated[int, whole("The version of this format.", "", SCHEMA, SCHEMA, (1, 1))]
    title: Annotated[str, Text("What the policy is called.", length_max=120)]
    evidence: EvidenceRules
    trust: TrustRules
    trace: TraceRules
    approval: ApprovalRules

    @property
    def realizations(self) -> tuple[Realization, ...]:
        """What is accepted after all."""
        if self.evidence.require_on_target:
            return (Realization.ON_TARGET,)
        return self.evidence.realizations


def load_policy(path: Path) -> Policy:
    """Read a policy.

    Raises:
        InputError: it cannot be used; every fault is told.
    """
    try:
        data = read_toml(path)
    except TomlError as error:
        raise InputError(str(path), [str(error)]) from error
    return parse_policy(data, str(path))


def parse_policy(data: object, source: str) -> Policy:
    """The policy that parsed TOML holds.

    Raises:
        InputError: it cannot be used; every fault is told.
    """
    reading = read(Policy, data)
    policy = build(Policy, reading)
    faults = [*reading.faults, *(_contradictions(policy) if policy else ())]
    if faults or policy is None:
        raise InputError(source, faults)
    return policy


def _contradictions(policy: Policy) -> Iterator[str]:
    """Rules that are right one by one and cannot all be meant."""
    evidence, trace = policy.evidence, policy.trace
    if evidence.require_on_target and Realization.ON_TARGET not in evidence.realizations:
        yield 'evidence.require_on_target: true; expected "on_target" among evidence.realizations'
    if Allowed.VERIFIED not in trace.standings:
        yield 'trace.standings: expected "verified" among them'
    if trace.waivers and Allowed.WAIVED not in trace.standings:
        yield 'trace.waivers: expected none, or "waived" among trace.standings'
    if Allowed.WAIVED in trace.standings and not trace.waivers:
        yield 'trace.waivers: empty; expected the deviations that may waive, or no "waived"'
    if trace.inapplicable and Allowed.NOT_APPLICABLE not in trace.standings:
        yield 'trace.inapplicable: expected none, or "not_applicable" among trace.standings'
    if Allowed.NOT_APPLICABLE in trace.standings and not trace.inapplicable:
        yield 'trace.inapplicable: empty; expected the requirements, or no "not_applicable"'
    yield from _unasked(policy.approval)


def _unasked(approval: ApprovalRules) -> Iterator[str]:
    """What is asked of people, and nobody is asked for it."""
    said = {want.meaning for want in approval.quorum}
    for key, meaning in (
        ("plan_approved_before_run", Meaning.APPROVED_PLAN),
        ("waivers_signed", Meaning.ACCEPTED_DEVIATION),
    ):
        asked = getattr(approval, key)
        if asked != (meaning in said):
            expected = f"true with {meaning} in the quorum, else neither"
            yield f"approval.{key}: {str(asked).lower()}; expected {expected}"
