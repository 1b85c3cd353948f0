"""Document 18: may it be released? A checklist that is computed, the gate's rules, and names."""

from collections.abc import Iterator

from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.plan import plan_of, plan_subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.evidence.identity import builds
from edgeward_harness.evidence.standing import RunVerdict
from edgeward_harness.gate.case import Outcome
from edgeward_harness.gate.decide import ReleaseVerdict, Ruling
from edgeward_harness.pack.dress import given, listed
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Missing,
    Paragraph,
    Row,
    Section,
    Signature,
    Signatures,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.words import Disposition, Effect
from edgeward_harness.report.numbers import instant

_OUTCOMES = {
    Outcome.MET: Cell("met", Tone.GOOD),
    Outcome.REFUSED: Cell("refused", Tone.BAD),
    Outcome.UNDECIDED: Cell("undecided", Tone.DOUBT),
}
_ASKED = (
    (Meaning.APPROVED_PLAN, "quality"),
    (Meaning.REVIEWED_RESULTS, "reviewer"),
    (Meaning.ACCEPTED_RISK, "risk management"),
    (Meaning.APPROVED_RELEASE, "quality"),
)
"""What a release is signed for where no signature tells another role."""


def build(source: PackSource) -> Document:
    """The verdict first, then what it rests on, then who signs."""
    return Document(
        number="18",
        slug="release-certificate",
        title="Release certificate",
        purpose="Whether this release may be made, by a checklist and by rules that were computed, "
        "and by people who put their names to it. It is provisional until all three agree.",
        sections=(_verdict(source), _checklist(source), _gate(source), _names(source)),
        answers=("IEC 62304 5.8.1", "IEC 62304 5.8.6", "Part 11 11.50", "Part 11 11.70"),
    )


def _verdict(source: PackSource) -> Section:
    decision = source.decision
    released = decision is not None and decision.verdict is ReleaseVerdict.RELEASED
    open_points = [number for number, _, told in _checks(source) if told[0].tone is not Tone.GOOD]
    released = released and not open_points
    word = "RELEASED" if released else "PROVISIONAL"
    about = source.submission.about
    found = sorted({build for one in source.evidence for build in builds(one.bundle.contexts)})
    facts = (
        ("state", Cell(word, Tone.GOOD if released else Tone.BAD)),
        ("open in the checklist", listed(open_points, "nothing")),
        ("device", given(about.device, "not named")),
        ("release", given(about.release, "not named")),
        ("build", given(", ".join(found), "no device names its build")),
        ("profiles", given(", ".join(source.profiles), "none")),
        ("digest over all bundles", Cell(source.root_sha256)),
        ("as of", Cell(source.as_of.isoformat())),
    )
    return Section("verdict", "Verdict", (Facts(facts),))


def _checklist(source: PackSource) -> Section:
    rows = tuple(Row((Cell(number), Cell(what), *told)) for number, what, told in _checks(source))
    columns = (
        Column("Clause", Kind.NAME, 0.5),
        Column("What must be so", weight=2),
        Column("Is it?", Kind.NAME, 0.6),
        Column("On what that rests", weight=2.4),
    )
    table = Table("checklist", "IEC 62304, 5.8, as computed", columns, rows)
    return Section("checklist", "Checklist", (table,))


def _checks(source: PackSource) -> Iterator[tuple[str, str, tuple[Cell, Cell]]]:
    passed = [
        one for one in source.evidence if one.readable.assessment.verdict is RunVerdict.PASSED
    ]
    told = f"{len(passed)} of {len(source.evidence)} bundles passed as a whole"
    complete = bool(passed) and len(passed) == len(source.evidence)
    yield "5.8.1", "Verification is complete and was evaluated.", _answer(complete, told)
    yield from _anomalies(source)
    about = source.submission.about
    yield (
        "5.8.4",
        "The version is named.",
        _answer(bool(about.release), about.release or "not named"),
    )
    named = all(builds(one.bundle.contexts) for one in source.evidence) and bool(source.evidence)
    told = "each bundle names its build; document 16 has hosts and tools"
    yield "5.8.5", "How it was built is recorded.", _answer(named, told)
    decided = source.decision is not None and source.decision.verdict is ReleaseVerdict.RELEASED
    told = "no gate was asked" if source.decision is None else "the gate's rules, below"
    yield "5.8.6", "Everything the plan asks for was done.", _answer(decided, told)
    whole = bool(source.evidence) and all(one.verification.intact for one in source.evidence)
    told = "every file is in the signed list of this pack, bundles and inputs with it"
    yield "5.8.7", "It is archived so that it can be made again.", _answer(whole, told)
    told = "the build that devices tell is held against installed files in document 05"
    shipped = source.sbom is not None
    yield (
        "5.8.8",
        "What is delivered is what was released.",
        _answer(shipped, told if shipped else "no bill of materials was given (--sbom)"),
    )


