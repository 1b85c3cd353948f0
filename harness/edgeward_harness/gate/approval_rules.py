"""Rules on people: who said yes, to exactly this, in time, and not to their own work.

An approval counts when its signature is good, the policy knows the person, name, role and key, the
person did not make what is judged, it is of this very digest, and it was given at the right time:
that of a plan before the run, that of results after it. A person and a key count once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.people import Wanted, doubts, wrote_it
from edgeward_harness.approval.plan import deviation_subject, plan_of, plan_subject
from edgeward_harness.approval.words import Meaning
from edgeward_harness.evidence.entries import DeviationEntry
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.gate import fixes
from edgeward_harness.gate.case import Case, Finding, Readable, Rule

RESULTS = (Meaning.REVIEWED_RESULTS, Meaning.ACCEPTED_RISK, Meaning.APPROVED_RELEASE)
"""What is said about the bundle itself."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What must have been signed, and when."""

    one: Readable
    want: Wanted
    sha256: str
    of: str
    fix: str
    before: datetime | None = None
    after: datetime | None = None


def _trail(case: Case) -> Iterator[Finding]:
    approvals, authority = case.beside.approvals, case.policy.approval.authority
    for fault in approvals.faults:
        yield Finding(f"{approvals.path}: {fault}", fix=fixes.TRAIL)
    given, named = set(case.beside.authorities), {authority} - {""}
    if given != named:  # whoever chose another authority would choose the moments, too
        told = [" and ".join(sorted(one)) or "none" for one in (given, named)]
        text = f"time stamp authorities: found {told[0]}, expected {told[1]}"
        yield Finding(text, fix=fixes.AUTHORITY)


def _plan(case: Case) -> Iterator[Finding]:
    if not case.policy.approval.plan_approved_before_run:
        return
    for one in case.readable:
        subject, manifest = plan_subject(plan_of(one.bundle.manifest)), one.bundle.manifest
        for want in _wanted(case, Meaning.APPROVED_PLAN):
            fix = fixes.plan(manifest.profile.name, manifest.depth, want.role)
            started = _instant(manifest.started_utc)
            asked = _Asked(one, want, subject.sha256, subject.name, fix, before=started)
            yield from _short(case, asked)


def _quorum(case: Case) -> Iterator[Finding]:
    for one in case.readable:
        ended = one.bundle.ended
        for want in _wanted(case, *RESULTS):
            fix = fixes.approve(one.name, want.meaning, want.role)
            after = None if ended is None else _instant(ended.utc)
            asked = _Asked(one, want, one.statement_sha256, "the bundle", fix, after=after)
            yield from _short(case, asked)


def _waived(case: Case) -> Iterator[Finding]:
    if not case.policy.approval.waivers_signed:
        return
    for one in case.readable:
        for entry in one.bundle.manifest.deviations:
            if entry.id in one.assessment.deviations_used:
                yield from _accepted(case, one, entry)
            elif (days := _days_over(entry, case.now)) > 0 and _is_needed(one, entry):
                text = f"{one.name}: {entry.id} expired {days} days ago, on {entry.expires}"
                yield Finding(text, fix=fixes.EXPIRED)


def _accepted(case: Case, one: Readable, entry: DeviationEntry) -> Iterator[Finding]:
    subject = deviation_subject(entry)
    for want in _wanted(case, Meaning.ACCEPTED_DEVIATION):
        fix = fixes.waive(entry.id)
        yield from _short(case, _Asked(one, want, subject.sha256, entry.id, fix))


def _days_over(entry: DeviationEntry, now: datetime) -> int:
    return (now.date() - datetime.fromisoformat(entry.expires).date()).days


def _is_needed(one: Readable, entry: DeviationEntry) -> bool:
    """Whether something falls short that it would excuse (`assess`, rule 4)."""
    told = (reason for each in one.assessment.requirements.values() for reason in each.reasons)
    return any(text.startswith(f"{entry.id} (") and "has expired" in text for text in told)


def _wanted(case: Case, *meanings: Meaning) -> list[Wanted]:
    return [want for want in case.policy.approval.quorum if want.meaning in meanings]


