"""What the device does with samples and with its profile, asked over a link."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.canonical import digest
from edgeward.device.assembly import simulated_device
from edgeward.limits import DEFAULT
from edgeward.process.stream import Block
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples

ECG = SimulatedPatient(1).ecg("sinus", 60)


Start = Callable[..., Any]


def test_infer_answers_one_window(inprocess: Start, b64: Callable[..., str]) -> None:
    peer, _ = inprocess()
    answer = peer.result("infer", signal="ecg", samples=b64(ECG[:1250]))
    assert answer["outcome"] == "answer"
    assert answer["label"] == "sinus"
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["elapsed_ns"] > 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_infer_never_answers_invalid_input(
    inprocess: Start, b64: Callable[..., str], bad: float | None
) -> None:
    peer, _ = inprocess()
    window, valid = ECG[:1250].copy(), np.ones(1250, dtype=np.uint8)
    if bad is None:
        valid[700] = 0
    else:
        window[700] = bad
    answer = peer.result("infer", signal="ecg", samples=b64(window), valid=b64(valid, "u1"))
    assert answer["outcome"] == "no_answer"
    assert "1 of 1250 samples are invalid" in answer["reason"]
    assert "label" not in answer


def test_infer_takes_exactly_one_window(inprocess: Start, b64: Callable[..., str]) -> None:
    peer, _ = inprocess()
    error = peer.error("infer", signal="ecg", samples=b64(ECG[:10]), valid=b64([1], "u1"))
    assert error["code"] == -32602
    assert error["data"]["faults"] == [
        "samples: found 10, accepted: 1250",
        "valid: found 1 values for 10 samples",
    ]
    assert "accepted: 'ecg'" in peer.error("infer", signal="eeg", samples="")["message"]


def test_a_stream_yields_each_window_once_in_order(inprocess: Start) -> None:
    peer, _ = inprocess()
    peer.open()
    for first in range(0, 5000, 250):
        assert peer.push(first, ECG[first : first + 250])["result"] == {"next": first + 250}
    told = peer.result("events", after=0)
    windows = [event["window"] for event in told["events"]]
    assert windows == [
        {"index": k, "first": 250 * k, "last": 250 * k + 1249, "valid": 1250} for k in range(16)
    ]
    assert [event["cursor"] for event in told["events"]] == list(range(1, 17))
    assert (told["next"], told["dropped"]) == (16, 0)
    assert {event["label"] for event in told["events"]} == {"sinus"}
    assert {event["late"] for event in told["events"]} == {None}
    assert peer.result("stream.close", stream="s1") == {"samples": 5000, "windows": 16}
    assert peer.result("events", after=16) == {"events": [], "next": 16, "dropped": 0}


def test_an_event_carries_the_times_it_rests_on(inprocess: Start) -> None:
    peer, _ = inprocess(simulated=True)
    peer.open()
    peer.push(0, ECG[:1250], acquired_ns=-77)
    peer.result("clock", advance_ns=1000)
    peer.push(1250, ECG[1250:1500])
    first, second = peer.result("events")["events"]
    assert (first["last_sample_ns"], first["decision_ns"]) == (-77, 0)
    assert (second["last_sample_ns"], second["decision_ns"]) == (1000, 1000)


def test_missing_samples_are_invalid_and_give_no_answer(inprocess: Start) -> None:
    peer, _ = inprocess()
    peer.open()
    peer.push(0, ECG[:1000])
    peer.push(1500, ECG[1500:3000])
    events = peer.result("events")["events"]
    valid = [event["window"]["valid"] for event in events]
    assert valid == [1000, 750, 750, 750, 750, 1000, 1250, 1250]
    assert [event["outcome"] for event in events] == ["no_answer"] * 6 + ["answer"] * 2


def test_a_stream_is_opened_once(inprocess: Start) -> None:
    peer, _ = inprocess(limits=replace(DEFAULT, streams_max=2))
    peer.open("a")
    message = peer.error("stream.open", stream="a", signal="ecg", rate_hz=250, unit="mV")
    assert message["code"] == -32001
    peer.open("b")
    full = peer.error("stream.open", stream="c", signal="ecg", rate_hz=250, unit="mV")
    assert full["code"] == -32002
    assert "streams_max = 2" in full["message"]


def test_streams_do_not_mix(inprocess: Start) -> None:
    peer, _ = inprocess()
    peer.open("a")
    peer.open("b")
    for first in range(0, 1250, 250):
        peer.push(first, ECG[first : first + 250], stream="a")
        peer.push(first, np.full(250, np.nan), stream="b")
    told = {event["stream"]: event for event in peer.result("events")["events"]}
    assert told["a"]["outcome"] == "answer"
    assert told["b"]["outcome"] == "no_answer"
    assert told["b"]["window"]["valid"] == 0


def test_a_block_that_does_not_fit_changes_nothing(
    inprocess: Start, b64: Callable[..., str]
) -> None:
    limits = replace(DEFAULT, block_samples_max=1000, gap_samples_max=500)
    peer, _ = inprocess(limits=limits)
    peer.open()
    peer.push(0, ECG[:100])
    past = peer.push(99, ECG[:1])["error"]
    assert past["code"] == -32602
    assert "accepted: 100 or later" in past["message"]
    long = peer.push(100, ECG[:1001])["error"]
    assert long["code"] == -32002
    assert "block_samples_max = 1000" in long["message"]
    gap = peer.push(601, ECG[:1])["error"]
    assert gap["code"] == -32002
    assert "gap_samples_max = 500" in gap["message"]
    mask = peer.push(100, ECG[:5], valid=b64([1], "u1"))["error"]
    assert mask["code"] == -32602
    assert peer.push(600, ECG[:1])["result"] == {"next": 601}


def test_events_come_in_pages_and_what_is_lost_is_counted(inprocess: Start) -> None:
    limits = replace(DEFAULT, events_kept_max=4, events_answer_max=3)
    peer, _ = inprocess(limits=limits)
    peer.open()
    peer.push(0, ECG[: 1250 + 5 * 250])
    told = peer.result("events", after=0, limit=100)
    assert [event["cursor"] for event in told["events"]] == [3, 4, 5]
    assert (told["next"], told["dropped"]) == (5, 2)
    assert [e["cursor"] for e in peer.result("events", after=5, limit=1)["events"]] == [6]
    assert peer.result("resources")["events_dropped"]["value"] == 2


def test_a_full_answer_fits_into_a_line(inprocess: Start) -> None:
    peer, _ = inprocess()
    name = "\U0001f600" * 64
    peer.open(name)
    for first in range(0, 600 * 250, 50_000):
        peer.push(first, np.full(50_000, np.nan), stream=name)
    peer.send("events", limit=100_000)
    line = peer.link.receive(None)
    assert len(json.loads(line)["result"]["events"]) == DEFAULT.events_answer_max
    assert len(line) < DEFAULT.line_bytes_max


def test_configure_sets_the_budget_and_answers_with_the_digest(
    inprocess: Start, wearable: dict[str, Any]
) -> None:
    peer, _ = inprocess(simulated=True)
    assert peer.result("configure", profile=wearable) == {"profile_sha256": digest(wearable)}
    limit_ns = wearable["budget"]["latency"]["window_to_result"]["max_ms"] * 1_000_000
    peer.result("clock", advance_ns=limit_ns + 1)
    peer.open()
    peer.push(0, ECG[:1250], acquired_ns=1)
    peer.push(1250, ECG[1250:1500], acquired_ns=0)
    told = peer.result("events")["events"]
    assert [event["late"] for event in told if event["kind"] == "result"] == [False, True]
    assert [(one["condition"], one["raised"]) for one in told if one["kind"] == "technical"] == [
        ("late", True)
    ]
    assert peer.result("resources")["late_results"]["value"] == 1


def test_configure_waits_for_closed_streams(inprocess: Start, wearable: dict[str, Any]) -> None:
    peer, _ = inprocess()
    peer.open()
    error = peer.error("configure", profile=wearable)
    assert error["code"] == -32001
    assert "streams are open (s1); close them" in error["message"]
    peer.result("stream.close", stream="s1")
    assert "profile_sha256" in peer.result("configure", profile=wearable)


def test_a_bad_profile_is_refused_with_all_its_faults(
    inprocess: Start, wearable: dict[str, Any]
) -> None:
    peer, _ = inprocess()
    wearable["memory"]["ram_mb"] = -1
    wearable["surprise"] = 1
    error = peer.error("configure", profile=wearable)
    assert error["code"] == -32602
    assert len(error["data"]["faults"]) == 2
    assert any("ram_mb" in fault for fault in error["data"]["faults"])
    for bad in ({}, {"a": "\ud800"}, {"schema": 10**300}):
        assert peer.error("configure", profile=bad)["code"] == -32602


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 2000)), min_size=1, max_size=6),
    sizes=st.lists(st.integers(1, 1500), max_size=12),
)
def test_how_samples_are_cut_into_blocks_makes_no_difference(
    cuts: list[tuple[int, int]], sizes: list[int]
) -> None:
    stream = np.full(sum(gap + count for gap, count in cuts), np.nan, dtype=np.float32)
    at = 0
    for gap, count in cuts:
        stream[at + gap : at + gap + count] = ECG[at + gap : at + gap + count]
        at += gap + count
    whole = events_of(stream, [len(stream)])
    assert events_of(stream, sizes) == whole
    assert len(whole) == max(0, (len(stream) - 1250) // 250 + 1)


def events_of(stream: Samples, sizes: list[int]) -> list[Any]:
    device = DEVICE
    name = "s"
    before = device.events.last
    device.stream_open(name)
    at = 0
    for size in [*sizes, len(stream)]:
        block = stream[at : at + size]
        device.stream_push(name, Block(at, block, None, 0))
        at += len(block)
    device.stream_close(name)
    told = device.read_events(before, 10_000)["events"]
    return [{key: value for key, value in event.items() if key != "cursor"} for event in told]


DEVICE = simulated_device()
