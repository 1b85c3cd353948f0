"""What the records of a bundle prove: item by item, case by case, requirement by requirement.

Pure: a bundle in, an assessment out; nothing is read, nothing raised. Nothing but a pass folds into
"verified". The rules, cited below by number:

1. An *item* is judged from its own records and their numbers (`judge`).
2. A *case* has the state of its worst item; planned but not collected, it was not executed.
3. A *requirement* is verified only if every item of every case that cites it passed (or does not
   apply, with a reason), and each of these cases has a counted measurement that speaks for it.
   Otherwise the worst item decides (`standing.WORST_FIRST`).
4. A *deviation* of the manifest waives what is not verified, up to and including the day it
   expires, never what broke on our side. Waived is not verified.
5. What would let a run pass is *stale* when its text or plan differs from today's.
6. A case that cites no known requirement is an *orphan*, and so is the id it cites.
7. A *risk control* has two proofs: cases that show it is there, and cases that show it works.
8. *In scope* is every requirement cited by a case of the suites asked for; when these are all
   suites of the manifest, also every requirement that no case cites.
9. The *run* fails when anything seen contradicts what was promised, whatever else is missing (exit
   1). Else it is incomplete when it did not reach its end or left something out (2), cannot be
   judged when something broke or the host was too noisy (2), incomplete when anything else is not
   met or nothing is verified (2). Only then it passed (0).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from edgeward_harness.evidence.assessment import (
    Assessment,
    CaseStanding,
    ControlStanding,
    RequirementStanding,
)
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.entries import DeviationEntry
from edgeward_harness.evidence.freshness import (
    Current,
    control_changes,
    of_trace,
    requirement_changes,
)
from edgeward_harness.evidence.judge import ItemStanding, judge_item
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.standing import (
    MEETS,
    WAIVABLE,
    Standing,
    standing_of,
    worst,
)
from edgeward_harness.evidence.verdict import run_verdict

if TYPE_CHECKING:  # a bundle is assessed without today's plans more often than with them
    from edgeward_harness.trace.model import Trace


__all__ = [
    "Assessment",
    "CaseStanding",
    "ControlStanding",
    "RequirementStanding",
    "assess",
    "assess_against",
]


def assess(
    bundle: Bundle, trace: "Trace | None" = None, *, today: date | None = None
) -> Assessment:
    """What a bundle proves, held against today's trace if one is given.

    Args:
        bundle: a bundle opened and, where it matters, verified.
        trace: today's requirements and plans; without it nothing can be stale.
        today: the day on which deviations must not have expired; by default the day of the run.
    """
    return assess_against(bundle, None if trace is None else of_trace(trace), today=today)


def assess_against(
    bundle: Bundle, now: Current | None = None, *, today: date | None = None
) -> Assessment:
    """The same for a caller that has today's fingerprints at hand."""
    if now is None and today is None:
        return _on_its_own(bundle)
    return _Assessor(bundle, now, today or _day(bundle)).assess()


@lru_cache(maxsize=1)
def _on_its_own(bundle: Bundle) -> Assessment:
    """What reporting, sealing and verifying each ask of the same bundle; they are told once."""
    return _Assessor(bundle, None, _day(bundle)).assess()


def _day(bundle: Bundle) -> date:
    return date.fromisoformat(bundle.manifest.started_utc[:10])


