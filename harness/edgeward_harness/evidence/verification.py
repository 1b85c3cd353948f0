"""What the verification of a bundle found: faults, each with its kind, and what could be read."""

from dataclasses import dataclass
from enum import StrEnum

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle

FAULTS_MAX = 200
"""Faults told one by one; a hostile bundle may have millions."""


class FaultKind(StrEnum):
    """What kind of doubt a fault casts."""

    CHANGED = "changed"  # something is not as it was written, or does not belong there
    INCOMPLETE = "incomplete"  # the run did not reach its end in order, or was not sealed
    UNKNOWN_SIGNER = "unknown_signer"  # intact as far as can be seen, by a key nobody vouches for
    OTHER = "other"  # intact, but of another run, build or profile than expected


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, in a plain sentence that names it."""

    kind: FaultKind
    text: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a bundle must be of; what is None is not asked."""

    profile_sha256: str | None = None
    build_sha256: str | None = None  # of the device's software
    tool_sha256: str | None = None  # of the harness
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of `verify_bundle`. Without a fault the bundle may be relied on.

    `bundle` and `assessment` are there whenever manifest and records could be read; they are shown
    to people, and carry no more trust than the faults leave them.
    """

    findings: tuple[Fault, ...]
    signer: str | None = None
    trusted: bool = False
    complete: bool = False
    bundle: Bundle | None = None
    assessment: Assessment | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """Every fault as a sentence."""
        return tuple(fault.text for fault in self.findings)

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, whoever signed it and however the run went."""
        return not any(fault.kind is FaultKind.CHANGED for fault in self.findings)

    def only(self, *kinds: FaultKind) -> bool:
        """Whether every fault is of one of these kinds."""
        return all(fault.kind in kinds for fault in self.findings)
