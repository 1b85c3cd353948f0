"""Records and measurements: JSON both ways, strict, small."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from evidence_lab import CONTEXT, UTC, check, latency, record
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.canonical import canonical_json
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.chain import Context, link
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import RECORDED, Record, State, utc_text
from edgeward_harness.evidence.strict import encode
from edgeward_harness.measure.groups import GROUPS_MAX, Group
from edgeward_harness.measure.judge import Sample, judge_check, judge_percentile
from edgeward_harness.measure.origin import SIMULATED, Origin, Patients, recorded

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="/\\"), min_size=3)
COUNTS = st.integers(0, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXTS | FLOATS | st.booleans() | st.none() | st.integers(-(2**63) + 1, 2**63 - 1)
GROUPS = st.builds(
    lambda name, n, ends, value, detail: Group(name, n, value, ends[0], ends[1], detail),
    NAMES,
    COUNTS,
    st.tuples(FLOATS, FLOATS).map(sorted) | st.tuples(st.none(), FLOATS) | st.just((1, None)),
    st.none() | FLOATS,
    TEXTS,
)
MEASUREMENTS = st.builds(
    Measurement,
    name=st.just("delay"),
    requirement=TEXTS,
    unit=TEXTS,
    n=COUNTS,
    method=TEXTS,
    expected=SCALARS,
    observed=SCALARS,
    verdict=st.sampled_from([m.verdict for m in (check(), check(False))]),
    confidence=st.none() | FLOATS,
    limit=st.none() | FLOATS,
    bound=st.none() | FLOATS,
    note=TEXTS,
    groups=st.lists(GROUPS, max_size=2).map(tuple),
    origin=st.sampled_from([None, SIMULATED, Origin(Patients.RECORDED, {"mitdb": "0f" * 32})]),
)
RECORDS = st.builds(
    Record,
    item=st.just("TC-X-001[µ]"),
    state=st.sampled_from(RECORDED),
    start_ns=st.just(5),
    end_ns=st.integers(5, 2**63 - 1),
    utc=st.just(UTC),
    measurements=st.lists(MEASUREMENTS, max_size=3).map(tuple),
    artifacts=st.dictionaries(NAMES, st.just("0f" * 32), max_size=2),
    reason=TEXTS,
    context=st.none() | st.just("c1"),
    seed=COUNTS,
    worker=st.sampled_from(["", "gw0"]),
    attempt=st.integers(1, 9),
)


@given(RECORDS)
@settings(deadline=None, max_examples=80)
def test_a_record_reads_back_as_it_was_written(one: Record) -> None:
    text = encode(one.to_json())
    assert Record.from_json(json.loads(text)) == one
    assert text == canonical_json(one.to_json())


@given(RECORDS, st.sampled_from(["", "00" * 32]))
@settings(deadline=None, max_examples=40)
def test_a_line_is_the_canonical_form_of_its_body_with_its_chain(one: Record, before: str) -> None:
    line, chain = link(before, one.to_json())
    assert line == canonical_json({**one.to_json(), "chain": chain})
    assert json.loads(line)["chain"] == chain


def test_a_trivial_record_stays_within_300_bytes() -> None:
    name = "TC-LATENCY-001[last-parameter]"
    trivial = Record(name, State.PASSED, 2**62, 2**62, UTC, context="c1", worker="gw12")
    assert len(link("", trivial.to_json())[0]) + 1 <= 300


def test_a_judgement_becomes_a_measurement_with_all_its_numbers() -> None:
    judged = judge_percentile(Sample([1.0] * 200, [0.0] * 200), 0.5, 2.0)
    one = Measurement.of("delay", "REQ-LAT-001", judged)
    assert (one.n, one.bound, one.limit, one.verdict) == (200, 1.0, 2.0, "passed")
    assert one.distribution is not None
    whole = record("TC-X-001", "passed", one)
    assert Record.from_json(json.loads(encode(whole.to_json()))) == whole


def test_the_parts_of_a_figure_are_kept_and_what_is_no_number_is_none() -> None:
    groups = (
        Group("100", 2273, 0.9996, 0.998, 1.0),
        Group("102", 0, math.nan, None, None, "no beats of this type"),
        Group("207", 12, math.inf, 3, math.inf, "flutter"),
    )
    judged = replace(judge_check(holds=True, expected="all", observed="all"), groups=groups)
    one = Measurement.of("sensitivity", "REQ-ACC-001", judged)
    body = record("TC-X-001", "passed", one).to_json()
    assert body["measurements"][0]["groups"] == [
        {"name": "100", "n": 2273, "value": 0.9996, "low": 0.998, "high": 1.0},
        {"name": "102", "n": 0, "detail": "no beats of this type"},
        {"name": "207", "n": 12, "low": 3.0, "detail": "flutter; without bound"},
    ]
    assert Record.from_json(json.loads(encode(body))).measurements == (one,)


def test_a_record_written_before_there_were_parts_has_none() -> None:
    body = record("TC-X-001", "passed", latency(4.1)).to_json()
    assert "groups" not in body["measurements"][0]
    assert Record.from_json(body).measurements[0].groups == ()


def test_more_parts_than_a_record_holds_are_refused_when_they_are_made() -> None:
    groups = (Group("a", 1, None, None, None),) * (GROUPS_MAX + 1)
    judged = replace(judge_check(holds=True, expected="all", observed="all"), groups=groups)
    with pytest.raises(HarnessError, match=f"4097 groups, a record holds {GROUPS_MAX}"):
        Measurement.of("sensitivity", "", judged)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ([], "a list of 1 to 4096 groups"),
        ([{"name": "a", "n": 1}] * (GROUPS_MAX + 1), "a list of 1 to 4096 groups"),
        ({}, "a list of 1 to 4096 groups"),
        ([[]], r"groups\[0\]: found \[\], expected an object"),
        ([{"name": "a", "n": 1}, {"n": 1}], r"groups\[1\].name: missing"),
        ([{"name": "a\nb", "n": 1}], r"groups\[0\].name: found"),
        ([{"name": "a"}], r"groups\[0\].n: missing"),
        ([{"name": "a", "n": 1.5}], r"groups\[0\].n: found 1.5"),
        ([{"name": "a", "n": 1, "value": None}], r"groups\[0\].value: found None"),
        ([{"name": "a", "n": 1, "low": "0"}], r"groups\[0\].low: found '0'"),
        ([{"name": "a", "n": 1, "low": 2, "high": 1}], r"groups\[0\].low: found 2, expected no"),
        ([{"name": "a", "n": 1, "weight": 2}], r"groups\[0\].'weight': unknown"),
    ],
)
def test_the_parts_of_a_figure_are_read_strictly(change: Any, said: str) -> None:
    body = record("TC-X-001", "passed", latency(4.1)).to_json()
    body["measurements"][0]["groups"] = change
    with pytest.raises(InputError, match=said):
        Record.from_json(body)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (None, r"origin: found None, expected an object"),
        ("simulated", r"origin: found 'simulated', expected an object"),
        ({}, r"origin.patients: missing, expected one of simulated, recorded"),
        ({"patients": "real"}, r"origin.patients: found 'real'"),
        ({"patients": "recorded"}, r"recorded ones are of a collection"),
        ({"patients": "simulated", "collections": {"mitdb": "0f" * 32}}, r"simulated ones of none"),
        ({"patients": "recorded", "collections": {"mitdb": "1.0.0"}}, r"origin.collections: found"),
        ({"patients": "simulated", "note": ""}, r"origin.'note': unknown"),
    ],
)
def test_whose_signals_a_measurement_rests_on_is_read_strictly(origin: Any, said: str) -> None:
    body = record("TC-X-001", "passed", latency(4.1)).to_json()
    body["measurements"][0]["origin"] = origin
    with pytest.raises(InputError, match=said):
        Record.from_json(body)


def test_a_collection_is_told_by_the_files_that_were_read_of_it() -> None:
    one = recorded({"mitdb": {"100.dat": "aa", "100.hea": "bb"}})
    assert one == recorded({"mitdb": {"100.hea": "bb", "100.dat": "aa"}})
    assert one != recorded({"mitdb": {"100.hea": "bb", "100.dat": "ab"}})
    assert one.patients is Patients.RECORDED
    with pytest.raises(ValueError, match="recorded patients with 0 collections"):
        recorded({})


def test_a_part_that_evidence_could_not_hold_is_not_made() -> None:
    with pytest.raises(ValueError, match=r"printable characters; n: found -1.*; low: found 2"):
        Group("a\nb", -1, 1.5, 2.0, 1.0)


def test_an_instant_is_written_in_utc_to_the_millisecond() -> None:
    assert utc_text(1_769_860_800_250_999_999) == "2026-01-31T12:00:00.250Z"
    assert utc_text(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("state", "not_executed", "one of passed"),
        ("state", "PASSED", "one of passed"),
        ("item", "", "printable"),
        ("item", "TC\n001", "printable"),
        ("start_ns", True, "integer"),
        ("start_ns", 1.0, "integer"),
        ("start_ns", 21, "no less than start_ns"),
        ("end_ns", 2**63, "integer"),
        ("utc", "2026-13-01T00:00:00Z", "an instant"),
        ("utc", "2026-01-31T12:00:00+01:00", "an instant"),
        ("utc", "2026-01-31 12:00:00Z", "an instant"),
        ("artifacts", {"../secret": "0f" * 32}, "file name"),
        ("artifacts", {"..": "0f" * 32}, "file name"),
        ("artifacts", {"a\\b": "0f" * 32}, "file name"),
        ("artifacts", {"a": "../../etc"}, "hex digits"),
        ("artifacts", {"a": "0F" * 32}, "hex digits"),
        ("measurements", {}, "a list"),
        ("context", 1, "printable"),
        ("surprise", 1, "expected only type"),
    ],
)
def test_what_a_record_does_not_accept_is_named_with_what_it_does(
    field: str,
    value: Any,
    accepted: str,
) -> None:
    body = {**record().to_json(), field: value}
    with pytest.raises(InputError) as refused:
        Record.from_json(body, "line 7")
    assert len(refused.value.faults) == 1
    assert accepted in refused.value.faults[0]
    assert str(refused.value).startswith("line 7: 1 fault\n")


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "ok"},
        {"n": -1},
        {"n": None},
        {"limit": "50"},
        {"observed": []},
        {"distribution": {"min": "1"}},
        {"distribution": {"histogram": {"edges": [1, 2], "counts": [1, 2]}}},
        {"distribution": {"histogram": {"edges": [1, 2], "counts": [0.5]}}},
        {"distribution": {"histogram": []}},
        {"distribution": []},
        {"extra": 1},
    ],
)
def test_a_measurement_is_read_strictly(change: dict[str, Any]) -> None:
    body = record("TC-X-001", "passed", latency(4.1)).to_json()
    body["measurements"][0] |= change
    with pytest.raises(InputError, match=r"measurements\[0\]"):
        Record.from_json(body)


def test_every_fault_of_a_record_is_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        Record.from_json({"type": "record", "state": 1, "item": None, "worker": ""})
    assert len(refused.value.faults) == 6
    with pytest.raises(InputError, match="expected an object"):
        Record.from_json([])


def test_nan_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        link("", record("TC-X-001", "passed", latency(math.nan)).to_json())


def test_a_context_leaves_out_the_reading_of_the_clock() -> None:
    later = {**CONTEXT.device, "clock": {"now_ns": 99, "simulated": False}}
    assert Context(later, "emulated", scheduler="other").to_json() == CONTEXT.to_json()
    assert CONTEXT.to_json()["device"]["clock"] == {"simulated": False}
