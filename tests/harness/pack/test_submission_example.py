"""The example of the guide says only what there is: it is read, and every name in it is one."""

from pathlib import Path

from edgeward_harness import resources
from edgeward_harness.pack.clauses import load_registry
from edgeward_harness.pack.submission import load_submission
from edgeward_harness.trace.load import load_trace

CHECKOUT = Path(__file__).parents[3]
_TABLES = (
    "supplied",
    "anomaly",
    "version",
    "threat",
    "interface",
    "claim",
    "port",
    "acceptable",
    "residual",
)


def test_the_example_is_read_and_names_what_there_is() -> None:
    found = load_submission(CHECKOUT / "examples/submission.toml")
    assert all((found.supplied, found.anomalies, found.versions, found.threats))
    assert all((found.interfaces, found.claims, found.about.profiles))
    assert all((found.ports, found.matrix, found.residual))
    trace = load_trace(resources.suites())
    clauses = {name for name, _, _ in load_registry(resources.clauses()).named()}
    assert {name for one in found.supplied for name in one.covers} <= clauses
    assert {name for one in found.threats for name in one.requirements} <= set(trace.requirements)
    assert {name for one in found.claims for name in one.requirements} <= set(trace.requirements)
    assert {name for one in found.threats for name in one.cases} <= set(trace.cases)
    assert {name for one in found.interfaces for name in one.cases} <= set(trace.cases)
    assert {name for one in found.threats for name in one.hazards} <= set(trace.hazards)


def test_the_guide_names_every_document_and_every_table() -> None:
    text = (CHECKOUT / "docs/guides/submission-pack.md").read_text(encoding="utf-8")
    assert all(f"| {number:02} |" in text for number in range(23))
    for table in _TABLES:
        assert f"`[[{table}]]`" in text
