"""What people may do: acknowledge, reset, pause, switch off; and what breaks through."""

from dataclasses import replace

import pytest
from alarm_bench import PATIENT, AlarmBench

from edgeward.alarm.change import What
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.standard_conditions import by_name, standard_conditions
from edgeward.alarm.system.operator import PATIENTS_MAX, Operator
from edgeward.alarm.vocabulary import Activation, Inactivation, Presence, Priority
from edgeward.errors import AlarmError
from edgeward.signal.findings import Vital

STATES = {
    Inactivation.AUDIO_PAUSED: Operator.audio_pause,
    Inactivation.ALARM_PAUSED: Operator.alarm_pause,
    Inactivation.AUDIO_OFF: Operator.audio_off,
    Inactivation.ALARM_OFF: Operator.alarm_off,
}


# Acknowledge, as A8 asks


def test_an_acknowledged_alarm_is_seen_and_not_heard() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by("nurse 7").acknowledge(bench.up("asystole").id)
    shown = bench.shown("asystole")
    assert shown.alarm.presence is Presence.ACKNOWLEDGED
    assert (shown.sounds, shown.lit) == (False, True)
    assert bench.told(What.ACKNOWLEDGED)[0].who == "nurse 7"  # known fault 18


def test_an_acknowledgement_ends_after_two_minutes() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().acknowledge(bench.up("asystole").id)
    bench.wait(119.9)
    assert bench.signals.audible is None
    bench.wait(0.1)
    assert bench.signals.audible is Priority.HIGH


def test_the_next_occurrence_sounds_again() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().acknowledge(bench.up("asystole").id)
    bench.see("asystole", False)
    bench.wait(2)
    assert not bench.system.alarms  # answered and over
    bench.see("asystole")
    assert bench.signals.audible is Priority.HIGH


def test_an_acknowledgement_answers_one_alarm_only() -> None:  # A11
    bench = AlarmBench()
    bench.see("pause")
    bench.by().acknowledge(bench.up("pause").id)
    bench.see("heart_rate_low")
    assert bench.signals.audible_alarm == bench.up("heart_rate_low").id


def test_what_gets_worse_breaks_through_its_acknowledgement() -> None:  # A11
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 130)
    bench.by().acknowledge(bench.up("heart_rate_high").id)
    bench.read(Vital.HEART_RATE, 160)
    assert bench.signals.audible is Priority.HIGH


def test_all_of_a_patient_can_be_acknowledged_at_once() -> None:
    bench = AlarmBench()
    for condition in ("pause", "asystole"):
        bench.see(condition)
        bench.see(condition, patient="bed 5")
    assert bench.by().acknowledge_all(PATIENT) == 2
    assert bench.system.signals(PATIENT).audible is None
    assert bench.system.signals("bed 5").audible is Priority.HIGH


def three_alarms() -> AlarmBench:
    """1-1 is latched, 1-2 is on, 1-3 waits for its signal delay."""
    settled = by_name(
        replace(each, signal_delay_ns=5 * SECOND_NS) if each.name == "pause" else each
        for each in standard_conditions().values()
    )
    bench = AlarmBench(settled)
    bench.see("asystole")
    bench.see("asystole", False)
    bench.wait(3)
    bench.see("apnea")
    bench.see("pause")
    return bench


@pytest.mark.parametrize(
    ("action", "alarm_id", "said"),
    [
        ("acknowledge", "1-1", "acknowledge alarm 1-1, which is latched; accepted: an alarm that"),
        ("acknowledge", "1-3", "which is not signalled yet"),
        ("reset", "1-2", "reset alarm 1-2, which is on; accepted: a latched alarm"),
        ("reset", "1-3", "which is not signalled yet"),
        ("acknowledge", "9-9", "alarm '9-9'; accepted: one that is up: 1-1, 1-2, 1-3"),
        ("reset", "", "alarm ''; accepted: one that is up"),
    ],
)
def test_what_cannot_be_done_to_an_alarm_is_refused(action: str, alarm_id: str, said: str) -> None:
    bench = three_alarms()
    before = len(bench.entries)
    with pytest.raises(AlarmError) as refused:
        getattr(bench.by(), action)(alarm_id)
    assert said in str(refused.value)
    assert len(bench.entries) == before


@pytest.mark.parametrize("who", ["", "  ", "x" * 65])
def test_nobody_does_nothing(who: str) -> None:
    with pytest.raises(AlarmError, match="a name of 1 to 64"):
        AlarmBench().by(who)


def test_acknowledging_again_does_not_make_it_longer() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().acknowledge(bench.up("asystole").id)
    bench.wait(100)
    with pytest.raises(AlarmError, match="which is acknowledged"):
        bench.by().acknowledge(bench.up("asystole").id)
    bench.wait(20)
    assert bench.signals.audible is Priority.HIGH


