"""From a bundle and what it proves to the model of a report: a pure function.

The states come from the assessment alone. Nothing here decides whether something passed; it only
puts what was decided beside what was planned and what was seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from edgeward_harness.evidence.assessment import Assessment, CaseStanding, RequirementStanding
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.entries import CaseEntry, ItemEntry, RequirementEntry
from edgeward_harness.evidence.judge import ItemStanding, direction, judge_record, recompute
from edgeward_harness.evidence.ledger import MANIFEST, RECORDS
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.report.claims import not_proven, shown
from edgeward_harness.report.devices import device_views
from edgeward_harness.report.facts import text_of
from edgeward_harness.report.hazards import hazard_views, links
from edgeward_harness.report.headline import headline, suite_names
from edgeward_harness.report.model import (
    AttemptView,
    CaseLink,
    CaseView,
    ItemView,
    JudgedView,
    Report,
    RequirementView,
    Run,
)
from edgeward_harness.report.procedure import goal_and_procedure

WHOLE = 100.0
"""Percent."""
_URGENCY = {Verdict.FAILED.value: 0, Verdict.CANNOT_JUDGE.value: 1, Verdict.PASSED.value: 2}
_UNKNOWN = RequirementEntry(
    fingerprint="",
    title="Cited by a case, and unknown to this run",
    text="",
    rationale="",
    kind="",
    safety_class="",
    criterion="",
    risks=(),
    stage="",
)


def build_report(bundle: Bundle, assessment: Assessment) -> Report:
    """Everything a report of this bundle shows: of an opened bundle, complete or not."""
    manifest = bundle.manifest
    cases = _cases(bundle, assessment)
    states = {case.id: case.state for case in cases}
    return Report(
        headline=headline(bundle, assessment),
        run=_run(bundle),
        shown=shown(bundle, assessment),
        not_proven=not_proven(bundle, assessment, cases),
        requirements=_requirements(bundle, assessment, cases, states),
        hazards=hazard_views(manifest, assessment, states),
        cases=cases,
        devices=device_views(bundle.contexts),
        beyond=assessment.beyond,
        profile=manifest.profile,
        host=manifest.host,
        tool=manifest.tool,
        deviations=manifest.deviations,
        digests={name: bundle.digests[name] for name in (MANIFEST, RECORDS)},
    )


def _run(bundle: Bundle) -> Run:
    manifest, ended = bundle.manifest, bundle.ended
    last_ns = max((record.end_ns for record in bundle.records), default=None)
    return Run(
        id=manifest.run,
        profile=manifest.profile.name,
        profile_title=text_of(manifest.profile.resolved.get("title", manifest.profile.name)),
        unit=manifest.unit.name,
        driver=manifest.unit.driver,
        realization=manifest.unit.realization,
        serial=manifest.unit.serial,
        depth=manifest.depth,
        seed=manifest.seed,
        suites=suite_names(manifest),
        scope_complete=manifest.scope_complete,
        started_utc=manifest.started_utc,
        ended_utc="" if ended is None else ended.utc,
        duration_ns=None if last_ns is None else last_ns - manifest.started_monotonic_ns,
        ended=bundle.complete,
        tool=f"{text_of(manifest.tool.get('name'))} {text_of(manifest.tool.get('version'))}",
    )


def _cases(bundle: Bundle, assessment: Assessment) -> tuple[CaseView, ...]:
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for record in bundle.records:
        records[record.item].append(record)
    items: defaultdict[str, list[ItemView]] = defaultdict(list)
    for name, entry in bundle.manifest.items.items():
        items[entry.case].append(_item(entry, assessment.items[name], records[name]))
    views = _Cases(bundle.manifest)
    return tuple(
        views.of(name, entry, assessment.cases[name], items[name])
        for name, entry in bundle.manifest.cases.items()
        if name in items or not _is_beyond(bundle.manifest, entry)
    )


def _is_beyond(manifest: Manifest, entry: CaseEntry) -> bool:
    """Whether a case belongs to a suite that this run was not asked for."""
    return bool(manifest.suites) and entry.suite not in manifest.suites


class _Cases:
    """The cases of a manifest, each with what other parts of it say of the case."""

    def __init__(self, manifest: Manifest) -> None:
        self._implements: defaultdict[str, list[str]] = defaultdict(list)
        self._proves_effective: defaultdict[str, list[str]] = defaultdict(list)
        for name, control in manifest.controls.items():
            for case in control.implementation:
                self._implements[case].append(name)
            for case in control.effectiveness:
                self._proves_effective[case].append(name)

    def of(
        self, name: str, entry: CaseEntry, standing: CaseStanding, items: Iterable[ItemView]
    ) -> CaseView:
        """A case with everything that came of it."""
        goal, procedure = goal_and_procedure(entry.procedure or "")
        return CaseView(
            id=name,
            suite=entry.suite,
            title=entry.title,
            goal=goal,
            procedure=procedure,
            method=entry.method,
            rationale=entry.rationale,
            stage=entry.stage,
            samples=entry.samples,
            implements=tuple(self._implements[name]),
            proves_effective=tuple(self._proves_effective[name]),
            fingerprint=entry.fingerprint,
            code_sha256=entry.code_sha256 or "",
            requirements=entry.requirements,
            state=standing.state.value,
            orphan=standing.orphan,
            items=tuple(items),
        )


def _item(entry: ItemEntry, standing: ItemStanding, records: Iterable[Record]) -> ItemView:
    return ItemView(
        item=entry.item,
        parameter=entry.parameter or "",
        state=standing.state.value,
        reasons=standing.reasons,
        attempts=tuple(map(_attempt, records)),
    )


def _attempt(record: Record) -> AttemptView:
    judged = []
    for measurement in record.measurements:
        verdict, why = recompute(measurement)
        judged.append(JudgedView(measurement, verdict.value, why))
    return AttemptView(record, judge_record(record).state.value, tuple(judged))


def _requirements(
    bundle: Bundle, assessment: Assessment, cases: Iterable[CaseView], states: Mapping[str, str]
) -> tuple[RequirementView, ...]:
    citing: defaultdict[str, list[str]] = defaultdict(list)
    measured: defaultdict[str, list[JudgedView]] = defaultdict(list)
    for case in cases:
        for requirement in case.requirements:
            citing[requirement].append(case.id)
        for part in _measurements(case):
            speaks_for = part.measurement.requirement
            for requirement in (speaks_for,) if speaks_for else case.requirements:
                measured[requirement].append(part)
    known = bundle.manifest.requirements
    return tuple(
        _requirement(
            name, known.get(name, _UNKNOWN), standing, links(citing[name], states), measured[name]
        )
        for name, standing in assessment.requirements.items()
    )


def _requirement(
    name: str,
    entry: RequirementEntry,
    standing: RequirementStanding,
    cases: tuple[CaseLink, ...],
    measured: list[JudgedView],
) -> RequirementView:
    return RequirementView(
        id=name,
        title=entry.title,
        text=entry.text,
        rationale=entry.rationale,
        criterion=entry.criterion,
        kind=entry.kind,
        safety_class=entry.safety_class,
        stage=entry.stage,
        risks=entry.risks,
        fingerprint=entry.fingerprint,
        standing=str(standing.standing),
        reasons=tuple(standing.reasons),
        cases=cases,
        key=min(measured, key=_urgency, default=None),
    )


def _measurements(case: CaseView) -> Iterator[JudgedView]:
    for item in case.items:
        for attempt in item.attempts:
            yield from attempt.measurements


def _urgency(part: JudgedView) -> tuple[int, float]:
    """Sorts the worst verdict first, and among equals the nearest to its limit."""
    return _URGENCY[part.verdict], -(use_of_limit(part.measurement) or 0.0)


def use_of_limit(part: Measurement) -> float | None:
    """The share of its budget that a measurement uses up; None where that means nothing."""
    reached = part.bound if part.bound is not None else part.observed
    if part.limit is None or part.limit <= 0.0 or isinstance(reached, str | bool | None):
        return None
    if not direction(part):
        return max(0.0, reached / part.limit)
    if part.unit == "%" and part.limit < WHOLE:  # what may be missing of all
        return max(0.0, (WHOLE - reached) / (WHOLE - part.limit))
    return part.limit / reached if reached > 0 else None