class _Judged:
    """What a bundle says by itself, whatever is planned today: rules 1 to 3, and 6 of cases."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.items = self._judge_items()
        self.items_of: dict[str, list[str]] = {name: [] for name in self.manifest.cases}
        for entry in self.manifest.items.values():
            self.items_of[entry.case].append(entry.item)
        self._reasons_of = {name: self._case_reasons(name) for name in self.manifest.cases}
        self.citing: dict[str, list[str]] = {name: [] for name in self.manifest.requirements}
        for case, planned in self.manifest.cases.items():
            for requirement in dict.fromkeys(planned.requirements):
                self.citing.setdefault(requirement, []).append(case)
        self.cases = {name: self._case(name) for name in self.manifest.cases}
        self._requirements: dict[str, RequirementStanding] = {}

    def _judge_items(self) -> dict[str, ItemStanding]:  # rule 1
        records: defaultdict[str, list[Record]] = defaultdict(list)
        for record in self.bundle.records:
            records[record.item].append(record)
        return {
            name: judge_item(entry, records.get(name, ()))
            for name, entry in self.manifest.items.items()
        }

    def _case(self, name: str) -> CaseStanding:  # rules 2 and 6
        items = self.items_of[name]
        cited = self.manifest.cases[name].requirements
        orphan = not any(requirement in self.manifest.requirements for requirement in cited)
        reasons = self.reasons([name])
        if orphan:
            reasons.append("cites no known requirement")
        state = worst({self.items[item].state for item in items})
        return CaseStanding(state, tuple(reasons), tuple(items), orphan)

    def asked(self, case: str) -> bool:
        """Whether a case belongs to what this run was asked for, or ran in any event."""
        suites = self.manifest.suites
        return not suites or self.manifest.cases[case].suite in suites or bool(self.items_of[case])

    def requirement(self, name: str) -> RequirementStanding:  # rule 3
        """What is known about a requirement before deviations and the plans of today."""
        found = self._requirements.get(name)
        if found is None:
            found = self._requirements[name] = self._requirement(name)
        return found

    def _requirement(self, name: str) -> RequirementStanding:
        cases = tuple(self.citing[name])
        bare = [case for case in cases if not self.speaks(case, name)]
        found = standing_of(self.states(cases) | ({State.NO_EVIDENCE} if bare else set()))
        reasons = self.reasons(cases) if cases else ["no case is planned for it"]
        reasons += [f"{case} has no counted measurement for it" for case in bare]
        items = tuple(item for case in cases for item in self.items_of[case])
        return RequirementStanding(found, tuple(reasons), cases, items)

    def speaks(self, case: str, requirement: str) -> bool:
        """Whether a case whose items passed measured anything for a requirement."""
        judged = [self.items[item] for item in self.items_of[case]]
        passed = [one for one in judged if one.state is State.PASSED]
        return not passed or any(one.counts_for(requirement) for one in passed)

    def states(self, cases: Iterable[str]) -> set[State]:
        """The states of all items of some cases."""
        states: set[State] = set()
        for case in cases:
            items = self.items_of[case]
            states |= {self.items[item].state for item in items} or {State.NOT_EXECUTED}
        return states

    def _case_reasons(self, case: str) -> list[str]:
        """Why a case is not simply passed, each with its item."""
        if not self.items_of[case]:
            return [f"{case}: was not collected"]
        judged = ((item, self.items[item]) for item in self.items_of[case])
        return [
            f"{item}: {'; '.join(one.reasons) or one.state.value}"
            for item, one in judged
            if one.state is not State.PASSED
        ]

    def reasons(self, cases: Iterable[str]) -> list[str]:
        """Why some cases are not simply passed."""
        return [reason for case in cases for reason in self._reasons_of[case]]


@lru_cache(maxsize=1)
def _judged(bundle: Bundle) -> _Judged:
    """A bundle is assessed on its own as it is verified, and then against today's plans."""
    return _Judged(bundle)


