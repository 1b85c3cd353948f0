"""What became of each clause: answered, open, for people, or outside; never guessed.

1. A clause that is generated is answered when each document it names is there and says nothing is
   missing, and each rule of the self-audit that it names holds (or does not apply).
2. One that people write is answered when a supplied document says that it covers the clause and is
   approved by the day of the pack, and the rules hold. To lie beside a document is not enough.
3. One that somebody decides is answered when signatures of the meaning it asks for are under every
   bundle of the pack (for a plan: under the plan of each), and the rules hold; else people have to.
4. One for other safety classes than the one declared does not apply; without a declared class every
   clause does.
5. What belongs to the quality system is outside, and stays so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.plan import plan_of, plan_subject
from edgeward_harness.approval.words import Meaning
from edgeward_harness.pack.audit.ruling import Outcome, Ruling
from edgeward_harness.pack.clauses import Clause, Share, Standard
from edgeward_harness.pack.model import Document
from edgeward_harness.pack.source import PackSource


class State(StrEnum):
    """What became of a clause."""

    ANSWERED = "answered"
    OPEN = "open"
    FOR_PEOPLE = "for people"
    NOT_APPLICABLE = "does not apply"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Answer:
    """A clause with what became of it and why."""

    name: str
    standard: Standard
    clause: Clause
    state: State
    why: str


def answers(
    source: PackSource, documents: Sequence[Document], rulings: Sequence[Ruling]
) -> Iterator[Answer]:
    """What became of every clause of the registry."""
    judge = _Judge(
        source,
        {one.number: one for one in documents},
        {str(one.number): one for one in rulings},
    )
    registry = source.registry
    for name, standard, clause in registry.named() if registry else ():
        state, why = judge.of(name, clause)
        yield Answer(name, standard, clause, state, why)


@dataclass(frozen=True, slots=True)
class _Judge:
    source: PackSource
    documents: Mapping[str, Document]
    rulings: Mapping[str, Ruling]

    def of(self, name: str, clause: Clause) -> tuple[State, str]:
        """The state of a clause by the rules above."""
        declared = self.source.submission.about.safety_class
        if clause.classes and declared is not None and declared not in clause.classes:
            asked = ", ".join(one.value for one in clause.classes)
            return State.NOT_APPLICABLE, f"asked of class {asked}; declared is {declared.value}"
        if clause.share is Share.OUTSIDE:
            return State.OUTSIDE, "belongs to the quality system, not to this pack"
        short = [*self._broken(clause), *self._written(name, clause)]
        if clause.share is Share.RECORDED:
            return self._recorded(clause, short)
        if short:
            return State.OPEN, "; ".join(short)
        return State.ANSWERED, self._where(name, clause)

    def _broken(self, clause: Clause) -> Iterator[str]:
        for number in clause.rules:
            ruling = self.rulings.get(number)
            if ruling is None:
                yield f"rule {number} was not asked"
            elif ruling.outcome in (Outcome.BROKEN, Outcome.NO_DATA):
                yield f"rule {number}: {ruling.text}"
        if clause.share is Share.GENERATED:
            yield from self._incomplete(clause)

    def _incomplete(self, clause: Clause) -> Iterator[str]:
        for number in clause.documents:
            document = self.documents.get(number)
            if document is None:
                yield f"document {number} is not in this pack"
            elif document.missing:
                yield f"document {number} says that {_named(document.missing)} missing"

    def _written(self, name: str, clause: Clause) -> Iterator[str]:
        if clause.share is not Share.WRITTEN:
            return
        covering = [one for one in self.source.submission.supplied if name in one.covers]
        day = self.source.as_of
        if not covering:
            yield "people write it, and no supplied document says that it covers it"
        elif not any(one.approved is not None and one.approved <= day for one in covering):
            told = ", ".join(one.id for one in covering)
            yield f"{told}: not approved on {day.isoformat()}"

    def _recorded(self, clause: Clause, short: list[str]) -> tuple[State, str]:
        lacking = [one.said for one in clause.signed if not self._under_all(one)]
        if clause.signed and not lacking and not short:
            who = sorted({one.approval.name for each in clause.signed for one in self._by(each)})
            return (
                State.ANSWERED,
                f"signed by {', '.join(who)}; whose keys those are, the gate says",
            )
        wanted = f"no signature under each bundle says: {', '.join(lacking)}" if lacking else ""
        told = "; ".join(filter(None, ["somebody decides and signs it", wanted, *short]))
        return State.FOR_PEOPLE, told

    def _by(self, meaning: Meaning) -> list[Signed]:
        """Signatures of a meaning; none where the trail is not whole."""
        folder = self.source.approvals
        if folder is None or folder.faults:
            return []
        return [one for one in folder.signed if one.approval.meaning is meaning]

    def _under_all(self, meaning: Meaning) -> bool:
        """Whether such a signature is under all that it has to be under."""
        signed = {one.approval.subject.sha256 for one in self._by(meaning)}
        wanted = self._subjects(meaning)
        return bool(wanted) and wanted <= signed

    def _subjects(self, meaning: Meaning) -> set[str]:
        """The digests that a signature has to be under: the record of the tool, plans, bundles."""
        if meaning is Meaning.APPROVED_DOCUMENT:
            record = self.source.qualification
            return set() if record is None else {sha256_hex(record)}
        if meaning is Meaning.APPROVED_PLAN:
            plans = (plan_of(one.bundle.manifest) for one in self.source.evidence)
            return {plan_subject(plan).sha256 for plan in plans}
        return {one.statement_sha256 for one in self.source.evidence}

    def _where(self, name: str, clause: Clause) -> str:
        if clause.share is Share.WRITTEN:
            covering = [one.id for one in self.source.submission.supplied if name in one.covers]
            return f"by {', '.join(covering)}, as its authors say; nobody here read it"
        if not clause.documents:
            return "by the rules of the self-audit"
        return f"in document {', '.join(clause.documents)}"


def _named(missing: Sequence[str]) -> str:
    unique = list(dict.fromkeys(missing))
    told = ", ".join(unique[:2])
    if len(unique) > 2:
        return f"{told} and {len(unique) - 2} more are"
    return f"{told} {'is' if len(unique) == 1 else 'are'}"
