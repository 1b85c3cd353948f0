"""The life of an alarm: delays, one id, latching, escalation."""

import pytest
from alarm_bench import AlarmBench, delayed, with_one

from edgeward.alarm.change import What
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.moment import Moment
from edgeward.alarm.risk import Onset
from edgeward.alarm.vocabulary import Latching, Level, Presence, Priority

# Delays: A5, A6


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


@pytest.mark.parametrize("tenths", [600, pytest.param(36_000, marks=pytest.mark.slow)])
def test_ten_times_a_second_is_one_alarm(tenths: int) -> None:  # known faults 16, 17, 46
    bench = AlarmBench()
    for tenth in range(tenths):
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
