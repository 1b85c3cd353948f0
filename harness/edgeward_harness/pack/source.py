"""All that a pack is made from: read, verified and assessed before the first document is built.

A document is a pure function of this and of nothing else: no clock, no host, no network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from edgeward.canonical import digest, sha256_hex
from edgeward_harness.approval.folder import Folder
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.judge import ItemStanding
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.verification import Verification
from edgeward_harness.gate.case import Readable
from edgeward_harness.gate.decide import Decision
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import Policy
from edgeward_harness.pack.clauses import Registry
from edgeward_harness.pack.embedded import Embedded
from edgeward_harness.pack.submission import Submission
from edgeward_harness.pack.tracked import Export
from edgeward_harness.trace.model import Trace

FAILING = (
    State.FAILED,
    State.FLAKY,
    State.KNOWN_ANOMALY,
    State.UNEXPECTED_PASS,
    State.ERROR,
    State.CANNOT_JUDGE,
)
"""States of a case that somebody has to look into."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One bundle of the pack: what can be read of it, what it proves, and who signed it."""

    readable: Readable
    verification: Verification

    @property
    def statement_sha256(self) -> str:
        """Of the signed statement, which covers every file of the bundle."""
        return self.readable.statement_sha256

    @property
    def bundle(self) -> Bundle:
        """The bundle itself."""
        return self.readable.bundle

    @property
    def profile(self) -> str:
        """The profile it speaks for."""
        return self.bundle.manifest.profile.name

    @property
    def label(self) -> str:
        """How documents name it: profile and run."""
        return f"{self.profile} {self.bundle.manifest.run[:8]}"

    @property
    def place(self) -> str:
        """The same as part of an anchor."""
        return f"{self.profile}-{self.bundle.manifest.run[:8]}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A measurement with the record, the case and the bundle it comes from."""

    evidence: Evidence
    case: str
    record: Record
    measurement: Measurement
    current: bool
    """Whether its record is the last attempt at its item."""


@dataclass(frozen=True, slots=True)
class Asked:
    """By which rules the gate is asked about a pack, and what lies where it is asked."""

    policy: Policy
    data: bytes
    """The file of the policy, as it is kept."""
    here: Here

    @property
    def sha256(self) -> str:
        """Of the file of the policy."""
        return sha256_hex(self.data)


@dataclass(frozen=True, slots=True)
class PackSource:
    """Everything a document may rest on."""

    evidence: tuple[Evidence, ...]
    trace: Trace
    as_of: date
    submission: Submission = field(default_factory=Submission)
    decision: Decision | None = None
    """What the gate said under the policy given; None when none was asked."""
    policy: str = ""
    """The title of that policy."""
    asked: Asked | None = None
    """That policy, and where it was asked."""
    baseline: Evidence | None = None
    """The release before, to compare with."""
    registry: Registry | None = None
    sbom: bytes | None = None
    """The bill of materials of the device, as CycloneDX JSON."""
    qualification: bytes | None = None
    """The record of `edgeward qualify`."""
    approvals: Folder | None = None
    """What people signed, and everything that is wrong with it; None when no folder was given."""
    trusted: tuple[PublicKey, ...] = ()
    """The keys that the bundles were held against."""
    authorities: tuple[bytes, ...] = ()
    """The roots of time stamp authorities that the signatures were read with, in DER."""
    exports: tuple[Export, ...] = ()
    """Where anomalies come from that no person listed."""
    pdf_roots: tuple[bytes, ...] = ()
    """The certificates in DER that signatures inside supplied documents were held against."""
    embedded: tuple[Embedded, ...] = ()
    """What is known of the signatures inside each document that people supplied."""

    @property
    def root_sha256(self) -> str:
        """One digest over the signed statements of all bundles, in the order of their profiles."""
        return digest([[one.label, one.statement_sha256] for one in self.evidence])

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles there is evidence for."""
        return tuple(dict.fromkeys(one.profile for one in self.evidence))

    def measurements(self) -> Iterator[Taken]:
        """Every measurement of every bundle in order."""
        for one in self.evidence:
            last = {record.item: record for record in one.bundle.records}
            items = one.bundle.manifest.items
            for record in one.bundle.records:
                case = items[record.item].case
                for measurement in record.measurements:
                    yield Taken(one, case, record, measurement, last[record.item] is record)

    def items(self) -> Iterator[tuple[Evidence, str, ItemStanding]]:
        """Every planned execution of every bundle with what came of it."""
        for one in self.evidence:
            for name, standing in one.readable.assessment.items.items():
                yield one, name, standing
