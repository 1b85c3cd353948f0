"""Bundles as a run leaves them, written by the real ledger and sealed with a real key.

A test says which latencies a device showed and how the run went; everything else is as in a run of
the latency suite on a bedside monitor.
"""

import hashlib
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gate_lab import ask, here, policy

from edgeward.canonical import digest
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import Bundle, open_bundle
from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.entries import (
    CaseEntry,
    ControlEntry,
    DeviationEntry,
    ItemEntry,
    ProfileEntry,
    RequirementEntry,
    UnitEntry,
)
from edgeward_harness.evidence.keys import load_signing_key
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.sign import seal
from edgeward_harness.measure.judge import (
    Judgement,
    Sample,
    Verdict,
    judge_check,
    judge_failures,
    judge_maximum,
    judge_percentile,
)
from edgeward_harness.report.build import build_report
from edgeward_harness.report.model import Report
from edgeward_harness.report.render import render

__all__ = ["ask", "here", "policy"]

P50_MS, P99_MS, MAX_MS = 20.0, 50.0, 100.0
STARTED_NS = 4_100_000_000_000

PLAN = tomllib.loads(Path(__file__).with_name("plan.toml").read_text(encoding="utf-8"))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def latencies(count: int = 1000, *, late: int = 0, seed: int = 7) -> Sample:
    """Delays of a healthy device in milliseconds, with some late ones among them."""
    draw = random.Random(seed)
    values = [1.1 + draw.lognormvariate(-0.4, 0.55) for _ in range(count - late)]
    values += [110.0 + 60.0 * draw.random() for _ in range(late)]
    draw.shuffle(values)
    return Sample(values, [0.0] * count)


@dataclass
class Story:
    """How a run went. Judgements are by case; a case without one did not run."""

    judgements: dict[str, list[tuple[str, Judgement]]]
    states: dict[str, State] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    again: dict[str, State] = field(default_factory=dict)
    ended: bool = True
    interrupted: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)


def story(*, late: int = 0, count: int = 1000, **changes: Any) -> Story:
    """The latency suite on a device that is late as often as said."""
    judged = {case: list(parts) for case, parts in _judged(late, count).items()}
    return Story(judgements=judged, **changes)


