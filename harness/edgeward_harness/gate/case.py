"""What the rules decide on, and what they answer with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.exhibit import Exhibit
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import Policy


class Outcome(StrEnum):
    """What a rule says."""

    MET = "met"
    REFUSED = "refused"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule objects to."""

    text: str
    outcome: Outcome = Outcome.REFUSED
    fix: str = ""
    """What would mend it: a command, or a line of the policy."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A bundle that could be read, with what it proves today."""

    name: str
    bundle: Bundle
    assessment: Assessment
    statement_sha256: str = ""
    """Of the signed statement, which covers every file of the bundle; empty when there is none."""
    signer: str | None = None
    """The id of the key that sealed it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules decide on."""

    policy: Policy
    exhibits: tuple[Exhibit, ...]
    now: datetime
    wanted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The requirements that the cases of each suite cite today, by suite."""
    here: Here = field(default_factory=Here)
    beside: Beside = field(default_factory=Beside)

    @property
    def readable(self) -> tuple[Readable, ...]:
        """The bundles that could be read."""
        return tuple(
            Readable(
                one.name,
                one.bundle,
                one.assessment,
                one.statement_sha256,
                one.verification.signer,
            )
            for one in self.exhibits
            if one.bundle is not None and one.assessment is not None
        )

    @property
    def by_profile(self) -> Mapping[str, list[Readable]]:
        """The bundles of each profile that there is, and of each that there must be."""
        found: dict[str, list[Readable]] = {name: [] for name in self.policy.evidence.profiles}
        for one in self.readable:
            found.setdefault(one.bundle.manifest.profile.name, []).append(one)
        return found

    def realizations_of(self, one: Readable) -> set[str]:
        """How near to the product the device was, in every context and by the plan."""
        seen = {context.realization for context in one.bundle.contexts.values()}
        return {*seen, one.bundle.manifest.unit.realization}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it asks, and how."""

    name: str
    question: str
    ask: Callable[[Case], Iterator[Finding]]


def suites_of(bundle: Bundle) -> set[str]:
    """The suites a run was asked for: those named, or else all there are."""
    asked = bundle.manifest.suites
    return set(asked) if asked else {case.suite for case in bundle.manifest.cases.values()}
