"""The trace that ships: complete, reviewed, in step with its schemas, its tests, the protocol."""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from edgeward_harness import resources
from edgeward_harness.trace.baseline import BASELINE, load_baseline
from edgeward_harness.trace.completeness import check_all
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import LAYOUTS, Trace
from edgeward_harness.trace.schema import schemas
from edgeward_harness.trace.vocabulary import Capability

SUITES = resources.suites()
CHECKOUT = Path(__file__).parents[3]
BEFORE_ANY_DEVIATION_EXPIRES = date(2026, 1, 1)


@pytest.fixture(scope="module")
def shipped() -> Trace:
    """The shipped trace."""
    return load_trace(SUITES)


def test_it_is_complete_and_reviewed(shipped: Trace) -> None:
    baseline = load_baseline(SUITES / BASELINE)
    faults = check_all(shipped, BEFORE_ANY_DEVIATION_EXPIRES, baseline)
    assert faults == [], "\n".join(map(str, faults))


def test_the_shipped_schemas_are_those_of_the_model() -> None:
    shipped = {
        path.name.removesuffix(".schema.json"): json.loads(path.read_bytes())
        for path in (SUITES / "schemas").iterdir()
    }
    assert shipped == schemas(), "edgeward trace --schemas --out suites/schemas"


def test_every_key_says_what_it_means() -> None:
    for layout in LAYOUTS.values():
        for column in layout.columns:
            assert re.fullmatch(r"[A-Z].*[a-z)]\.", column.key.meaning), column.name


def test_the_capabilities_are_those_of_the_protocol() -> None:
    protocol = (CHECKOUT / "docs" / "protocol.md").read_text(encoding="utf-8")
    section = protocol.partition("## Capabilities")[2].partition("## Methods")[0]
    offered = re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)
    assert set(offered) == set(Capability)


def test_every_planned_case_is_a_test_and_every_test_is_planned(shipped: Trace) -> None:
    marks = [
        mark
        for path in SUITES.glob("*/test_*.py")
        for mark in re.findall(r'mark\.case\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    ]
    assert sorted(marks) == sorted(shipped.cases)


def test_percentiles_are_judged_on_enough_values(shipped: Trace) -> None:
    """299 values are the least that bound a 99th percentile with 95 % confidence."""
    for case_id in ("TC-LAT-002", "TC-LAT-004", "TC-LAT-007"):
        assert shipped.cases[case_id].samples["quick"] >= 299


def test_cases_of_one_drive_plan_the_same_number(shipped: Trace) -> None:
    planned = [shipped.cases[f"TC-LAT-00{number}"].samples for number in range(1, 6)]
    assert all(samples == planned[0] for samples in planned)


@pytest.mark.slow
def test_the_benchmark_measures_a_complete_trace() -> None:
    """Small, for its sense and not for its time: it exits with 1 on a fault or on too much time."""
    command = [sys.executable, str(CHECKOUT / "benchmarks/bench_trace.py"), "--count", "200"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 faults, 2 changed, 8 suspect" in done.stdout
