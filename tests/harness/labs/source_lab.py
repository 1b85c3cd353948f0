"""What a pack is made from, made up: a small trace, one bundle of it, and all that people said."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import evidence_lab as lab

from edgeward.canonical import sha256_hex
from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.approval.folder import Folder, Line, Signed
from edgeward_harness.approval.plan import plan_of, plan_subject
from edgeward_harness.approval.statement import Approval, Subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.entries import CaseEntry, ControlEntry, RequirementEntry
from edgeward_harness.evidence.freshness import of_trace
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record
from edgeward_harness.evidence.verification import Verification
from edgeward_harness.gate.case import Readable
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.pack.submission import (
    About,
    Acceptable,
    Anomaly,
    Claim,
    Interface,
    Port,
    Residual,
    Submission,
    Supplied,
    Threat,
    Version,
)
from edgeward_harness.pack.words import (
    Disposition,
    Effect,
    Exploitability,
    Level,
    Paper,
    Probability,
    Verdict,
    Work,
)
from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.model import Control, Hazard, PlannedCase, Requirement, Suite, Trace
from edgeward_harness.trace.vocabulary import ControlType, Kind, Method, Severity

AS_OF = date(2026, 2, 10)
BUILD, MODEL, RUNNER, ARRAYS = "ab" * 32, "cd" * 32, "12" * 32, "34" * 32
REQ, ALARM = "REQ-LAT-001", "REQ-LAT-002"
MEASURED, PROVOKED = "TC-LAT-001", "TC-LAT-002"
HAZARD, CONTROL = "HAZ-001", "RC-LAT-001"


def trace() -> Trace:
    """One grave hazard, one control with both proofs, two requirements."""
    samples = {"quick": 5, "standard": 100, "campaign": 1000}
    suite = Suite("Latency", "Results are in time.", "LAT", name="latency")
    hazard = Hazard(HAZARD, "Too late", "Somebody waits.", "Delayed treatment.", Severity.CRITICAL)
    told = ("Bounded path", "No queue can grow.", (HAZARD,), (REQ, ALARM))
    return Trace(
        hazards={HAZARD: hazard},
        controls={CONTROL: Control(CONTROL, *told, ControlType.DESIGN)},
        requirements={
            name: Requirement(
                name, "In time", "It shall be in time.", "Somebody waits.", kind,
                SafetyClass.C, "Its bound is within the budget.", (CONTROL,),
            )
            for name, kind in ((REQ, Kind.DATA), (ALARM, Kind.ALARM))
        },
        cases={
            MEASURED: PlannedCase(
                MEASURED, "latency", "Paced", (REQ,), Method.MEASUREMENT, "As the sensor paces.",
                implements=(CONTROL,), samples=samples,
            ),
            PROVOKED: PlannedCase(
                PROVOKED, "latency", "Loaded", (REQ, ALARM), Method.FAULT_INJECTION, "By load.",
                proves_effective=(CONTROL,),
            ),
        },
        suites={"latency": suite},
    )  # fmt: skip


def plan(of: Trace, **changes: Any) -> Manifest:
    """The plan of a run of a trace, with today's fingerprints."""
    controls = {
        name: ControlEntry(one.title, fingerprint(one), one.hazards, (MEASURED,), (PROVOKED,))
        for name, one in of.controls.items()
    }
    requirements = {
        name: RequirementEntry(
            fingerprint(one), one.title, one.text, one.rationale, one.kind.value,
            one.safety_class.value, one.criterion, one.risks, one.stage.value,
        )
        for name, one in of.requirements.items()
    }  # fmt: skip
    cases = {
        name: CaseEntry(
            one.suite, one.title, one.method.value, one.rationale, one.stage.value,
            one.samples.get("standard"), "It is asked.\n\nMethod: by asking.", "9a" * 32,
            fingerprint(one), one.requirements,
        )
        for name, one in of.cases.items()
    }  # fmt: skip
    hazards = {name: {"title": one.title} for name, one in of.hazards.items()}
    tool = {
        "name": "edgeward-harness",
        "version": "0.1.0",
        "build_sha256": "ef" * 32,
        "suites_sha256": "56" * 32,
        "python": "3.11",
    }
    told: dict[str, Any] = {"requirements": requirements, "controls": controls, "tool": tool}
    return lab.manifest(cases, **{**told, "hazards": hazards, **changes})


