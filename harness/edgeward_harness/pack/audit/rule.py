"""A rule of the self-audit: its number, what it asks, and how it is answered."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from edgeward_harness.pack.audit.ruling import Outcome, Ruling
from edgeward_harness.pack.model import Document
from edgeward_harness.pack.source import PackSource

FAULTS_SHOWN = 6
NOTHING = "there was nothing to look at"
Said = tuple[Outcome, str]


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at."""

    source: PackSource
    documents: Sequence[Document]

    def document(self, number: str) -> Document | None:
        """A document of the pack, where it is there."""
        return next((one for one in self.documents if one.number == number), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `link` is where a reader looks, `fix` what would mend it."""

    number: int
    question: str
    ask: Callable[[Case], Said]
    link: str = ""
    fix: str = ""

    def ruling(self, group: str, case: Case) -> Ruling:
        """What it says of a pack."""
        outcome, text = self.ask(case)
        fix = "" if outcome in (Outcome.HOLDS, Outcome.NOT_APPLICABLE) else self.fix
        return Ruling(self.number, group, self.question, outcome, text, self.link, fix)


def held(faults: Collection[str], good: str, seen: int) -> Said:
    """Broken with every fault named, or else holding, if anything was looked at at all."""
    if not faults:
        return (Outcome.HOLDS, good) if seen else unknown(NOTHING)
    shown = list(faults)[:FAULTS_SHOWN]
    more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    return Outcome.BROKEN, f"{'; '.join(shown)}{more}"


def unknown(what: str) -> Said:
    """Nothing can be said, as something was not given."""
    return Outcome.NO_DATA, what


def beside(why: str) -> Said:
    """There is nothing that the rule could be about."""
    return Outcome.NOT_APPLICABLE, why
