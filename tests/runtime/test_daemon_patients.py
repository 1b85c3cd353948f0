"""The daemon watches its patients: the same blocks give windows, numbers, alarms and signals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from watching_daemon import (
    TAKEN,
    S,
    Sender,
    device_at,
    heart,
    in_time,
    ran,
    simulated,
    standstill,
    told,
)

from edgeward.adapters.clock import SimulatedClock
from edgeward.device.daemon.daemon import Daemon
from edgeward.device.daemon.naming import read_name
from edgeward.device.daemon.simulated import SimulatedSource, SimulationError
from edgeward.device.daemon.source import Arrival
from edgeward.device.rpc import shown
from edgeward.errors import StreamError
from edgeward.process.stream import Block
from edgeward.process.technical import Condition
from edgeward.signal.channel import Signal


def declared(records: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """Which alarms began: patient, condition, and when."""
    return [
        (one["patient"], one["alarm"]["condition"], one["at_ns"] / S)
        for one in records
        if one["what"] == "declared"
    ]


@pytest.mark.slow
def test_simulated_patients_whose_hearts_stand_still_are_alarms() -> None:
    clock = SimulatedClock()
    daemon = ran(device_at(clock), simulated(clock, 1, "asystole", 68))
    ((patient, _, at_s),) = [one for one in declared(told(daemon, "alarm")) if one[1] == "asystole"]
    assert patient == "patient-001"
    assert 60 < at_s < 66


def test_a_standstill_of_each_patient_is_an_alarm_in_its_time_and_is_given() -> None:
    clock = SimulatedClock()
    arrivals = in_time(standstill("a"), standstill("b"), heart(30, name="c"))
    daemon = ran(device_at(clock), Sender(clock, arrivals))
    watched = daemon.snapshot.watched
    assert watched is not None
    up = {(one.alarm.patient, one.alarm.condition) for one in watched.state.shown[:2]}
    assert up == {("a", "asystole"), ("b", "asystole")}
    assert watched.state.audible == "high"
    found = [one for one in declared(told(daemon, "alarm")) if one[1] == "asystole"]
    assert [patient for patient, _, _ in found] == ["a", "b"]
    assert all(23 < at_s < 26 for _, _, at_s in found)


def test_numbers_come_with_their_unit_and_what_is_unknown_with_its_reason() -> None:
    clock = SimulatedClock()
    beats = heart(30)
    for place in range(20, 30):
        at_ns, (name, block) = beats[place]
        beats[place] = (at_ns, (name, block._replace(samples=np.full(250, np.nan, np.float32))))
    numbers: list[tuple[int, Arrival]] = [
        (at_ns, ("bed-7/spo2@1", Block(place, np.array([96 + place % 2], np.float32), None, at_ns)))
        for place, at_ns in enumerate(range(S, 31 * S, S))
    ]
    daemon = ran(device_at(clock), Sender(clock, in_time(beats, numbers)))
    assert daemon.snapshot.watched is not None
    shown_now = daemon.snapshot.watched.to_dict()["patients"]["bed-7"]
    rate, saturation = shown_now["heart_rate"], shown_now["spo2"]
    assert (saturation["value"], saturation["unit"], saturation["channel"]) == (97.0, "%", "spo2")
    assert (rate["value"], rate["reason"]) == (None, "missing")
    logged = [one for one in told(daemon, "vital") if one["vital"] == "heart_rate"]
    assert [one["reason"] for one in logged] == ["learning", None, "missing"]  # not each second
    assert logged[1]["value"] == pytest.approx(75, abs=1)


def test_windows_are_what_they_are_without_anybody_being_watched() -> None:
    results = []
    for watched in (True, False):
        clock = SimulatedClock()
        arrivals = in_time(heart(12, name="a"), heart(12, name="b"))
        daemon = ran(device_at(clock, watched=watched), Sender(clock, arrivals))
        assert daemon.snapshot.conserved()
        results.append(
            [(one["stream"], one["window"], one["label"]) for one in told(daemon, "result")]
        )
    assert results[0] == results[1]
    assert len(results[0]) == 2 * 8


def test_the_same_seed_gives_the_same_samples_however_they_are_asked_for() -> None:
    gathered = []
    for pauses in ([S // 3] * 100, [S * 4] * 10):
        clock = SimulatedClock()
        source = SimulatedSource(2, 3, "busy_day", clock, TAKEN, until_s=30)
        got: dict[str, list[Block]] = {}
        while not source.ended:
            clock.advance(pauses.pop() if pauses else 0)
            for name, block in source.receive(clock.monotonic_ns() + S):
                assert block.acquired_ns <= clock.monotonic_ns()
                assert block.first == sum(len(one.samples) for one in got.get(name, []))
                got.setdefault(name, []).append(block)
        gathered.append({n: np.concatenate([b.samples for b in got[n]]) for n in sorted(got)})
    first, second = gathered
    assert list(first) == list(second)
    assert len(first) == 2 * 7
    for name, samples in first.items():
        np.testing.assert_array_equal(samples, second[name])
    assert len(first["patient-001"]) == 7500
    assert not np.array_equal(first["patient-001"], first["patient-002"])


def test_a_script_that_has_ended_begins_again() -> None:
    clock = SimulatedClock()
    source = SimulatedSource(1, 3, "rate_80", clock, TAKEN, until_s=200, others=False)
    got = []
    while not source.ended:
        got += [block.samples for _, block in source.receive(clock.monotonic_ns() + S)]
    assert sum(map(len, got)) == 200 * 250


def test_a_scenario_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(SimulationError, match=r"found the scenario 'x'; accepted: .*asystole"):
        SimulatedSource(1, 3, "x", SimulatedClock(), TAKEN)


@pytest.mark.slow
def test_a_device_that_was_held_up_makes_up_no_silence_of_its_sensors() -> None:
    clock = SimulatedClock()
    device = device_at(clock)
    names = ("a", "b", "c")
    arrivals = sorted(
        (pair for name in names for pair in heart(40, name=name)), key=lambda one: one[0]
    )
    held_up = [(max(at, 30 * S) if at > 20 * S else at, arrival) for at, arrival in arrivals]

    class Stalled(Sender):
        def receive(self, until_ns: int) -> list[Arrival]:
            if 20 * S < self.clock.monotonic_ns() < 30 * S:  # nobody ran
                self.clock.advance(30 * S - self.clock.monotonic_ns())
            return super().receive(until_ns)

    daemon = ran(device, Stalled(clock, held_up))
    said = {one["alarm"]["condition"] for one in told(daemon, "alarm") if one["alarm"]}
    assert not {name for name in said if name.endswith("_stale")}


def test_a_silent_sensor_and_a_sender_that_begins_again_are_told() -> None:
    clock = SimulatedClock()
    again = [(at_ns + 30 * S, arrival) for at_ns, arrival in heart(20)]
    again = [(at_ns, (name, block._replace(acquired_ns=at_ns))) for at_ns, (name, block) in again]
    daemon = ran(device_at(clock), Sender(clock, heart(20) + again))
    stale = [
        (one["what"], round(one["at_ns"] / S))
        for one in told(daemon, "alarm")
        if one["alarm"] and one["alarm"]["condition"] == "ecg_stale" and one["what"] != "signalled"
    ]
    assert stale[0][0] == "declared"
    assert stale[0][1] in (23, 24, 25)
    assert stale[1][0] == "ended"
    assert stale[1][1] in (31, 32, 33, 34)
    assert daemon.device.patients is not None
    vitals = daemon.device.patients.bedside.patient("bed-7").vitals.channel("ecg")
    assert vitals.next_sample == 20 * 250


def test_a_hole_too_long_to_be_filled_begins_the_channel_anew() -> None:
    clock = SimulatedClock()
    late = [
        (at_ns - 600 * S, (name, block._replace(acquired_ns=at_ns - 600 * S)))
        for at_ns, (name, block) in heart(5, start_s=610)
    ]
    daemon = ran(device_at(clock), Sender(clock, heart(10) + late))
    said = [one["text"] for one in told(daemon, "technical") if one["raised"]]
    assert any("it began anew" in text for text in said)
    assert daemon.device.patients is not None
    vitals = daemon.device.patients.bedside.patient("bed-7").vitals.channel("ecg")
    assert vitals.next_sample == 5 * 250


def test_what_is_wrong_with_the_device_is_an_alarm_too() -> None:
    clock = SimulatedClock()
    device = device_at(clock)
    assert device.patients is not None
    device.processor.conditions.raise_(Condition.MODEL_FAULT, "bed-7", "as it is")
    (alarm,) = device.patients.bedside.alarms.alarms
    assert (alarm.condition, alarm.kind, alarm.text) == (
        "model_fault", "technical", "bed-7: as it is",
    )  # fmt: skip
    device.processor.conditions.clear(Condition.MODEL_FAULT, "bed-7")
    clock.advance(30 * S)
    device.patients.end()
    assert not device.patients.bedside.alarms.alarms
    device.processor.conditions.raise_(Condition.SILENT, "bed-7", "no sample")
    assert not device.patients.bedside.alarms.alarms
    device.close()


def test_one_patient_whose_path_fails_keeps_no_other_from_being_watched() -> None:
    clock = SimulatedClock()
    device = device_at(clock)
    assert device.patients is not None
    pushed = device.patients.bedside.push

    def broken(patient: str, *given: object) -> int:
        if patient == "a":
            raise ZeroDivisionError("a defect nobody foresaw")
        return pushed(patient, *given)  # type: ignore[arg-type]

    device.patients.bedside.push = broken  # type: ignore[method-assign, assignment]
    arrivals = in_time(heart(20, name="a"), heart(20, name="b"))
    daemon = ran(device, Sender(clock, arrivals))
    said = [one["text"] for one in told(daemon, "technical") if one["condition"] == "path_fault"]
    assert said == ["ZeroDivisionError: a defect nobody foresaw"]
    readings = daemon.snapshot.watched.readings if daemon.snapshot.watched else {}
    assert readings["b"][0].reading.value == pytest.approx(75, abs=1)
    assert not readings["a"]


def test_patients_beyond_those_there_is_time_for_are_refused_and_told() -> None:
    clock = SimulatedClock()
    arrivals = in_time(heart(5, name="a"), heart(5, name="b"))
    daemon = ran(device_at(clock, patients=1), Sender(clock, arrivals))
    assert daemon.snapshot.refused["limit"] == 5
    assert daemon.snapshot.watched is not None
    assert list(daemon.snapshot.watched.readings) == ["a"]
    assert daemon.snapshot.watched.state.shown[0].alarm.condition == "refused"


def test_three_values_of_a_sample_are_one_sample() -> None:
    clock = SimulatedClock()
    device = device_at(clock)
    rest = np.tile(np.array([0, 0, 1], np.float32), 100)
    block = Block(0, rest, np.ones(300, np.bool_), S)
    odd = Block(100, rest[:299], None, 2 * S)
    name = "a/acceleration@100"
    daemon = ran(device, Sender(clock, [(S, (name, block)), (2 * S, (name, odd))]))
    assert daemon.snapshot.refused == {"order": 1}
    assert device.patients is not None
    assert device.patients.bedside.patient("a").vitals.channel("acceleration").next_sample == 100


def test_a_name_says_what_is_measured_or_is_refused() -> None:
    plain = read_name("bed-7", TAKEN)
    assert (plain.device, plain.judged) == ("bed-7", True)
    assert plain.channel is not None
    assert (plain.channel.signal, plain.channel.rate_hz) == (Signal.ECG, 250)
    pulse = read_name("ward 3/bed-7/ppg@125", TAKEN)
    assert (pulse.device, pulse.judged) == ("ward 3/bed-7", False)
    assert pulse.channel is not None
    assert (pulse.channel.signal, pulse.channel.unit, pulse.channel.rate_hz) == ("ppg", "1", 125)
    lead = read_name("bed-7/ecg-2@250", TAKEN)
    assert lead.judged
    assert lead.channel is not None
    assert lead.channel.name == "ecg-2"
    assert not read_name("bed-7/ecg@500", TAKEN).judged
    assert read_name("ward 3/bed-7", TAKEN).device == "ward 3/bed-7"
    assert read_name("x", replace(TAKEN, signal="eeg")).channel is None


@pytest.mark.parametrize(
    "name", ["a/pgg@125", "a/ppg@7", "a/ecg@99999", "", "a" * 65, "a\nb", "a" * 65 + "/ppg@125"]
)
def test_a_name_that_cannot_be_is_refused_with_what_can(name: str) -> None:
    with pytest.raises(StreamError, match="accepted") as refused:
        read_name(name, TAKEN)
    assert shown(name) in str(refused.value)


def silent(records: list[dict[str, Any]], patient: str) -> list[tuple[str, int, str]]:
    """What was told about a device of this name that does not send."""
    return [
        (one["what"], round(one["at_ns"] / S), one["alarm"]["text"])
        for one in records
        if one["patient"] == patient and one["alarm"]
        and one["alarm"]["condition"] == "device_silent"
        and one["what"] in ("declared", "ended")
    ]  # fmt: skip


def test_a_device_that_never_sends_and_one_that_stops_are_alarms() -> None:
    clock = SimulatedClock()
    device = device_at(clock, expected=("bed-8",))
    arrivals = in_time(heart(10), heart(50, name="b"))
    records = told(ran(device, Sender(clock, arrivals)), "alarm")
    ((what, at_s, text),) = silent(records, "bed-8")
    assert (what, at_s) == ("declared", 30)
    assert "since its registration" in text
    ((what, at_s, text),) = silent(records, "bed-7")
    assert (what, at_s) == ("declared", 40)
    assert "since its last report" in text
    assert not silent(records, "b")


def test_a_device_that_comes_at_last_ends_its_alarm() -> None:
    clock = SimulatedClock()
    device = device_at(clock, expected=("bed-7",))
    late = [
        (at_ns + 40 * S, (name, block._replace(acquired_ns=at_ns + 40 * S)))
        for at_ns, (name, block) in heart(15)
    ]
    records = told(ran(device, Sender(clock, in_time(late, heart(30, name="b")))), "alarm")
    assert [what for what, _, _ in silent(records, "bed-7")] == ["declared", "ended"]


def test_on_an_overloaded_device_turns_get_as_much_time_as_windows() -> None:
    clock = SimulatedClock()
    device = device_at(clock)
    patients = device.patients
    assert patients is not None
    pushed = patients.bedside.push
    served: list[str] = []

    def slow(patient: str, *given: object) -> int:
        served.append(patient)
        clock.advance(S // 10)
        return pushed(patient, *given)  # type: ignore[arg-type]

    patients.bedside.push = slow  # type: ignore[method-assign, assignment]
    names = [f"bed-{number}" for number in range(8)]
    blocks = {name: [block for _, (_, block) in heart(6, name=name)] for name in names}
    for second in range(6):
        for name in names:
            patients.take(name, read_name(name, TAKEN), blocks[name][second])
        clock.advance(S)  # as long as the windows took
        patients.work()
    assert all(count > 1 for count in map(served.count, names))
    assert 40 <= len(served) <= 48
    assert not silent(told(Daemon(device, Sender(clock, [])), "alarm"), "bed-7")
    device.close()