# The four inactivation states: A9, A10


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_marked_and_takes_away_what_it_says(state: Inactivation) -> None:
    bench = AlarmBench()
    bench.see("pause")
    STATES[state](bench.by("nurse 7"), PATIENT)
    (mark,) = bench.signals.inactive
    assert (mark.state, mark.patient, mark.by) == (state, PATIENT, "nurse 7")
    shown = bench.shown("pause")
    assert not shown.sounds
    assert shown.lit == (state in (Inactivation.AUDIO_PAUSED, Inactivation.AUDIO_OFF))
    assert bench.signals.audible_activation is state.audible
    assert bench.signals.visible_activation is state.visible
    assert bench.signals.audible is None


@pytest.mark.parametrize("state", STATES)
def test_ending_it_while_a_condition_holds_brings_the_signals_back(state: Inactivation) -> None:
    bench = AlarmBench()
    bench.see("heart_rate_low")
    STATES[state](bench.by(), PATIENT)
    assert bench.signals.audible is None
    bench.by("nurse 8").resume(PATIENT)
    assert bench.signals.audible is Priority.MEDIUM
    assert not bench.signals.inactive
    with pytest.raises(AlarmError, match="accepted: one whose signals are paused or off"):
        bench.by().resume(PATIENT)


@pytest.mark.parametrize("state", [Inactivation.AUDIO_PAUSED, Inactivation.ALARM_PAUSED])
def test_a_pause_counts_down_and_ends_by_itself(state: Inactivation) -> None:  # T11
    bench = AlarmBench()
    bench.see("pause")
    STATES[state](bench.by(), PATIENT)
    bench.wait(30)
    assert bench.signals.inactive[0].remaining_ns == 90 * SECOND_NS
    bench.wait(90)
    assert not bench.signals.inactive
    assert bench.signals.audible is Priority.MEDIUM
    assert bench.told(What.RESUMED)[0].text == "time is up"


@pytest.mark.parametrize("duration_ns", [0, -1, 120 * SECOND_NS + 1])
@pytest.mark.parametrize("action", ["audio_pause", "alarm_pause"])
def test_a_pause_beyond_two_minutes_is_refused(action: str, duration_ns: int) -> None:  # A10
    with pytest.raises(AlarmError, match="accepted: 1 to 120000000000 ns"):
        getattr(AlarmBench().by(), action)(PATIENT, duration_ns)


@pytest.mark.parametrize("state", [Inactivation.AUDIO_OFF, Inactivation.ALARM_OFF])
def test_what_is_off_for_good_is_called_to_mind(state: Inactivation) -> None:  # A10
    bench = AlarmBench()
    bench.wait(50)
    STATES[state](bench.by(), PATIENT)
    (mark,) = bench.signals.inactive
    assert mark.remaining_ns is None
    bench.wait(361)
    assert [entry.at_ns // SECOND_NS for entry in bench.told(What.REMINDED)] == [170, 290, 410]
    assert bench.signals.inactive[0].reminded_ns == 410 * SECOND_NS


def test_of_a_pause_nobody_is_reminded() -> None:
    bench = AlarmBench()
    bench.by().alarm_pause(PATIENT)
    bench.wait(600)
    assert not bench.told(What.REMINDED)


@pytest.mark.parametrize(
    "state", [Inactivation.ALARM_PAUSED, Inactivation.AUDIO_OFF, Inactivation.ALARM_OFF]
)
@pytest.mark.parametrize("first", [True, False])
def test_what_kills_is_heard_and_seen_whatever_is_off(state: Inactivation, first: bool) -> None:
    bench = AlarmBench()  # A13
    if first:
        bench.see("asystole")
    STATES[state](bench.by(), PATIENT)
    bench.see("asystole")
    shown = bench.shown("asystole")
    assert (shown.sounds, shown.lit) == (True, True)
    assert bench.signals.audible_activation is Activation.ON
    assert bench.signals.inactive[0].state is state  # marked all the same


def test_signals_taken_from_one_patient_stay_with_the_other() -> None:
    bench = AlarmBench()
    bench.by().alarm_off(PATIENT)
    bench.see("pause", patient="bed 5")
    assert bench.signals.audible is Priority.MEDIUM


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_that_of_the_whole_while_there_is_no_alarm(state: Inactivation) -> None:
    bench = AlarmBench()
    assert bench.signals.audible_activation is Activation.ON
    STATES[state](bench.by(), PATIENT)
    assert bench.signals.audible_activation is state.audible
    assert bench.signals.visible_activation is state.visible


# Breakthrough: A11, T11


def test_a_more_urgent_condition_ends_the_audio_pause() -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.by().audio_pause(PATIENT)
    bench.see("heart_rate_low")  # as urgent: it waits
    assert bench.signals.audible is None
    bench.see("fall")
    assert bench.signals.audible_alarm == bench.up("fall").id
    assert not bench.signals.inactive
    assert "broke through" in bench.told(What.RESUMED)[0].text


def test_a_second_threat_to_life_breaks_through_beside_the_first() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().audio_pause(PATIENT)
    bench.wait(10)
    bench.see("asystole")  # the same occurrence
    assert bench.signals.audible is None
    bench.see("apnea")
    assert bench.signals.audible_alarm == bench.up("apnea").id


def test_a_new_occurrence_of_a_threat_to_life_breaks_through() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("asystole", False)
    bench.wait(3)
    bench.by().audio_pause(PATIENT)
    assert bench.signals.audible is None
    bench.see("asystole")
    assert bench.signals.audible is Priority.HIGH


def test_what_becomes_more_urgent_breaks_through() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 130)
    bench.by().audio_pause(PATIENT)
    bench.read(Vital.HEART_RATE, 160)
    assert bench.signals.audible is Priority.HIGH


