"""What others published about components: statements of exploitability, anomalies, exploited flaws.

Rules:
- Each notice carries the file it came from, that file's digest and the day it speaks of. A file
  without a day is refused: nobody could say how old its word is.
- Nothing is asked of a network. What no file says is not known, which is not the same as none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What a flaw means for the device; the words are those of CycloneDX."""

    NOT_AFFECTED = "not_affected"
    FALSE_POSITIVE = "false_positive"
    RESOLVED = "resolved"
    RESOLVED_WITH_PEDIGREE = "resolved_with_pedigree"
    IN_TRIAGE = "in_triage"
    EXPLOITABLE = "exploitable"


SETTLED: Final = frozenset(
    {State.NOT_AFFECTED, State.FALSE_POSITIVE, State.RESOLVED, State.RESOLVED_WITH_PEDIGREE}
)
"""States in which nothing is left to be done."""
JUSTIFICATIONS: Final = (
    "code_not_present",
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
    "protected_by_mitigating_control",
)
"""What CycloneDX knows as a reason."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A file that was imported: its name, the day it speaks of, who wrote it, and its digest."""

    name: str
    day: str
    sha256: str
    publisher: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """What one source says of one flaw in one component."""

    id: str
    subject: str
    """The component as the source names it: a purl, a ref, or name and version."""
    state: State
    justification: str
    detail: str
    source: Source


@dataclass(frozen=True, slots=True, order=True)
class Anomaly:
    """A published anomaly of a component. Without an id: the list was read, and has none."""

    component: str
    versions: str
    """The versions it is in, as a specifier; empty: all."""
    id: str
    title: str
    url: str
    source: Source

    @property
    def says_none(self) -> bool:
        """Whether this is the note that a list was read and names nothing."""
        return not self.id


@dataclass(frozen=True, slots=True)
class Exploited:
    """A catalogue of flaws that are known to be used."""

    ids: frozenset[str]
    source: Source


@dataclass(frozen=True, slots=True)
class Notices:
    """All that was imported."""

    statements: tuple[Statement, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    exploited: Exploited | None = None
    sources: tuple[Source, ...] = ()
