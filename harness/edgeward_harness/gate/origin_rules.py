"""Rules on what the device was judged by: its promises, the protocol, and the tool itself.

Promises and protocol must be those found here: else a bundle vouches for its own yardstick, and any
device passes by a lenient one. Of the tool somebody must have shown that it finds a broken device.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from edgeward_harness.evidence.qualification import Qualification, Verdict
from edgeward_harness.gate import fixes
from edgeward_harness.gate.case import Case, Finding, Outcome, Rule, suites_of
from edgeward_harness.gate.evidence_rules import CLOCK_ERROR_MAX


def _promises(case: Case) -> Iterator[Finding]:
    if not case.policy.evidence.promises:
        return
    for one in case.readable:
        profile = one.bundle.manifest.profile
        expected = case.here.profiles.get(profile.name)
        if expected is None:
            yield Finding(
                f"{one.name}: judged by a profile {profile.name} ({profile.sha256}); none of this "
                "name is known here (--profiles)",
                fix=fixes.promises(profile.name),
            )
        elif profile.sha256 != expected:
            yield Finding(
                f"{one.name}: judged by other promises than the profile {profile.name} makes here: "
                f"found {profile.sha256}, expected {expected}",
                fix=fixes.promises(profile.name),
            )


def _protocol(case: Case) -> Iterator[Finding]:
    if not case.policy.evidence.protocol:
        return
    parts = (
        ("other suites", "suites_sha256", case.here.suites_sha256),
        ("another harness", "build_sha256", case.here.harness_sha256),
    )
    for one in case.readable:
        for what, key, expected in parts:
            found = one.bundle.manifest.tool.get(key)
            if found is None or found != expected:
                yield Finding(
                    f"{one.name}: judged by {what}: found {found or 'no digest'}, "
                    f"expected {expected or 'one that is known here'}",
                    fix=fixes.protocol(one.bundle.manifest.profile.name),
                )


def _qualified(case: Case) -> Iterator[Finding]:
    if not case.policy.trust.qualification:
        return
    record = case.beside.qualification
    if record is None:
        yield Finding("the record of edgeward qualify was not given", fix=fixes.QUALIFY)
        return
    if record.found is None:
        for fault in record.faults:
            yield Finding(f"{record.name}: {fault}", fix=fixes.QUALIFY)
        return
    if not record.found.trusted:
        text = f"{record.name}: signed by the key {record.found.keyid}; expected a trusted key"
        yield Finding(f"{text} (--key)", fix=fixes.KEY)
    yield from _survivors(record.name, record.found)
    yield from _another(case, record.name, record.found)
    yield from _untried(case, record.name, record.found)
    yield from _outdated(case, record.name, record.found)


def _survivors(name: str, found: Qualification) -> Iterator[Finding]:
    """What the tool did not find, or what could not be judged."""
    if found.verdict is Verdict.QUALIFIED:
        return
    open_only = found.verdict is Verdict.UNDECIDED
    outcome = Outcome.UNDECIDED if open_only else Outcome.REFUSED
    word = found.verdict.value.replace("_", " ")
    fix = fixes.QUALIFY if open_only else fixes.SURVIVED
    for reason in found.reasons or ("nothing was caught",):
        yield Finding(f"{name}: {word}: {reason}", outcome, fix)


def _another(case: Case, name: str, found: Qualification) -> Iterator[Finding]:
    """Whether what was qualified is what judged, and by the defects that are known here."""
    seeded, known = found.record["tool"]["seeded_sha256"], case.here.seeded_sha256
    if seeded != known:
        text = f"{name}: other defects were seeded than are here: "
        text += f"found {seeded}, expected {known or 'one that is known here'}"
        yield Finding(text, fix=fixes.QUALIFY)
    for one in case.readable:
        for what, key in (("other suites", "suites_sha256"), ("another harness", "build_sha256")):
            judged, tried = one.bundle.manifest.tool.get(key), found.record["tool"][key]
            if judged != tried:
                text = f"{one.name}: judged by {what} than was qualified: "
                text += f"found {judged or 'no digest'}, expected {tried}"
                yield Finding(text, fix=fixes.QUALIFY)


def _untried(case: Case, name: str, found: Qualification) -> Iterator[Finding]:
    """Suites that speak for the device, and for which nothing shows that they find anything."""
    asked = {*case.policy.evidence.suites}
    asked.update(*(suites_of(one.bundle) for one in case.readable))
    caught = {row["suite"] for row in found.record["defects"] if row["outcome"] == "caught"}
    for suite in sorted(asked - caught):
        text = f"{name}: of the suite {suite} no defect was seeded and caught"
        yield Finding(text, fix=fixes.QUALIFY)


def _outdated(case: Case, name: str, found: Qualification) -> Iterator[Finding]:
    most, ended = case.policy.trust.qualification_age_days_max, found.record["ended_utc"]
    age = case.now - datetime.fromisoformat(ended.replace("Z", "+00:00"))
    if age > timedelta(days=most):
        text = f"{name}: {age.days} days old; expected at most {most}"
        yield Finding(text, fix=fixes.QUALIFY)
    elif age < -CLOCK_ERROR_MAX:
        yield Finding(f"{name}: ended at {ended}, which is yet to come", fix=fixes.QUALIFY)


ORIGIN_RULES = (
    Rule("promises", "are these the promises that the profile makes here?", _promises),
    Rule("protocol", "was it judged by the protocol that is here?", _protocol),
    Rule("qualified", "was this tool shown to find broken devices?", _qualified),
)