def zero(name: str, observed: float = 0, verdict: str = "passed") -> Measurement:
    """A count of what must not be, of a hundred."""
    counted = replace(lab.latency(0.03, 0.05, verdict), name=name, n=100, unit="1")
    return replace(counted, expected="<= 0.05", observed=observed, distribution=None)


def records(*more: Measurement, **changes: Any) -> tuple[Record, ...]:
    """A record of each case; `more` is measured beside the latency."""
    named = {"distributions.json": sha256_hex(distributions())}
    first = lab.record(
        MEASURED,
        "passed",
        lab.latency(40.0),
        zero("patients_who_taught_the_model"),
        zero("windows_dropped"),
        *more,
        context="c1",
        artifacts=named,
    )
    return first._replace(**changes), lab.record(PROVOKED, context="c1")


def distributions() -> bytes:
    """What a record names of the distributions that its device used."""
    used = {"arrays": {"version": "1.0", "sha256": ARRAYS}}
    runs = {"python3": {"version": "3.11", "sha256": RUNNER}}
    return json.dumps({"used": used, "beside": {}, "interpreters": runs}).encode()


def bundle(folder: Path, of: Manifest, *found: Record, **changes: Any) -> Bundle:
    """A bundle with the artifact that names what the device stands on."""
    store_artifact(folder, distributions())
    return lab.bundle(of, *found, folder=folder, **changes)


def evidence(made: Bundle, of: Trace, **changes: Any) -> Evidence:
    """A bundle as a pack holds it, sealed by a key of the bench."""
    digest = sha256_hex(made.manifest.run.encode())
    assessed = assess_against(made, of_trace(of), today=AS_OF)
    readable = Readable("bundle", made, assessed, digest, "bench")
    told: dict[str, Any] = {"signer": "bench", "trusted": True, "complete": True, "bundle": made}
    return Evidence(readable, Verification(**{"findings": (), **told, **changes}))


def device(**changes: Any) -> Mapping[str, Any]:
    """The contexts of a device that describes itself otherwise."""
    return {"c1": replace(lab.CONTEXT, device={**lab.DEVICE, **changes})}


def supplied(
    name: str,
    number: str,
    title: str,
    *covers: str,
    on: date | None = None,
    reports: tuple[Work, ...] = (),
) -> Supplied:
    """A document that people wrote."""
    day = on or AS_OF
    return Supplied(name, number, title, f"{name}.pdf", "1", "quality", day, covers, reports)


def anomaly(**changes: Any) -> Anomaly:
    """An anomaly that was judged and deferred."""
    made = Anomaly(
        "ANOM-001", "A late line", date(2026, 2, 1), Disposition.DEFERRED, "A lock.",
        Effect.ACCEPTABLE, "It is seen.", Effect.NONE, "No way in.", risks=(CONTROL,),
        workaround="Wait.", decided=date(2026, 2, 2),
    )  # fmt: skip
    return replace(made, **changes)


def threat(**changes: Any) -> Threat:
    """A threat that was tried."""
    made = Threat(
        "THR-1", "Flood", (REQ,), Exploitability.HIGH, Exploitability.LOW, (PROVOKED,), (HAZARD,)
    )
    return replace(made, **changes)


def said(**changes: Any) -> Submission:
    """Everything people can say."""
    about = About(
        "File", "Monitor", "Maker", "0.1.0", BUILD, SafetyClass.C, Level.ENHANCED, "Alarms.",
        "Watching.", "One process.", ("wearable",), date(2026, 2, 3), date(2026, 1, 15),
        date(2026, 2, 9),
    )  # fmt: skip
    told: dict[str, Any] = {
        "about": about,
        "supplied": (
            supplied(
                "RISK", "04", "Risk file",
                "ISO 14971 4.4", "ISO 14971 7.3 and 7.4", "ISO 14971 7.5", "ISO 14971 8",
            ),
            supplied("UNITS", "06", "Records", "IEC 62304 5.5.5", reports=(Work.UNIT_TESTS,)),
            supplied("THREATS", "12", "Threat model", "FDA cybersecurity 2026 V.A.1"),
        ),
        "anomalies": (anomaly(),),
        "versions": (Version("0.1.0", date(2026, 1, 20), "The first.", BUILD),),
        "threats": (threat(),),
        "interfaces": (Interface("IF-1", "Serial", (PROVOKED,), date(2026, 1, 10)),),
        "claims": (Claim("CLAIM-1", "Alarms in time", (ALARM,)),),
        "ports": (Port("tcp/8883", tuple(Paper)),),
        "matrix": (Acceptable(Severity.CRITICAL, Probability.REMOTE),),
        "residual": (Residual(HAZARD, Probability.IMPROBABLE, Verdict.ACCEPTABLE),),
    }  # fmt: skip
    return Submission(**{**told, **changes})


