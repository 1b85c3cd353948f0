"""Builders of small manifests, records and bundles for the tests of the evidence room."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.canonical import digest, sha256_hex
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.bundle import Bundle, open_bundle
from edgeward_harness.evidence.chain import Context, End
from edgeward_harness.evidence.entries import (
    CaseEntry,
    ControlEntry,
    DeviationEntry,
    ItemEntry,
    ProfileEntry,
    RequirementEntry,
    UnitEntry,
)
from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.sign import seal
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.report.render import twin

REQ, CASE = "REQ-LAT-001", "TC-LAT-001"
UTC = "2026-01-31T12:00:00.250Z"
RESOLVED: Mapping[str, Any] = {"name": "wearable", "budget": {"latency_ms": 50.0}}
DEVICE: Mapping[str, Any] = {
    "device": {"model": "reference", "serial": "1"},
    "software": {"name": "edgeward", "version": "0.1.0", "build_sha256": "ab" * 32},
    "models": [{"name": "rhythm", "version": "1", "sha256": "cd" * 32}],
    "clock": {"now_ns": 5, "simulated": False},
}
CONTEXT = Context(device=DEVICE, realization="emulated", scheduler="other")


def fingerprint(name: str) -> str:
    """A fingerprint that differs from name to name."""
    return sha256_hex(name.encode())


def requirement(name: str) -> RequirementEntry:
    """A requirement."""
    return RequirementEntry(
        fingerprint=fingerprint(name),
        title=f"title of {name}",
        text=f"{name} shall hold.",
        rationale="",
        kind="performance",
        safety_class="B",
        criterion="p99 <= 50 ms",
        risks=(),
        stage="verified",
    )


def case(*requirements: str, suite: str = "latency", name: str = CASE) -> CaseEntry:
    """A case that cites these requirements."""
    return CaseEntry(
        suite=suite,
        title=f"title of {name}",
        method="test",
        rationale="It asks for what the requirement says.",
        stage="release",
        samples=None,
        procedure="It is asked, and what it answers is held against the limit.",
        code_sha256=fingerprint("code"),
        fingerprint=fingerprint(name),
        requirements=requirements,
    )


def item(name: str, *, inapplicable: str | None = None) -> ItemEntry:
    """An item by its name, `CASE` or `CASE[parameter]`."""
    base, _, parameter = name.partition("[")
    return ItemEntry(
        item=name,
        case=base,
        parameter=parameter[:-1] if parameter else None,
        inapplicable=inapplicable,
    )


def control(implementation: Sequence[str], effectiveness: Sequence[str]) -> ControlEntry:
    """A control with its proofs."""
    return ControlEntry(
        title="a control",
        fingerprint=fingerprint("control"),
        hazards=("HAZ-001",),
        implementation=tuple(implementation),
        effectiveness=tuple(effectiveness),
    )


def deviation(
    *requirements: str, cases: Sequence[str] = (), expires: str = "2026-12-31"
) -> DeviationEntry:
    """A deviation accepted for requirements."""
    return DeviationEntry(
        id="DEV-001",
        requirements=requirements,
        cases=tuple(cases),
        reason="accepted for this trial",
        owner="quality",
        expires=expires,
    )


def manifest(
    cases: Mapping[str, CaseEntry] | None = None,
    items: Iterable[ItemEntry | str] | None = None,
    *,
    known: Iterable[str] | None = None,
    **changes: object,
) -> Manifest:
    """A manifest: by default one requirement, one case, one item."""
    planned = {CASE: case(REQ)} if cases is None else dict(cases)
    entries = [item(e) if isinstance(e, str) else e for e in (planned if items is None else items)]
    cited = dict.fromkeys(r for entry in planned.values() for r in entry.requirements)
    values: dict[str, Any] = {
        "run": "0123456789abcdef" * 2,
        "started_utc": "2026-01-31T11:59:00Z",
        "started_monotonic_ns": 0,
        "tool": {
            "name": "edgeward-harness",
            "version": "0.1.0",
            "build_sha256": "ef" * 32,
            "python": "3.11",
        },
        "host": {"cores": [0, 1]},
        "profile": ProfileEntry("wearable", digest(RESOLVED), RESOLVED, ()),
        "unit": UnitEntry("reference", "process", "emulated", "1", ("device",)),
        "depth": "standard",
        "seed": 7,
        "suites": ("latency",),
        "scope_complete": True,
        "requirements": {r: requirement(r) for r in (cited if known is None else known)},
        "hazards": {},
        "controls": {},
        "cases": planned,
        "items": {entry.item: entry for entry in entries},
        "deviations": (),
    }
    return Manifest(**{**values, **changes})


def check(holds: bool = True, requirement: str = "", n: int = 1) -> Measurement:
    """A counted assertion; without a requirement it speaks for every one its case cites."""
    return Measurement(
        name="check",
        requirement=requirement,
        unit="1",
        n=n,
        method="check",
        expected="an answer",
        observed="an answer" if holds else "silence",
        verdict=Verdict.PASSED if holds else Verdict.FAILED,
    )


def latency(bound: float | None, limit: float = 50.0, verdict: str = "passed") -> Measurement:
    """A percentile judged on its upper confidence bound."""
    return Measurement(
        name="latency",
        requirement="",
        unit="ms",
        n=1000,
        method="order-statistic upper bound of the 99th percentile (value 995 of 1000)",
        expected=f"p99 <= {limit:g} ms",
        observed=3.2,
        verdict=Verdict(verdict),
        confidence=0.95,
        limit=limit,
        bound=bound,
        distribution={"min": 1.0, "histogram": {"edges": [0.5, 2, 4], "counts": [3, 4]}},
    )


def record(
    name: str = CASE, state: str = "passed", *measurements: Measurement, **changes: Any
) -> Record:
    """A record; a passed one has a counted check unless it is given its measurements."""
    told = measurements or ((check(),) if state == "passed" else ())
    return Record(name, State(state), 10, 20, UTC, measurements=told)._replace(**changes)


def bundle(
    of: Manifest, *records: Record, ended: bool = True, interrupted: bool = False, **changes: object
) -> Bundle:
    """A bundle that never was on a disk."""
    end = End(len(records), interrupted, UTC) if ended else None
    values: dict[str, Any] = {
        "manifest": of,
        "digests": {"manifest.json": sha256_hex(of.to_bytes())},
        "records": records,
        "contexts": {"c1": CONTEXT},
        "ended": end,
    }
    return Bundle(**{**values, **changes})


def write(
    folder: Path, of: Manifest, *records: Record, ended: bool = True, interrupted: bool = False
) -> Path:
    """A bundle on the disk, every record on the same context, not sealed."""
    with Ledger(folder, of.to_bytes()) as ledger:
        ledger.context(CONTEXT)
        for one in records:
            ledger.append(one)
        if ended:
            ledger.end(UTC, interrupted=interrupted)
    return folder


def signing_key() -> SigningKey:
    """A new key."""
    private = Ed25519PrivateKey.generate()
    return SigningKey(PublicKey(private.public_key().public_bytes_raw()), private)


def five() -> Manifest:
    """A plan of one case with five items."""
    return manifest(items=[f"{CASE}[{letter}]" for letter in "abcde"])


def sealed_run(folder: Path, key: SigningKey) -> Path:
    """Five items passed, an artifact, the three reports, sealed."""
    first, *others = five().items
    artifacts = {"transcript.txt": sha256_hex(b"a transcript")}
    records = [record(name, context="c1") for name in others]
    write(folder, five(), record(first, context="c1", artifacts=artifacts), *records)
    store_artifact(folder, b"a transcript")
    (folder / "report.html").write_bytes(b"<p>report</p>")
    (folder / "junit.xml").write_bytes(b"<testsuites/>")
    (folder / "report.json").write_bytes(twin(open_bundle(folder)))
    seal(folder, key, derive=twin)
    return folder
