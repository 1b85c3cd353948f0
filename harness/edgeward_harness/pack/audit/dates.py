"""Rules 7 to 15: what had to come first came first."""

import re
from datetime import date, datetime, timedelta

from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.plan import plan_of, plan_subject
from edgeward_harness.approval.words import Meaning
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.words import Word
from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.source import Evidence, PackSource

_QUERY_DAYS_MAX = 90
"""A list of flaws that is older says little about today."""
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SAID = "[submission] in submission.toml"


def _began(one: Evidence) -> datetime:
    return datetime.fromisoformat(one.bundle.manifest.started_utc.replace("Z", "+00:00"))


def _last_day(source: PackSource) -> date | None:
    """The day of the last run."""
    ends = [one.bundle.ended.utc for one in source.evidence if one.bundle.ended]
    return date.fromisoformat(max(ends)[:10]) if ends else None


def _ahead(case: Case, day: date) -> list[str]:
    """A day that is still to come says nothing about what was."""
    return [f"{day} is after {case.source.as_of}"] if day > case.source.as_of else []


def _plans(source: PackSource) -> tuple[Signed, ...]:
    signed = source.approvals.signed if source.approvals else ()
    return tuple(one for one in signed if one.approval.meaning is Meaning.APPROVED_PLAN)


def _risk_after_plan(case: Case) -> Said:
    plans = _plans(case.source)
    written = [one for one in case.source.submission.supplied_for("04") if one.approved]
    if not plans or not written:
        return unknown("no approved plan, or no dated risk document")
    first = min(one.moment for one in plans).date()
    faults = [
        f"{one.id} was approved on {one.approved}, the plan on {first}"
        for one in written
        if one.approved is not None and one.approved < first
    ]
    return held(
        faults, f"the plan was approved on {first}, before each risk document", len(written)
    )


def _protocol_before_run(case: Case) -> Said:
    plans = _plans(case.source)
    if not plans:
        return unknown("nobody approved a plan")
    faults = []
    for one in case.source.evidence:
        own = plan_subject(plan_of(one.bundle.manifest)).sha256
        moments = [each.moment for each in plans if each.approval.subject.sha256 == own]
        if not moments:
            faults.append(f"nobody approved the plan of {one.label}")
        elif min(moments) > _began(one):
            faults.append(f"the plan of {one.label} was approved after it began")
    return held(
        faults, "the plan of each run was approved before it began", len(case.source.evidence)
    )


def _window(case: Case) -> Said:
    about = case.source.submission.about
    if about.frozen is None or about.released is None:
        return unknown("the day of the freeze or of the release is not given")
    faults = []
    for one in case.source.evidence:
        day = _began(one).date()
        if not about.frozen <= day <= about.released:
            faults.append(f"{one.label} ran on {day}")
    good = f"each run lies between {about.frozen} and {about.released}"
    return held(faults, good, len(case.source.evidence))


def _retested(case: Case) -> Said:
    faults = [
        f"{one.label}: {name}: {'; '.join(entry.reasons)}"
        for one in case.source.evidence
        for name, entry in one.readable.assessment.requirements.items()
        if entry.standing is Standing.STALE
    ]
    run = {name for one in case.source.evidence for name in one.bundle.manifest.requirements}
    faults += [f"{name} is in no run" for name in case.source.trace.requirements if name not in run]
    return held(faults, "no requirement, plan or control changed since it was run", len(run))


def _anomalies_after_run(case: Case) -> Said:
    about, last = case.source.submission.about, _last_day(case.source)
    if case.source.submission.anomalies is None or about.anomalies_on is None or last is None:
        return unknown("no list of anomalies with its day")
    faults = [] if about.anomalies_on >= last else [f"of {about.anomalies_on}, the last run {last}"]
    faults += _ahead(case, about.anomalies_on)
    return held(faults, f"the list is of {about.anomalies_on}, the last run of {last}", 1)


