"""Reading: what is right is kept as it is, what is wrong is refused with everything that helps."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgeward_harness.errors import InputError
from edgeward_harness.profile.applicability import Need
from edgeward_harness.profile.bench import Realization
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Requirement, Trace
from edgeward_harness.trace.schema import schemas

Files = dict[str, Any]
Load = Callable[[Files], Trace]
Write = Callable[[Files], Path]

REQUIREMENTS = "requirements.toml"
HAZARDS = "hazards.toml"
PLAN = "latency/testplan.toml"
DEVIATIONS = "deviations.toml"


def faults_of(load: Load, files: Files) -> tuple[str, ...]:
    """The faults with which files are refused."""
    with pytest.raises(InputError) as refused:
        load(files)
    return refused.value.faults


def test_every_field_is_kept(trace: Trace) -> None:
    case = trace.cases["TC-LAT-002"]
    assert case.suite == "latency"
    assert case.needs == Need(capabilities=("stream",), realizations=(Realization.EMULATED,))
    assert case.samples == {"quick": 5, "standard": 20, "campaign": 100}
    assert trace.requirements["REQ-LAT-002"].profiles == ("wearable", "gateway")
    assert trace.controls["RC-LAT-001"].requirements == ("REQ-LAT-001",)
    assert trace.hazards["HAZ-001"].severity == "critical"
    assert trace.suites["latency"].topic == "LAT"
    assert trace.places["TC-LAT-003"] == "latency/testplan.toml, case 3"


def test_what_is_left_out_has_the_strict_meaning(load: Load, files: Files) -> None:
    del files[REQUIREMENTS]["requirement"][1]["stage"]
    del files[REQUIREMENTS]["requirement"][1]["profiles"]
    read = load(files).requirements["REQ-LAT-002"]
    assert (read.stage, read.profiles, read.risks, read.custom) == ("release", (), (), {})


def test_outer_white_space_is_no_part_of_a_text(load: Load, files: Files) -> None:
    files[REQUIREMENTS]["requirement"][0]["text"] = "\n  Two lines\n  of text.\n"
    assert load(files).requirements["REQ-LAT-001"].text == "Two lines\n  of text."


def test_a_deviation_is_read(load: Load, files: Files) -> None:
    files[DEVIATIONS] = {"deviation": [deviation()]}
    read = load(files).deviations["DEV-001"]
    assert (read.cases, read.requirements) == (("TC-LAT-001",), ())
    assert read.expires == date(2027, 6, 30)


def deviation(**changes: Any) -> dict[str, Any]:
    """The table of a deviation."""
    return {
        "id": "DEV-001",
        "cases": ["TC-LAT-001"],
        "reason": "Known, harmless, mended with the next release.",
        "owner": "Head of risk management",
        "expires": date(2027, 6, 30),
    } | changes


def put(name: str, table: str, **changes: Any) -> Callable[[Files], None]:
    """Set keys of the first table of a list."""

    def change(files: Files) -> None:
        files.setdefault(name, {"deviation": [deviation()]})[table][0].update(changes)

    return change


def drop(name: str, table: str, key: str) -> Callable[[Files], None]:
    """Take a key out of the first table of a list."""

    def change(files: Files) -> None:
        files.setdefault(name, {"deviation": [deviation()]})[table][0].pop(key)

    return change


def suite(**changes: Any) -> Callable[[Files], None]:
    """Set keys of the suite's table."""
    return lambda files: files[PLAN]["suite"].update(changes)


