"""A record of a qualification as it might be, and the key that signs it."""

from typing import Any

from evidence_lab import signing_key

from edgeward_harness.evidence.qualification import SCHEMA

KEY = signing_key()
ROW = {
    "id": "late", "kind": "twin", "words": "Late.", "suite": "latency", "cases": ["TC-LAT-001"],
    "requirements": ["REQ-LAT-001"], "outcome": "caught", "reason": "latency",
    "statement_sha256": "ab" * 32,
}  # fmt: skip
GOOD: dict[str, Any] = {
    "schema": SCHEMA,
    "tool": {
        "name": "edgeward-harness", "version": "0.1.0", "build_sha256": "01" * 32,
        "suites_sha256": "02" * 32, "seeded_sha256": "03" * 32, "runtime_version": "0.1.0",
        "runtime_sha256": "04" * 32,
    },
    "packages": {"pytest": "8.4"},
    "host": {"machine": "x86_64"},
    "started_utc": "2026-01-31T12:00:00.000Z",
    "ended_utc": "2026-01-31T12:10:00.000Z",
    "depth": "quick",
    "seed": None,
    "suites": ["latency"],
    "scope_complete": True,
    "defects": [ROW],
    "argued": [{"what": "thresholds.cpu_percent", "reason": "no case"}],
    "probes": [{"id": "empty", "words": "w", "expected": "a", "observed": "a"}],
    "tampering": [{"class": "a bit flipped", "made": 9, "found": 9}],
    "unseen": [],
}  # fmt: skip
