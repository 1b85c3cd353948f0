"""`edgeward trace` as a person types it: what it prints, what it writes, how it exits."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgeward.device.cli import main
from edgeward_harness.trace.fault import Code
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.schema import schemas

Files = dict[str, Any]
Write = Callable[[Files], Path]


@pytest.fixture
def reviewed(write: Write, files: Files, capsys: pytest.CaptureFixture[str]) -> Path:
    """The small complete trace, reviewed."""
    folder = write(files)
    assert main(["trace", "--suites", str(folder), "--review", "all"]) == 0
    capsys.readouterr()
    return folder


def test_the_matrix_is_printed(reviewed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--suites", str(reviewed)]) == 0
    assert capsys.readouterr().out.startswith("HAZ-001  ")


def test_a_check_of_a_complete_trace_exits_0(
    reviewed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "--suites", str(reviewed), "--check"]) == 0
    assert capsys.readouterr().out == (
        "1 hazard, 1 risk control, 2 requirements, 3 test cases: complete and reviewed\n"
    )


def test_a_check_tells_all_faults_and_exits_1(
    reviewed: Path, files: Files, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    files["latency/testplan.toml"]["case"][2]["requirements"] = ["REQ-LAT-999"]
    write(files)
    assert main(["trace", "--suites", str(reviewed), "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{reviewed}: 4 faults"
    found = [line.split("[")[1].split("]")[0] for line in lines[1:]]
    assert found == [
        Code.DANGLING_ID,
        Code.UNTESTED_REQUIREMENT,
        Code.UNREVIEWED_CHANGE,
        Code.SUSPECT,
    ]


def test_the_faults_as_json_and_csv(
    reviewed: Path, files: Files, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    files["latency/testplan.toml"]["case"].pop()
    write(files)
    assert main(["trace", "--suites", str(reviewed), "--check", "--format", "json"]) == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert faults[0]["code"] == "untested-requirement"
    assert main(["trace", "--suites", str(reviewed), "--check", "--format", "csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows == faults


def test_an_expired_deviation_is_found_on_the_day_asked_for(
    reviewed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (reviewed / "deviations.toml").write_text(
        '[[deviation]]\nid = "DEV-001"\ncases = ["TC-LAT-001"]\nreason = "r"\nowner = "o"\n'
        "expires = 2027-06-30\n",
        encoding="utf-8",
    )
    check = ["trace", "--suites", str(reviewed), "--check", "--date"]
    assert main([*check, "2027-06-30"]) == 0
    assert main([*check, "2027-07-01"]) == 1
    assert "[deviation-expired]" in capsys.readouterr().out


def test_what_cannot_be_read_exits_2_with_every_fault(
    reviewed: Path, files: Files, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    files["requirements.toml"]["requirement"][0].update(kind="x", stage="y")
    write(files)
    assert main(["trace", "--suites", str(reviewed), "--check"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "2 faults" in told.err
    assert 'stage = "y"' in told.err


def test_a_review_settles_what_was_read_and_tells_what_is_left(
    reviewed: Path, files: Files, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    files["requirements.toml"]["requirement"][1]["text"] = "Changed."
    write(files)
    review = ["trace", "--suites", str(reviewed), "--date", "2027-03-01", "--review"]
    assert main([*review, "REQ-LAT-002"]) == 0
    told = capsys.readouterr().out
    assert "7 items reviewed, 1 to look at" in told
    assert "TC-LAT-003 is suspect" in told
    assert main(["trace", "--suites", str(reviewed), "--check"]) == 1
    assert main([*review, "TC-LAT-003"]) == 0
    assert main(["trace", "--suites", str(reviewed), "--check"]) == 0
    text = (reviewed / "trace_review.toml").read_text(encoding="ascii")
    assert text.count("reviewed = 2027-03-01") == 2


def test_a_refused_review_leaves_the_baseline_as_it_was(
    reviewed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (reviewed / "trace_review.toml").read_bytes()
    assert main(["trace", "--suites", str(reviewed), "--review", "REQ-LAT-999"]) == 2
    assert "REQ-LAT-999 does not exist" in capsys.readouterr().err
    assert (reviewed / "trace_review.toml").read_bytes() == before


@pytest.mark.parametrize(("form", "ending"), [("csv", "csv"), ("markdown", "md")])
def test_requirements_go_out_and_come_in_again(
    reviewed: Path, tmp_path: Path, form: str, ending: str
) -> None:
    table, imported = tmp_path / f"table.{ending}", tmp_path / "requirements.toml"
    out = ["trace", "--suites", str(reviewed), "--requirements", "--format", form]
    assert main([*out, "--out", str(table)]) == 0
    assert main(["trace", "--import", str(table), "--out", str(imported)]) == 0
    before = load_trace(reviewed).requirements
    imported.replace(reviewed / "requirements.toml")
    assert load_trace(reviewed).requirements == before


def test_a_refused_import_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "table.csv", tmp_path / "requirements.toml"
    table.write_text("id,title\nREQ-LAT-001,T\nREQ-LAT-2,T\n", encoding="utf-8")
    out.write_text("as it was", encoding="utf-8")
    assert main(["trace", "--import", str(table), "--out", str(out)]) == 2
    told = capsys.readouterr()
    assert "row 1: no column is text" in told.err
    assert "row 3 (REQ-LAT-2): id" in told.err
    assert told.out == ""
    assert out.read_text(encoding="utf-8") == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["requirements.toml", "table.csv"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("table.xlsx", b"PK", "expected .csv, .tsv, .md, .markdown"),
        ("table.csv", b"id,title\n\xff,x\n", "line 2 is not UTF-8; save the table as UTF-8"),
        ("nowhere.csv", None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    said: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["trace", "--import", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err


def test_the_schemas_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--schemas", "--out", str(tmp_path)]) == 0
    for name, schema in schemas().items():
        assert json.loads((tmp_path / f"{name}.schema.json").read_bytes()) == schema
    assert main(["trace", "--schemas", "--out", str(tmp_path / "nowhere")]) == 2
    assert "expected a folder" in capsys.readouterr().err


@pytest.mark.parametrize("day", ["tomorrow", "2027-02-30", "30.6.2027"])
def test_a_day_that_is_none_is_refused(
    reviewed: Path, capsys: pytest.CaptureFixture[str], day: str
) -> None:
    assert main(["trace", "--suites", str(reviewed), "--check", "--date", day]) == 2
    assert "expected a day such as 2027-06-30" in capsys.readouterr().err


def test_the_other_views(reviewed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suites = ["trace", "--suites", str(reviewed)]
    assert main([*suites, "--requirements"]) == 0
    assert "Accepted when: " in capsys.readouterr().out
    assert main([*suites, "--requirements", "--format", "json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["REQ-LAT-001", "REQ-LAT-002"]
    assert main([*suites, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "edgeward-trace/1"
    assert main([*suites, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| hazard | hazard_title |")


@pytest.mark.parametrize("option", ["--import", "--suites", "--out"])
def test_an_empty_name_is_refused_and_never_taken_for_nothing(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgeward.device.cli import main

    assert main(["trace", option, ""]) == 2
    told = capsys.readouterr()
    assert f"{option}: 1 fault" in told.err
    assert told.out == ""