def _risk_after_disposition(case: Case) -> Said:
    written = [one.approved for one in case.source.submission.supplied_for("04") if one.approved]
    anomalies = case.source.submission.anomalies
    if anomalies is None or not written:
        return unknown("no list of anomalies, or no dated risk document")
    decided = [one.decided for one in anomalies if one.decided]
    if not decided:
        return beside("nothing had to be decided")
    faults = []
    if max(written) < max(decided):
        faults.append(f"the risk document is of {max(written)}, decided was on {max(decided)}")
    good = "the risk document is not older than the last decision about an anomaly"
    return held([*faults, *_ahead(case, max(written))], good, len(decided))


def _threats_after_interfaces(case: Case) -> Said:
    written = [one.approved for one in case.source.submission.supplied_for("12") if one.approved]
    changed = [one.changed for one in case.source.submission.interfaces if one.changed]
    if not written or not changed:
        return unknown("no dated threat model, or no interface with the day it changed")
    faults = []
    if max(written) < max(changed):
        faults.append(f"the threat model is of {max(written)}, an interface of {max(changed)}")
    good = "the threat model is not older than the last change of an interface"
    return held([*faults, *_ahead(case, max(written))], good, len(changed))


def _flaws_asked(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown("no bill of materials was given")
    bill = read_bill(case.source.sbom, "the bill of materials")
    listed = bill.says(Word.IMPORTED)
    if not listed:
        return unknown("the bill names no list of flaws or anomalies that was read")
    days = {told: date.fromisoformat(found[0]) for told in listed if (found := _DAY.findall(told))}
    faults = [f"{told}: names no day" for told in listed if told not in days]
    oldest = case.source.as_of - timedelta(days=_QUERY_DAYS_MAX)
    faults += [f"{told}: older than {_QUERY_DAYS_MAX} days" for told in days if days[told] < oldest]
    faults += [text for day in days.values() for text in _ahead(case, day)]
    good = f"{len(listed)} lists, each at most {_QUERY_DAYS_MAX} days old"
    return held(faults, good, len(listed))


def _bill_after_freeze(case: Case) -> Said:
    frozen = case.source.submission.about.frozen
    if case.source.sbom is None or frozen is None:
        return unknown("no bill of materials, or no day of the freeze")
    day = read_bill(case.source.sbom, "the bill of materials").day
    if not day:
        return unknown("the bill of materials has no day (--as-of)")
    faults = [] if date.fromisoformat(day[:10]) >= frozen else [f"of {day[:10]}, frozen {frozen}"]
    faults += _ahead(case, date.fromisoformat(day[:10]))
    return held(faults, f"the bill is of {day[:10]}, nothing changed since {frozen}", 1)


RULES = (
    Rule(7, "Was the plan there before the first risk was evaluated?", _risk_after_plan, "04",
         "edgeward approve plan, and `approved` in [[supplied]]"),
    Rule(8, "Was each protocol approved before it was run?", _protocol_before_run, "02",
         "edgeward approve plan --profile NAME --approvals DIR, before edgeward verify"),
    Rule(9, "Do all runs lie between freeze and release?", _window, "14",
         f"frozen and released in {_SAID}"),
    Rule(10, "Was everything that changed run again?", _retested, "03", "edgeward verify"),
    Rule(11, "Is the list of anomalies no older than the last run?", _anomalies_after_run, "15",
         f"anomalies_on in {_SAID}"),
    Rule(12, "Is the risk report no older than the last decision?", _risk_after_disposition, "04",
         "[[supplied]] with number = \"04\" and its day"),
    Rule(13, "Is the threat model no older than the last change of an interface?",
         _threats_after_interfaces, "12",
         "[[supplied]] with number = \"12\", and `changed` in [[interface]]"),
    Rule(14, "Were flaws and anomalies of SOUP asked for lately?", _flaws_asked, "05",
         "edgeward sbom --vex FILE --kev FILE --as-of DAY"),
    Rule(15, "Is the bill of materials no older than the freeze?", _bill_after_freeze, "05",
         "edgeward sbom --as-of DAY"),
)  # fmt: skip
