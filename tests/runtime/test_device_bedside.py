"""Patients and alarms over the device protocol, on a clock that is moved."""

import base64
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bedside_ward import S, Start, Ward, channels_of

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.black_box import MemoryBox
from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.journal.slots import BOX_BYTES
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Priority
from edgeward.device.assembly import simulated_parts
from edgeward.device.bedside.media import StoreMedia
from edgeward.device.bedside.recorder import Recorder
from edgeward.device.bedside.start import start_bedside
from edgeward.device.device import Device
from edgeward.limits import DEFAULT


@pytest.fixture
def ward(inprocess: Start) -> Ward:
    return Ward(inprocess)


def test_a_standstill_is_heard_within_five_seconds_and_stays_until_it_is_reset(ward: Ward) -> None:
    ward.admit("p1", *channels_of("asystole", "ecg"))
    ward.play("p1", "asystole", "ecg")
    changes = ward.changes("asystole")
    assert [what for what, _ in changes] == ["declared", "signalled", "latched"]
    assert changes[0][1] <= 65.0
    state = ward.state()
    (alarm,) = [one for one in state["alarms"] if one["condition"] == "asystole"]
    assert (alarm["presence"], alarm["priority"], state["audible"]) == ("latched", "high", "high")
    assert alarm["met_ns"] < alarm["declared_ns"]
    rate = state["readings"]["heart_rate"]
    assert rate["value"] == pytest.approx(72, abs=15)
    ended = ward.peer.result("alarm.reset", patient="p1", by="nurse 4")["ended"]
    assert alarm["id"] in ended
    assert ward.state()["audible"] is None


def test_a_healthy_patient_raises_nothing(ward: Ward) -> None:
    channels = ("ecg", "ppg", "spo2", "temperature")
    ward.admit("p1", *channels_of("rate_80", *channels))
    ward.play("p1", "rate_80", *channels)
    assert [one for one in ward.told if one["kind"] == "alarm" and one["alarm"]] == []
    shown = {name: one["value"] for name, one in ward.state()["readings"].items()}
    assert shown["heart_rate"] == pytest.approx(80, abs=1)
    assert shown["pulse_rate"] == pytest.approx(80, abs=2)


def test_a_lead_that_is_off_is_a_technical_alarm_and_no_number(ward: Ward) -> None:
    ward.admit("p1", *channels_of("ecg_rail", "ecg"))
    ward.play("p1", "ecg_rail", "ecg", until=110)
    declared = ward.changes("ecg_lead_off")[0]
    assert declared[0] == "declared"
    assert declared[1] <= 70.0
    rate = ward.state()["readings"]["heart_rate"]
    assert (rate["value"], rate["reason"]) == (None, "lead_off")
    assert ward.changes("asystole") == []


def test_a_channel_that_falls_silent_is_told_and_so_is_one_that_is_taken_away(ward: Ward) -> None:
    ward.admit("p1", *channels_of("rate_80", "ecg"))
    ward.play("p1", "rate_80", "ecg", until=20)
    ward.pass_second(6)
    assert ward.changes("ecg_stale")[0][0] == "declared"
    assert ward.state()["readings"]["heart_rate"]["reason"] == "stale"
    assert ward.peer.result("patient.detach", patient="p1", channel="ecg") == {"samples": 20 * 250}
    assert [one["condition"] for one in ward.state()["alarms"]] == ["ecg_stale"]
    ward.attach("p1", channels_of("rate_80", "ecg")[0])
    ward.pass_second(2)
    ward.push("p1", "ecg", 0, np.zeros(10, np.float32))
    ward.pass_second(3)
    assert "ended" in [what for what, _ in ward.changes("ecg_stale")]


@pytest.mark.slow
def test_one_patient_never_delays_or_changes_another(inprocess: Start) -> None:
    alone, beside = Ward(inprocess), Ward(inprocess)
    for ward in (alone, beside):
        ward.admit("p1", *channels_of("asystole", "ecg"))
    beside.admit("p2", *channels_of("rate_80", "ecg"))
    beside.push("p2", "ecg", 0, np.full(250, np.nan, np.float32))
    assert beside.peer.error("patient.push", patient="p2", channel="ecg", first=0,
                             samples="AAAA")["code"] == -32602  # fmt: skip
    for ward in (alone, beside):
        ward.play("p1", "asystole", "ecg", until=80)
    assert beside.changes("asystole") == alone.changes("asystole") != []
    about = {(one["alarm"] or {}).get("patient") for one in beside.told if one["kind"] == "alarm"}
    assert about == {"p1", "p2", None}