class _Assessor:
    """One assessment under way; each method is one of the rules above."""

    def __init__(self, bundle: Bundle, now: Current | None, today: date) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.now = now
        self.today = today
        self.judged = _judged(bundle)
        self.used: set[str] = set()

    def assess(self) -> Assessment:
        scope, beyond = self._scope()
        requirements = {name: self._requirement(name) for name in scope}
        requirements |= self._unknown_requirements()
        cases = self.judged.cases
        asked = {name: case for name, case in cases.items() if self.judged.asked(name)}
        verdict, reasons = run_verdict(self.bundle, requirements, asked)
        return Assessment(
            requirements=requirements,
            cases=cases,
            controls={name: self._control(name) for name in self.manifest.controls},
            items=self.judged.items,
            verdict=verdict,
            reasons=tuple(reasons),
            complete=self.bundle.complete,
            beyond=tuple(beyond),
            deviations_used=tuple(sorted(self.used)),
        )

    def _scope(self) -> tuple[list[str], list[str]]:  # rule 8
        whole = all(map(self.judged.asked, self.manifest.cases))
        inside: list[str] = []
        beyond: list[str] = []
        for name in self.manifest.requirements:
            asked = whole or any(map(self.judged.asked, self.judged.citing[name]))
            (inside if asked else beyond).append(name)
        return inside, beyond

    def _requirement(self, name: str) -> RequirementStanding:  # rules 4 and 5, upon 3
        return self._fresh(name, self._waive(name, self.judged.requirement(name)))

    def _waive(self, name: str, found: RequirementStanding) -> RequirementStanding:  # rule 4
        if found.standing not in WAIVABLE:
            return found
        reasons = found.reasons
        for deviation in self.manifest.deviations:
            if not self._covers(deviation, name):
                continue
            what = f"{deviation.id} ({deviation.owner}, until {deviation.expires})"
            if date.fromisoformat(deviation.expires) < self.today:
                reasons = (f"{what} has expired", *reasons)
                continue
            self.used.add(deviation.id)
            accepted = f"{found.standing.value}, accepted by {what}: {deviation.reason}"
            return replace(found, standing=Standing.WAIVED, reasons=(accepted, *found.reasons))
        return found if reasons is found.reasons else replace(found, reasons=reasons)

    def _covers(self, deviation: DeviationEntry, requirement: str) -> bool:
        """Whether a deviation names this requirement and every case of it that does not pass."""
        if deviation.requirements and requirement not in deviation.requirements:
            return False
        if not deviation.cases:
            return True
        short = {case for case in self.judged.citing[requirement] if self._short(case, requirement)}
        return bool(short) and short <= set(deviation.cases)

    def _short(self, case: str, requirement: str) -> bool:
        met = {State.PASSED, State.NOT_APPLICABLE}
        return not self.judged.states([case]) <= met or not self.judged.speaks(case, requirement)

    def _fresh(self, name: str, found: RequirementStanding) -> RequirementStanding:  # rule 5
        if self.now is None:
            return found
        cases = tuple(self.judged.citing[name])
        changes = requirement_changes(name, cases, self.manifest, self.now)
        if not changes:
            return found
        standing = Standing.STALE if found.standing in MEETS else found.standing
        return replace(found, standing=standing, reasons=(*changes, *found.reasons))

    def _unknown_requirements(self) -> dict[str, RequirementStanding]:  # rules 5 and 6
        known = self.manifest.requirements
        unknown = {}
        for name, citing in self.judged.citing.items():
            if name in known:
                continue
            cases = tuple(filter(self.judged.asked, citing))
            if cases:
                reason = f"cited by {', '.join(cases)}, but not a known requirement"
                unknown[name] = RequirementStanding(Standing.ORPHAN, (reason,), cases)
        if self.now is not None and all(map(self.judged.asked, self.manifest.cases)):
            for name in sorted(self.now.requirements.keys() - known.keys() - unknown.keys()):
                reason = "was written after the run"
                unknown[name] = RequirementStanding(Standing.NOT_EXECUTED, (reason,))
        return unknown

    def _control(self, name: str) -> ControlStanding:  # rule 7
        control = self.manifest.controls[name]
        there, why_there = self._proof(control.implementation, "that it is implemented")
        works, why_works = self._proof(control.effectiveness, "that it is effective")
        reasons = why_there + why_works
        standing = works if there is Standing.VERIFIED else there
        if Standing.FAILED in (there, works):
            standing = Standing.FAILED
        changes = [] if self.now is None else control_changes(name, self.manifest, self.now)
        if changes and standing in MEETS:
            standing = Standing.STALE
        return ControlStanding(standing, tuple(changes + reasons), there, works)

    def _proof(self, cases: tuple[str, ...], what: str) -> tuple[Standing, list[str]]:
        known = [case for case in cases if case in self.manifest.cases]
        missing = [f"{case}: is not a case of this run" for case in cases if case not in known]
        states = self.judged.states(known) | (
            {State.NOT_EXECUTED} if missing or not cases else set()
        )
        if not cases:
            return Standing.NOT_EXECUTED, [f"no case is planned to prove {what}"]
        return standing_of(states), missing + self.judged.reasons(known)
