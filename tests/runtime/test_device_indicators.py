"""Lights, display and the self-test over the protocol; all emulated, and told so."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bedside_ward import S, Start, Ward, channels_of
from numpy.typing import NDArray

from edgeward.alarm.annunciation.burst import Audio
from edgeward.alarm.annunciation.light import Colour
from edgeward.device.bedside import start
from edgeward.device.bedside.indicators import EmulatedOutputs


@pytest.fixture
def ward(inprocess: Start) -> Ward:
    return Ward(inprocess)


def light(ward: Ward, seconds: int) -> tuple[list[str], NDArray[np.uint8]]:
    told = ward.peer.result("alarm.light", from_ns=ward.second * S, samples=100 * seconds)
    assert told["rate_hz"] == 100
    return told["colours"], np.frombuffer(base64.b64decode(told["samples"]), np.uint8)


def sound(ward: Ward, seconds: int) -> NDArray[np.float32]:
    told = ward.peer.result("alarm.sound", from_ns=ward.second * S, samples=16_000 * seconds)
    return np.frombuffer(base64.b64decode(told["samples"]), "<f4")


def trials_told(ward: Ward) -> list[str]:
    ward.read()
    return [one["text"] for one in ward.told if one.get("what") == "self_test"]


def test_they_are_told_to_be_emulated(ward: Ward) -> None:
    told = ward.peer.result("describe")["indicators"]
    assert told == {name: {"emulated": True} for name in ("sound", "light", "display")}


def test_the_light_of_an_alarm_is_red_and_flashes(ward: Ward) -> None:
    ward.admit("p1", *channels_of("asystole", "ecg"))
    ward.play("p1", "asystole", "ecg", until=70)
    colours, seen = light(ward, 10)
    assert {colours[code] for code in set(seen.tolist())} == {"dark", "red"}
    begins = np.count_nonzero(np.diff((seen != 0).astype(int)) == 1)
    assert begins / 10 == pytest.approx(2.0, abs=0.2)
    assert np.mean(seen != 0) == pytest.approx(0.5, abs=0.05)
    lines = ward.peer.result("alarm.display")["lines"]
    assert lines[0].startswith("!!! HIGH: ASYSTOLE")
    assert any("heart rate" in line for line in lines)
    assert all(len(line) <= 40 for line in ward.peer.result("alarm.display", width=40)["lines"])


def test_every_light_and_sound_is_tried_at_the_start_and_passes(ward: Ward) -> None:
    assert ward.state(None)["self_test"]["running"]
    colours, seen = light(ward, 4)
    assert [colours[seen[100 * k + 50]] for k in range(4)] == ["red", "yellow", "cyan", "dark"]
    heard = sound(ward, 7)
    assert not heard[: 3 * 16_000].any()
    assert heard[3 * 16_000 : 6 * 16_000].any()
    assert not heard[6 * 16_000 :].any()
    ward.pass_second(8)
    told = ward.state(None)["self_test"]
    assert (told["running"], told["passed"], set(told["parts"].values())) == (
        False, True, {"passed"}
    )  # fmt: skip
    assert trials_told(ward) == ["passed"]
    assert ward.state(None)["alarms"] == []
    assert not light(ward, 4)[1].any()


def test_an_alarm_ends_the_test_and_what_was_not_tried_has_not_passed(inprocess: Start) -> None:
    before = Ward(inprocess)
    before.admit("p1", *channels_of("asystole", "ecg"))
    before.play("p1", "asystole", "ecg", until=70)
    before.restart()
    ward = Ward(inprocess, store=before.running.store)
    ward.pass_second()
    told = ward.state(None)["self_test"]
    assert (told["running"], told["passed"], told["interrupted"]) == (False, False, True)
    assert told["parts"]["high"] == "unobserved"
    assert trials_told(ward)[-1].startswith("interrupted by an alarm; not observed: red")
    assert sound(ward, 10).any()
    refused = ward.peer.error("alarm.self_test", by="nurse 4")
    assert refused["code"] == -32001
    assert "accepted: while nothing is" in refused["message"]


def test_a_person_may_ask_for_another_test(ward: Ward) -> None:
    ward.peer.result("patient.state", patient=None)
    ward.pass_second(8)
    ward.peer.result("alarm.self_test", by="nurse 4")
    assert ward.state(None)["self_test"]["running"]
    ward.pass_second(8)
    assert trials_told(ward) == ["passed", "begun", "passed"]


class NoRed(EmulatedOutputs):
    """Its red lamp is burnt out."""

    def seen(self, colour: Colour) -> bool:
        return colour is not Colour.RED and super().seen(colour)


class Mute(EmulatedOutputs):
    """Its loudspeaker is torn."""

    def heard(self, samples: Audio) -> Audio:
        return samples * np.float32(0.01)


@pytest.mark.parametrize(
    ("broken", "said"),
    [(NoRed, "red"), (Mute, "high, medium, low, reminder, failure")],
)
def test_what_does_not_work_is_an_alarm(
    inprocess: Start,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[], Any],
    said: str,
) -> None:
    monkeypatch.setattr(start, "EmulatedOutputs", broken)
    ward = Ward(inprocess)
    ward.peer.result("patient.state", patient=None)
    ward.pass_second(8)
    assert trials_told(ward) == [f"failed: {said}"]
    (alarm,) = ward.state(None)["alarms"]
    assert (alarm["condition"], alarm["text"]) == ("alarm_system_fault", f"self-test: no {said}")
    assert alarm["priority"] == "high"
