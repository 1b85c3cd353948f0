"""The plan of a run as one digest, the same before the run and out of its manifest.

A person approves a plan before anything is run; the manifest of the run must then give the same
digest. It is taken over all that is settled beforehand:

- the promises of the device profile, the depth, and the code and data of the suites;
- requirements, hazards, controls and cases by their fingerprints, with what proves each control and
  how many observations each case takes;
- the deviations accepted in writing.

What a single run adds (its nonce, its host, its device, which suites of the plan it was asked for)
is no part of it.
"""

from collections.abc import Mapping
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import SubjectKind
from edgeward_harness.evidence.entries import DeviationEntry, plain
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.model import Deviation, Trace

SCHEMA = "edgeward-plan/1"


def plan_of(manifest: Manifest) -> dict[str, Any]:
    """The plan that a manifest is of."""
    return _plan(
        profile=(manifest.profile.name, manifest.profile.sha256),
        depth=manifest.depth,
        suites_sha256=str(manifest.tool.get("suites_sha256", "")),
        requirements={name: one.fingerprint for name, one in manifest.requirements.items()},
        hazards={name: str(one.get("fingerprint")) for name, one in manifest.hazards.items()},
        controls={
            name: [one.fingerprint, list(one.implementation), list(one.effectiveness)]
            for name, one in manifest.controls.items()
        },
        cases={name: [one.fingerprint, one.samples] for name, one in manifest.cases.items()},
        deviations={one.id: digest(plain(one)) for one in manifest.deviations},
    )


def plan_before(
    trace: Trace, profile: tuple[str, str], depth: str, suites_sha256: str
) -> dict[str, Any]:
    """The plan that a run of this trace is going to be of; `profile` is its name and digest."""
    cases = tuple(trace.cases.values())
    return _plan(
        profile=profile,
        depth=depth,
        suites_sha256=suites_sha256,
        requirements={one.id: fingerprint(one) for one in trace.requirements.values()},
        hazards={one.id: fingerprint(one) for one in trace.hazards.values()},
        controls={
            one.id: [
                fingerprint(one),
                [case.id for case in cases if one.id in case.implements],
                [case.id for case in cases if one.id in case.proves_effective],
            ]
            for one in trace.controls.values()
        },
        cases={one.id: [fingerprint(one), one.samples.get(depth)] for one in cases},
        deviations={
            one.id: digest(plain(deviation_entry(one))) for one in trace.deviations.values()
        },
    )


def _plan(
    profile: tuple[str, str], depth: str, suites_sha256: str, **parts: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "profile": {"name": profile[0], "sha256": profile[1]},
        "depth": depth,
        "suites_sha256": suites_sha256,
        **parts,
    }


def plan_subject(plan: Mapping[str, Any]) -> Subject:
    """A plan as something to approve."""
    about = {
        "profile": plan["profile"]["name"],
        "profile_sha256": plan["profile"]["sha256"],
        "depth": plan["depth"],
        "suites_sha256": plan["suites_sha256"],
        "requirements": str(len(plan["requirements"])),
        "cases": str(len(plan["cases"])),
    }
    name = f"plan of {plan['profile']['name']} at depth {plan['depth']}"
    return Subject(SubjectKind.PLAN, name, digest(dict(plan)), about)


def deviation_entry(one: Deviation) -> DeviationEntry:
    """A deviation of the trace as a manifest holds it."""
    return DeviationEntry(
        id=one.id,
        requirements=tuple(one.requirements),
        cases=tuple(one.cases),
        reason=one.reason,
        owner=one.owner,
        expires=str(one.expires),
    )


def deviation_subject(entry: DeviationEntry) -> Subject:
    """A deviation as something to accept: a waiver is a signature under exactly these words."""
    about = plain(entry)
    return Subject(SubjectKind.DEVIATION, entry.id, digest(about), about)
