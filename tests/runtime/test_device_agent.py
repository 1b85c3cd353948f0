"""The agent over a link: refusals, waiting requests, garbage, the ways it ends."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgeward.adapters.store import MemoryStore
from edgeward.device.agent import Agent
from edgeward.device.answers import Result
from edgeward.device.assembly import simulated_device
from edgeward.device.device import Device
from edgeward.limits import DEFAULT
from edgeward.ports import Link
from edgeward.signal.patient import SimulatedPatient

ECG = SimulatedPatient(1).ecg("sinus", 60)


Start = Callable[..., Any]


def test_describe(inprocess: Start) -> None:
    peer, running = inprocess(simulated=True, seed=3)
    told = peer.result("describe")
    assert told["protocol"] == "1.5"
    assert told["device"]["epoch"] == 1
    assert told["device"]["id"].startswith(told["device"]["serial"])
    assert told["models"][0]["labels"] == [
        "asystole", "bradycardia", "sinus", "tachycardia", "ventricular_fibrillation",
        "ventricular_tachycardia",
    ]  # fmt: skip
    assert told["inputs"] == [
        {
            "signal": "ecg",
            "unit": "mV",
            "rate_hz": 250,
            "window_samples": 1250,
            "hop_samples": 250,
        }
    ]
    capabilities = ["core", "infer", "stream", "alarm", "delegation", "indicators", "resources",
                    "clock", "restart"]  # fmt: skip
    assert told["capabilities"] == capabilities
    assert told["clock"] == {"now_ns": 0, "simulated": True}
    again, _ = inprocess(simulated=True, seed=3)
    assert again.result("describe")["device"]["id"] == told["device"]["id"]
    assert running.alive


@pytest.mark.parametrize(
    ("method", "params", "code", "said"),
    [
        ("fly", {}, -32601, "no method 'fly'; there are alarm.acknowledge"),
        ("describe", {"x": 1}, -32602, "'x': unknown; accepted: none"),
        ("events", {"after": 5}, -32602, "after: found 5, accepted: 0 to 0"),
        ("events", {"limit": 0}, -32602, "limit: found 0, accepted: 1"),
        ("events", {"wait_ms": 60_001}, -32002, "wait_ms_max = 60000"),
        ("events", {"wait": 1}, -32602, "'wait': unknown"),
        ("stream.push", {"stream": "s1"}, -32602, "first: missing; samples: missing"),
        ("stream.push", {"stream": "x", "first": 0, "samples": ""}, -32001, "'x' is not open"),
        ("stream.close", {"stream": "s1"}, -32001, "open: none"),
        (
            "stream.open",
            {"stream": "s1", "signal": "ppg", "rate_hz": 100, "unit": "V"},
            -32602,
            "signal: found 'ppg', accepted: 'ecg'; rate_hz: found 100, accepted: 250; unit",
        ),
        ("stream.open", {"stream": "x" * 65}, -32602, "a text of 1 to 64 characters"),
        ("clock", {"advance_ns": -1}, -32602, "advance_ns: found -1"),
        ("clock", {"advance_ns": 1 << 62}, -32602, "advance_ns: found 4611686018427387904"),
        ("clock", {"advance_ns": (1 << 62) - 1}, -32002, "advance_ns_max"),
        ("configure", {"profile": 5}, -32602, "profile: found 5, an object is needed"),
    ],
)
def test_a_bad_request_is_refused_and_the_next_one_answered(
    inprocess: Start, method: str, params: dict[str, Any], code: int, said: str
) -> None:
    peer, _ = inprocess(simulated=True)
    error = peer.error(method, **params)
    assert error["code"] == code
    assert said in error["message"]
    assert peer.result("describe")["protocol"] == "1.5"


def test_a_waiting_request_is_answered_by_the_next_event(inprocess: Start) -> None:
    peer, _ = inprocess()
    peer.open()
    peer.push(0, ECG[:1249])
    waiting = [peer.send("events", wait_ms=60_000) for _ in range(2)]
    assert peer.result("describe")["protocol"] == "1.5"
    pushed = peer.send("stream.push", stream="s1", first=1249, samples=encoded_one())
    answers = [peer.receive() for _ in range(3)]
    assert [answer["id"] for answer in answers] == [*waiting, pushed]
    assert all(len(answer["result"]["events"]) == 1 for answer in answers[:2])


def encoded_one() -> str:
    return "AAAAAA=="


def test_a_waiting_request_ends_with_its_time(inprocess: Start) -> None:
    peer, _ = inprocess()
    long = peer.send("events", wait_ms=60_000)
    assert peer.result("events", wait_ms=1) == {"events": [], "next": 0, "dropped": 0}
    ended = peer.send("shutdown")
    answers = {answer["id"]: answer["result"] for answer in (peer.receive(), peer.receive())}
    assert answers == {long: {"events": [], "next": 0, "dropped": 0}, ended: {}}


def test_simulated_time_ends_a_wait_and_real_time_does_not(inprocess: Start) -> None:
    peer, _ = inprocess(simulated=True)
    waiting = peer.send("events", wait_ms=1000)
    assert peer.result("clock", advance_ns=999_999_999) == {"now_ns": 999_999_999}
    moved = peer.send("clock", advance_ns=1)
    assert [peer.receive()["id"] for _ in range(2)] == [waiting, moved]


def test_only_so_many_requests_wait(inprocess: Start) -> None:
    peer, _ = inprocess(limits=replace(DEFAULT, waiting_requests_max=2))
    for _ in range(2):
        peer.send("events", wait_ms=60_000)
    error = peer.error("events", wait_ms=60_000)
    assert error["code"] == -32002
    assert "waiting_requests_max = 2" in error["message"]


def test_garbage_between_requests(inprocess: Start) -> None:
    peer, _ = inprocess(limits=replace(DEFAULT, line_bytes_max=1200))
    for line in (b"garbage", b"", b"\xff", b"[]", b"{}", b"x" * 1200, b"[" * 900):
        peer.raw(line)
        answer = peer.receive()
        assert answer["id"] is None
        assert answer["error"]["code"] in (-32700, -32600)
    assert peer.result("describe")["protocol"] == "1.5"


class Broken(Device):
    """A device whose own code fails."""

    def resources(self) -> Result:
        raise KeyError("nothing")

    def stream_close(self, stream: str) -> Result:
        return {"samples": object()}


def test_a_breakdown_is_an_error_and_the_next_request_is_answered(
    inprocess: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    peer, _ = inprocess(make_device=Broken)
    error = peer.error("resources")
    assert error == {"code": -32603, "message": "internal error: KeyError"}
    assert peer.error("stream.close", stream="s")["code"] == -32603
    assert peer.result("describe")["protocol"] == "1.5"
    assert "KeyError: 'nothing'" in capsys.readouterr().err


class Deaf(Agent):
    """An agent without one of its methods."""

    def __init__(self, device: Device, link: Link) -> None:
        super().__init__(device, link)
        del self.methods["infer"]


def test_a_twin_replaces_the_agent(inprocess: Start) -> None:
    peer, _ = inprocess(make_agent=Deaf)
    assert peer.error("infer")["code"] == -32601


def test_a_real_clock_is_not_offered_for_setting(inprocess: Start) -> None:
    peer, _ = inprocess()
    assert "clock" not in peer.result("describe")["capabilities"]
    assert peer.error("clock", advance_ns=1)["code"] == -32601


def test_without_a_store_that_outlives_it_there_is_no_restart() -> None:
    assert "restart" not in simulated_device().capabilities()
    assert "restart" in simulated_device(store=MemoryStore()).capabilities()


def test_restart_ends_the_connection_and_the_next_start_counts(inprocess: Start) -> None:
    peer, running = inprocess(simulated=True)
    peer.open()
    peer.push(0, ECG[:1250])
    before = peer.result("describe")["device"]
    assert peer.result("restart") == {}
    assert running.join(30) == 75
    again, _ = inprocess(simulated=True, store=running.store)
    assert again.result("describe")["device"] == {**before, "epoch": 2}
    assert again.result("events") == {"events": [], "next": 0, "dropped": 0}
    again.open()


def test_the_end_of_the_peer_is_the_end_of_the_device(inprocess: Start) -> None:
    peer, running = inprocess()
    peer.send("events", wait_ms=60_000)
    peer.link.close()
    assert running.join(30) == 0
    assert running.error is None


def test_a_device_that_breaks_down_says_why(inprocess: Start) -> None:
    class Dying(Agent):
        def answer(self, line: bytes) -> bytes | None:
            raise SystemExit("gone")

    peer, running = inprocess(make_agent=Dying)
    peer.send("describe")
    assert running.join(30) == 1
    assert isinstance(running.error, SystemExit)
    assert running.native_id != threading.get_native_id()


def test_resources_of_a_device_inside_the_verifier_are_unknown(inprocess: Start) -> None:
    peer, _ = inprocess()
    told = peer.result("resources")
    assert told["rss_bytes"] == {"value": None, "provenance": "unknown"}
    assert told["late_results"] == {"value": 0, "provenance": "measured"}
