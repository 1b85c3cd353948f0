"""`submission.toml`: what people say is read strictly, and every fault is told at once."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeward_harness.errors import InputError
from edgeward_harness.pack.submission import Submission, load_submission

ABOUT = {"device": "Monitor", "release": "1.0", "safety_class": "C", "level": "enhanced"}
TABLES: dict[str, dict[str, Any]] = {
    "supplied": {
        "id": "RISK", "number": "04", "title": "Risk file", "file": "risk.pdf", "version": "1",
        "author": "risk management",
    },
    "anomaly": {
        "id": "ANOM-1", "title": "A late line", "found": date(2026, 2, 1), "disposition": "open",
    },
    "version": {"id": "1.0", "dated": date(2026, 2, 1), "changes": "The first."},
    "threat": {
        "id": "THR-1", "title": "Flood", "requirements": ["REQ-LAT-001"], "before": "high",
        "after": "low",
    },
    "interface": {"id": "IF-1", "title": "Serial"},
    "claim": {"id": "CLAIM-1", "title": "Alarms in time"},
}  # fmt: skip


def written(tmp_path: Path, content: dict[str, Any] | str | bytes) -> Path:
    path = tmp_path / "submission.toml"
    data = tomli_w.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def faults(tmp_path: Path, content: dict[str, Any] | str | bytes) -> str:
    with pytest.raises(InputError) as refused:
        load_submission(written(tmp_path, content))
    return str(refused.value)


def everything() -> dict[str, Any]:
    return {"submission": ABOUT, **{name: [dict(table)] for name, table in TABLES.items()}}


def test_all_of_it_is_read(tmp_path: Path) -> None:
    found = load_submission(written(tmp_path, everything()))
    assert found.about.device == "Monitor"
    assert found.anomalies is not None
    lists = (found.supplied, found.anomalies, found.versions, found.threats, found.interfaces)
    assert [len(one) for one in (*lists, found.claims)] == [1] * 6
    assert found.folder == tmp_path
    assert [one.id for one in found.supplied_for("04")] == ["RISK"]
    assert found.supplied_for("05") == ()


def test_nothing_said_is_not_nothing_known(tmp_path: Path) -> None:
    assert load_submission(written(tmp_path, "")).anomalies is None
    none = load_submission(written(tmp_path, "no_known_anomalies = true\n"))
    assert none.anomalies == ()
    assert load_submission(written(tmp_path, "")) == Submission(folder=tmp_path)


@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_must_have_and_may_not_have_is_told(tmp_path: Path, name: str) -> None:
    for key in TABLES[name]:
        short = {k: v for k, v in TABLES[name].items() if k != key}
        told = faults(tmp_path, {name: [TABLES[name], short]})
        assert f"{name} 2" in told
        assert f"{key} is missing" in told
    assert '"surprise" is no known key' in faults(
        tmp_path, {name: [{**TABLES[name], "surprise": 1}]}
    )
    assert "is taken already" in faults(tmp_path, {name: [TABLES[name], TABLES[name]]})
    assert "double brackets" in faults(tmp_path, {name: TABLES[name]})
    assert f"{name}" in faults(tmp_path, f"{name} = [1]\n")


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    content = everything()
    content["submission"] = {"safety_class": "D", "level": "some", "build_sha256": "ab"}
    content["anomaly"][0]["cwe"] = ["787"]
    content["threat"][0]["before"] = "often"
    content["supplied"][0]["number"] = "7"
    content["more"] = {}
    told = faults(tmp_path, content)
    for said in (
        "safety_class", "level", "build_sha256", "[more] is no known table", "anomaly 1",
        "CWE-787", "threat 1", "before", "supplied 1",
    ):  # fmt: skip
        assert said in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("submission = 1\n", "a table [submission]"),
        ("no_known_anomalies = false\n", "true, and no [[anomaly]] beside it"),
        ("no_known_anomalies = 1\n", "true, and no [[anomaly]] beside it"),
        ({"no_known_anomalies": True, "anomaly": [TABLES["anomaly"]]}, "no [[anomaly]] beside it"),
        ("[submission\n", "submission.toml"),
        (b"\xff\xfe", "submission.toml"),
        ('[submission]\ndevice = "a\\u202eb"\n', "device"),
        ('[submission]\ndevice = "  "\n', "device"),
        ('[submission]\nfrozen = "tomorrow"\n', "frozen"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, content: dict[str, Any] | str | bytes, said: str
) -> None:
    assert said in faults(tmp_path, content)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"submission\.toml"):
        load_submission(tmp_path / "submission.toml")


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcd_", min_size=1), inner)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["submission", "no_known_anomalies", *TABLES])


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_whatever_is_said_is_read_or_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    path = written(tmp_path, content)
    try:
        load_submission(path)
    except InputError as refused:
        assert str(refused)


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(TABLES)), st.data())
def test_a_table_with_any_value_in_it_is_read_or_refused(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(TABLES[name])))
    content = {name: [{**TABLES[name], key: data.draw(VALUES)}]}
    try:
        load_submission(written(tmp_path, content))
    except InputError as refused:
        assert key in str(refused)
