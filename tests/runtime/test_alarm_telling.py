"""What the alarm system tells, and whose time it goes by."""

import json

import pytest
from alarm_bench import PATIENT, AlarmBench, delayed

from edgeward.alarm.change import AlarmChange, ModelUsed, What
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError

# What is told: A14, A19


def test_a_finding_of_a_model_says_which_model_and_what_it_is_worth() -> None:  # A19
    bench = AlarmBench()
    used = ModelUsed("rhythm", "1.2.0", threshold=0.8, score=0.93, valid=True)
    bench.see("model_finding", model=used, value=0.93)
    entry = bench.told(What.DECLARED)[0]
    assert entry.alarm is not None
    assert entry.alarm.model == used
    assert AlarmChange.from_dict(json.loads(json.dumps(entry.to_dict()))) == entry


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_is_no_number_is_never_told_as_one(value: float | None) -> None:
    bench = AlarmBench()
    bench.see("asystole", value=value)
    assert bench.up("asystole").value is None


def test_what_is_given_is_told_whenever_it_changes() -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.see("asystole")
    bench.by().audio_pause(PATIENT)
    given = [entry.given for entry in bench.told(What.ANNUNCIATION)]
    assert [each.audible for each in given if each] == [Priority.MEDIUM, Priority.HIGH, None]
    assert [each.visible for each in given if each] == [
        Priority.MEDIUM, Priority.HIGH, Priority.HIGH,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seq": "1"}, "AlarmChange.seq: found '1', accepted is int"),
        ({"what": "happened"}, "accepted is one of started"),
        ({"alarm": {}}, "AlarmChange.alarm: found {}, accepted is an object with id"),
        ({"who": None}, "AlarmChange.who: found None"),
        ({"at_ns": True}, "AlarmChange.at_ns: found True"),
        ({"surplus": 1}, "AlarmChange: found"),
    ],
)
def test_an_entry_that_is_none_is_refused(changed: dict[str, object], said: str) -> None:
    plain = AlarmBench().entries[0].to_dict()
    with pytest.raises(AlarmError) as refused:
        AlarmChange.from_dict({**plain, **changed})
    assert said in str(refused.value)


def test_every_fault_of_an_entry_is_told_at_once() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    plain = bench.told(What.DECLARED)[0].to_dict()
    plain["alarm"] |= {"value": float("nan"), "limits": [["low"]], "kind": "odd"}
    with pytest.raises(AlarmError) as refused:
        AlarmChange.from_dict({**plain, "seq": None})
    assert len(refused.value.faults) == 4


def test_an_unknown_condition_is_refused_and_changes_nothing() -> None:
    bench = AlarmBench()
    with pytest.raises(AlarmError, match="'fever' is not defined"):
        bench.see("fever")
    assert len(bench.entries) == 1


def test_a_clock_that_jumps_changes_nothing() -> None:  # T9, known fault 29
    steady, jumping = delayed(), delayed()
    for bench, jump_s in ((steady, 0), (jumping, 3600)):
        bench.see("probe")
        bench.wait(6, wall_jump_s=jump_s)
        bench.wait(4, wall_jump_s=-3 * jump_s)
        bench.by().audio_pause(PATIENT)
        bench.wait(119, wall_jump_s=2 * jump_s)
        assert bench.signals.audible is None
        bench.wait(1)
        assert bench.signals.audible is Priority.MEDIUM
    assert [e.at_ns for e in steady.entries] == [e.at_ns for e in jumping.entries]


def test_time_that_goes_back_does_not() -> None:
    bench = AlarmBench()
    bench.wait(10)
    bench.system.advance(Moment(3, 3))
    bench.system.observe(Observation(PATIENT, "asystole", True, 1), Moment(5, 5))
    assert bench.up("asystole").declared_ns == 10 * SECOND_NS
