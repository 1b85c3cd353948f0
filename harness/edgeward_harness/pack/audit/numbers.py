"""Rules 32 to 38: every figure is computed again from what was recorded."""

from collections.abc import Iterator

from edgeward_harness.evidence.judge import recompute
from edgeward_harness.evidence.record import State
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.source import Evidence, Taken
from edgeward_harness.pack.words import Probability, Verdict

_OFTEN = {one: place for place, one in enumerate(Probability)}
STRANGERS = "patients_who_taught_the_model"
_DROPPED = ("dropped", "left_out", "unanswered", "no_answer")
"""What the name of a measurement holds that counts windows without an answer."""


def _counts(case: Case) -> Said:
    faults = [text for one in case.source.evidence for text in _miscounted(one)]
    items = sum(len(one.readable.assessment.items) for one in case.source.evidence)
    return held(faults, f"{items:,} executions counted again from their records", items)


def _miscounted(one: Evidence) -> Iterator[str]:
    items = one.readable.assessment.items
    recorded = {record.item for record in one.bundle.records}
    strange = recorded - set(items)
    if strange:
        yield f"{one.label}: records of {len(strange)} executions that were never planned"
    lacking = [n for n, found in items.items() if found.state is State.PASSED and n not in recorded]
    if lacking:
        yield f"{one.label}: {len(lacking)} passed without a record"
    if not one.verification.intact:
        yield f"{one.label}: its signed summary is not what its records give"


def _acceptable(case: Case) -> Said:
    """Each remaining risk looked up in the matrix again; which matrix is right, people decide."""
    submission, hazards = case.source.submission, case.source.trace.hazards
    if not submission.matrix or not submission.residual:
        return unknown("no acceptability matrix, or no remaining risk that was judged by it")
    most = {one.id: _OFTEN[one.most] for one in submission.matrix}
    judged = {one.id: one for one in submission.residual}
    faults = [f"{name}: nobody judged what remains" for name in hazards if name not in judged]
    for name, one in judged.items():
        if name not in hazards:
            faults.append(f"{name}: is no hazard")
            continue
        limit = most.get(hazards[name].severity)
        may = limit is not None and _OFTEN[one.probability] <= limit
        due = Verdict.ACCEPTABLE if may else Verdict.UNACCEPTABLE
        if one.verdict is not due or due is Verdict.UNACCEPTABLE:
            told = f"{hazards[name].severity.value} and {one.probability.value}"
            faults.append(
                f"{name}: {told}, said to be {one.verdict.value}, by the matrix {due.value}"
            )
    good = f"each of {len(judged)} remaining risks is acceptable by the matrix"
    return held(faults, good, len(judged))


def _scores(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown("no bill of materials was given")
    flaws = read_bill(case.source.sbom, "the bill of materials").flaws
    if not flaws:
        return beside("the bill names no flaw that could have a score")
    return unknown(f"{len(flaws)} flaws are named; no vector is kept to compute a score from")


def _bounds(case: Case) -> Said:
    faults, count = [], 0
    for taken in case.source.measurements():
        count += 1
        verdict, why = recompute(taken.measurement)
        if verdict is not taken.measurement.verdict:
            told = f"{taken.evidence.label}, {taken.record.item}, {taken.measurement.name}"
            faults.append(f"{told}: {why or verdict.value}")
    if not count:
        return unknown("no measurement was taken")
    return held(faults, f"{count:,} verdicts reached again from bound and limit", count)


def _sizes(case: Case) -> Said:
    most: dict[tuple[str, str], int] = {}
    for taken in case.source.measurements():
        at = (taken.evidence.label, taken.case)
        most[at] = max(most.get(at, 0), taken.measurement.n)
    faults, counted, single = [], 0, 0
    for one in case.source.evidence:
        for name, entry in one.bundle.manifest.cases.items():
            found = most.get((one.label, name))
            if entry.samples is None or found is None:
                continue
            if found == 1:  # one figure over a whole span: the plan counts its seconds
                single += 1
                continue
            counted += 1
            if found < entry.samples:
                faults.append(f"{one.label}, {name}: {found:,} of {entry.samples:,} planned")
    aside = f"; {single} give one figure over a span" if single else ""
    return held(faults, f"{counted} cases took at least what was planned{aside}", counted)


def _strangers(case: Case) -> Said:
    found = [one for one in case.source.measurements() if one.measurement.name == STRANGERS]
    if not found:
        return unknown("no run compared the patients with those who taught the model")
    faults = [_told(one) for one in found if one.measurement.observed != 0]
    good = f"nobody in common, in each of {len(found)} comparisons"
    return held(faults, good, len(found))


def _told(one: Taken) -> str:
    return f"{one.evidence.label}: {one.measurement.observed} patients are in both"


def _drops(case: Case) -> Said:
    found = [
        one
        for one in case.source.measurements()
        if any(word in one.measurement.name for word in _DROPPED)
    ]
    if not found:
        return unknown("no run counted the windows that got no answer")
    faults = [
        f"{one.evidence.label}, {one.measurement.name}: {one.measurement.observed}"
        for one in found
        if one.measurement.verdict.value != "passed"
    ]
    good = f"{len(found)} counts of what got no answer, each within its limit"
    return held(faults, good, len(found))


RULES = (
    Rule(32, "Do counts come out again from the records?", _counts, "07", "edgeward inspect"),
    Rule(33, "Is the acceptability of each risk that of the matrix?", _acceptable, "04",
         "[[acceptable]] and [[residual]]"),
    Rule(34, "Do scores of flaws come out again from their vectors?", _scores, "05",
         "edgeward sbom --vex FILE"),
    Rule(35, "Does each verdict come out again from bound and criterion?", _bounds, "08",
         "edgeward verify"),
    Rule(36, "Was each sample as large as planned?", _sizes, "02", "edgeward verify"),
    Rule(37, "Has nobody in the evaluation taught the model?", _strangers, "09",
         "edgeward verify --suite accuracy"),
    Rule(38, "Is the share of windows without an answer within the plan?", _drops, "08",
         "edgeward verify --suite accuracy"),
)  # fmt: skip