def _short(case: Case, asked: _Asked) -> Iterator[Finding]:
    """Nothing when enough people said it; else how many did, and why others do not count."""
    want = asked.want
    people: set[str] = set()
    keys: set[str] = set()
    not_counted: list[str] = []
    for signed in case.beside.approvals.signed:
        approval = signed.approval
        if (approval.meaning, approval.role) != (want.meaning, want.role):
            continue
        why = _why_not(case, asked, signed)
        if not why and (approval.user in people or signed.keyid in keys):
            why = "the same person or key is counted already"
        if why:
            not_counted.append(f"{signed.file} does not count: {why}")
            continue
        people.add(approval.user)
        keys.add(signed.keyid)
    if len(people) >= want.count:
        return
    needed = f"{want.count} of the role {want.role} who {want.meaning.said}"
    told = "".join(f"; {one}" for one in not_counted)
    text = f"{asked.one.name}: {asked.of}: expected {needed}, found {len(people)}{told}"
    yield Finding(text, fix=asked.fix)


def _why_not(case: Case, asked: _Asked, signed: Signed) -> str:
    """Why a signature with these words does not count here; empty when it does."""
    approval, rules = signed.approval, case.policy.approval
    if not asked.sha256 or approval.subject.sha256 != asked.sha256:
        return f"it is of something else, {approval.subject.sha256[:12]}"
    faults = [*doubts(signed, rules.people, case.now)]
    faults.append(wrote_it(signed, rules.people, asked.one.signer))
    if asked.before is not None and signed.moment >= asked.before:
        faults.append(f"given at {_told(signed.moment)}, after the run began")
    if asked.after is not None and signed.moment < asked.after:
        faults.append(f"given at {_told(signed.moment)}, before the run ended")
    if rules.two_components and approval.components < 2:
        faults.append("the key was not behind a passphrase")
    if rules.authority and signed.stamped is None:
        faults.append("it has no time stamp of the authority")
    return "; ".join(filter(None, faults))


def _audit(case: Case) -> Iterator[Finding]:
    if not case.policy.approval.audit:
        return
    if case.beside.audit is None:
        yield Finding("the self-audit was not made", fix=fixes.AUDIT)
    for text in case.beside.audit or ():
        yield Finding(text, fix=fixes.AUDIT)


def _baseline(case: Case) -> Iterator[Finding]:
    expected, before = case.policy.approval.baseline, case.beside.baseline
    if not expected:
        return
    if before is None or before.bundle is None or before.assessment is None:
        yield Finding(f"the release before, {expected}, was not given", fix=fixes.BASELINE)
        return
    if before.statement_sha256 != expected or before.verification.findings:
        found = "; ".join(before.verification.faults) or f"its digest is {before.statement_sha256}"
        yield Finding(f"{before.name}: is not the release before: {found}", fix=fixes.BASELINE)
        return
    profile = before.bundle.manifest.profile.name
    for one in case.by_profile.get(profile, []):
        for name, then in before.assessment.requirements.items():
            now = one.assessment.requirements.get(name)
            if then.standing is not Standing.VERIFIED or _is_verified(now):
                continue
            word = "not there" if now is None else now.standing.value.replace("_", " ")
            text = f"{one.name}: {name} was verified in the release before, and is {word}"
            yield Finding(text, fix=fixes.verify(profile, one.bundle.manifest.depth))


def _is_verified(found: object) -> bool:
    return getattr(found, "standing", None) is Standing.VERIFIED


def _instant(utc: str) -> datetime:
    return datetime.fromisoformat(utc.replace("Z", "+00:00"))


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


APPROVAL_RULES = (
    Rule("trail", "does the record of what people signed hold?", _trail),
    Rule("plan", "was the plan approved before it was run?", _plan),
    Rule("quorum", "did enough other people say yes to exactly this?", _quorum),
    Rule("waived", "is each waiver in use signed, and none expired?", _waived),
    Rule("audit", "does the self-audit hold?", _audit),
    Rule("baseline", "is all verified that was in the release before?", _baseline),
)