def test_before_any_alarm_a_pause_holds_against_what_can_wait_only() -> None:
    bench = AlarmBench()
    bench.by().audio_pause(PATIENT)
    bench.see("shed")
    assert bench.signals.audible is None
    bench.see("pause")
    assert bench.signals.audible is Priority.MEDIUM


# One condition: A13


@pytest.mark.parametrize(
    "condition",
    ["asystole", "ventricular_fibrillation", "ventricular_tachycardia", "apnea", "no_pulse",
     "severe_desaturation", "alarm_system_fault"],
)  # fmt: skip
def test_what_kills_cannot_be_switched_off(condition: str) -> None:
    bench = AlarmBench()
    with pytest.raises(AlarmError, match="a condition that may be switched off"):
        bench.by().switch_off(PATIENT, condition)
    bench.see(condition)
    assert bench.signals.audible is Priority.HIGH


def test_a_condition_that_is_switched_off_is_marked_and_comes_back_when_switched_on() -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.by().switch_off(PATIENT, "pause")
    assert not bench.system.alarms
    assert bench.signals.inactive[0].switched_off == ("pause",)
    bench.see("pause")
    bench.wait(600)
    assert not bench.system.alarms
    bench.by().switch_on(PATIENT, "pause")
    assert bench.signals.audible is Priority.MEDIUM
    assert bench.up("pause").id == "1-2"


def test_a_condition_that_is_switched_on_again_begins_at_the_level_it_is_at() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 160)
    bench.read(Vital.HEART_RATE, 130)
    bench.by().switch_off(PATIENT, "heart_rate_high")
    bench.by().switch_on(PATIENT, "heart_rate_high")
    assert bench.up("heart_rate_high").priority is Priority.MEDIUM
    before = len(bench.entries)
    bench.wait(60)
    assert len(bench.entries) == before


def test_switching_what_is_so_already_is_refused() -> None:
    bench = AlarmBench()
    with pytest.raises(AlarmError, match="which is on"):
        bench.by().switch_on(PATIENT, "pause")
    bench.by().switch_off(PATIENT, "pause")
    with pytest.raises(AlarmError, match="which is off"):
        bench.by().switch_off(PATIENT, "pause")
    with pytest.raises(AlarmError, match="not defined"):
        bench.by().switch_off(PATIENT, "fever")


# The patient


def test_a_patient_who_is_discharged_leaves_nothing_to_the_next() -> None:  # known fault 25
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("ecg_noise")
    bench.limit(Vital.HEART_RATE, 20, 30, 200, 250)
    bench.by().alarm_off(PATIENT)
    bench.by("nurse 7").discharge(PATIENT)
    assert not bench.system.alarms
    assert not bench.signals.inactive
    assert bench.system.limits(PATIENT, Vital.HEART_RATE).high_warning == 120
    bench.wait(600)
    assert not bench.told(What.REMINDED)
    assert bench.lives("asystole")[-1] == "ended"
    assert bench.told(What.DISCHARGED)[0].who == "nurse 7"
    assert not bench.system._core._watches


def test_patients_of_whom_something_is_settled_are_bounded() -> None:
    bench = AlarmBench()
    for number in range(PATIENTS_MAX):
        bench.by().audio_off(f"bed {number}")
    with pytest.raises(AlarmError, match="discharge those who are gone"):
        bench.by().audio_off("one more")
    bench.by().discharge("bed 0")
    bench.by().audio_off("one more")
