"""A small environment with a model, its SOUP list and what others say of it, to be joined."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from environment_lab import device_environment, install, site_of

from edgeward.canonical import sha256_hex
from edgeward_harness.inventory.joined import Joined, join
from edgeward_harness.inventory.notices import Notices
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.inventory.soup import load_soup
from edgeward_harness.inventory.take import take
from edgeward_harness.inventory.vex import load_vex

ENTRY = """
[[soup]]
name = "Arrays"
versions = ">=1,<2"
purpose = "Arithmetic."
needs = ["The right sum."]
runs_on = "Anything."
requirements = ["REQ-ACC-001"]
support = "maintained"
end_of_support = 2027-06-30
licence = "BSD-3-Clause"
bundled = "Released together."
"""
NESTED = {"bomFormat": "CycloneDX", "components": [{"name": "blas", "version": "3"}]}
PYTHON = """
[[soup]]
name = "cpython"
versions = "==3.11.*"
purpose = "Runs everything."
needs = ["That it runs."]
runs_on = "Linux."
requirements = []
support = "maintained"
end_of_support = 2027-10-31
"""
DAY = "2026-05-01"
OPENVEX: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "author": "The makers",
    "timestamp": f"{DAY}T10:00:00Z",
    "statements": [
        {
            "vulnerability": {"name": "CVE-1"},
            "products": [{"@id": "pkg:oci/us", "subcomponents": [{"@id": "pkg:pypi/arrays@1.0"}]}],
            "status": "not_affected",
            "justification": "vulnerable_code_cannot_be_controlled_by_adversary",
            "impact_statement": "nobody can",
        },
        {"vulnerability": {"name": "CVE-2"}, "products": [{"@id": "pkg:pypi/arrays"}],
         "status": "affected"},
    ],
}  # fmt: skip
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "metadata": {"timestamp": "2026-05-09T00:00:00Z"},
    "components": [{"bom-ref": "c1", "name": "arrays", "version": "1.0"}],
    "vulnerabilities": [
        {"id": "CVE-2", "affects": [{"ref": "c1"}],
         "analysis": {"state": "not_affected", "justification": "code_not_reachable"}},
        {"id": "CVE-3", "affects": [{"ref": "urn:cdx:0/1#nothing%40here"}],
         "analysis": {"state": "exploitable"}},
    ],
}  # fmt: skip


CSV = """component,versions,id,title,url,source,date
arrays,<2,77,wrong sum,https://example.org,tracker,2026-05-02
arrays,>=2,78,later,,tracker,2026-05-02
other,,,,,tracker,2026-05-02
"""


def modelled(prefix: Path) -> Path:
    """A device's environment with a model, in order."""
    device_environment(prefix)
    model = b"weights"
    card = {
        "name": "rhythm",
        "version": "3",
        "sha256": sha256_hex(model),
        "labels": ["sinus"],
        "input": {
            "signal": "ecg", "unit": "mV", "rate_hz": 250, "window_samples": 9, "hop_samples": 3,
        },
        "intended_use": "Tests.",
        "limits": ["Not for people."],
        "data": [
            {"name": "set", "sha256": "d" * 64, "role": "train", "licence": "MIT", "patients": 3},
            {"name": "set", "sha256": "d" * 64, "role": "choose", "licence": "MIT", "patients": 3},
        ],
        "metrics": [
            {"name": "accuracy", "label": None, "subgroup": "all",
             "value": 0.9, "low": 0.8, "high": 1.0},
        ],
    }  # fmt: skip
    text = json.dumps(card)
    files = {"edgeward/rhythm.json": text, "edgeward/rhythm.onnx": model.decode()}
    install(prefix, "edgeward", {**files, "edgeward/__init__.py": ""}, requires=["arrays>=1"])
    (site_of(prefix) / "edgeward/core.py").unlink()
    return prefix


def joined(prefix: Path, soup: str = ENTRY, notices: Notices | None = None) -> Joined:
    """The environment joined with a list and notices, as of a day."""
    listed = prefix.parent / "soup.toml"
    listed.write_text(soup + PYTHON, encoding="utf-8")
    inventory = take(Environment(prefix), "edgeward")
    return join(inventory, load_soup(listed), notices or Notices(), date(2026, 6, 1))


def written(tmp_path: Path, name: str, value: object) -> Path:
    """A file with this content."""
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def faults(prefix: Path, soup: str = ENTRY, notices: Notices | None = None) -> str:
    """What keeps the list from being whole and settled, as lines."""
    return "\n".join(joined(prefix, soup, notices).faults(date(2026, 6, 1)))


def notices(*paths: Path) -> Notices:
    """What files of statements say."""
    read = [load_vex(path) for path in paths]
    statements = tuple(one for _, found in read for one in found)
    return Notices(statements=statements, sources=tuple(source for source, _ in read))
