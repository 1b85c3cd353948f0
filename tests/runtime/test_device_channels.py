"""What channels tell at the device: beats where asked for, and the numbers of a cuff."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bedside_ward import S, Start, Ward, channels_of

from edgeward.device.assembly import simulated_parts
from edgeward.device.device import Device
from edgeward.errors import ModelError
from edgeward.model.beats import BeatLabeller, load_beat_model
from edgeward.model.engine import Probabilities
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.scenarios import scenario

CUFF = Channel("cuff", Signal.PRESSURE_CUFF, "mmHg", 1)
NONE = (np.nan, np.nan, np.nan)


@pytest.fixture
def ward(inprocess: Start) -> Ward:
    return Ward(inprocess)


def test_beats_are_told_where_they_were_asked_for_and_nowhere_else(ward: Ward) -> None:
    ecg, ppg = channels_of("rate_80", "ecg", "ppg")
    ward.admit("p1", ecg)
    ward.attach("p1", ppg)
    ward.peer.result("patient.detach", patient="p1", channel="ecg")
    ward.attach("p1", ecg, beats=True)
    ward.play("p1", "rate_80", "ecg", "ppg", until=40)
    beats = [one for one in ward.told if one["kind"] == "beat"]
    assert {one["channel"] for one in beats} == {"ecg"}
    true = simulate(scenario("rate_80"), 7).truth.beats_s
    judged = [one for one in true if 10 <= one <= 35]
    placed = np.array([one["sample"] for one in beats]) / ecg.rate_hz
    assert max(abs(placed - one).min() for one in judged) < 0.05
    assert {one["class"] for one in beats if one["sample"] > 15 * ecg.rate_hz} == {"N"}
    assert all(0 <= one["at_ns"] / S - one["sample"] / ecg.rate_hz < 3 for one in beats)


def beats_of(ward: Ward) -> list[dict[str, Any]]:
    return [one for one in ward.told if one["kind"] == "beat"]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "seconds", "classes"),
    [("rate_80", 15, {"Q", "N"}), pytest.param("bigeminy", 75, {"Q", "N", "V"}, marks=SLOW)],
)
def test_the_class_of_a_beat_is_that_of_the_model_at_the_bench(
    ward: Ward, name: str, seconds: int, classes: set[str]
) -> None:
    """Bit for bit, with the sample with which it was known; the verdict of the rules beside it."""
    (ecg,) = channels_of(name, "ecg")
    ward.admit("p1")
    ward.attach("p1", ecg, beats=True)
    ward.play("p1", name, "ecg", until=seconds)
    samples = simulate(scenario(name), 7).signals["ecg"][: seconds * ecg.rate_hz]
    detector, labeller = QrsDetector(ecg.rate_hz), BeatLabeller(ecg.rate_hz, load_beat_model())
    sound = np.isfinite(samples)
    due = labeller.push(samples, sound, detector.push(samples, sound))
    told = beats_of(ward)
    assert [
        (one["sample"], one["class"], one["probability"], one["rule_class"]) for one in told
    ] == [(one.beat.sample, one.label or "Q", one.probability, one.beat.kind) for one in due]
    # the last sample of a block was taken when it was pushed
    shift = round(told[0]["at_ns"] / S * ecg.rate_hz) - due[0].at
    known = [round(one["at_ns"] / S * ecg.rate_hz) - shift for one in told]
    assert known == [one.at for one in due]
    assert {one["class"] for one in told} == classes


@pytest.mark.slow
def test_alarms_are_told_as_if_nobody_had_asked_for_beats(inprocess: Start) -> None:
    told = []
    for beats in (False, True):
        ward = Ward(inprocess)
        ward.admit("p1")
        ward.attach("p1", channels_of("asystole", "ecg")[0], beats=beats)
        ward.play("p1", "asystole", "ecg", until=85)
        others = [one for one in ward.told if one["kind"] != "beat"]
        assert len(others) < len(ward.told) or not beats
        told.append([{**one, "cursor": 0} for one in others])
    assert told[0] == told[1]


def test_while_nothing_comes_there_is_no_beat_and_those_that_wait_are_told_at_the_end(
    ward: Ward,
) -> None:
    (ecg,) = channels_of("rate_80", "ecg")
    ward.admit("p1")
    ward.attach("p1", ecg, beats=True)
    record = simulate(scenario("rate_80"), 7).signals["ecg"]
    sent = {*range(8), *range(18, 24)}  # ten seconds are lost on the way
    for second in range(24):
        ward.pass_second()
        if second in sent:
            block = record[second * ecg.rate_hz : (second + 1) * ecg.rate_hz]
            ward.push("p1", "ecg", second * ecg.rate_hz, block)
    known = len(beats_of(ward))
    ward.peer.result("patient.detach", patient="p1", channel="ecg")
    ward.read()
    told = beats_of(ward)
    seconds = [one["sample"] // ecg.rate_hz for one in told]
    assert set(seconds) <= sent
    assert max(seconds) == 23
    (waited,) = told[known:]
    assert (waited["class"], waited["probability"]) == ("Q", None)


def test_a_pulse_wave_has_beats_that_no_model_judges(ward: Ward) -> None:
    (ppg,) = channels_of("rate_80", "ppg")
    ward.admit("p1")
    ward.attach("p1", ppg, beats=True)
    ward.play("p1", "rate_80", "ppg", until=15)
    assert {(one["class"], one["probability"]) for one in beats_of(ward)} == {("Q", None)}


class Failing:
    """A model of beats that fails as long as it is told to."""

    batch_max = 1
    fails = True

    def __init__(self) -> None:
        """Begin with a sound one."""
        self._sound = load_beat_model()
        self.card = self._sound.card

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """What the sound one answers, if anything."""
        if self.fails:
            raise ModelError("broken")
        return self._sound.probabilities(samples)

    def probabilities_many(self, windows: Samples) -> Probabilities:
        """Never asked."""
        raise ModelError("broken")


def test_a_model_of_beats_that_fails_is_an_alarm_and_its_beats_have_no_answer(
    inprocess: Start,
) -> None:
    engine = Failing()
    ward = Ward(inprocess, make_device=lambda parts: Device(replace(parts, beat_engine=engine)))
    ward.admit("p1")
    ward.attach("p1", channels_of("rate_80", "ecg")[0], beats=True)
    ward.play("p1", "rate_80", "ecg", until=12)
    assert {(one["class"], one["probability"]) for one in beats_of(ward)} == {("Q", None)}
    (up,) = [one for one in ward.state()["alarms"] if one["condition"] == "model_fault"]
    assert (up["source"], up["text"]) == ("beat-reference at ecg", "broken")
    engine.fails = False
    record = simulate(scenario("rate_80"), 7).signals["ecg"]
    for second in range(12, 20):
        ward.pass_second()
        ward.push("p1", "ecg", second * 250, record[second * 250 : (second + 1) * 250])
    assert beats_of(ward)[-1]["class"] == "N"
    assert ward.changes("model_fault")[-1][0] in ("ended", "latched")


def test_a_device_names_both_its_models_and_takes_no_model_of_other_rows(ward: Ward) -> None:
    told = ward.peer.result("describe")["models"]
    card = load_beat_model().card
    assert [one["name"] for one in told] == ["rhythm-reference", card.name]
    assert (told[1]["version"], told[1]["sha256"]) == (card.version, card.sha256)
    parts = simulated_parts()
    with pytest.raises(ModelError, match="accepted: 46"):
        Device(replace(parts, beat_engine=parts.engine))


def test_a_signal_without_beats_tells_none(ward: Ward) -> None:
    ward.admit("p1")
    refused = ward.peer.error(
        "patient.attach", patient="p1", channel="t", signal="temperature", unit="Cel", rate_hz=1,
        beats=True,
    )  # fmt: skip
    assert refused["code"] == -32602
    assert "accepted: false, or one of ecg, ppg, pressure" in refused["data"]["faults"][0]
    described = ward.peer.result("alarm.describe")["channels"]
    assert (described["ecg"]["beats"], described["temperature"]["beats"]) == (True, False)


def measure(ward: Ward, *samples: tuple[float, float, float]) -> None:
    """Push one sample of the cuff each second."""
    for sample in samples:
        ward.pass_second()
        ward.push("p1", "cuff", ward.second - 1, np.array(sample, np.float32))


def test_a_cuff_tells_three_numbers_and_their_age(ward: Ward) -> None:
    ward.admit("p1", CUFF)
    measure(ward, NONE, (121.0, 79.0, 93.0), *[NONE] * 60)
    state = ward.state()
    shown = {name: (one["value"], one["unit"]) for name, one in state["readings"].items()}
    assert shown == {
        "pressure_systolic": (121.0, "mmHg"),
        "pressure_diastolic": (79.0, "mmHg"),
        "pressure_mean": (93.0, "mmHg"),
    }
    assert state["at_ns"] - state["readings"]["pressure_mean"]["at_ns"] == 60 * S
    assert state["alarms"] == []
    measure(ward, *[NONE] * 840)
    shown_late = ward.state()["readings"].values()
    assert {(one["value"], one["reason"]) for one in shown_late} == {(None, "stale")}
    told = [one for one in ward.told if one["kind"] == "vital"]
    assert len(told) == 3 * 3  # missing, a number, stale


def test_a_cuff_beyond_its_limits_is_an_alarm_until_it_measures_otherwise(ward: Ward) -> None:
    ward.admit("p1", CUFF)
    measure(ward, (82.0, 51.0, 61.0), *[NONE] * 30)
    assert [what for what, _ in ward.changes("pressure_systolic_low")] == ["declared", "signalled"]
    measure(ward, (111.0, 71.0, 84.0), *[NONE] * 3)
    assert ward.changes("pressure_systolic_low")[-1][0] == "latched"


@pytest.mark.parametrize("bad", [(80.0, 120.0, 93.0), (120.0, 80.0, 130.0), (400.0, 310.0, 350.0)])
def test_three_numbers_that_are_no_measurement_are_told_as_none(
    ward: Ward, bad: tuple[float, float, float]
) -> None:
    ward.admit("p1", CUFF)
    measure(ward, (121.0, 79.0, 93.0), NONE, bad, NONE)
    shown = ward.state()["readings"].values()
    assert {(one["value"], one["reason"]) for one in shown} == {(None, "out_of_range")}


def test_a_cuff_whose_sender_is_away_has_its_number_again_afterwards(ward: Ward) -> None:
    ward.admit("p1", CUFF)
    measure(ward, (121.0, 79.0, 93.0))
    ward.pass_second(10)
    assert ward.changes("pressure_cuff_stale")[0][0] == "declared"
    assert ward.state()["readings"]["pressure_mean"]["reason"] == "stale"
    measure(ward, NONE)
    back = ward.state()["readings"]["pressure_mean"]
    assert (back["value"], ward.second * S - back["at_ns"]) == (93.0, 11 * S)
    ward.pass_second(1000)  # away for so long that the number is no longer good
    measure(ward, NONE)
    assert ward.state()["readings"]["pressure_mean"]["reason"] == "stale"


def test_a_cuff_gives_way_to_a_line_that_tells_all_the_time(ward: Ward) -> None:
    (line,) = channels_of("rate_80", "pressure")
    ward.admit("p1", line, CUFF)
    record = simulate(scenario("rate_80"), 7).signals["pressure"]
    for second in range(30):
        ward.pass_second()
        block = record[second * line.rate_hz : (second + 1) * line.rate_hz]
        ward.push("p1", "pressure", second * line.rate_hz, block)
    ward.push("p1", "cuff", 0, np.array([118.0, 76.0, 90.0], np.float32))
    assert ward.state()["readings"]["pressure_mean"]["channel"] == "pressure"
    ward.peer.result("patient.detach", patient="p1", channel="pressure")
    ward.push("p1", "cuff", 1, np.array([118.0, 76.0, 90.0], np.float32))
    assert ward.state()["readings"]["pressure_mean"]["channel"] == "cuff"


def test_a_cuff_is_typed(ward: Ward) -> None:
    ward.admit("p1")
    asked = {"patient": "p1", "channel": "cuff", "signal": "pressure_cuff"}
    refused = ward.peer.error("patient.attach", **asked, unit="mV", rate_hz=2)
    assert refused["data"]["faults"] == [
        "channel 'cuff': found the unit 'mV'; accepted: mmHg, kPa",
        "channel 'cuff': found the rate 2 Hz; accepted: a whole number, 1",
    ]
    ward.peer.result("patient.attach", **asked, unit="kPa", rate_hz=1)
    ward.push("p1", "cuff", 0, np.array([16.0, 10.0, 12.0], np.float32))
    mean = ward.state()["readings"]["pressure_mean"]["value"]
    assert mean == pytest.approx(90.0, abs=0.1)
    table = ward.peer.result("alarm.describe")["channels"]
    assert (table["pressure_cuff"]["intermittent"], table["pressure_cuff"]["axes"]) == (True, 3)
    assert not table["pressure"]["intermittent"]