def _anomalies(source: PackSource) -> Iterator[tuple[str, str, tuple[Cell, Cell]]]:
    anomalies = source.submission.anomalies
    what, judged = "Anomalies that remain are listed.", "Each was judged for safety and security."
    if anomalies is None:
        missing = (absent("no list"), Cell("[[anomaly]] or no_known_anomalies in submission.toml"))
        yield "5.8.2", what, missing
        yield "5.8.3", judged, missing
        return
    left = [one for one in anomalies if one.disposition is not Disposition.FIXED]
    yield "5.8.2", what, _answer(holds=True, told=f"{len(left)} remain, in document 15")
    open_ones = [
        one.id for one in left if not {one.safety, one.security} <= {Effect.NONE, Effect.ACCEPTABLE}
    ]
    told = f"not acceptable or not judged: {', '.join(open_ones)}" if open_ones else "all of them"
    yield "5.8.3", judged, _answer(not open_ones, told)


def _answer(holds: bool, told: str) -> tuple[Cell, Cell]:  # noqa: FBT001 - the question is the name
    return (Cell("yes", Tone.GOOD) if holds else Cell("no", Tone.BAD), Cell(told))


def _gate(source: PackSource) -> Section:
    decision = source.decision
    if decision is None:
        why = "Without a policy nobody has said what a release of this device needs."
        missing = Missing("a decision", why, "edgeward report --pack BUNDLE... --policy FILE")
        return Section("gate", "The gate", (missing,))
    rows = tuple(row for one in decision.rulings for row in _rulings(one))
    columns = (
        Column("Rule", Kind.NAME, 0.8),
        Column("It asks", weight=1.6),
        Column("Outcome", Kind.NAME, 0.7),
        Column("What it found", weight=2.2),
        Column("What would mend it", weight=1.6),
    )
    notes = "\n\n".join(f"Note: {note}" for note in decision.notes)
    by = "" if source.asked is None else f" The SHA-256 of its file is {source.asked.sha256}."
    head = Paragraph("\n\n".join(filter(None, (f"Policy: {source.policy}.{by}", notes))))
    return Section("gate", "The gate", (head, Table("gate", "Rule by rule", columns, rows)))


def _rulings(one: Ruling) -> Iterator[Row]:
    head = (Cell(one.rule), Cell(one.question))
    if not one.findings:
        quiet = Cell("nothing against it", Tone.QUIET)
        yield Row((*head, _OUTCOMES[one.outcome], quiet, Cell("nothing", Tone.QUIET)))
    for found in one.findings:
        yield Row(
            (*head, _OUTCOMES[found.outcome], Cell(found.text), Cell(found.fix or "see above"))
        )
        head = (Cell(one.rule, Tone.QUIET), Cell("", Tone.QUIET))


def _names(source: PackSource) -> Section:
    folder = source.approvals
    signed = folder.signed if folder is not None else ()
    faulty = "" if folder is None or not folder.faults else "; the chain has faults, document 20"
    places = [
        Signature(
            meaning=one.approval.meaning.said,
            role=one.approval.role,
            name=one.approval.name,
            signed_utc=instant(one.approval.signed_at),
            digest=one.approval.subject.sha256,
            checked=f"good for the key {one.keyid[:16]}{_elsewhere(source, one)}{faulty}",
        )
        for one in signed
    ]
    open_ones = [(each, role) for each, role in _ASKED if faulty or not _under_all(source, each)]
    places += [Signature(each.said, role) for each, role in open_ones]
    text = (
        "Each signature is over a digest, not over this page: name, moment and meaning are signed "
        "with it. Whether the key is that person's, the policy says. A place stays open until a "
        "signature of that meaning is under each plan or run of this pack."
    )
    return Section("names", "Signatures", (Paragraph(text), Signatures(tuple(places))))


def _subjects(source: PackSource, kind: SubjectKind) -> set[str]:
    """The digests of the plans, or of the runs, of this pack."""
    if kind is SubjectKind.PLAN:
        plans = (plan_of(one.bundle.manifest) for one in source.evidence)
        return {plan_subject(plan).sha256 for plan in plans}
    return {one.statement_sha256 for one in source.evidence}


def _under_all(source: PackSource, meaning: Meaning) -> bool:
    """Whether somebody said so of everything in this pack; approvals of other releases do not."""
    signed = source.approvals.signed if source.approvals is not None else ()
    found = {one.approval.subject.sha256 for one in signed if one.approval.meaning is meaning}
    plan = meaning is Meaning.APPROVED_PLAN
    wanted = _subjects(source, SubjectKind.PLAN if plan else SubjectKind.BUNDLE)
    return bool(wanted) and wanted <= found


def _elsewhere(source: PackSource, one: Signed) -> str:
    """That a signature is under a plan or a run that is not in this pack."""
    subject = one.approval.subject
    about = subject.kind in (SubjectKind.PLAN, SubjectKind.BUNDLE)
    if about and subject.sha256 not in _subjects(source, subject.kind):
        return f"; under a {subject.kind} that is not in this pack"
    return ""