def sbom(**changes: Any) -> bytes:
    """A bill of materials of exactly what the bundle was taken on."""

    def hashed(content: str) -> list[dict[str, str]]:
        return [{"alg": "SHA-256", "content": content}]

    files = [{"name": "edgeward:files_sha256", "value": ARRAYS}]
    lists = {"imported": "flaws.json of 2026-02-01", "known_exploited_list": "kev.json, 2026-02-01"}
    root = {"type": "application", "name": "edgeward", "version": "0.1.0", "hashes": hashed(BUILD)}
    value: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "metadata": {
            "timestamp": "2026-02-01T00:00:00Z",
            "component": root,
            "properties": [{"name": f"edgeward:{k}", "value": v} for k, v in lists.items()],
        },
        "components": [
            {"type": "library", "name": "arrays", "version": "1.0", "properties": files},
            {"type": "platform", "name": "cpython", "version": "3.11", "hashes": hashed(RUNNER)},
            {"type": "machine-learning-model", "name": "rhythm", "version": "1",
             "hashes": hashed(MODEL)},
        ],
    }  # fmt: skip
    return json.dumps({**value, **changes}).encode()


def signed(subject: Subject, meaning: Meaning, user: str, at: str, key: str = "") -> Signed:
    """A signature as the folder of approvals gives it."""
    approval = Approval(subject, meaning, user.title(), user, "quality", at, 1, "0" * 64, 2, b"")
    return Signed(f"{user}.json", sha256_hex(user.encode()), approval, key or f"key of {user}")


def approvals(one: Evidence, *more: Signed, faults: tuple[str, ...] = ()) -> Folder:
    """The plan approved before the run, the results reviewed, risk and release accepted."""
    results = Subject(SubjectKind.BUNDLE, "statement.dsse.json", one.statement_sha256, {})
    planned = plan_subject(plan_of(one.bundle.manifest))
    later = "2026-02-05T10:00:00Z"
    found = (
        signed(planned, Meaning.APPROVED_PLAN, "ada", "2026-01-30T10:00:00Z"),
        signed(results, Meaning.REVIEWED_RESULTS, "ada", later),
        signed(results, Meaning.ACCEPTED_RISK, "ben", later),
        signed(results, Meaning.APPROVED_RELEASE, "ben", later),
        *more,
    )
    trail = tuple(
        Line(n, "0" * 64, one.file, one.sha256, None, later, one.approval.name, "signed")
        for n, one in enumerate(found, 1)
    )
    return Folder(Path("approvals"), found, trail, "ff" * 32, faults)


def full(folder: Path) -> PackSource:
    """A source in which nothing that can be given is missing but the release before."""
    of = trace()
    one = evidence(bundle(folder, plan(of), *records()), of)
    return PackSource(
        (one,), of, AS_OF, said(), sbom=sbom(), approvals=approvals(one), policy="Release"
    )


def run_again(
    source: PackSource, folder: Path, *found: Record, of: Trace | None = None, **changes: Any
) -> PackSource:
    """The same source with another bundle; `of` is today's trace, `changes` are of the bundle."""
    made = bundle(folder, plan(source.trace), *(found or records()), **changes)
    today = of or source.trace
    return replace(source, evidence=(evidence(made, today),), trace=today)


def with_about(source: PackSource, **changes: Any) -> PackSource:
    """The same source with another head of the submission."""
    return with_said(source, about=replace(source.submission.about, **changes))


def with_said(source: PackSource, **changes: Any) -> PackSource:
    """The same source in which people say something else."""
    return replace(source, submission=replace(source.submission, **changes))


def empty() -> PackSource:
    """A source in which nothing was given."""
    return PackSource((), Trace(), AS_OF)