@cache
def _judged(late: int, count: int) -> Mapping[str, Sequence[tuple[str, Judgement]]]:
    """What such a device shows, by case; judged once for all tests that ask for it."""
    seen = latencies(count, late=late)
    hidden = Sample([value * 0.04 - 0.03 for value in seen.values], seen.allowances)
    loaded = latencies(count // 2, late=late // 2, seed=11)
    return {
        "TC-LAT-001": [("window_to_result_p50", judge_percentile(seen, 0.5, P50_MS))],
        "TC-LAT-002": [("window_to_result_p99", judge_percentile(seen, 0.99, P99_MS))],
        "TC-LAT-003": [("window_to_result_max", judge_maximum(seen, MAX_MS))],
        "TC-LAT-004": [
            ("hidden_delay_p50", judge_percentile(hidden, 0.5, MAX_MS / 10)),
            ("sensor_stamp_altered", judge_failures(0, count, "last_sample_ns is the stamp sent")),
            ("clocks_agree", judge_check(holds=True, expected="one clock", observed="one clock")),
        ],
        "TC-LAT-005": [
            ("windows_without_result", judge_failures(0, count, "exactly one result a window"))
        ],
        "TC-LAT-006": [
            ("late_results_not_declared", judge_failures(0, 24, "each late result is marked late")),
            ("in_time_marked_late", judge_failures(0, 24, "no result in time is marked late")),
        ],
        "TC-LAT-007": [("window_to_result_p99_loaded", judge_percentile(loaded, 0.99, P99_MS))],
    }


def noisy() -> Story:
    """A run whose one missed budget noise on the host can explain."""
    told = story()
    seen = latencies(late=20)
    spare = [value if value > MAX_MS else 0.0 for value in seen.values]
    judged = judge_percentile(Sample(seen.values, spare), 0.99, P99_MS)
    told.judgements["TC-LAT-002"] = [("window_to_result_p99", judged)]
    return told


def interrupted() -> Story:
    """A run that was stopped after three of seven cases."""
    told = story(interrupted=True)
    for case in ("TC-LAT-004", "TC-LAT-005", "TC-LAT-006", "TC-LAT-007"):
        del told.judgements[case]
    return told


def device() -> dict[str, Any]:
    """The device of the plan, with a build and a model."""
    model = {"name": "rhythm-reference", "version": "1", "sha256": sha("model"), "labels": ["af"]}
    software = {"name": "edgeward", "version": "0.1.0", "build_sha256": sha("build")}
    return {**PLAN["device"], "software": software, "models": [model]}


def profile_entry(name: str, **changes: Any) -> ProfileEntry:
    """A profile of the plan by another name; any section can be replaced."""
    titled = {"name": name, "title": name.replace("_", " ").title()}
    resolved = {**PLAN["profile"], **titled, **changes}
    return ProfileEntry(name, digest(resolved), resolved, ())


def manifest(profile: str | ProfileEntry = "bedside_monitor", **changes: Any) -> Manifest:
    """The manifest of the latency suite; any field can be replaced."""
    cases = {name.replace("REQ", "TC"): case(name) for name in PLAN["requirements"]}
    judged_by = profile if isinstance(profile, ProfileEntry) else profile_entry(profile)
    fields: dict[str, Any] = {
        "run": sha(judged_by.name)[:32],
        "started_utc": "2026-03-02T09:14:07.120Z",
        "started_monotonic_ns": STARTED_NS,
        "tool": {
            "name": "edgeward-harness",
            "version": "0.1.0",
            "build_sha256": sha("harness"),
            "suites_sha256": sha("suites"),
            "python": "3.11.9",
        },
        "host": PLAN["host"],
        "profile": judged_by,
        "unit": UnitEntry("reference", "process", "emulated", "", ("python", "-m", "edgeward")),
        "depth": "standard",
        "seed": 20260302,
        "suites": ("latency",),
        "scope_complete": True,
        "requirements": {name: requirement(name) for name in PLAN["requirements"]},
        "hazards": PLAN["hazards"],
        "controls": {name: control(name) for name in PLAN["controls"]},
        "cases": cases,
        "items": {name: ItemEntry(name, name) for name in cases},
        "deviations": (),
    }
    return Manifest(**{**fields, **changes})


def requirement(name: str) -> RequirementEntry:
    planned = PLAN["requirements"][name]
    return RequirementEntry(
        fingerprint=sha(name),
        title=planned["title"],
        text=planned["text"],
        rationale=PLAN["rationale"],
        kind="performance",
        safety_class=planned["safety_class"],
        criterion=planned["criterion"],
        risks=tuple(planned["risks"]),
        stage="V1",
    )


def case(requirement: str) -> CaseEntry:
    return CaseEntry(
        suite="latency",
        title=PLAN["requirements"][requirement]["title"],
        method=PLAN["method"],
        rationale=PLAN["case_rationale"],
        procedure=PLAN["docstring"],
        code_sha256=sha("code"),
        stage="release",
        samples=1000,
        fingerprint=sha(f"case {requirement}"),
        requirements=(requirement,),
    )


def control(name: str) -> ControlEntry:
    planned = PLAN["controls"][name]
    links = (tuple(planned[kind]) for kind in ("hazards", "implementation", "effectiveness"))
    return ControlEntry(planned["title"], sha(name), *links)


def deviation(**changes: Any) -> DeviationEntry:
    fields: dict[str, Any] = {
        "id": "DEV-001",
        "requirements": ("REQ-LAT-003",),
        "cases": (),
        "reason": "The bench adds a rare stall that the target does not have.",
        "owner": "verification lead",
        "expires": "2026-12-31",
    }
    return DeviationEntry(**{**fields, **changes})


def write_bundle(folder: Path, plan: Manifest, told: Story) -> Path:
    """Write the bundle of a run through the ledger, unsealed."""
    folder.mkdir(parents=True, exist_ok=True)
    with Ledger(folder, plan.to_bytes()) as ledger:
        context = ledger.context(
            Context(
                {**device(), **told.device},
                plan.unit.realization,
                tuple(PLAN["enforcement"]),
                "other 0",
            )
        )
        now_ns = STARTED_NS
        for item in plan.items.values():
            judged = told.judgements.get(item.item, told.judgements.get(item.case))
            if judged is None or not item.applies:
                continue
            now_ns += 21_300_000_000
            record = _record(folder, item, judged, told, context, now_ns)
            ledger.append(record)
            if item.item in told.again:
                ledger.append(record._replace(state=told.again[item.item]))
        if told.ended:
            ledger.end("2026-03-02T09:16:49.005Z", interrupted=told.interrupted)
    return folder


def _record(
    folder: Path,
    item: ItemEntry,
    judged: list[tuple[str, Judgement]],
    told: Story,
    context: str,
    now_ns: int,
) -> Record:
    cited = item.case.replace("TC", "REQ")
    measurements = tuple(Measurement.of(name, cited, one) for name, one in judged)
    verdicts = {one.verdict for one in measurements}
    state = State.FAILED if Verdict.FAILED in verdicts else State.PASSED
    if Verdict.CANNOT_JUDGE in verdicts and state is State.PASSED:
        state = State.CANNOT_JUDGE
    kept = {}
    if item.case == "TC-LAT-002":
        kept["stall-probe.json"] = store_artifact(folder, b'{"share":0.002}')
    return Record(
        item=item.item,
        state=told.states.get(item.item, state),
        start_ns=now_ns - 21_000_000_000,
        end_ns=now_ns,
        utc="2026-03-02T09:15:00.000Z",
        measurements=measurements,
        artifacts=kept,
        reason=told.reasons.get(item.item, ""),
        context=context,
        seed=7,
    )


@dataclass
class Sealed:
    """A sealed bundle on disk, and the public key that verifies it."""

    path: Path
    public_key: Path


@dataclass
class Lab:
    """The builders of this file, handed to tests as one fixture."""

    folder: Path
    signing_key: Path
    story = staticmethod(story)
    noisy = staticmethod(noisy)
    interrupted = staticmethod(interrupted)
    manifest = staticmethod(manifest)
    profile_entry = staticmethod(profile_entry)
    requirement = staticmethod(requirement)
    deviation = staticmethod(deviation)
    latencies = staticmethod(latencies)
    sha = staticmethod(sha)

    def write(self, told: Story | None = None, plan: Manifest | None = None) -> Bundle:
        """A bundle as it lies on the disk before it is sealed, opened."""
        folder = self.folder / f"open-{len(list(self.folder.iterdir()))}"
        return open_bundle(write_bundle(folder, plan or manifest(), told or story()))

    def report(self, told: Story | None = None, plan: Manifest | None = None) -> Report:
        """The report of such a bundle."""
        bundle = self.write(told, plan)
        return build_report(bundle, assess(bundle))

    def seal(
        self,
        told: Story | None = None,
        name: str = "bundle",
        *,
        reports: bool = False,
        **changes: Any,
    ) -> Sealed:
        """A bundle as a run leaves it; `changes` replace fields of its manifest."""
        run = hashlib.sha256(f"{self.folder}{name}".encode()).hexdigest()[:32]
        plan = manifest(**{"run": run, **changes})
        path = write_bundle(self.folder / name, plan, told or story())
        if reports:
            bundle = open_bundle(path)
            for file, data in render(bundle, assess(bundle)).items():
                (path / file).write_bytes(data)
        seal(path, load_signing_key(self.signing_key))
        return Sealed(path, self.signing_key.with_suffix(".pub"))


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key of these tests, with its public half beside it (`.pub`)."""
    return new_key(tmp_path_factory.mktemp("keys") / "key.pem")


def new_key(path: Path) -> Path:
    """A fresh key pair in two files."""
    private = Ed25519PrivateKey.generate()
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    path.with_suffix(".pub").write_bytes(load_signing_key(path).public.pem)
    return path


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory, signing_key: Path) -> Lab:
    """The same builders, for what all tests of a file look at."""
    return Lab(tmp_path_factory.mktemp("lab"), signing_key)


@pytest.fixture
def lab(tmp_path: Path, signing_key: Path) -> Lab:
    """Builders of bundles, working in a folder of this test."""
    folder = tmp_path / "lab"
    folder.mkdir()
    return Lab(folder, signing_key)