REFUSED: list[tuple[str, Callable[[Files], None], str]] = [
    # Keys: unknown, missing, of the wrong type.
    (
        REQUIREMENTS,
        put(REQUIREMENTS, "requirement", critirion="x"),
        (
            '"critirion" is no known key: expected id, title, text, rationale, kind, safety_class, '
            'criterion, risks, stage, profiles, custom; did you mean "criterion"?'
        ),
    ),
    (REQUIREMENTS, drop(REQUIREMENTS, "requirement", "criterion"), "criterion is missing"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", text=7), "text = 7: expected text, not blank"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", text=" \n "), "expected text, not blank"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", text="x" * 10_001), "at most 10000 char"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", text="a\x1b[31mb"), "none hidden"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", text="a\u202eb"), "none hidden"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", title="two\nlines"), "one line of text"),
    (REQUIREMENTS, lambda f: f[REQUIREMENTS].update(requirements=[]), '"requirements" is no known'),
    # Ids: form, kind, repetition.
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", id="REQ-LAT-1"), 'such as "REQ-LAT-001"'),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", id="REQ-LAT-\u0660\u0660\u0661"), "id ="),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", id=["REQ-LAT-001"]), "id ="),
    (HAZARDS, put(HAZARDS, "hazard", id="HAZ-LAT-001"), 'such as "HAZ-001"'),
    (HAZARDS, put(HAZARDS, "control", hazards="HAZ-001"), 'hazards = "HAZ-001": expected a list'),
    (HAZARDS, put(HAZARDS, "control", hazards=["RC-LAT-001"]), 'hazards[0] = "RC-LAT-001"'),
    (HAZARDS, put(HAZARDS, "control", hazards=["HAZ-001", "HAZ-001"]), "listed twice"),
    (PLAN, put(PLAN, "case", implements=["TC-LAT-001"]), 'ids such as "RC-LAT-001"'),
    # Words of a vocabulary.
    (
        REQUIREMENTS,
        put(REQUIREMENTS, "requirement", kind="performence"),
        'maintenance, regulatory; did you mean "performance"?',
    ),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", safety_class="D"), "one of A, B, C"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", stage="soon"), "one of prototype, feature_"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", profiles=["Ward 3"]), "profiles[0] ="),
    (HAZARDS, put(HAZARDS, "hazard", severity=3), "severity = 3: expected one of negligible"),
    (HAZARDS, put(HAZARDS, "control", type="magic"), "one of design, protective, information"),
    (
        PLAN,
        put(PLAN, "case", method="luck"),
        "one of measurement, functional_test, fault_injection",
    ),
    # Fields of a project's own.
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", custom={"effort": 3}), "custom.effort = 3"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", custom={"My Key": "x"}), "names of a-z, 0-9"),
    (REQUIREMENTS, put(REQUIREMENTS, "requirement", custom="x"), "custom ="),
    # What a case needs and how much it observes.
    (PLAN, put(PLAN, "case", needs={"capabilities": ["steam"]}), 'did you mean "stream"?'),
    (PLAN, put(PLAN, "case", needs={"capabilities": ["core", "core"]}), "listed twice"),
    (PLAN, put(PLAN, "case", needs={"realizations": "emulated"}), "needs.realizations ="),
    (PLAN, put(PLAN, "case", needs={"device": "x"}), '"device" is no known key'),
    (PLAN, put(PLAN, "case", needs=["stream"]), "expected a table with capabilities"),
    (PLAN, put(PLAN, "case", samples={"quick": 1, "standard": 2}), "samples.campaign is missing"),
    (
        PLAN,
        put(PLAN, "case", samples={"quick": 0, "standard": True, "campaign": 1.5}),
        "samples.standard = true: expected a whole number",
    ),
    # The suite.
    (PLAN, lambda f: f[PLAN].pop("suite"), "[suite] is missing"),
    (PLAN, lambda f: f[PLAN].update(suite=[]), "[suite] is missing"),
    (PLAN, suite(topic="latency"), "two to eight capital letters"),
    (PLAN, suite(borrows="ALM"), "borrows ="),
    # Deviations.
    (DEVIATIONS, drop(DEVIATIONS, "deviation", "owner"), "owner is missing"),
    (DEVIATIONS, drop(DEVIATIONS, "deviation", "reason"), "reason is missing"),
    (DEVIATIONS, drop(DEVIATIONS, "deviation", "cases"), "is for nothing"),
    (DEVIATIONS, put(DEVIATIONS, "deviation", cases=[]), "a list, at least one"),
    (DEVIATIONS, put(DEVIATIONS, "deviation", expires=2027), "a date without quotes"),
]


@pytest.mark.parametrize(("name", "change", "said"), REFUSED)
def test_a_broken_rule_is_refused_by_reader_and_schema(
    load: Load, files: Files, name: str, change: Callable[[Files], None], said: str
) -> None:
    change(files)
    faults = faults_of(load, files)
    assert [fault for fault in faults if fault.startswith(name) and said in fault], faults
    kind = Path(name).stem
    assert not valid(kind, files[name])


def test_an_id_ends_where_its_line_ends(load: Load, files: Files) -> None:
    """The schema says so too, but Python's own `$` would let a new line pass."""
    files[REQUIREMENTS]["requirement"][0]["id"] = "REQ-LAT-001\n"
    assert any("id =" in fault for fault in faults_of(load, files))


def test_a_day_has_no_time(load: Load, files: Files) -> None:
    files[DEVIATIONS] = {"deviation": [deviation(expires=datetime(2027, 6, 30, tzinfo=UTC))]}
    (fault,) = faults_of(load, files)
    assert "expires = 2027-06-30 00:00:00+00:00: expected a date without quotes" in fault


def valid(kind: str, document: object) -> bool:
    """Whether a document keeps the JSON schema of its kind."""
    checker = jsonschema.Draft202012Validator(
        schemas()[kind], format_checker=jsonschema.FormatChecker()
    )
    return bool(checker.is_valid(as_json(document)))