def test_what_was_up_is_up_again_after_a_restart(inprocess: Start) -> None:
    before = Ward(inprocess)
    before.admit("p1", *channels_of("asystole", "ecg"), category="paediatric")
    before.play("p1", "asystole", "ecg", until=80)
    (alarm,) = [one for one in before.state()["alarms"] if one["condition"] == "asystole"]
    before.restart()
    after = Ward(inprocess, store=before.running.store)
    state = after.state()
    (restored,) = [one for one in state["alarms"] if one["condition"] == "asystole"]
    assert (restored["id"], restored["undecided"], restored["presence"]) == (
        alarm["id"], True, "on"
    )  # fmt: skip
    assert state["audible"] == "high"
    after.read()
    assert "started" in [one["what"] for one in after.told if one["kind"] == "alarm"]
    after.admit("p1", *channels_of("rate_80", "ecg"), category="paediatric")
    assert after.peer.error("patient.admit", patient="p1", category="adult")["code"] == -32602


def test_an_operator_acts_and_is_named(ward: Ward) -> None:
    ward.admit("p1", *channels_of("asystole", "ecg"))
    ward.play("p1", "asystole", "ecg", until=70)
    alarm = ward.state()["audible_alarm"]
    ward.peer.result("alarm.inactivate", patient="p1", state="audio_paused", duration_ms=60000,
                     by="nurse 4")  # fmt: skip
    paused = ward.state()
    assert (paused["audible"], paused["visible"]) == (None, "high")
    assert paused["inactive"][0]["remaining_ns"] == 60 * S
    ward.peer.result("alarm.resume", patient="p1", by="nurse 4")
    assert ward.state()["audible"] == "high"
    ward.peer.result("alarm.acknowledge", alarm=alarm, by="nurse 4")
    assert ward.state()["alarms"][0]["presence"] == "acknowledged"
    ward.read()
    who = {one["what"]: one["who"] for one in ward.told if one["kind"] == "alarm"}
    assert (who["acknowledged"], who["audio_paused"], who["declared"]) == ("nurse 4", "nurse 4", "")


