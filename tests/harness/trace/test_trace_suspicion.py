"""What moved since the last review, whom it makes suspect, and what a review settles."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w

from edgeward_harness.errors import InputError
from edgeward_harness.trace.baseline import Reviewed, baseline_text, load_baseline
from edgeward_harness.trace.fingerprint import fingerprints
from edgeward_harness.trace.model import Trace
from edgeward_harness.trace.plain_toml import loads
from edgeward_harness.trace.schema import schemas
from edgeward_harness.trace.suspicion import review, suspects

Files = dict[str, Any]
Load = Callable[[Files], Trace]


def told(trace: Trace, baseline: dict[str, Reviewed]) -> list[str]:
    """Every suspect in a sentence."""
    return [str(suspect) for suspect in suspects(trace, baseline).suspects]


@pytest.fixture
def baseline(trace: Trace) -> dict[str, Reviewed]:
    """Everything reviewed as it is."""
    return review(trace, {}, ["all"])


def test_nothing_moved(trace: Trace, baseline: dict[str, Reviewed]) -> None:
    assert suspects(trace, baseline).settled


def test_a_changed_requirement_is_followed_both_ways(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["requirements.toml"]["requirement"][0]["criterion"] = "Twice the budget will do."
    found = suspects(load(files), baseline)
    assert (found.changed, found.new, found.gone) == (("REQ-LAT-001",), (), ())
    assert [str(suspect) for suspect in found.suspects] == [
        "REQ-LAT-001 changed -> HAZ-001 is suspect (by way of RC-LAT-001)",
        "REQ-LAT-001 changed -> RC-LAT-001 is suspect",
        "REQ-LAT-001 changed -> TC-LAT-001 is suspect",
        "REQ-LAT-001 changed -> TC-LAT-002 is suspect",
    ]
    assert found.suspects[0].path == ("REQ-LAT-001", "RC-LAT-001", "HAZ-001")


def test_a_changed_hazard_is_followed_down_to_the_cases(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["hazards.toml"]["hazard"][0]["severity"] = "catastrophic"
    assert told(load(files), baseline) == [
        "HAZ-001 changed -> RC-LAT-001 is suspect",
        "HAZ-001 changed -> REQ-LAT-001 is suspect (by way of RC-LAT-001)",
        "HAZ-001 changed -> TC-LAT-001 is suspect (by way of RC-LAT-001)",
        "HAZ-001 changed -> TC-LAT-002 is suspect (by way of RC-LAT-001)",
    ]


def test_a_changed_case_is_followed_up_to_the_hazard_and_does_not_turn_round(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["latency/testplan.toml"]["case"][0]["method"] = "inspection"
    assert told(load(files), baseline) == [
        "TC-LAT-001 changed -> HAZ-001 is suspect (by way of RC-LAT-001)",
        "TC-LAT-001 changed -> RC-LAT-001 is suspect",
        "TC-LAT-001 changed -> REQ-LAT-001 is suspect",
    ]


def test_of_two_causes_the_nearer_is_told(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["hazards.toml"]["hazard"][0]["severity"] = "catastrophic"
    files["latency/testplan.toml"]["case"][0]["method"] = "inspection"
    assert told(load(files), baseline) == [
        "HAZ-001 changed -> RC-LAT-001 is suspect",
        "TC-LAT-001 changed -> REQ-LAT-001 is suspect",
        "HAZ-001 changed -> TC-LAT-002 is suspect (by way of RC-LAT-001)",
    ]


def test_a_review_of_what_changed_does_not_answer_for_its_neighbours(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["requirements.toml"]["requirement"][0]["text"] = "Changed."
    trace = load(files)
    after = review(trace, baseline, ["REQ-LAT-001"])
    found = suspects(trace, after)
    assert found.changed == ()
    assert [str(suspect) for suspect in found.suspects] == [
        (
            "REQ-LAT-001 changed after RC-LAT-001 was reviewed -> HAZ-001 is suspect "
            "(by way of RC-LAT-001)"
        ),
        "REQ-LAT-001 changed after RC-LAT-001 was reviewed -> RC-LAT-001 is suspect",
        "REQ-LAT-001 changed after TC-LAT-001 was reviewed -> TC-LAT-001 is suspect",
        "REQ-LAT-001 changed after TC-LAT-002 was reviewed -> TC-LAT-002 is suspect",
    ]
    control_holds = review(trace, after, ["RC-LAT-001"])
    assert [suspect.id for suspect in suspects(trace, control_holds).suspects] == [
        "TC-LAT-001",
        "TC-LAT-002",
    ]
    assert suspects(trace, review(trace, control_holds, ["TC-LAT-001", "TC-LAT-002"])).settled


def test_reviewing_a_neighbour_does_not_settle_what_changed(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["requirements.toml"]["requirement"][0]["text"] = "Changed."
    trace = load(files)
    found = suspects(trace, review(trace, baseline, ["TC-LAT-001"]))
    assert found.changed == ("REQ-LAT-001",)
    assert "TC-LAT-001" not in [suspect.id for suspect in found.suspects]


def test_a_new_item_makes_those_it_is_linked_with_suspect(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    cases = files["latency/testplan.toml"]["case"]
    cases.append(cases[2] | {"id": "TC-LAT-004"})
    found = suspects(load(files), baseline)
    assert found.new == ("TC-LAT-004",)
    assert [str(suspect) for suspect in found.suspects] == [
        "TC-LAT-004 is new -> REQ-LAT-002 is suspect"
    ]


def test_an_item_that_is_gone_makes_those_it_was_linked_with_suspect(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    files["latency/testplan.toml"]["case"].pop(0)
    trace = load(files)
    found = suspects(trace, baseline)
    assert found.gone == ("TC-LAT-001",)
    assert [str(suspect) for suspect in found.suspects] == [
        "TC-LAT-001 is gone -> HAZ-001 is suspect (by way of RC-LAT-001)",
        "TC-LAT-001 is gone -> RC-LAT-001 is suspect",
        "TC-LAT-001 is gone -> REQ-LAT-001 is suspect",
    ]
    forgotten = review(trace, baseline, ["TC-LAT-001", "RC-LAT-001", "REQ-LAT-001"])
    assert suspects(trace, forgotten).settled
    assert "TC-LAT-001" not in forgotten


def test_a_link_that_is_cut_makes_the_other_end_suspect(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    del files["latency/testplan.toml"]["case"][0]["implements"]
    assert "TC-LAT-001 changed -> RC-LAT-001 is suspect" in told(load(files), baseline)


def test_reflowed_text_moves_nothing(
    load: Load, files: Files, baseline: dict[str, Reviewed]
) -> None:
    for one in files["requirements.toml"]["requirement"]:
        one["text"] = one["text"].replace(" ", "\n   ")
    assert suspects(load(files), baseline).settled


def test_a_review_of_what_nobody_knows_is_refused(trace: Trace) -> None:
    with pytest.raises(InputError) as refused:
        review(trace, {}, ["REQ-LAT-001", "REQ-LAT-999", "TC-LAT-999"])
    assert refused.value.faults == (
        "REQ-LAT-999 does not exist; expected ids of the trace, or all",
        "TC-LAT-999 does not exist; expected ids of the trace, or all",
    )


def test_the_day_is_given_by_the_reviewer_and_stays(trace: Trace) -> None:
    day = date(2027, 3, 1)
    first = review(trace, {}, ["HAZ-001"], day)
    again = review(trace, first, ["all"])
    assert again["HAZ-001"].reviewed == day
    assert again["RC-LAT-001"].reviewed is None
    later = review(trace, again, ["HAZ-001"], date(2027, 4, 1))
    assert later["HAZ-001"].reviewed == date(2027, 4, 1)


def test_a_baseline_reads_as_it_was_written(trace: Trace, tmp_path: Path) -> None:
    written = review(trace, review(trace, {}, ["all"]), ["TC-LAT-001"], date(2027, 3, 1))
    path = tmp_path / "trace_review.toml"
    path.write_text(baseline_text(written), encoding="ascii")
    assert load_baseline(path) == written
    assert list(written) == list(fingerprints(trace))
    path.write_text(tomli_w.dumps(loads(baseline_text(written))), encoding="ascii")
    assert load_baseline(path) == written


def test_there_may_be_no_baseline(tmp_path: Path) -> None:
    assert load_baseline(tmp_path / "trace_review.toml") is None


FINGERPRINT = "0" * 64
GOOD = {"fingerprint": FINGERPRINT, "linked": {"TC-LAT-001": "0" * 16}}
BROKEN = [
    ({"items": {"REQ-1": GOOD}}, 'items."REQ-1": expected an id such as REQ-LAT-001'),
    ({"items": {"DEV-001": GOOD}}, "expected an id such as"),
    ({"items": {"REQ-LAT-001": GOOD | {"fingerprint": "0" * 63}}}, "expected 64 hex digits"),
    ({"items": {"REQ-LAT-001": {"fingerprint": FINGERPRINT}}}, "linked is missing"),
    ({"items": {"REQ-LAT-001": GOOD | {"linked": {"TC-LAT-001": "0"}}}}, "16 hex digits"),
    ({"items": {"REQ-LAT-001": GOOD | {"linked": {"TC-1": "0" * 16}}}}, '"TC-1" is no id'),
    ({"items": {"REQ-LAT-001": GOOD | {"linked": ["TC-LAT-001"]}}}, "expected a table of 16"),
    ({"items": {"REQ-LAT-001": GOOD | {"reviewed": 2027}}}, "a date without quotes"),
    ({"items": {"REQ-LAT-001": GOOD | {"reviewer": "x"}}}, '"reviewer" is no known key'),
    ({"items": {"REQ-LAT-001": 7}}, "expected a table with fingerprint, linked, reviewed"),
    ({"items": 7}, "items = 7: expected a table of items by id"),
    ({"reviews": {}}, '"reviews" is no known table'),
]


@pytest.mark.parametrize(("content", "said"), BROKEN)
def test_a_broken_baseline_is_refused_by_reader_and_schema(
    tmp_path: Path, content: Files, said: str
) -> None:
    path = tmp_path / "trace_review.toml"
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_baseline(path)
    assert [fault for fault in refused.value.faults if said in fault], refused.value.faults
    assert not jsonschema.Draft202012Validator(schemas()["trace_review"]).is_valid(content)


def test_a_malformed_baseline_shows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trace_review.toml"
    path.write_text("[items]\nHAZ-001 = {fingerprint = \n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        load_baseline(path)
