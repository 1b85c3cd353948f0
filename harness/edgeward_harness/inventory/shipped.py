"""What a bill of materials says ships: the part of it that can be held against a run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from edgeward_harness.inventory.model import Kind, Part
from edgeward_harness.inventory.reading import Bill
from edgeward_harness.inventory.words import Word


@dataclass(frozen=True, slots=True)
class Shipped:
    """The software that a bill names."""

    name: str
    version: str
    build_sha256: str
    distributions: Mapping[str, Part]
    """By the name that all spellings have in common; what is bundled within others is not here."""
    interpreter: Part | None
    """Its version, and the digest of its program."""
    models: Mapping[str, str]
    """Name and version of each, by digest."""
    twice: tuple[str, ...]
    """Distributions that it names more than once: nobody can say which one ships."""
    findings: tuple[str, ...]
    """What the bill itself says is wrong with its environment."""


def shipped(bill: Bill) -> Shipped:
    """What a bill says ships; one of another maker names less, and holds as far as it goes."""
    software = bill.of(Kind.SOFTWARE)
    names = Counter(canonicalize_name(one.name) for one in software)
    runs = [Part(one.version, one.sha256) for one in bill.of(Kind.PLATFORM)]
    return Shipped(
        name=canonicalize_name(bill.root.name),
        version=bill.root.version,
        build_sha256=bill.root.sha256,
        distributions={
            canonicalize_name(one.name): Part(one.version, one.says(Word.FILES)) for one in software
        },
        interpreter=runs[0] if len(runs) == 1 else None,
        models={one.sha256: one.title for one in bill.of(Kind.MODEL)},
        twice=tuple(sorted(name for name, count in names.items() if count > 1)),
        findings=bill.says(Word.FINDING),
    )