@pytest.mark.parametrize(
    ("method", "params", "code", "told"),
    [
        ("patient.admit", {"patient": "p2", "category": "infant"}, -32602, "adult, paediatric"),
        ("patient.admit", {"patient": "p1", "category": "adult"}, -32602, "admitted already"),
        ("patient.state", {"patient": "p9"}, -32602, "'p9' is not admitted; admitted: p1"),
        ("patient.attach", {"patient": "p1", "channel": "x", "signal": "ecg", "unit": "kV",
                            "rate_hz": 20}, -32602, "found the rate 20 Hz"),
        ("patient.push", {"patient": "p1", "channel": "y", "first": 0, "samples": ""}, -32602,
         "'y' of patient 'p1' is not attached"),
        ("alarm.acknowledge", {"alarm": "1-99", "by": "n"}, -32001, "one that is up"),
        ("alarm.switch", {"patient": "p1", "condition": "asystole", "on": False, "by": "n"}, -32001,
         "a condition that may be switched off"),
        ("alarm.inactivate", {"patient": "p1", "state": "audio_paused", "duration_ms": 120001,
                              "by": "n"}, -32001, "accepted: 1 to 120000000000 ns"),
        ("alarm.inactivate", {"patient": "p1", "state": "audio_off", "duration_ms": 5, "by": "n"},
         -32001, "none: it lasts until somebody resumes"),
        ("alarm.limits", {"patient": "p1", "vital": "heart_rate", "unit": "/min",
                          "low_warning": 119, "by": "n"}, -32602, "high_warning"),
        ("alarm.limits", {"patient": "p1", "vital": "spo2", "unit": "mmHg", "by": "n"}, -32602,
         "accepted is '%'"),
        ("alarm.limits", {"patient": "p1", "vital": "spo2", "unit": "%", "low_warning": True,
                          "by": "n"}, -32602, "a number or null"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_would_be_accepted(
    ward: Ward, method: str, params: dict[str, Any], code: int, told: str
) -> None:
    ward.admit("p1")
    error = ward.peer.error(method, **params)
    assert error["code"] == code
    assert told in error["message"]
    assert ward.state()["alarms"] == []


def test_limits_are_changed_and_the_change_is_told(ward: Ward) -> None:
    ward.admit("p1", *channels_of("rate_80", "ecg"))
    ward.play("p1", "rate_80", "ecg", until=20)
    force = ward.peer.result("alarm.limits", patient="p1", vital="heart_rate", unit="/min",
                             high_warning=75, by="doctor 2")  # fmt: skip
    assert (force["high_warning"], force["low_warning"]) == (75, 50)
    ward.read()
    (change,) = [one for one in ward.told if one["kind"] == "alarm" and one["what"] == "limits"]
    assert change["who"] == "doctor 2"
    assert "75" in change["text"]


def test_everything_is_disclosed(ward: Ward) -> None:
    told = ward.peer.result("alarm.describe")
    asystole = told["conditions"]["asystole"]
    assert (asystole["priority"], asystole["may_switch_off"]) == ("high", False)
    assert asystole["condition_delay_ms"] == asystole["signal_delay_ms"] == 0
    assert told["channels"]["acceleration"]["axes"] == 3
    assert told["vitals"]["spo2"]["unit"] == "%"
    assert told["audio_pause_max_ms"] == 120_000


@pytest.mark.slow
def test_a_discharged_patient_leaves_nothing(ward: Ward) -> None:
    ward.admit("p1", *channels_of("asystole", "ecg"))
    ward.play("p1", "asystole", "ecg", until=70)
    ward.peer.result("patient.discharge", patient="p1")
    assert ward.state(None)["alarms"] == []
    assert ward.peer.error("patient.discharge", patient="p1")["code"] == -32602


def test_a_device_without_patients_starts_no_alarm_system(inprocess: Start) -> None:
    peer, running = inprocess(simulated=True)
    peer.result("describe")
    peer.result("clock", advance_ns=100 * S)
    assert running.device.bedside is None
    assert peer.result("events")["events"] == []


def test_an_alarm_is_heard_and_a_reset_one_is_not(ward: Ward) -> None:
    def loudest(seconds: int) -> float:
        answer = ward.peer.result("alarm.sound", from_ns=ward.second * S, samples=16000 * seconds)
        assert answer["rate_hz"] == 16000
        wave = np.frombuffer(base64.b64decode(answer["samples"]), "<f4")
        return float(np.abs(wave[1600:]).max())  # a sound that is cut off fades first

    ward.admit("p1", *channels_of("asystole", "ecg"))
    assert loudest(2) == 0
    ward.play("p1", "asystole", "ecg", until=70)
    assert loudest(6) > 0.5
    ward.peer.result("alarm.inactivate", patient="p1", state="audio_paused", duration_ms=60000,
                     by="nurse 4")  # fmt: skip
    assert loudest(2) == 0


class Broken:
    """An annunciator whose lamp has come off, until somebody mends it."""

    def __init__(self) -> None:
        self.broken = True
        self.shown: list[Priority | None] = []

    def show(self, state: SignalState, now_ns: int) -> None:
        if self.broken:
            raise OSError("no such lamp")
        self.shown.append(state.visible)


def test_an_annunciator_that_fails_is_an_alarm_and_stops_no_other() -> None:
    broken, lamp = Broken(), Broken()
    lamp.broken = False
    parts = replace(simulated_parts(3), annunciators={"broken": broken, "lamp": lamp})
    device = Device(parts)
    bedside = device.open_bedside()
    bedside.advance()
    (alarm,) = bedside.alarms.alarms
    assert (alarm.condition, alarm.priority) == ("alarm_system_fault", Priority.HIGH)
    assert "no such lamp" in alarm.text
    assert lamp.shown[-1] is Priority.HIGH
    broken.broken = False
    for _ in range(5):
        device.advance_clock(S, 0)
    assert bedside.alarms.alarms == ()
    device.close()


def test_a_disk_that_takes_no_journal_is_an_alarm_while_alarms_go_on() -> None:
    clock, disk = SimulatedClock(), MemoryLog()
    told: list[Any] = []
    started = start_bedside(clock, DEFAULT, 1, told.append, StoreMedia(disk), {})
    bedside, recorder = started.bedside, started.recorder
    disk.refusal = "I/O error"
    bedside.alarms.by("nurse 4", bedside.now()).audio_off("p1")
    wait_until(lambda: recorder.fault is not None)
    bedside.advance()
    (alarm,) = bedside.alarms.alarms
    assert alarm.condition == "journal_lost"
    assert "I/O error" in alarm.text
    disk.refusal = None
    bedside.alarms.by("nurse 4", bedside.now()).resume("p1")
    wait_until(lambda: recorder.fault is None)
    for _ in range(5):
        clock.advance(S)
        bedside.advance()
    assert bedside.alarms.alarms == ()
    recorder.close()
    text = b"".join(disk.read(name) or b"" for name in disk.names())
    assert b"audio_off" in text  # what the disk had refused was kept, and written later


def test_a_writer_that_breaks_down_is_told_and_goes_on() -> None:
    disk = MemoryLog()
    recorder = Recorder(disk, MemoryBox(BOX_BYTES), SimulatedClock(), None)
    disk.power_bytes = 0  # raises what no disk should
    recorder.record({"priority": "high", "what": "first"})
    wait_until(lambda: recorder.fault is not None)
    assert "PowerCutError" in (recorder.beat() or "")
    disk.power_bytes = None
    recorder.record({"priority": "high", "what": "second"})
    wait_until(lambda: recorder.fault is None)
    recorder.close()
    text = b"".join(disk.read(name) or b"" for name in disk.names())
    assert b"first" in text
    assert b"second" in text


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait for another thread, as long as it may take."""
    for _ in range(1000):
        if reached():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to that within ten seconds")
