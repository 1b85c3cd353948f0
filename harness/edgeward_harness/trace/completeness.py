"""Is the trace complete? Both directions, every rule, all faults at once.

1. Every id that is cited exists, and requirements are cited within their topic.
2. Every requirement has a case, for each profile it holds for, no later than its own stage.
3. Every case has a requirement.
4. Every hazard has a control; every control a hazard and a requirement, and both know each other.
5. Every control has a proof that it is there and another, by another case, that it works; a control
   that acts by itself (design, protective) is proven to work by provoking the harm.
6. Every deviation is for something that exists and has not expired.
7. Nothing moved since it was last reviewed.

Rules 1 to 5 are `check`; the sixth asks for a date and the seventh for the review baseline, since
no rule reads a clock or a file.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from edgeward_harness.trace.baseline import Baseline
from edgeward_harness.trace.fault import Code, Fault
from edgeward_harness.trace.links import Proofs, proofs_of
from edgeward_harness.trace.model import Control, PlannedCase, Requirement, Trace
from edgeward_harness.trace.suspicion import suspects
from edgeward_harness.trace.vocabulary import ControlType, Method, Stage, topic_of

_STAGES = {stage: place for place, stage in enumerate(Stage)}


def check(trace: Trace) -> list[Fault]:
    """The faults of a trace against rules 1 to 5, rule by rule, in the order of the files."""
    rules: tuple[Callable[[Trace], Iterator[Fault]], ...] = (
        _dangling,
        _foreign,
        _requirements,
        _cases,
        _hazards,
        _controls,
        _proofs,
    )
    return [fault for rule in rules for fault in rule(trace)]


def check_deviations(trace: Trace, today: date) -> list[Fault]:
    """The faults of the deviations on a day (rule 6)."""
    return list(_deviations(trace, today))


def check_review(trace: Trace, baseline: Baseline | None) -> list[Fault]:
    """What moved since the last review (rule 7); no baseline is one fault, not one an item."""
    return list(_review(trace, baseline))


def check_all(trace: Trace, today: date, baseline: Baseline | None) -> list[Fault]:
    """The faults against all rules."""
    return check(trace) + check_deviations(trace, today) + check_review(trace, baseline)


def _fault(trace: Trace, code: Code, item_id: str, sentence: str) -> Fault:
    return Fault(code, item_id, trace.places.get(item_id, ""), sentence)


def _cited(trace: Trace) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Every (citing item, key, cited ids)."""
    for control in trace.controls.values():
        yield control.id, "hazards", control.hazards
        yield control.id, "requirements", control.requirements
    for requirement in trace.requirements.values():
        yield requirement.id, "risks", requirement.risks
    for case in trace.cases.values():
        yield case.id, "requirements", case.requirements
        yield case.id, "implements", case.implements
        yield case.id, "proves_effective", case.proves_effective


def _dangling(trace: Trace) -> Iterator[Fault]:
    known = trace.hazards.keys() | trace.controls.keys() | trace.requirements.keys()
    for item_id, key, cited in _cited(trace):
        for other in cited:
            if other not in known:
                sentence = f"{key} cites {other}, which does not exist; correct the id or define it"
                yield _fault(trace, Code.DANGLING_ID, item_id, sentence)
    for name, suite in trace.suites.items():
        for other in suite.alone:
            if other not in trace.cases or trace.cases[other].suite != name:
                sentence = f"alone of suite {name} names it, and it is no case of its plan"
                yield _fault(trace, Code.DANGLING_ID, other, sentence)


def _foreign(trace: Trace) -> Iterator[Fault]:
    for case in trace.cases.values():
        suite = trace.suites[case.suite]
        if topic_of(case.id) != suite.topic:
            sentence = f"a case of suite {suite.name} is called TC-{suite.topic}-...; rename it"
            yield _fault(trace, Code.FOREIGN_ID, case.id, sentence)
        for cited in case.requirements:
            if topic_of(cited) not in (suite.topic, *suite.borrows):
                sentence = (
                    f"cites {cited} of another topic; correct the id, or add "
                    f'"{topic_of(cited)}" to borrows of suite {suite.name}'
                )
                yield _fault(trace, Code.FOREIGN_ID, case.id, sentence)


def _requirements(trace: Trace) -> Iterator[Fault]:
    citing: dict[str, list[PlannedCase]] = {name: [] for name in trace.requirements}
    for case in trace.cases.values():
        for cited in case.requirements:
            citing.get(cited, []).append(case)
    for requirement in trace.requirements.values():
        cases = citing[requirement.id]
        if not cases:
            sentence = "no case proves it; plan one in the test plan of its suite"
            yield _fault(trace, Code.UNTESTED_REQUIREMENT, requirement.id, sentence)
            continue
        yield from _profiles(trace, requirement, cases)
        due = min(_STAGES[case.stage] for case in cases)
        if due > _STAGES[requirement.stage]:
            first = min(cases, key=lambda case: _STAGES[case.stage])
            sentence = (
                f"is due at stage {requirement.stage}, but its first case, {first.id}, runs from "
                f"{first.stage} on; move one of the two"
            )
            yield _fault(trace, Code.LATE_TEST, requirement.id, sentence)


def _profiles(
    trace: Trace, requirement: Requirement, cases: Sequence[PlannedCase]
) -> Iterator[Fault]:
    """A case for some device profiles proves nothing about the others."""
    if any(not case.needs.profiles for case in cases):
        return
    covered = sorted({name for case in cases for name in case.needs.profiles})
    missing = [name for name in requirement.profiles if name not in covered]
    if missing or not requirement.profiles:
        held = f"for {', '.join(missing)}" if missing else "for every profile"
        sentence = (
            f"holds {held}, but its cases are only for {', '.join(covered)}; plan a case for the "
            "others, or name the profiles it holds for"
        )
        yield _fault(trace, Code.UNTESTED_PROFILE, requirement.id, sentence)


