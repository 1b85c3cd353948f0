"""The life of an alarm: delays, one id, latching, escalation, undecided, several at once."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from alarm_bench import PATIENT, AlarmBench

from edgeward.alarm.change import AlarmChange, ModelUsed, What
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.risk import Harm, Onset
from edgeward.alarm.standard_conditions import by_name, standard_conditions
from edgeward.alarm.system import AlarmSystem
from edgeward.alarm.vocabulary import Kind, Latching, Level, Presence, Priority
from edgeward.alarm.watch import SOURCES_MAX
from edgeward.errors import AlarmError


def with_one(**settled: object) -> Mapping[str, ConditionDefinition]:
    """The standard conditions and one called `probe`, MEDIUM unless told otherwise."""
    given = {
        "name": "probe", "kind": Kind.PHYSIOLOGICAL, "harm": Harm.REVERSIBLE,
        "onset": Onset.PROMPT,
    }  # fmt: skip
    probe = ConditionDefinition(**{**given, **settled})  # type: ignore[arg-type]
    return by_name([*standard_conditions().values(), probe])


# Delays: A5, A6


def delayed() -> AlarmBench:
    return AlarmBench(with_one(condition_delay_ns=5 * SECOND_NS, signal_delay_ns=3 * SECOND_NS))


def test_both_delays_are_measured_apart() -> None:
    bench = delayed()
    bench.wait(10)
    bench.see("probe")
    bench.wait(4.9)
    assert not bench.system.alarms
    bench.wait(0.1)
    assert bench.up("probe").presence is Presence.OFF
    assert not bench.signals.shown
    bench.wait(3)
    alarm = bench.up("probe")
    assert (alarm.met_ns, alarm.declared_ns, alarm.signalled_ns) == (
        10 * SECOND_NS, 15 * SECOND_NS, 18 * SECOND_NS,
    )  # fmt: skip
    assert bench.signals.audible is Priority.MEDIUM


def test_what_vanishes_within_the_condition_delay_was_never_an_alarm() -> None:
    bench = delayed()
    for _ in range(20):
        bench.see("probe")
        bench.wait(4)
        bench.see("probe", False)
        bench.wait(1)
    assert bench.lives("probe") == []


def test_what_vanishes_within_the_signal_delay_is_never_signalled() -> None:
    bench = delayed()
    bench.see("probe")
    bench.wait(7)
    bench.see("probe", False)
    bench.wait(60)
    assert bench.lives("probe") == ["declared", "ended"]


def test_the_delay_counts_from_the_sample_and_not_from_when_it_was_told() -> None:
    bench = delayed()
    bench.wait(10)
    bench.see("probe", ago_s=5)
    assert bench.up("probe").met_ns == 5 * SECOND_NS


def test_a_sample_from_the_future_counts_as_now() -> None:
    bench = AlarmBench()
    bench.see("asystole", ago_s=-100)
    assert bench.up("asystole").met_ns == 0


def test_a_threat_to_life_is_signalled_in_the_very_call() -> None:  # A6
    bench = AlarmBench()
    bench.see("asystole", text="no beat for 4.0 s")
    assert bench.signals.audible is Priority.HIGH
    assert bench.up("asystole").text == "no beat for 4.0 s"


def test_a_critical_level_waits_for_no_delay() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE, condition_delay_ns=9 * SECOND_NS))
    bench.see("probe")
    bench.wait(1)
    assert not bench.system.alarms
    bench.see("probe", level=Level.CRITICAL)
    assert bench.up("probe").priority is Priority.HIGH
    assert bench.signals.audible is Priority.HIGH


def test_a_worse_level_within_the_signal_delay_ends_that_delay() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE, signal_delay_ns=9 * SECOND_NS))
    bench.see("probe")
    assert not bench.signals.shown
    bench.see("probe", level=Level.CRITICAL)
    assert bench.signals.audible is Priority.HIGH


# One condition, one alarm, one id: T6


def test_ten_times_a_second_for_an_hour_is_one_alarm() -> None:  # known faults 16, 17, 46
    bench = AlarmBench()
    for tenth in range(36_000):
        bench.now = Moment(tenth * SECOND_NS // 10, bench.now.wall_ns)
        bench.see("asystole")
    assert len(bench.system.alarms) == 1
    assert bench.lives("asystole") == ["declared", "signalled"]
    assert len(bench.entries) == 4


def test_a_fall_seen_in_every_block_is_one_urgent_alarm() -> None:  # known faults 8, 9
    bench = AlarmBench()
    for _ in range(20):
        bench.see("fall", source="acceleration")
        bench.wait(0.1)
    assert bench.lives("fall") == ["declared", "signalled"]
    assert bench.signals.audible is Priority.HIGH


def test_fifty_alarms_in_one_instant_are_fifty() -> None:  # known faults 16, 45
    bench = AlarmBench()
    for bed in range(50):
        bench.see("asystole", patient=f"bed {bed}")
    ids = {alarm.id for alarm in bench.system.alarms}
    assert len(ids) == 50
    assert len(bench.signals.shown) == 50


def test_a_condition_that_flickers_is_one_alarm() -> None:
    bench = AlarmBench()
    for _ in range(600):
        bench.see("ecg_noise", True)
        bench.wait(1.5)
        bench.see("ecg_noise", False)
        bench.wait(0.5)
    assert bench.lives("ecg_noise") == ["declared", "signalled"]


def test_the_worst_flicker_tells_a_bounded_number_of_entries() -> None:
    bench = AlarmBench()
    for _ in range(900):  # an hour, at the rhythm that tells most
        bench.see("battery_low", True, patient=None)
        bench.wait(2)
        bench.see("battery_low", False, patient=None)
        bench.wait(2)
    assert len(bench.entries) <= 5 * 900 + 1
    assert not bench.system.alarms


def test_an_alarm_that_has_ended_leaves_nothing_behind() -> None:
    bench = AlarmBench()
    for number in range(300):
        bench.see("ecg_noise", patient=f"bed {number}")
        bench.wait(2)
        bench.see("ecg_noise", False, patient=f"bed {number}")
        bench.wait(3)
    core = bench.system._core
    assert not bench.system.alarms
    assert not core._watches
    assert not core.state.given
    assert len(core._conditions._heap) <= 100
    assert len({entry.alarm.id for entry in bench.told(What.ENDED) if entry.alarm}) == 300


def test_entries_are_counted_without_a_hole_and_never_go_back() -> None:
    bench = AlarmBench()
    for condition in ("asystole", "fall", "ecg_noise"):
        bench.see(condition)
        bench.wait(3)
    assert [entry.seq for entry in bench.entries] == [*range(1, len(bench.entries) + 1)]
    times = [entry.at_ns for entry in bench.entries]
    assert times == sorted(times)


# Latching, as A7 asks


def latching(kind: Latching) -> AlarmBench:
    bench = AlarmBench(with_one(latching=kind))
    bench.see("probe")
    bench.see("probe", False)
    bench.wait(2)
    return bench


def test_what_does_not_latch_ends_by_itself() -> None:
    bench = latching(Latching.NONE)
    assert not bench.system.alarms
    assert bench.signals.audible is None


def test_what_latches_silently_stays_as_a_message() -> None:
    shown = latching(Latching.VISUAL).shown("probe")
    assert shown.alarm.presence is Presence.LATCHED
    assert (shown.sounds, shown.lit) == (False, True)


def test_what_latches_in_full_sounds_until_it_is_reset() -> None:
    bench = latching(Latching.FULL)
    bench.wait(3600)
    assert bench.shown("probe").sounds
    bench.by().reset(bench.up("probe").id)
    assert not bench.signals.shown
    assert bench.lives("probe")[-1] == "reset"


def test_a_condition_that_comes_back_while_latched_is_the_same_alarm_and_a_new_occurrence() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    first = bench.up("asystole")
    bench.see("asystole", False)
    bench.wait(5)
    bench.see("asystole")
    again = bench.up("asystole")
    assert (again.id, again.occurrence, again.presence) == (first.id, 2, Presence.ON)


def test_after_its_end_a_condition_is_another_alarm() -> None:
    bench = latching(Latching.NONE)
    first = bench.told(What.ENDED)[0].alarm
    bench.see("probe")
    assert first is not None
    assert bench.up("probe").id != first.id


def test_a_high_value_that_passes_through_the_warning_on_its_way_back_latches_as_high() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE, latching=Latching.BY_PRIORITY))
    bench.see("probe", level=Level.CRITICAL)
    bench.see("probe", level=Level.WARNING)
    bench.wait(3)
    assert bench.up("probe").priority is Priority.MEDIUM
    bench.see("probe", False)
    bench.wait(3)
    assert bench.shown("probe").alarm.priority is Priority.HIGH
    assert bench.shown("probe").sounds


# Cannot be decided


def test_undecided_never_begins_an_alarm() -> None:
    bench = AlarmBench()
    bench.see("asystole", None)
    bench.wait(60)
    assert not bench.system.alarms


@pytest.mark.parametrize("condition", ["asystole", "ecg_noise", "heart_rate_high"])
def test_undecided_never_ends_an_alarm(condition: str) -> None:
    bench = AlarmBench()
    bench.see(condition)
    bench.wait(3)
    bench.see(condition, None, text="electrode off")
    bench.wait(3600)
    alarm = bench.up(condition)
    assert alarm.undecided
    assert alarm.presence is Presence.ON
    assert bench.signals.audible is not None
    bench.see(condition, True)
    assert not bench.up(condition).undecided
    assert "undecided" in bench.lives(condition)
    assert "decided" in bench.lives(condition)


def test_undecided_within_the_condition_delay_waits_until_it_is_seen_again() -> None:
    bench = delayed()
    bench.see("probe")
    bench.wait(1)
    bench.see("probe", None)
    bench.wait(60)
    assert not bench.system.alarms
    bench.see("probe", True)
    assert bench.up("probe").met_ns == 0


def test_while_nobody_can_tell_a_person_may_end_it() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("asystole", None)
    bench.by().reset(bench.up("asystole").id)
    assert not bench.system.alarms
    bench.see("asystole")
    assert bench.up("asystole").occurrence == 1
    assert bench.up("asystole").id == "1-2"


# Several sources


def test_a_condition_holds_as_long_as_one_source_sees_it() -> None:
    bench = AlarmBench()
    bench.see("ecg_lead_off", source="II")
    bench.see("ecg_lead_off", source="V1")
    bench.wait(2)
    bench.see("ecg_lead_off", False, source="II")
    bench.wait(60)
    assert bench.up("ecg_lead_off").holds
    bench.see("ecg_lead_off", False, source="V1")
    bench.wait(2)
    assert not bench.system.alarms
    assert bench.lives("ecg_lead_off") == ["declared", "signalled", "ended"]


def test_a_source_that_never_saw_it_keeps_nothing_up() -> None:
    bench = AlarmBench(with_one())
    bench.see("probe", source="a")
    bench.see("probe", None, source="b")
    assert not bench.up("probe").undecided
    bench.see("probe", False, source="a")
    bench.wait(3)
    assert not bench.system.alarms


def test_a_late_message_about_the_past_ends_nothing() -> None:
    bench = AlarmBench()
    bench.wait(10)
    bench.see("ecg_noise", ago_s=1)
    bench.see("ecg_noise", False, ago_s=5)
    bench.wait(60)
    assert bench.up("ecg_noise").holds


def test_the_worst_of_several_sources_counts() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE))
    bench.see("probe", source="a", level=Level.CRITICAL, value=1.0)
    bench.see("probe", source="b", level=Level.WARNING, value=2.0)
    bench.wait(60)
    alarm = bench.up("probe")
    assert (alarm.priority, alarm.value) == (Priority.HIGH, 1.0)


def test_sources_are_bounded_and_the_alarm_is_up_all_the_same() -> None:
    bench = AlarmBench()
    for number in range(SOURCES_MAX):
        bench.see("asystole", source=str(number))
    with pytest.raises(AlarmError, match="one more than 64"):
        bench.see("asystole", source="one more")
    assert bench.up("asystole").presence is Presence.ON


# Escalation and de-escalation: T7


def test_what_nobody_answers_becomes_more_urgent_under_the_same_id() -> None:
    bench = AlarmBench()
    bench.see("ecg_lead_off")
    bench.wait(2)
    first = bench.up("ecg_lead_off")
    assert first.priority is Priority.MEDIUM
    bench.wait(121)
    alarm = bench.up("ecg_lead_off")
    assert (alarm.id, alarm.priority, alarm.escalated) == (first.id, Priority.HIGH, True)
    bench.by().acknowledge(alarm.id)
    assert bench.up("ecg_lead_off").priority is Priority.MEDIUM


def test_whoever_answers_in_time_keeps_it_from_escalating() -> None:
    bench = AlarmBench()
    bench.see("ecg_lead_off")
    bench.wait(100)
    bench.by().acknowledge(bench.up("ecg_lead_off").id)
    bench.wait(119)
    assert bench.lives("ecg_lead_off") == ["declared", "signalled", "acknowledged"]
    bench.wait(119)  # it sounds again, and nobody answers from then on
    assert bench.up("ecg_lead_off").priority is Priority.MEDIUM
    bench.wait(5)
    assert bench.up("ecg_lead_off").priority is Priority.HIGH


def test_what_cannot_be_decided_does_not_get_less_urgent() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE))
    bench.see("probe", level=Level.CRITICAL)
    bench.see("probe", level=Level.WARNING)
    bench.wait(1)
    bench.see("probe", None)
    bench.wait(60)
    assert bench.up("probe").priority is Priority.HIGH


def test_nobody_answering_adds_one_step_and_no_more() -> None:
    bench = AlarmBench(with_one(onset=Onset.DELAYED, escalates_after_ns=60 * SECOND_NS))
    bench.see("probe")
    bench.wait(3600)
    assert bench.up("probe").priority is Priority.MEDIUM
    assert bench.lives("probe") == ["declared", "signalled", "escalated"]


def test_what_has_latched_does_not_escalate() -> None:
    bench = AlarmBench(with_one(latching=Latching.FULL, escalates_after_ns=60 * SECOND_NS))
    bench.see("probe")
    bench.see("probe", False)
    bench.wait(3600)
    assert bench.up("probe").priority is Priority.MEDIUM


def test_a_lower_level_has_to_last_without_a_break() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE))
    bench.see("probe", level=Level.CRITICAL)
    bench.see("probe", level=Level.WARNING)
    bench.wait(1)
    bench.see("probe", False)
    bench.wait(0.5)
    bench.see("probe", level=Level.WARNING)
    bench.wait(1.9)
    assert bench.up("probe").priority is Priority.HIGH
    bench.wait(0.1)
    assert bench.up("probe").priority is Priority.MEDIUM


def test_what_does_not_deescalate_stays_as_urgent_as_it_was() -> None:
    bench = AlarmBench(with_one(critical_onset=Onset.IMMEDIATE, deescalates=False))
    bench.see("probe", level=Level.CRITICAL)
    bench.see("probe", level=Level.WARNING)
    bench.wait(600)
    assert bench.up("probe").priority is Priority.HIGH


# Several alarms: A12


def test_the_most_urgent_is_first_and_the_newest_among_equals_and_all_are_listed() -> None:
    bench = AlarmBench()
    order = ["shed", "asystole", "pause", "apnea", "heart_rate_high", "degraded"]
    for condition in order:
        bench.see(condition)
        bench.wait(1)
    listed = [each.alarm.condition for each in bench.signals.shown]
    assert listed == ["apnea", "asystole", "heart_rate_high", "pause", "degraded", "shed"]
    assert bench.signals.audible_alarm == bench.up("apnea").id
    bench.by().acknowledge(bench.up("apnea").id)
    assert bench.signals.audible_alarm == bench.up("asystole").id
    assert bench.signals.visible_alarm == bench.up("apnea").id


def test_the_newest_is_what_was_declared_last_and_not_what_was_met_last() -> None:
    bench = AlarmBench()
    bench.wait(60)
    bench.see("pause", ago_s=1)
    bench.see("heart_rate_low", ago_s=30)
    bench.wait(1)
    bench.see("model_finding", ago_s=50)
    listed = [each.alarm.condition for each in bench.signals.shown]
    assert listed == ["model_finding", "heart_rate_low", "pause"]


def test_signals_of_one_patient_know_nothing_of_another() -> None:
    bench = AlarmBench()
    bench.see("asystole", patient="a")
    bench.see("pause", patient="b")
    assert bench.system.signals("b").audible is Priority.MEDIUM
    assert [each.alarm.patient for each in bench.system.signals("b").shown] == ["b"]
    assert bench.system.signals(None).shown == ()
    assert bench.signals.audible is Priority.HIGH


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


# The alarm system itself


def test_whoever_is_told_may_fail_and_the_alarm_sounds_and_the_failure_is_an_alarm() -> None:
    def fails(entry: AlarmChange) -> None:
        raise OSError("disk full")

    system = AlarmSystem(epoch=1, now=Moment(0, 0), tell=fails)
    system.observe(Observation("p", "pause", True, 0), Moment(1, 1))
    assert system.signals("p").audible is Priority.MEDIUM
    system.advance(Moment(10 * SECOND_NS, 1))
    assert system.signals(None).audible is Priority.HIGH
    (fault,) = (each for each in system.alarms if each.condition == "alarm_system_fault")
    assert "could not be told" in fault.text


def test_it_looks_at_itself_when_it_starts_and_never_less_often_than_it_says() -> None:  # A17
    bench = AlarmBench()
    assert bench.system.last_self_check_ns == 0
    for _ in range(50):
        bench.wait(7)
        assert bench.now.mono_ns - bench.system.last_self_check_ns <= 10 * SECOND_NS


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"acknowledged_until_ns": 5}, "acknowledged without an end"),
        ({"presence": Presence.LATCHED}, "latched while its condition holds"),
        ({"presence": Presence.ACKNOWLEDGED}, "acknowledged without an end"),
        ({"condition": "fever"}, "condition fever is not defined"),
    ],
)
def test_a_state_that_cannot_be_is_an_alarm(changed: dict[str, object], said: str) -> None:
    bench = AlarmBench()
    bench.see("asystole")
    state = bench.system.state
    broken = replace(bench.up("asystole"), **changed)  # type: ignore[arg-type]
    state.alarms[PATIENT, "asystole"] = broken
    bench.system.advance(Moment(10 * SECOND_NS, 1))
    (fault,) = (each for each in state.alarms.values() if each.condition == "alarm_system_fault")
    assert said in fault.text


def test_a_fault_of_the_sounder_told_from_outside_is_the_same_condition() -> None:  # A17
    bench = AlarmBench()
    bench.see("alarm_system_fault", patient=None, source="sounder", text="no current")
    bench.wait(60)  # the self-check finds nothing, which does not end what the sounder found
    assert bench.up("alarm_system_fault", None).holds
    bench.see("alarm_system_fault", False, patient=None, source="sounder")
    bench.wait(3)
    assert not bench.system.alarms


def test_definitions_without_a_word_for_its_own_fault_are_refused() -> None:
    with pytest.raises(AlarmError, match="alarm_system_fault"):
        AlarmSystem(epoch=1, now=Moment(0, 0), tell=print, definitions={})


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
