"""What channels tell at the device: beats where asked for, and the numbers of a cuff."""

import numpy as np
import pytest
from bedside_ward import S, Start, Ward, channels_of

from edgeward.signal.channel import Channel, Signal
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
