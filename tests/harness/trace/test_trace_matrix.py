"""The matrix: every way from danger to proof is a row, and so is every gap."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.model import Trace
from edgeward_harness.trace.rows import HEADER, Row, matrix, matrix_table
from edgeward_harness.trace.tables import TableFormat
from edgeward_harness.trace.view import matrix_text, requirements_text, trace_document

Files = dict[str, Any]
Load = Callable[[Files], Trace]


def test_each_way_is_a_row(trace: Trace) -> None:
    assert matrix(trace) == [
        Row("HAZ-001", "RC-LAT-001", "REQ-LAT-001", "TC-LAT-001", "implementation"),
        Row("HAZ-001", "RC-LAT-001", "REQ-LAT-001", "TC-LAT-002", "effectiveness"),
        Row("", "", "REQ-LAT-002", "TC-LAT-003", ""),
    ]


def gaps(files: Files) -> Files:
    """A hazard, a control, a requirement and cases that hang on nothing."""
    risks = files["hazards.toml"]
    risks["hazard"].append(risks["hazard"][0] | {"id": "HAZ-002", "title": "Nobody answers"})
    alone: Files = {"hazards": [], "requirements": []}
    risks["control"].append(risks["control"][0] | alone | {"id": "RC-LAT-002"})
    requirements = files["requirements.toml"]["requirement"]
    requirements.append(requirements[1] | {"id": "REQ-LAT-003", "risks": ["HAZ-001"]})
    cases = files["latency/testplan.toml"]["case"]
    cases.append(cases[2] | {"id": "TC-LAT-004", "requirements": []})
    cases.append(cases[2] | {"id": "TC-LAT-005", "implements": ["RC-LAT-001", "RC-LAT-002"]})
    return files


def test_each_gap_is_a_row(load: Load, files: Files) -> None:
    assert matrix(load(gaps(files))) == [
        Row("HAZ-001", "RC-LAT-001", "REQ-LAT-001", "TC-LAT-001", "implementation"),
        Row("HAZ-001", "RC-LAT-001", "REQ-LAT-001", "TC-LAT-002", "effectiveness"),
        Row("HAZ-001", "RC-LAT-001", "", "TC-LAT-005", "implementation"),
        Row("HAZ-001", "", "REQ-LAT-003"),
        Row("HAZ-002"),
        Row("", "RC-LAT-002", "", "TC-LAT-005", "implementation"),
        Row("", "", "REQ-LAT-002", "TC-LAT-003", ""),
        Row("", "", "REQ-LAT-002", "TC-LAT-005", ""),
        Row("", "", "", "TC-LAT-004", ""),
    ]


def test_the_terminal_shows_both_proofs_in_aligned_columns(trace: Trace) -> None:
    assert matrix_text(trace).splitlines() == [
        "HAZ-001           Result too late  critical",
        "  RC-LAT-001      Bounded path     design",
        "    REQ-LAT-001   Median in time   performance, class C",
        "      TC-LAT-001  Paced drive      measurement, implementation",
        "      TC-LAT-002  Paced drive      fault_injection, effectiveness",
        "(no hazard)",
        "  (no control)",
        "    REQ-LAT-002   Median in time   functional, class C",
        "      TC-LAT-003  Paced drive      measurement",
        "",
        "1 hazard, 1 risk control, 2 requirements, 3 test cases",
    ]


def test_the_terminal_shows_gaps(load: Load, files: Files) -> None:
    assert matrix_text(load(gaps(files))).splitlines() == [
        "HAZ-001               Result too late  critical",
        "  RC-LAT-001          Bounded path     design",
        "    REQ-LAT-001       Median in time   performance, class C",
        "      TC-LAT-001      Paced drive      measurement, implementation",
        "      TC-LAT-002      Paced drive      fault_injection, effectiveness",
        "    (no requirement)",
        "      TC-LAT-005      Paced drive      measurement, implementation",
        "  (no control)",
        "    REQ-LAT-003       Median in time   functional, class C",
        "      (no case)",
        "HAZ-002               Nobody answers   critical",
        "  (no control)",
        "(no hazard)",
        "  RC-LAT-002          Bounded path     design, no effectiveness proof",
        "    (no requirement)",
        "      TC-LAT-005      Paced drive      measurement, implementation",
        "  (no control)",
        "    REQ-LAT-002       Median in time   functional, class C",
        "      TC-LAT-003      Paced drive      measurement",
        "      TC-LAT-005      Paced drive      measurement",
        "    (no requirement)",
        "      TC-LAT-004      Paced drive      measurement",
        "",
        "2 hazards, 2 risk controls, 3 requirements, 5 test cases",
    ]


def test_long_and_wide_titles_stay_in_their_column(load: Load, files: Files) -> None:
    files["hazards.toml"]["hazard"][0]["title"] = "心拍" * 40
    files["hazards.toml"]["control"][0]["title"] = "Begrenzter Pfad mit e\u0301" + " x" * 60
    hazard, control = matrix_text(load(files)).splitlines()[:2]
    assert hazard.endswith("…   critical")
    assert control.endswith("…  design")
    assert len(control.replace("\u0301", "")) <= 100


def test_an_empty_trace_has_an_empty_matrix() -> None:
    assert matrix_text(Trace()) == "0 hazards, 0 risk controls, 0 requirements, 0 test cases\n"


def test_the_matrix_as_csv(trace: Trace) -> None:
    header, *rows = csv.reader(io.StringIO(matrix_table(trace, TableFormat.CSV)))
    assert tuple(header) == HEADER
    assert rows[0] == [
        "HAZ-001",
        "Result too late",
        "RC-LAT-001",
        "Bounded path",
        "REQ-LAT-001",
        "Median in time",
        "TC-LAT-001",
        "Paced drive",
        "implementation",
    ]
    assert len(rows) == 3


def test_the_trace_as_json(trace: Trace) -> None:
    document = json.loads(json.dumps(trace_document(trace)))
    control = document["controls"]["RC-LAT-001"]
    assert control["implementation"] == ["TC-LAT-001"]
    assert control["effectiveness"] == ["TC-LAT-002"]
    case = document["cases"]["TC-LAT-002"]
    assert case["fingerprint"] == fingerprint(trace.cases["TC-LAT-002"])
    assert case["needs"] == {
        "capabilities": ["stream"],
        "realizations": ["emulated"],
        "profiles": [],
        "fixtures": [],
    }
    assert document["matrix"][2] == {
        "hazard": "",
        "control": "",
        "requirement": "REQ-LAT-002",
        "case": "TC-LAT-003",
        "proof": "",
    }


def test_the_requirements_for_a_terminal(trace: Trace) -> None:
    first = requirements_text(trace).split("\n\n")[0].splitlines()
    assert first == [
        "REQ-LAT-001  Median in time  [performance, class C, feature_complete]",
        "    The median shall be within its budget.",
        "    Accepted when: The bound is within the budget.",
    ]