def as_json(value: object) -> object:
    """A TOML value as JSON has it."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_schemas_accept_what_the_reader_accepts(files: Files) -> None:
    files[REQUIREMENTS]["requirement"][0]["custom"] = {"effort": "three days"}
    files[DEVIATIONS] = {"deviation": [deviation()]}
    for name, document in files.items():
        assert valid(Path(name).stem, document), name


def test_all_faults_of_all_files_are_told_at_once(load: Load, files: Files) -> None:
    files[REQUIREMENTS]["requirement"][1].update(kind="x", stage="y")
    files[HAZARDS]["hazard"][0]["id"] = "HAZARD"
    files[PLAN]["case"][2]["samples"] = {"quick": 3, "standard": 2, "campaign": 9}
    faults = faults_of(load, files)
    assert len(faults) == 4
    assert faults[0].startswith("requirements.toml, requirement 2 (REQ-LAT-002): kind")
    assert faults[1].startswith("requirements.toml, requirement 2 (REQ-LAT-002): stage")
    assert faults[2].startswith("hazards.toml, hazard 1 (HAZARD): id")
    assert faults[3].startswith("latency/testplan.toml, case 3: samples = [3, 2, 9]: expected no f")


def test_an_id_given_twice_is_refused_wherever_it_is_given(load: Load, files: Files) -> None:
    files["alarms/testplan.toml"] = {
        "suite": {"title": "Alarms", "goal": "Heard.", "topic": "ALM"},
        "case": [files[PLAN]["case"][0]],
    }
    files[REQUIREMENTS]["requirement"][1]["id"] = "REQ-LAT-001"
    assert faults_of(load, files) == (
        (
            "requirements.toml, requirement 2: REQ-LAT-001 is taken already by requirements.toml, "
            "requirement 1; expected an id of its own"
        ),
        (
            "latency/testplan.toml, case 1: TC-LAT-001 is taken already by alarms/testplan.toml, "
            "case 1; expected an id of its own"
        ),
    )


def test_an_id_is_taken_even_by_a_table_that_is_refused(load: Load, files: Files) -> None:
    files[REQUIREMENTS]["requirement"][0]["kind"] = "x"
    files[REQUIREMENTS]["requirement"][1]["id"] = "REQ-LAT-001"
    assert any("taken already" in fault for fault in faults_of(load, files))


def test_two_suites_with_one_topic_are_refused(load: Load, files: Files) -> None:
    files["alarms/testplan.toml"] = {"suite": {"title": "A", "goal": "B", "topic": "LAT"}}
    (fault,) = faults_of(load, files)
    assert "topic LAT is taken already by alarms/testplan.toml, suite" in fault


BROKEN = [
    ('[[requirement]]\nid = "REQ-LAT-001"\ntitle = "x\n', "line 3"),
    ('[[requirement]]\nid = "A"\nid = "B"\n', "line 3"),
    ("[[requirement]]\nid = 'x'\n[requirement]\n", "line 3"),
    (b'\n\ntitle = "\xff"\n', "line 3 is not UTF-8"),
    ("a = " + "[" * 100_000, "nested too deep"),
    ("a = " + "9" * 5_000, "is not TOML"),
    ("requirement = 1\n", "requirement = 1: expected tables under [[requirement]]"),
    ("requirement = [1]\n", "requirement = 1: expected a table under [[requirement]]"),
]


@pytest.mark.parametrize(("content", "said"), BROKEN)
def test_a_malformed_file_is_named_with_its_line(
    load: Load, files: Files, content: str | bytes, said: str
) -> None:
    files[REQUIREMENTS] = content
    faults = faults_of(load, files)
    assert [fault for fault in faults if fault.startswith(REQUIREMENTS) and said in fault], faults


def test_a_missing_file_is_a_fault_but_deviations_may_be_missing(
    write: Write, files: Files
) -> None:
    folder = write(files)
    assert not (folder / DEVIATIONS).exists()
    (folder / REQUIREMENTS).unlink()
    with pytest.raises(InputError, match=r"requirements.toml: cannot be read: No such file"):
        load_trace(folder)


def test_what_is_no_file_is_not_read(write: Write, files: Files) -> None:
    folder = write(files)
    (folder / HAZARDS).unlink()
    os.mkfifo(folder / HAZARDS)
    with pytest.raises(InputError, match=r"hazards.toml: is not a file"):
        load_trace(folder)


def test_a_folder_without_plans_and_what_is_no_folder_are_refused(
    write: Write, files: Files, tmp_path: Path
) -> None:
    del files[PLAN]
    with pytest.raises(InputError, match=r"no \*/testplan.toml"):
        load_trace(write(files))
    with pytest.raises(InputError, match="is no folder"):
        load_trace(tmp_path / "nowhere")


def test_the_model_can_be_made_by_hand() -> None:
    made = Requirement(
        id="REQ-LAT-001",
        title="t",
        text="t",
        rationale="r",
        kind="performance",  # type: ignore[arg-type]
        safety_class="C",  # type: ignore[arg-type]
        criterion="c",
    )
    assert Trace(requirements={made.id: made}).requirements[made.id].stage == "release"
