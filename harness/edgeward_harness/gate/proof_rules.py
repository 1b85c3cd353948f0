"""Rules on what the evidence proves today: requirements, waivers, risk controls, freshness."""

from collections.abc import Iterator

from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.standing import UNDECIDED, RunVerdict, Standing
from edgeward_harness.gate import fixes
from edgeward_harness.gate.case import Case, Finding, Outcome, Readable, Rule, suites_of
from edgeward_harness.gate.policy import Allowed


def _fresh(case: Case) -> Iterator[Finding]:
    if not case.policy.trace.fresh:
        return
    for one in case.readable:
        for name, entry in one.assessment.requirements.items():
            if entry.standing is Standing.STALE:
                text = f"{one.name}: {name} is stale: {'; '.join(entry.reasons)}"
                yield Finding(text, fix=_again(one))
        for name, control in one.assessment.controls.items():
            if control.standing is Standing.STALE:
                text = f"{one.name}: {name} is stale: {'; '.join(control.reasons)}"
                yield Finding(text, fix=_again(one))
    for profile, bundles in case.by_profile.items():
        known = {name for one in bundles for name in one.assessment.requirements}
        for suite in case.policy.evidence.suites:
            for name in sorted(case.wanted.get(suite, frozenset()) - known):
                text = f"{profile}: {name} of the suite {suite} is in no bundle of it"
                yield Finding(text, fix=fixes.verify(profile, case.policy.evidence.depth_min))


def _requirements(case: Case) -> Iterator[Finding]:
    accepted = {Standing(allowed.value) for allowed in case.policy.trace.standings}
    for one in case.readable:
        standings = one.assessment.requirements
        for name, entry in standings.items():
            if entry.standing in accepted or entry.standing is Standing.STALE:
                continue  # stale is told by its own rule
            outcome = Outcome.UNDECIDED if entry.standing in UNDECIDED else Outcome.REFUSED
            word = entry.standing.value.replace("_", " ")
            first = f": {entry.reasons[0]}" if entry.reasons else ""
            yield Finding(f"{one.name}: {name} is {word}{first}", outcome, _mend(one))
        if not any(entry.standing is Standing.VERIFIED for entry in standings.values()):
            yield Finding(f"{one.name}: no requirement is verified", fix=_mend(one))


def _run(case: Case) -> Iterator[Finding]:
    for one in case.readable:
        named = tuple(f"{name} is " for name in one.assessment.requirements)
        outcome = Outcome.REFUSED
        if one.assessment.verdict is RunVerdict.CANNOT_JUDGE:
            outcome = Outcome.UNDECIDED
        for reason in one.assessment.reasons:
            if not reason.startswith(named):
                yield Finding(f"{one.name}: {reason}", outcome, _mend(one))


def _waivers(case: Case) -> Iterator[Finding]:
    if Allowed.WAIVED not in case.policy.trace.standings:
        return  # whatever is waived is refused by the rule on requirements
    for one in case.readable:
        for name in one.assessment.deviations_used:
            if name not in case.policy.trace.waivers:
                text = f"{one.name}: waived by {name}, which the policy does not name"
                yield Finding(text, fix=f"add {name} to trace.waivers of the policy, or mend it")


def _inapplicable(case: Case) -> Iterator[Finding]:
    if Allowed.NOT_APPLICABLE not in case.policy.trace.standings:
        return  # whatever does not apply is refused by the rule on requirements
    for one in case.readable:
        for name, requirement in one.assessment.requirements.items():
            unnamed = name not in case.policy.trace.inapplicable
            if requirement.standing is Standing.NOT_APPLICABLE and unnamed:
                text = f"{one.name}: {name} does not apply, which the policy does not name"
                yield Finding(text, fix=fixes.inapplicable(name))


def _controls(case: Case) -> Iterator[Finding]:
    if not case.policy.trace.controls_proven:
        return
    for profile, bundles in case.by_profile.items():
        best: dict[str, list[tuple[Standing, tuple[str, ...]]]] = {}
        for one in bundles:
            for name in _controls_of(one.bundle):
                control = one.assessment.controls[name]
                best.setdefault(name, []).append((control.standing, control.reasons))
        for name, proofs in best.items():
            yield from _unproven(profile, name, proofs, _mend(bundles[0]))


def _controls_of(bundle: Bundle) -> Iterator[str]:
    """The controls that a case of the suites of this bundle speaks for, or none at all does."""
    suites, cases = suites_of(bundle), bundle.manifest.cases
    for name, control in bundle.manifest.controls.items():
        proofs = {*control.implementation, *control.effectiveness}
        if not proofs or any(case in cases and cases[case].suite in suites for case in proofs):
            yield name


def _unproven(
    profile: str, name: str, proofs: list[tuple[Standing, tuple[str, ...]]], fix: str
) -> Iterator[Finding]:
    """Nothing when one bundle proves the control and none speaks against it."""
    standings = {standing for standing, _ in proofs}
    if standings <= {Standing.VERIFIED, Standing.NOT_EXECUTED} and Standing.VERIFIED in standings:
        return
    for standing, reasons in proofs:
        if standing not in (Standing.VERIFIED, Standing.STALE):
            outcome = Outcome.UNDECIDED if standing in UNDECIDED else Outcome.REFUSED
            first = f": {reasons[0]}" if reasons else ""
            word = standing.value.replace("_", " ")
            yield Finding(f"{profile}: {name} is {word}{first}", outcome, fix)


def _again(one: Readable) -> str:
    return fixes.verify(one.bundle.manifest.profile.name, one.bundle.manifest.depth)


def _mend(one: Readable) -> str:
    return fixes.inspect(one.name, one.bundle.manifest.profile.name)


PROOF_RULES = (
    Rule("fresh", "do texts and plans read as they did in the run?", _fresh),
    Rule("run", "was nothing left out, and nothing foreign run?", _run),
    Rule("requirements", "is each requirement what the policy accepts?", _requirements),
    Rule("waivers", "is each waiver one that the policy names?", _waivers),
    Rule("inapplicable", "is each that does not apply one that the policy names?", _inapplicable),
    Rule("controls", "is each risk control there, and does it work?", _controls),
)
