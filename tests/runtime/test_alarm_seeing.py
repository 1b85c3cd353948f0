"""Who sees a condition: nobody can tell, several can, and several conditions at once."""

import pytest
from alarm_bench import AlarmBench, delayed, with_one

from edgeward.alarm.risk import Onset
from edgeward.alarm.system.watch import SOURCES_MAX
from edgeward.alarm.vocabulary import Level, Presence, Priority
from edgeward.errors import AlarmError

# What cannot be decided


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
    assert not bench.system._core._watches
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
