"""Rules on the evidence itself: is it there, whole, signed, of the right kind, and recent?

A bundle that cannot be read is refused once, by `integrity`; the other rules look at the rest.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from edgeward_harness.evidence.identity import builds, software_of
from edgeward_harness.evidence.verification import FaultKind
from edgeward_harness.gate import fixes
from edgeward_harness.gate.case import Case, Finding, Readable, Rule, suites_of
from edgeward_harness.gate.exhibit import Exhibit
from edgeward_harness.profile.bench import Realization
from edgeward_harness.trace.vocabulary import Depth

CLOCK_ERROR_MAX = timedelta(hours=26)
"""A run may seem to come from the future by this much: clocks and time zones err."""


def _evidence(case: Case) -> Iterator[Finding]:
    if not case.exhibits:
        yield Finding("there is no bundle", fix=fixes.NO_BUNDLE)
    runs: dict[str, str] = {}
    for one in case.readable:
        run = one.bundle.manifest.run
        if run in runs:
            text = f"{one.name}: is the same run as {runs[run]}; evidence counts once"
            yield Finding(text, fix=fixes.TWICE)
        runs[run] = one.name


def _integrity(case: Case) -> Iterator[Finding]:
    for one in case.exhibits:
        for fault in one.verification.findings:
            if fault.kind in (FaultKind.CHANGED, FaultKind.OTHER):
                yield Finding(f"{one.name}: {fault.text}", fix=fixes.changed(one.name))
        if one.bundle is None and not one.verification.findings:
            yield Finding(f"{one.name}: cannot be read", fix=fixes.changed(one.name))


def _complete(case: Case) -> Iterator[Finding]:
    for one in case.exhibits:
        for fault in one.verification.findings:
            if fault.kind is FaultKind.INCOMPLETE:
                yield Finding(f"{one.name}: {fault.text}", fix=_again(one))


def _signer(case: Case) -> Iterator[Finding]:
    if not case.policy.trust.trusted_signer:
        return
    for one in case.exhibits:
        if not one.verification.trusted:
            signer = one.verification.signer
            by = f"signed by the key {signer}" if signer else "no good signature"
            text = f"{one.name}: {by}; expected a trusted key (--key)"
            yield Finding(text, fix=fixes.KEY)


def _suites(case: Case) -> Iterator[Finding]:
    for profile, bundles in case.by_profile.items():
        run = {suite for one in bundles for suite in suites_of(one.bundle)}
        for suite in case.policy.evidence.suites:
            if suite not in run:
                text = f"{profile}: the suite {suite} was not run for it"
                yield Finding(text, fix=_run(case, profile))


def _profiles(case: Case) -> Iterator[Finding]:
    for profile, bundles in case.by_profile.items():
        if not bundles:
            text = f"{profile}: no bundle of this profile was given"
            yield Finding(text, fix=_run(case, profile))


def _depth(case: Case) -> Iterator[Finding]:
    order = [depth.value for depth in Depth]
    least = case.policy.evidence.depth_min
    for one in case.readable:
        depth = one.bundle.manifest.depth
        if depth not in order or order.index(depth) < order.index(least):
            text = f"{one.name}: of depth {depth}; expected at least {least}"
            yield Finding(text, fix=_run(case, one.bundle.manifest.profile.name))


def _realization(case: Case) -> Iterator[Finding]:
    accepted = case.policy.realizations
    for one in case.readable:
        for found in sorted(case.realizations_of(one) - set(accepted)):
            expected = " or ".join(accepted)
            fix = fixes.on_target(one.bundle.manifest.profile.name)
            if accepted != (Realization.ON_TARGET,):
                fix = f"{_run(case, one.bundle.manifest.profile.name)}, {fixes.POLICY}"
            text = f"{one.name}: the device was {found}; expected {expected}"
            yield Finding(text, fix=fix)


def _build(case: Case) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for one in case.readable:
        found = builds(one.bundle.contexts)
        if not found:
            yield Finding(f"{one.name}: no device of it names its build", fix=fixes.NAMELESS)
        for build in sorted(found):
            seen.setdefault(build, one.name)
        yield from _not_pinned(case, one)
    if case.policy.evidence.same_build and len(seen) > 1:
        told = ", ".join(f"{build[:12]} ({name})" for build, name in seen.items())
        yield Finding(f"{len(seen)} different builds of the device: {told}", fix=fixes.ONE_BUILD)


def _not_pinned(case: Case, one: Readable) -> Iterator[Finding]:
    """Every device of a bundle must name the build asked for; silence is not agreement."""
    named = map(software_of, one.bundle.contexts.values())
    found = {"none" if software is None else software[1] for software in named}
    pins = {case.policy.evidence.build_sha256, case.here.build_sha256} - {""}
    for pin in sorted(pins):
        for build in sorted(found - {pin}):
            text = f"{one.name}: of another device build: found {build}, expected {pin}"
            yield Finding(text, fix=fixes.ONE_BUILD)


def _age(case: Case) -> Iterator[Finding]:
    most = case.policy.evidence.age_days_max
    for one in case.readable:
        started = one.bundle.manifest.started_utc
        age = case.now - datetime.fromisoformat(started.replace("Z", "+00:00"))
        if age > timedelta(days=most):
            text = f"{one.name}: {age.days} days old; expected at most {most}"
            yield Finding(text, fix=_run(case, one.bundle.manifest.profile.name))
        elif age < -CLOCK_ERROR_MAX:
            text = f"{one.name}: begins at {started}, which is yet to come"
            yield Finding(text, fix=fixes.CLOCK)


def _run(case: Case, profile: str) -> str:
    return fixes.verify(profile, case.policy.evidence.depth_min)


def _again(one: Exhibit) -> str:
    if one.bundle is None:
        return fixes.NO_BUNDLE
    return fixes.verify(one.bundle.manifest.profile.name, one.bundle.manifest.depth)


EVIDENCE_RULES = (
    Rule("evidence", "is there a bundle, and none twice?", _evidence),
    Rule("integrity", "is every byte the one that was written and signed?", _integrity),
    Rule("complete", "did every run reach its end, and is it sealed?", _complete),
    Rule("signer", "did a trusted key sign each bundle?", _signer),
    Rule("profiles", "has each required profile a bundle?", _profiles),
    Rule("suites", "was each required suite run for each profile?", _suites),
    Rule("depth", "are the samples large enough for a claim?", _depth),
    Rule("realization", "was the device near enough to the product?", _realization),
    Rule("build", "does everything rest on one build, the one asked for?", _build),
    Rule("age", "is the evidence recent?", _age),
)
