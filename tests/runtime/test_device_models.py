"""A model beside the rules: what it finds is an alarm of its own, and takes none of theirs away."""

from typing import Any

import numpy as np
import pytest
from bedside_ward import S, Start, Ward, channels_of

from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.media import StoreMedia
from edgeward.device.bedside.modelling import AGREEING, THRESHOLD
from edgeward.device.bedside.start import start_bedside
from edgeward.errors import ModelError
from edgeward.limits import DEFAULT
from edgeward.model.card import ModelCard
from edgeward.model.reference import load_reference_model
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.scenarios import scenario

CARD = load_reference_model().card


@pytest.fixture
def ward(inprocess: Start) -> Ward:
    return Ward(inprocess)


def admit(ward: Ward, name: str, **more: Any) -> None:
    ward.admit("p1")
    ward.attach("p1", channels_of(name, "ecg")[0], **more)


def test_a_model_finds_a_standstill_and_says_which_model_it_was(ward: Ward) -> None:
    admit(ward, "asystole", model=True)
    ward.play("p1", "asystole", "ecg", until=85)
    alarms = {one["condition"]: one for one in ward.state()["alarms"]}
    assert alarms["asystole"]["model"] is None
    found = alarms["model_finding"]
    assert (found["priority"], found["text"]) == ("medium", "asystole, found by a model")
    assert found["source"] == "rhythm-reference at ecg"
    model = found["model"]
    assert (model["model_id"], model["version"]) == (CARD.name, CARD.version)
    assert (model["threshold"], model["valid"]) == (THRESHOLD, True)
    assert model["score"] >= THRESHOLD
    assert ward.changes("asystole")[0][1] < ward.changes("model_finding")[0][1]
    (declared,) = [
        one["alarm"] for one in ward.told
        if one.get("what") == "declared" and one["alarm"]["condition"] == "model_finding"
    ]  # fmt: skip
    assert declared["model"]["model_id"] == CARD.name  # as it stands in the journal


@pytest.mark.slow
def test_nobody_gets_findings_of_a_model_unasked(ward: Ward) -> None:
    admit(ward, "asystole")
    ward.play("p1", "asystole", "ecg", until=85)
    assert ward.changes("model_finding") == []
    (told,) = ward.peer.result("alarm.describe")["models"]
    assert (told["model_id"], told["sha256"]) == (CARD.name, CARD.sha256)
    assert "sinus" not in told["findings"]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "name",
    [
        "rate_80",
        *(pytest.param(one, marks=SLOW) for one in ("rate_60", "paced", "tall_t", "ecg_motion_12")),
    ],
)
def test_it_finds_nothing_in_who_is_well(ward: Ward, name: str) -> None:
    admit(ward, name, model=True)
    ward.play("p1", name, "ecg", until=75)
    assert ward.changes("model_finding") == []


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=SLOW) for one in ("ecg_rail", "ecg_flat", "ecg_hum")]
)
def test_it_finds_nothing_in_a_channel_that_cannot_be_read(ward: Ward, name: str) -> None:
    admit(ward, name, model=True)
    ward.play("p1", name, "ecg", until=100)
    assert ward.changes("model_finding") == []


def test_what_it_found_cannot_be_decided_when_the_channel_is_silent(ward: Ward) -> None:
    admit(ward, "rate_160", model=True)
    ward.play("p1", "rate_160", "ecg", until=40)
    (found,) = [one for one in ward.state()["alarms"] if one["condition"] == "model_finding"]
    assert not found["undecided"]
    ward.pass_second(6)
    (found,) = [one for one in ward.state()["alarms"] if one["condition"] == "model_finding"]
    assert found["undecided"]


@pytest.mark.parametrize(("signal", "rate_hz", "unit"), [("ecg", 500, "mV"), ("ppg", 250, "1")])
def test_what_the_model_cannot_judge_is_refused(
    ward: Ward, signal: str, rate_hz: int, unit: str
) -> None:
    ward.admit("p1")
    refused = ward.peer.error(
        "patient.attach", patient="p1", channel="x", signal=signal, unit=unit, rate_hz=rate_hz,
        model=True,
    )  # fmt: skip
    assert refused["code"] == -32602
    assert "accepted: false, or ecg at 250 Hz" in refused["data"]["faults"][0]


class Failing:
    """A model that fails for a while, or answers what is no probability."""

    batch_max = 1

    def __init__(self) -> None:
        self.answer: tuple[float, ...] | None = None

    @property
    def card(self) -> ModelCard:
        return CARD

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        if self.answer is None:
            raise ModelError("it has lost its mind")
        return self.answer

    def probabilities_many(self, windows: Samples) -> Any:
        raise NotImplementedError


def test_a_model_that_fails_is_an_alarm_and_no_answer() -> None:
    clock, model = SimulatedClock(), Failing()
    started = start_bedside(clock, DEFAULT, 1, lambda _: None, StoreMedia(), {}, engine=model)
    bedside = started.bedside
    bedside.admit("p1", Category.ADULT)
    bedside.attach("p1", Channel("ecg", Signal.ECG, "mV", 250), model=True)
    record = simulate(scenario("rate_80"), 7).signals["ecg"]
    answers: dict[int, tuple[float, ...]] = {
        20: (np.nan, 0.0, 1.0, 0.0),
        30: (0.0, 0.0, 1.0, 0.0),
        40: (0.0, 1.0, 0.0, 0.0),
        55: (0.0, 0.0, 1.0, 0.0),
    }
    up: dict[int, list[str]] = {}
    for second in range(70):
        model.answer = answers.get(second, model.answer)
        clock.sleep_ns(S)
        block = record[second * 250 : (second + 1) * 250]
        bedside.push("p1", "ecg", second * 250, block, None, clock.monotonic_ns())
        up[second] = [one.condition for one in bedside.alarms.alarms if one.holds]
    started.recorder.close()
    assert up[3] == []  # no window is complete
    assert up[15] == up[25] == ["model_fault"]
    assert up[35] == []
    assert up[48] == []
    assert up[40 + AGREEING] == ["model_finding"]
    assert up[69] == []
