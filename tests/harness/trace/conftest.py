"""A small complete trace as data, to be changed by a test and then written and loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Trace

Files = dict[str, Any]


@pytest.fixture
def files() -> Files:
    """One hazard, one control with both proofs, two requirements, three cases; by file."""
    return {
        "hazards.toml": {
            "hazard": [
                {
                    "id": "HAZ-001",
                    "title": "Result too late",
                    "situation": "Somebody waits.",
                    "harm": "Delayed treatment.",
                    "severity": "critical",
                }
            ],
            "control": [
                {
                    "id": "RC-LAT-001",
                    "title": "Bounded path",
                    "text": "No queue can grow.",
                    "hazards": ["HAZ-001"],
                    "requirements": ["REQ-LAT-001"],
                    "type": "design",
                }
            ],
        },
        "requirements.toml": {
            "requirement": [
                requirement("REQ-LAT-001", risks=["RC-LAT-001"]),
                requirement("REQ-LAT-002", kind="functional", profiles=["wearable", "gateway"]),
            ]
        },
        "latency/testplan.toml": {
            "suite": {"title": "Latency", "goal": "In time.", "topic": "LAT"},
            "case": [
                case("TC-LAT-001", ["REQ-LAT-001"], implements=["RC-LAT-001"]),
                case(
                    "TC-LAT-002",
                    ["REQ-LAT-001"],
                    method="fault_injection",
                    proves_effective=["RC-LAT-001"],
                    needs={"capabilities": ["stream"], "realizations": ["emulated"]},
                    samples={"quick": 5, "standard": 20, "campaign": 100},
                ),
                case("TC-LAT-003", ["REQ-LAT-002"]),
            ],
        },
    }


def requirement(name: str, **changes: Any) -> dict[str, Any]:
    """The table of a requirement."""
    return {
        "id": name,
        "title": "Median in time",
        "text": "The median shall be within its budget.",
        "rationale": "Somebody waits for it.",
        "kind": "performance",
        "safety_class": "C",
        "criterion": "The bound is within the budget.",
        "stage": "feature_complete",
        **changes,
    }


def case(name: str, requirements: list[str], **changes: Any) -> dict[str, Any]:
    """The table of a planned case."""
    return {
        "id": name,
        "title": "Paced drive",
        "requirements": requirements,
        "method": "measurement",
        "rationale": "As the sensor paces.",
        "stage": "feature_complete",
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files are written."""
    return tmp_path / "suites"


@pytest.fixture
def write(folder: Path) -> Callable[[Files], Path]:
    """Write files; what is text or bytes goes to the disk as it is."""

    def write_files(files: Files) -> Path:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                path.write_text(tomli_w.dumps(content), encoding="utf-8")
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return write_files


@pytest.fixture
def load(write: Callable[[Files], Path]) -> Callable[[Files], Trace]:
    """Write files and load the trace they make."""
    return lambda files: load_trace(write(files))


@pytest.fixture
def trace(load: Callable[[Files], Trace], files: Files) -> Trace:
    """The small complete trace."""
    return load(files)
