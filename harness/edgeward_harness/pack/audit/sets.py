"""Rules 16 to 24: nothing in one list is missing from the other."""

from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.source import FAILING, Evidence, PackSource
from edgeward_harness.pack.submission import Anomaly
from edgeward_harness.pack.words import Disposition, Effect, Work
from edgeward_harness.trace.links import proofs_of
from edgeward_harness.trace.vocabulary import Method, Severity

_GRAVE = (Severity.CRITICAL, Severity.CATASTROPHIC)
_ANOMALIES = "[[anomaly]] or no_known_anomalies = true in submission.toml"


def passed(source: PackSource, case: str) -> bool:
    """Whether a case passed in some bundle, and in none did anything else that counts."""
    found = [
        entry.state
        for one in source.evidence
        if (entry := one.readable.assessment.cases.get(case)) is not None
    ]
    return State.PASSED in found and set(found) <= {State.PASSED, State.NOT_APPLICABLE}


def _went_wrong(source: PackSource, case: str) -> bool:
    """Whether a case failed, broke or could not be judged in some bundle."""
    found = (one.readable.assessment.cases.get(case) for one in source.evidence)
    return any(entry is not None and entry.state in FAILING for entry in found)


def _has_case(case: Case) -> Said:
    trace = case.source.trace
    cited = {name for one in trace.cases.values() for name in one.requirements}
    faults = [name for name in trace.requirements if name not in cited]
    count = len(trace.requirements)
    return held(faults, f"each of {count} requirements has a case", count)


def _grave_tested(case: Case) -> Said:
    trace = case.source.trace
    grave = {one.id for one in trace.hazards.values() if one.severity in _GRAVE}
    controls = {one.id for one in trace.controls.values() if grave & set(one.hazards)}
    risks = grave | controls
    wanted = [one.id for one in trace.requirements.values() if risks.intersection(one.risks)]
    if not wanted:
        return beside("no requirement answers a grave hazard")
    citing: dict[str, list[str]] = {name: [] for name in wanted}
    for one in trace.cases.values():
        for name in one.requirements:
            citing.setdefault(name, []).append(one.id)
    tested = {
        name
        for name, cases in citing.items()
        if any(passed(case.source, each) for each in cases)
        and not any(_went_wrong(case.source, each) for each in cases)
    }
    faults = [
        f"{name}: no case of a whole device passed, or one did not"
        for name in wanted
        if name not in tested
    ]
    good = f"each of {len(wanted)} has a case on a whole device that passed"
    return held(faults, good, len(wanted))


def _interfaces(case: Case) -> Said:
    interfaces = case.source.submission.interfaces
    if not interfaces:
        return unknown("no list of interfaces")
    faults = [
        f"{one.id}: no case through it passed"
        for one in interfaces
        if not any(passed(case.source, name) for name in one.cases)
    ]
    count = len(interfaces)
    return held(faults, f"a case through each of {count} interfaces passed", count)


def _units(case: Case) -> Said:
    found = case.source.submission.reporting(Work.UNIT_TESTS)
    if not found:
        return unknown("these suites judge whole devices; nobody gave records of units")
    told = f"supplied as {', '.join(one.id for one in found)}; not held against the code"
    return held((), told, len(found))


def _controls(case: Case) -> Said:
    proofs = proofs_of(case.source.trace)
    faults = [
        f"{name} has no {what} proof"
        for name, one in proofs.items()
        for what, cases in (
            ("implementation", one.implementation),
            ("effectiveness", one.effectiveness),
        )
        if not cases
    ]
    faults += [
        f"{one.label}: {name} is {told}"
        for one in case.source.evidence
        for name in proofs
        if (told := _unproven(one, name))
    ]
    seen = len(proofs) if case.source.evidence else 0
    return held(faults, f"both proofs of each of {len(proofs)} controls, in every bundle", seen)


def _unproven(one: Evidence, control: str) -> str:
    """What keeps a control of today's plans from being proven in a bundle; empty: nothing."""
    entry = one.readable.assessment.controls.get(control)
    if entry is None:
        return "not in its plan"
    return "" if entry.standing is Standing.VERIFIED else entry.standing.value.replace("_", " ")


