"""What lies beside the bundles: what people signed, the self-audit, and the release before."""

from dataclasses import dataclass, field
from pathlib import Path

from edgeward_harness.approval.folder import Folder
from edgeward_harness.gate.exhibit import Exhibit


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
