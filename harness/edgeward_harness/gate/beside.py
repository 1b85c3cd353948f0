"""What lies beside the bundles: what people signed, what the tool was tried with, and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgeward_harness.approval.folder import Folder
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.qualification import Qualification, read_qualification
from edgeward_harness.gate.exhibit import Exhibit


@dataclass(frozen=True, slots=True)
class Shown:
    """A record of `edgeward qualify`. Without `found` it cannot be believed, and shows nothing."""

    name: str
    found: Qualification | None
    faults: tuple[str, ...] = ()
    """Why it cannot be believed."""


def shown(data: bytes, trusted: Sequence[PublicKey], name: str) -> Shown:
    """What a file that should be a record shows; whatever is wrong with it is told, not raised."""
    try:
        return Shown(name, read_qualification(data, trusted, name))
    except InputError as fault:
        return Shown(name, None, fault.faults)


@dataclass(frozen=True, slots=True)
class Beside:
    """Whatever was not given is not there, and a policy that asks for it refuses."""

    approvals: Folder = field(default_factory=lambda: Folder(Path("approvals")))
    audit: tuple[str, ...] | None = None
    """The rules of the self-audit that do not hold, each in a sentence; None: it was not made."""
    baseline: Exhibit | None = None
    """The bundle of the release before."""
    authorities: tuple[str, ...] = ()
    """The roots of time stamp authorities that the folder was read with, by SHA-256."""
    qualification: Shown | None = None
    """What was seeded to see whether the tool finds it."""