def _cases(trace: Trace) -> Iterator[Fault]:
    for case in trace.cases.values():
        if not case.requirements:
            sentence = "proves no requirement; name the one it is for, or take it out"
            yield _fault(trace, Code.UNREQUIRED_TEST, case.id, sentence)


def _hazards(trace: Trace) -> Iterator[Fault]:
    mitigated = {hazard for control in trace.controls.values() for hazard in control.hazards}
    for hazard_id in trace.hazards:
        if hazard_id not in mitigated:
            sentence = "no control acts against it; add one, or add it to the hazards of one"
            yield _fault(trace, Code.UNMITIGATED_HAZARD, hazard_id, sentence)


def _controls(trace: Trace) -> Iterator[Fault]:
    for control in trace.controls.values():
        if not control.hazards:
            sentence = "acts against no hazard; name the one it is for, or take it out"
            yield _fault(trace, Code.CONTROL_WITHOUT_HAZARD, control.id, sentence)
        if not control.requirements:
            sentence = "no requirement realises it; name those that do"
            yield _fault(trace, Code.CONTROL_WITHOUT_REQUIREMENT, control.id, sentence)
        yield from _one_sided(trace, control)
    for requirement in trace.requirements.values():
        for risk in requirement.risks:
            named = trace.controls.get(risk)
            if named is not None and requirement.id not in named.requirements:
                sentence = f"names {risk}, which does not name it; mend requirements of {risk}"
                yield _fault(trace, Code.ONE_SIDED_LINK, requirement.id, sentence)


def _one_sided(trace: Trace, control: Control) -> Iterator[Fault]:
    """Who reads a requirement must see the risks that rest on it, and the other way round."""
    for cited in control.requirements:
        named = trace.requirements.get(cited)
        if named is not None and control.id not in named.risks:
            sentence = (
                f"names {cited}, which does not name it; add {control.id} to risks of {cited}"
            )
            yield _fault(trace, Code.ONE_SIDED_LINK, control.id, sentence)


def _proofs(trace: Trace) -> Iterator[Fault]:
    proofs = proofs_of(trace)
    for control in trace.controls.values():
        found = proofs[control.id]
        if not found.implementation:
            sentence = "no case proves that it is there; add it to implements of one"
            code = Code.CONTROL_WITHOUT_IMPLEMENTATION_PROOF
            yield _fault(trace, code, control.id, sentence)
        if not found.effectiveness:
            sentence = "no case proves that it works; add it to proves_effective of one"
            yield _fault(trace, Code.CONTROL_WITHOUT_EFFECTIVENESS_PROOF, control.id, sentence)
        yield from _kinds(trace, control, found)


def _kinds(trace: Trace, control: Control, found: Proofs) -> Iterator[Fault]:
    """Two questions, two answers: is it there, and does it stop the harm when that is provoked?"""
    for case_id in found.effectiveness:
        if case_id in found.implementation:
            sentence = (
                f"{case_id} is to prove both that it is there and that it works; use two cases"
            )
            yield _fault(trace, Code.ONE_CASE_FOR_BOTH_PROOFS, control.id, sentence)
        provoked = trace.cases[case_id].method is Method.FAULT_INJECTION
        if not provoked and control.type is not ControlType.INFORMATION:
            sentence = (
                f"{case_id} is to prove that it works, by {trace.cases[case_id].method}; provoke "
                f"the harm: method {Method.FAULT_INJECTION}"
            )
            yield _fault(trace, Code.EFFECTIVENESS_WITHOUT_FAULT, control.id, sentence)


def _deviations(trace: Trace, today: date) -> Iterator[Fault]:
    for deviation in trace.deviations.values():
        for cited in (*deviation.requirements, *deviation.cases):
            if cited not in trace.requirements and cited not in trace.cases:
                sentence = f"is for {cited}, which does not exist; correct the id or take it out"
                yield _fault(trace, Code.DEVIATION_UNMATCHED, deviation.id, sentence)
        if deviation.expires < today:
            sentence = f"expired on {deviation.expires}; mend what it excused, or decide anew"
            yield _fault(trace, Code.DEVIATION_EXPIRED, deviation.id, sentence)


def _review(trace: Trace, baseline: Baseline | None) -> Iterator[Fault]:
    if baseline is None:
        sentence = "there is no review baseline; read everything, then: edgeward trace --review all"
        yield Fault(Code.NEVER_REVIEWED, "", "trace_review.toml", sentence)
        return
    found = suspects(trace, baseline)
    for item_id in found.changed:
        sentence = f"changed since its review; read it, then: edgeward trace --review {item_id}"
        yield _fault(trace, Code.UNREVIEWED_CHANGE, item_id, sentence)
    for item_id in found.new:
        sentence = f"was never reviewed; read it, then: edgeward trace --review {item_id}"
        yield _fault(trace, Code.UNREVIEWED_ITEM, item_id, sentence)
    for item_id in found.gone:
        sentence = f"was taken out since the review; if rightly: edgeward trace --review {item_id}"
        yield Fault(Code.UNREVIEWED_REMOVAL, item_id, "trace_review.toml", sentence)
    for suspect in found.suspects:
        sentence = f"{suspect}; does it still hold? then: edgeward trace --review {suspect.id}"
        yield _fault(trace, Code.SUSPECT, suspect.id, sentence)
