"""Records and measurements: JSON both ways, strict, small."""

import json
import math
from typing import Any

import pytest
from evidence_lab import CONTEXT, UTC, check, latency, record
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.canonical import canonical_json
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.chain import Context, link
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import RECORDED, Record, State, utc_text
from edgeward_harness.evidence.strict import encode
from edgeward_harness.measure.judge import Sample, judge_percentile

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="/\\"), min_size=3)
COUNTS = st.integers(0, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXTS | FLOATS | st.booleans() | st.none() | st.integers(-(2**63) + 1, 2**63 - 1)
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
