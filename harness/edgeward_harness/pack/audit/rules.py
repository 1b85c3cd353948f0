"""All rules in the order of their numbers, and what they say of a pack."""

from collections.abc import Sequence

from edgeward_harness.pack.audit import content, coverage, dates, numbers, sets, versions
from edgeward_harness.pack.audit.rule import Case
from edgeward_harness.pack.audit.ruling import Ruling
from edgeward_harness.pack.model import Document
from edgeward_harness.pack.source import PackSource

GROUPS = (
    ("version", versions.RULES),
    ("dates", dates.RULES),
    ("sets", (*sets.RULES, *coverage.RULES)),
    ("numbers", numbers.RULES),
    ("content", content.RULES),
)


def audit(source: PackSource, documents: Sequence[Document]) -> tuple[Ruling, ...]:
    """What every rule says; each is asked, whatever the others said."""
    case = Case(source, documents)
    return tuple(rule.ruling(group, case) for group, rules in GROUPS for rule in rules)