def _hazards(case: Case) -> Said:
    trace = case.source.trace
    answered = {name for one in trace.controls.values() for name in one.hazards}
    answered |= {name for one in trace.requirements.values() for name in one.risks}
    faults = [
        f"{name} has no control and no requirement"
        for name in trace.hazards
        if name not in answered
    ]
    return held(faults, f"each of {len(trace.hazards)} hazards is answered", len(trace.hazards))


def _failures(case: Case) -> Said:
    failing = sorted(
        {
            (one.label, name)
            for one in case.source.evidence
            for name, entry in one.readable.assessment.cases.items()
            if entry.state in FAILING
        }
    )
    if not case.source.evidence:
        return unknown("no bundle was given")
    if not failing:
        return beside("nothing failed in any bundle")
    listed = {name for one in case.source.submission.anomalies or () for name in one.cases}
    faults = [
        f"{name} failed in {label}, and no anomaly names it"
        for label, name in failing
        if name not in listed
    ]
    return held(faults, f"each of {len(failing)} failures has an anomaly", len(failing))


def _changes(case: Case) -> Said:
    if case.source.baseline is None:
        return unknown("no release before was given to compare with")
    found = case.document("13")
    if found is None:
        return unknown("document 13 is not in this pack")
    return held(found.missing, "document 13 compares with the release before", 1)


def _verdicts(case: Case) -> Said:
    anomalies = case.source.submission.anomalies
    if anomalies is None:
        return unknown("no list of anomalies")
    left = [one for one in anomalies if one.disposition is not Disposition.FIXED]
    faults = [text for one in left for text in _unjudged(one)]
    if not left:
        return beside("no anomaly is left")
    good = f"each of {len(left)} anomalies has both verdicts with their reasons"
    return held(faults, good, len(left))


def _unjudged(one: Anomaly) -> list[str]:
    pairs = (
        ("safety", one.safety, one.safety_rationale),
        ("security", one.security, one.security_rationale),
    )
    return [
        f"{one.id} has no verdict on {what} with its reason"
        for what, effect, why in pairs
        if effect is Effect.UNDECIDED or not why
    ]


def _thwarted(case: Case) -> Said:
    threats = case.source.submission.threats
    if not threats:
        return unknown("no list of threats")
    cases = case.source.trace.cases
    faults = []
    for one in threats:
        tries = [name for name in one.cases if name in cases]
        provoked = [name for name in tries if cases[name].method is Method.FAULT_INJECTION]
        if not any(name in case.source.trace.requirements for name in one.requirements):
            faults.append(f"{one.id} is answered by no requirement")
        if not any(passed(case.source, name) for name in provoked):
            faults.append(f"{one.id}: no case that tries it passed")
    count = len(threats)
    return held(faults, f"each of {count} threats was tried, and withstood", count)


RULES = (
    Rule(16, "Has every requirement a test?", _has_case, "03", "edgeward trace --check"),
    Rule(17, "Was every requirement against grave harm tested on a whole device?",
         _grave_tested, "03", "edgeward verify with all suites"),
    Rule(18, "Has every interface an integration test?", _interfaces, "06", "[[interface]]"),
    Rule(19, "Has every unit evidence of its own?", _units, "06",
         "[[supplied]] with reports = [\"unit_tests\"]"),
    Rule(20, "Is each control shown to be there and to work?", _controls, "04", "edgeward verify"),
    Rule(21, "Is every hazard answered?", _hazards, "04", "edgeward trace --check"),
    Rule(22, "Has every failure an anomaly, or a fix and another run?", _failures, "15",
         _ANOMALIES),
    Rule(23, "Was every change looked at for what it may have broken?", _changes, "13",
         "report --pack --baseline BUNDLE"),
    Rule(24, "Was every anomaly judged for safety and for security?", _verdicts, "15", _ANOMALIES),
    Rule(25, "Was every threat tried, and withstood?", _thwarted, "12", "[[threat]]"),
)  # fmt: skip
