"""The gate, asked about a pack: by its policy, of what lies in it, on the moment it was made.

Whoever makes a pack asks it, and whoever inspects one asks it again, so that both hear the same.
So whatever the rules look at lies in the pack or is kept beside the policy, and findings name
things by where they lie in the pack. The promises and suites that counted where it was asked are
kept as digests: whether they are those of the reader is for the reader to say.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.folder import Folder
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.evidence.freshness import Current, of_trace
from edgeward_harness.gate.beside import Beside, shown
from edgeward_harness.gate.decide import Decision, decide
from edgeward_harness.gate.exhibit import Exhibit, requirements_of
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import load_policy
from edgeward_harness.pack.build import not_holding
from edgeward_harness.pack.keeping import BUNDLES, INPUTS
from edgeward_harness.pack.source import Asked, Evidence, PackSource


def asked_by(policy: Path, here: Here) -> Asked:
    """The rules of a file, asked at a place.

    Raises:
        HarnessError: the policy cannot be read or used.
    """
    rules = load_policy(policy)
    try:
        return Asked(rules, read_whole(policy.resolve()), here)  # a link to it will do
    except OSError as fault:
        raise HarnessError(f"{policy}: {fault.strerror}") from fault


def answer(source: PackSource, asked: Asked, moment: datetime) -> Decision:
    """What the gate says of a pack.

    Args:
        source: what the pack is made from; an answer that is in it already is not looked at.
        asked: the rules, and what lay where they are asked.
        moment: when, with its time zone.
    """
    source, rules = replace(source, decision=None, policy="", asked=None), asked.policy
    current = of_trace(source.trace) if rules.trace.fresh else None
    exhibits = [_exhibit(one, f"{BUNDLES}/{one.place}", current, moment) for one in source.evidence]
    wanted = requirements_of(source.trace) if rules.trace.fresh else None
    beside = _beside(source, asked, moment)
    return decide(rules, exhibits, moment, wanted, asked.here, beside)


def _exhibit(one: Evidence, name: str, current: Current | None, moment: datetime) -> Exhibit:
    """A bundle, by the place it has in the pack."""
    assessment = assess_against(one.bundle, current, today=moment.date())
    return Exhibit(name, one.verification, assessment, one.statement_sha256)


def _beside(source: PackSource, asked: Asked, moment: datetime) -> Beside:
    at = Path(INPUTS) / "approvals"
    found, before = source.approvals, source.baseline
    baseline = None if before is None else _exhibit(before, f"{INPUTS}/baseline", None, moment)
    record = None
    if source.qualification is not None:
        name = f"{INPUTS}/qualification.json"
        record = shown(source.qualification, source.trusted, name)
    return Beside(
        approvals=Folder(at) if found is None else replace(found, path=at),
        audit=not_holding(source) if asked.policy.approval.audit else None,
        baseline=baseline,
        authorities=tuple(map(sha256_hex, source.authorities)),
        qualification=record,
    )
