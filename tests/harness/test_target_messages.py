"""Answers read strictly, results judged by their shape, transcripts bounded."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward_harness.target import shape
from edgeward_harness.target.arrays import f32_base64, u8_base64
from edgeward_harness.target.kinds import judged_events, sort_events
from edgeward_harness.target.messages import MalformedError, decode_answer, encode_request
from edgeward_harness.target.results import METHODS, RESULTS, result_faults
from edgeward_harness.target.transcript import ENTRIES_KEPT, FROM_DEVICE, Transcript, printable

SHA = "a" * 64
WINDOW = {"index": 0, "first": 0, "last": 9, "valid": 10}
EVENT = {
    "cursor": 1, "kind": "result", "stream": "s", "window": WINDOW, "outcome": "answer",
    "label": "a", "probabilities": {"a": 1}, "model_sha256": SHA, "last_sample_ns": 1,
    "decision_ns": 2, "late": None,
}  # fmt: skip

ALARM = {
    "id": "1-1", "patient": None, "condition": "c", "kind": "technical", "priority": "low",
    "presence": "on", "holds": True, "undecided": False, "occurrence": 1, "met_ns": -1,
    "declared_ns": 0, "signalled_ns": None, "value": None, "unit": "", "text": "", "source": "",
    "model": None,
}  # fmt: skip
ENDS = {"sender": "d/p", "receiver": "s", "stamp": [1, 2], "heard": [0, 0]}
ITEM = {"delivery": 1, "alarm": "1-1", "priority": "high", "patient": "p", "condition": "c",
        "text": "", "open": True, "confirmed_by": ""}  # fmt: skip
READING = {"channel": "c", "value": None, "unit": "%", "reason": "stale", "at_ns": 0}
FIGURES = {"accepted": 3, "delivered": 1, "queued": 2, "evicted": 0, "quarantined": 0}
ABOUT_RECORDS: dict[str, dict[str, Any]] = {
    "outbox.put": {"receipts": [{"standing": "durable", "epoch": "0123456789abcdef",
                                 "sequence": 1, "reason": ""}]},
    "outbox.status": {
        "device": "d", "epoch": "0123456789abcdef", "sequence": 0, "disk_bytes": 0,
        "disk_bytes_max": 1, "classes": {"trend": FIGURES},
        "link": {"state": "online", "trouble": ""},
    },
    "link.request": {"request": "PEM"},
    "link.connect": {}, "link.disconnect": {},
    "keys.rotate": {"rotated": 2},
    "keys.erase": {"digest": SHA, "removed": 0},
    "attest": {"statement": {"device": "d", "nonce": "ab" * 16, "root": "software",
                             "measured": {"software": SHA}, "earliest_ns": 1},
               "signature": "AAAA", "chain": "PEM"},
    "outbox.export": {"bundle": None, "records": 0, "parts": 0, "bytes": 0, "cut": False},
    "outbox.import": {"answered": ["0123456789abcdef"], "delivered": 2, "set_aside": 0, "others": 1,
                      "refused": [{"name": "n", "reason": "r"}]},
}  # fmt: skip
ABOUT_PATIENTS: dict[str, dict[str, Any]] = {
    "patient.admit": {}, "patient.attach": {}, "patient.discharge": {}, "alarm.acknowledge": {},
    "alarm.inactivate": {}, "alarm.resume": {}, "alarm.switch": {},
    "patient.push": {"next": 1},
    "patient.detach": {"samples": 1},
    "patient.state": {
        "at_ns": 0, "readings": {"spo2": READING}, "audible": "high", "audible_alarm": "1-1",
        "visible": None, "visible_alarm": None, "self_check_ns": 0,
        "alarms": [{**ALARM, "audible": "on", "visible": "paused"}],
        "inactive": [{"patient": "p", "state": "audio_off", "by": "", "remaining_ns": None,
                      "switched_off": ["c"]}],
        "self_test": {"running": False, "passed": False, "interrupted": True,
                      "parts": {"red": "passed", "high": "unobserved"}},
        "delegations": [{"patient": "p", "device": "d/p", "to": ["s"], "refresh_within_ms": 1,
                         "confirm_within_ms": 1, "sound": True, "lost": ["s"], "waiting": [],
                         "unanswered": [], "elsewhere": [],
                         "confirmed": [{"alarm": "1-1", "by": "n"}]}],
        "listening": [{"device": "d/p", "name": "s", "lost": False, "alarms": [ITEM]}],
    },
    "alarm.describe": {
        "channels": {"ecg": {"units": ["mV"], "rates_hz": [[125, 1000]], "axes": 1}},
        "vitals": {"spo2": {"unit": "%"}},
        "conditions": {"c": {"kind": "technical", "priority": "low", "critical_priority": "low",
                             "condition_delay_ms": 0, "signal_delay_ms": 0, "clear_delay_ms": 0,
                             "acknowledge_ms": 1, "latching": "none", "may_switch_off": True,
                             "text": ""}},
        "audio_pause_max_ms": 120_000,
        "models": [{"model_id": "m", "version": "1", "findings": ["f"], "threshold": 0.9}],
    },
    "alarm.limits": {"unit": "%"},
    "alarm.delegate": {"device": "d/p", "refresh_within_ms": 4000, "delay_max_ms": 2000},
    "alarm.undelegate": {}, "alarm.listen": {}, "alarm.unlisten": {}, "alarm.confirm": {},
    "alarm.light": {"rate_hz": 100, "colours": ["dark", "red"], "samples": "AQE="},
    "alarm.display": {"lines": ["no alarm"]}, "alarm.self_test": {},
    "alarm.refresh": {"offer": {**ENDS, "items": [ITEM]}},
    "alarm.arrive": {"answer": {**ENDS, "taken": [1], "confirmed": [[1, "n"]]}},
    "alarm.reset": {"ended": []},
    "alarm.sound": {"rate_hz": 16000, "samples": "AAAAAA=="},
}  # fmt: skip
OF_PATIENTS: list[dict[str, Any]] = [
    {"kind": "vital", "patient": "p", "vital": "spo2", **READING},
    {"kind": "sign", "patient": "p", "channel": "c", "sign": "asystole", "present": None,
     "text": "", "since_ns": 0, "at_ns": 0},
    {"kind": "beat", "patient": "p", "channel": "c", "class": "N", "sample": 0, "at_ns": 0},
    {"kind": "beat", "patient": "p", "channel": "c", "class": "Q", "sample": 0, "at_ns": 0,
     "probability": None, "rule_class": "N"},
    {"kind": "alarm", "what": "declared", "epoch": 1, "seq": 1, "at_ns": 0, "wall_ns": 0,
     "patient": "p", "who": "", "text": "", "alarm": ALARM},
]  # fmt: skip

GOOD: dict[str, dict[str, Any]] = {
    **ABOUT_RECORDS,
    **ABOUT_PATIENTS,
    "describe": {
        "protocol": "1.7",
        "device": {"model": "m", "serial": "s", "id": "i", "epoch": 0},
        "software": {"name": "n", "version": "v", "build_sha256": SHA},
        "models": [{"name": "n", "version": "v", "sha256": SHA, "labels": ["a"]}],
        "capabilities": ["core", "infer"],
        "inputs": [
            {"signal": "x", "unit": "V", "rate_hz": 0.5, "window_samples": 1, "hop_samples": 1}
        ],
        "clock": {"now_ns": 0, "simulated": True},
        "indicators": {"light": {"emulated": True}},
        "scheduling": {"policy": "fifo", "priority": 50, "cores": [0, 1], "memory_locked": None},
        "a_field_of_a_later_minor_version": 1,
    },
    "configure": {"profile_sha256": SHA},
    "infer": {"outcome": "no_answer", "reason": "r", "model_sha256": SHA, "elapsed_ns": 0},
    "stream.open": {"window_samples": 1, "hop_samples": 1},
    "stream.push": {"next": 0},
    "stream.close": {"samples": 0, "windows": 0},
    "events": {
        "events": [
            EVENT,
            *({"cursor": 2, **each} for each in OF_PATIENTS),
            {"cursor": 3, "kind": "of a later version"},
        ],
        "next": 3,
        "dropped": 0,
    },
    "resources": {"t": {"value": None, "provenance": "unknown"}},
    "clock": {"now_ns": 0},
    "restart": {},
    "shutdown": {},
}

BAD = [
    ("infer", {"outcome": "maybe"}, "result.outcome: found 'maybe', expected 'answer' or"),
    ("infer", {"outcome": "answer"}, "result.label: missing"),
    ("infer", {"elapsed_ns": -1}, "result.elapsed_ns: found -1"),
    ("infer", {"elapsed_ns": True}, "result.elapsed_ns: found True"),
    ("infer", {"model_sha256": "A" * 64}, "result.model_sha256: found"),
    ("events", {"events": [{**EVENT, "late": 0}]}, "result.events[0].late: found 0"),
    (
        "events",
        {"events": [{**EVENT, "probabilities": {"a": 1.01}}]},
        "probabilities.a: found 1.01",
    ),
    ("events", {"events": [{**EVENT, "window": {}}]}, "result.events[0].window.index: missing"),
    ("events", {"events": [{**EVENT, "cursor": 0}]}, "result.events[0].cursor: found 0"),
    ("events", {"events": {}}, "result.events: found {}, expected a list"),
    ("events", {"events": [{"cursor": 1, **OF_PATIENTS[1], "present": 1}]}, "present: found 1"),
    ("events", {"events": [{"cursor": 1, **OF_PATIENTS[3], "probability": 2}]}, "found 2"),
    ("events", {"events": [{"cursor": 1, **OF_PATIENTS[-1], "alarm": {}}]}, "alarm.id: missing"),
    ("events", {"events": [{"cursor": 1, **OF_PATIENTS[2], "class": "B"}]}, "class: found 'B'"),
    ("patient.state", {"audible": "loud"}, "result.audible: found 'loud'"),
    ("patient.state", {"readings": {"spo2": {}}}, "result.readings.spo2.channel: missing"),
    ("patient.state", {"delegations": [{}]}, "result.delegations[0].patient: missing"),
    ("alarm.describe", {"models": [{}]}, "result.models[0].model_id: missing"),
    ("describe", {"indicators": {"light": True}}, "result.indicators.light: found True"),
    ("patient.state", {"self_test": {"running": True}}, "result.self_test.passed: missing"),
    ("alarm.refresh", {"offer": {**ENDS, "items": [{}]}}, "result.offer.items[0].delivery: miss"),
    (
        "alarm.arrive",
        {"answer": {**ENDS, "taken": [0], "confirmed": []}},
        "result.answer.taken[0]: found 0",
    ),
    ("alarm.sound", {"samples": "==AAAAAA"}, "found '==AAAAAA', expected base64 of whole items"),
    ("alarm.sound", {"samples": "AAAA"}, "expected base64 of whole items of 4 bytes"),
    ("alarm.light", {"samples": 5}, "result.samples: found 5, expected base64"),
    ("alarm.describe", {"conditions": {"c": {}}}, "result.conditions.c.kind: missing"),
    ("outbox.status", {"classes": {"trend": {**FIGURES, "bytes": -1}}}, "bytes: found -1"),
    ("outbox.status", {"classes": {"trend": {**FIGURES, "bytes": 0}}}, None),
    ("describe", {"protocol": "1"}, "result.protocol: found '1'"),
    ("describe", {"protocol": "1.0.0"}, "result.protocol: found '1.0.0'"),
    ("describe", {"protocol": "0.9"}, "this verifier speaks 1.x"),
    ("describe", {"models": []}, None),
    ("describe", {"scheduling": {"policy": "fifo"}}, "result.scheduling.priority: missing"),
    ("describe", {"inputs": [{}]}, "result.inputs[0].signal: missing"),
    ("configure", {"profile_sha256": SHA[:-1]}, "expected 64 lower-case hex digits"),
    ("stream.push", {"next": 1.0}, "result.next: found 1.0, expected an integer"),
    ("resources", {"t": {"value": 1, "provenance": "guessed"}}, "result.t.provenance: found"),
]


def test_every_method_of_the_protocol_has_a_shape() -> None:
    assert set(RESULTS) == {method for methods in METHODS.values() for method in methods}
    assert set(GOOD) == set(RESULTS)


@pytest.mark.parametrize("method", GOOD)
def test_a_good_result_has_no_fault(method: str) -> None:
    assert result_faults(method, GOOD[method]) == ()


@pytest.mark.parametrize(("method", "change", "fault"), BAD)
def test_a_bad_result_is_told(method: str, change: dict[str, Any], fault: str | None) -> None:
    faults = result_faults(method, {**GOOD[method], **change})
    if fault is None:
        assert faults == ()
    else:
        assert fault in "\n".join(faults)


@pytest.mark.parametrize("method", [m for m in GOOD if GOOD[m] and m not in ("resources",)])
def test_no_field_can_be_left_out(method: str) -> None:
    optional = {
        "a_field_of_a_later_minor_version", "scheduling", "delegations", "listening",
        "indicators", "self_test", "models",
    }  # fmt: skip
    for name in GOOD[method].keys() - optional:
        rest = {key: value for key, value in GOOD[method].items() if key != name}
        assert any(name in fault for fault in result_faults(method, rest)), name


@pytest.mark.parametrize(
    ("protocol", "known_minor", "standing"),
    [("1.0", 0, "misfits"), ("1.1", 0, "later"), ("1.1", 1, "misfits"), ("1.0", 1, "misfits"),
     ("1.10", 9, "later"), ("1.9", 10, "misfits")],
)  # fmt: skip
def test_an_unknown_kind_of_event_is_judged_by_the_minor_announced(
    protocol: str, known_minor: int, standing: str
) -> None:
    strange = {"cursor": 2, "kind": "twitch"}
    found = sort_events([EVENT, strange, EVENT], protocol, known_minor)
    assert found.known == (EVENT, EVENT)
    assert found.beside == ()
    assert {"later": found.later, "misfits": found.misfits} == {
        "later": (), "misfits": (), standing: (strange,),
    }  # fmt: skip


def test_what_a_device_says_about_itself_is_known_and_no_result() -> None:
    technical = {
        "cursor": 2, "kind": "technical", "condition": "model_fault", "stream": None,
        "raised": True, "at_ns": 3, "text": "",
    }  # fmt: skip
    told = {"events": [EVENT, technical], "next": 2, "dropped": 0}
    assert result_faults("events", told) == ()
    wrong = {**told, "events": [{**technical, "raised": 1}]}
    (fault,) = result_faults("events", wrong)
    assert fault == "result.events[0].raised: found 1, expected true or false"
    found = sort_events([EVENT, technical], "1.1")
    assert (found.known, found.beside, found.misfits) == ((EVENT, technical), (technical,), ())
    assert judged_events([EVENT, technical], "1.1") == (EVENT,)
    assert sort_events([technical], "1.0").misfits == (technical,)
    assert judged_events([EVENT, technical], "1.0") == (EVENT, technical)


def test_a_method_of_a_later_version_is_let_through() -> None:
    assert result_faults("alarm.pause", {"anything": 1}) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=100)
@given(value=json_values, method=st.sampled_from(sorted(RESULTS)))
def test_any_value_is_judged_and_none_breaks_the_judge(value: Any, method: str) -> None:
    faults = shape.faults(RESULTS[method], value, "result")
    assert all(fault.startswith("result") for fault in faults)
    assert faults or isinstance(value, dict)


@settings(deadline=None, max_examples=200)
@given(line=st.binary(max_size=300) | json_values.map(lambda v: json.dumps(v).encode()))
def test_any_line_is_an_answer_or_malformed(line: bytes) -> None:
    try:
        answer = decode_answer(line)
    except MalformedError as error:
        assert str(error)
    else:
        assert (answer.result is None) is not (answer.refusal is None)


def test_a_request_is_one_line_of_ascii() -> None:
    line = encode_request(7, "m", {"text": "zwei\nZeilen ½"})
    assert b"\n" not in line
    assert json.loads(line) == {
        "jsonrpc": "2.0", "id": 7, "method": "m", "params": {"text": "zwei\nZeilen ½"},
    }  # fmt: skip


def test_arrays_are_little_endian() -> None:
    assert base64.b64decode(f32_base64([1.0, -2.5])) == struct.pack("<ff", 1.0, -2.5)
    assert base64.b64decode(u8_base64([1, 0, 1])) == b"\x01\x00\x01"


def test_a_transcript_keeps_the_end_and_counts_the_rest() -> None:
    transcript = Transcript(started_ns=0)
    for number in range(ENTRIES_KEPT + 5):
        transcript.add(FROM_DEVICE, b"%d" % number, number * 1_500_000)
    lines = transcript.text(b"err\x07or\n").splitlines()
    assert lines[0] == "(5 earlier lines are not shown)"
    assert lines[1] == "       7.500 ms <- 5"
    assert lines[-2:] == ["standard error of the device (its end):", "  err\\x07or"]
    assert len(lines) == ENTRIES_KEPT + 3


def test_a_long_line_is_shown_by_its_ends() -> None:
    transcript = Transcript(started_ns=0)
    transcript.add(FROM_DEVICE, b"a" * 5_000 + b"end", 0)
    text = transcript.text()
    assert "[... 4603 bytes ...]" in text
    assert text.endswith("end\n")
    assert len(text) < 500


@given(data=st.binary(max_size=80))
def test_whatever_is_shown_is_printable(data: bytes) -> None:
    assert printable(data).isprintable()
