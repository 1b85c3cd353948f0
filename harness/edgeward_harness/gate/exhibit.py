"""What a gate looks at: bundles, each verified and assessed anew. No stored verdict is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.files import digest_file
from edgeward_harness.evidence.freshness import Current, of_trace
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.layout import STATEMENT
from edgeward_harness.evidence.verification import Verification
from edgeward_harness.evidence.verify import verify_bundle

if TYPE_CHECKING:  # a gate without the freshness rule has no plans at hand
    from edgeward_harness.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A bundle before the gate. Without `bundle` it could not be read, and proves nothing."""

    name: str
    verification: Verification
    assessment: Assessment | None
    statement_sha256: str = ""
    """Of the signed statement; empty when there is none."""

    @property
    def bundle(self) -> Bundle | None:
        """What could be read of it."""
        return self.verification.bundle


def examine(
    paths: Sequence[Path], trusted: Sequence[PublicKey], trace: "Trace | None", today: date
) -> tuple[Exhibit, ...]:
    """Verify and assess each bundle, against today's plans if they are given.

    Raises:
        HarnessError: a path is no folder that can be read.
    """
    now = None if trace is None else of_trace(trace)
    return tuple(_examine(path, trusted, now, today) for path in paths)


def _examine(path: Path, trusted: Sequence[PublicKey], now: Current | None, today: date) -> Exhibit:
    verification = verify_bundle(path, trusted)
    bundle = verification.bundle
    assessment = None if bundle is None else assess_against(bundle, now, today=today)
    return Exhibit(str(path), verification, assessment, statement_digest(path))


def statement_digest(path: Path) -> str:
    """The digest of the signed statement of a bundle, which stands for the bundle in approvals."""
    try:
        return digest_file(path / STATEMENT)
    except OSError:
        return ""


def requirements_of(trace: "Trace") -> dict[str, frozenset[str]]:
    """The requirements that the cases of each suite cite today."""
    cited: dict[str, set[str]] = {}
    for case in trace.cases.values():
        cited.setdefault(case.suite, set()).update(case.requirements)
    return {suite: frozenset(names) for suite, names in cited.items()}
