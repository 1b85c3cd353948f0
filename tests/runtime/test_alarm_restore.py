"""After an outage: all is up again, nothing is longer than it was, and the outage is told."""

import json
from dataclasses import replace

import pytest
from alarm_bench import PATIENT, AlarmBench

from edgeward.alarm.change import AlarmChange, What
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.moment import Moment
from edgeward.alarm.standard_conditions import standard_conditions
from edgeward.alarm.system.state import replay
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Category, Inactivation, Presence, Priority
from edgeward.signal.findings import Vital


def test_alarms_latches_acknowledgements_and_settings_survive() -> None:  # A16, known fault 20
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("asystole", False)
    bench.see("apnea")
    bench.see("pause")
    bench.wait(3)
    bench.by().acknowledge(bench.up("pause").id)
    bench.limit(Vital.HEART_RATE, 30, 45, 130, None)
    bench.by().switch_off(PATIENT, "fall")
    bench.by().set_category("bed 5", Category.NEONATE)
    before = {alarm.id: alarm.presence for alarm in bench.system.alarms}
    bench.crash(out_s=10)
    assert {alarm.id: alarm.presence for alarm in bench.system.alarms} == before
    assert bench.system.limits(PATIENT, Vital.HEART_RATE).high_warning == 130
    assert bench.system.limits("bed 5", Vital.HEART_RATE).high_warning == 200
    assert bench.signals.inactive[0].switched_off == ("fall",)
    assert bench.signals.audible is Priority.HIGH


def test_the_outage_itself_is_told() -> None:
    bench = AlarmBench()
    bench.wait(7)
    bench.crash(out_s=90)
    entry = bench.told(What.STARTED)[1]
    assert (entry.epoch, entry.seq) == (2, 1)
    assert entry.text == "outage: 90.0 s; power lost"


def test_what_held_before_is_undecided_until_it_is_seen_again() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.crash()
    assert bench.up("asystole").undecided
    bench.wait(600)
    assert bench.shown("asystole").sounds
    bench.see("asystole")
    assert not bench.up("asystole").undecided
    assert bench.up("asystole").occurrence == 1


def test_what_is_over_after_the_outage_ends_as_it_would_have() -> None:
    bench = AlarmBench()
    for condition in ("asystole", "ecg_noise"):
        bench.see(condition)
    bench.wait(2)
    bench.crash()
    for condition in ("asystole", "ecg_noise"):
        bench.see(condition, False)
    bench.wait(3)
    assert bench.up("asystole").presence is Presence.LATCHED
    assert bench.alarm("ecg_noise") is None


def test_only_the_source_that_saw_it_can_end_what_is_undecided() -> None:
    bench = AlarmBench()
    bench.see("asystole", source="II")
    bench.crash()
    bench.see("asystole", False, source="V1")
    bench.wait(60)
    assert bench.up("asystole").holds


def test_ids_are_never_used_again() -> None:
    bench = AlarmBench()
    ids = set()
    for _ in range(5):
        bench.see("ecg_noise")
        bench.wait(2)
        ids.add(bench.up("ecg_noise").id)
        bench.see("ecg_noise", False)
        bench.wait(3)
        bench.crash()
    assert ids == {"1-1", "2-1", "3-1", "4-1", "5-1"}


def test_a_device_that_forgot_its_epoch_uses_no_id_again() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    system = AlarmSystem.restore(
        bench.entries, epoch=1, now=Moment(0, bench.now.wall_ns), tell=bench.entries.append
    )
    assert system.state.epoch == 2


@pytest.mark.parametrize(
    ("out_s", "wall_jump_s", "remains_s"),
    [(0, 0, 70), (30, 0, 40), (69, 0, 1), (70, 0, 0), (3600, 0, 0), (30, 3600, 0), (30, -20, 60)],
)
@pytest.mark.parametrize("signed", [True, False])
def test_a_pause_never_gets_longer(
    out_s: float, wall_jump_s: float, remains_s: float, signed: bool
) -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.by().audio_pause(PATIENT)
    bench.wait(50)
    bench.crash(out_s=out_s, wall_jump_s=wall_jump_s, signed=signed)
    if not remains_s:
        assert bench.signals.audible is Priority.MEDIUM
        return
    assert bench.signals.inactive[0].remaining_ns == remains_s * SECOND_NS
    bench.wait(remains_s)
    assert bench.signals.audible is Priority.MEDIUM


def test_a_sign_of_life_bounds_what_a_wall_clock_set_back_would_lengthen() -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.by().audio_pause(PATIENT)
    bench.wait(119)
    bench.crash(out_s=60, wall_jump_s=-60)
    assert bench.told(What.ALIVE)[0].at_ns == 119 * SECOND_NS
    assert bench.signals.inactive[0].remaining_ns == SECOND_NS


def test_a_sign_of_life_from_before_the_last_entry_says_nothing() -> None:
    bench = AlarmBench()
    bench.wait(10)
    bench.see("asystole")
    system = AlarmSystem.restore(
        bench.entries,
        epoch=2,
        now=bench.now,
        tell=bench.entries.append,
        alive=Moment(9 * SECOND_NS, 0),
    )
    assert not bench.told(What.ALIVE)
    assert system.signals().audible is Priority.HIGH


def test_what_is_kept_is_told_anew_so_that_older_entries_are_not_needed() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().alarm_off(PATIENT)
    bench.crash()
    before = replay(bench.entries)
    newer = [
        entry for entry in bench.entries if entry.epoch == 2 and entry.what is not What.STARTED
    ]
    assert {entry.what for entry in newer} == {What.KEPT}
    after = replay(newer)
    assert (after.alarms, after.scopes) == (before.alarms, before.scopes)


@pytest.mark.parametrize("action", ["audio_pause", "alarm_pause"])
def test_when_wall_time_went_back_the_sound_is_back(action: str) -> None:
    bench = AlarmBench()
    bench.see("pause")
    getattr(bench.by(), action)(PATIENT)
    bench.wait(1)
    bench.crash(out_s=1, wall_jump_s=-10)
    assert bench.signals.audible is Priority.MEDIUM
    assert "unknown" in bench.told(What.STARTED)[1].text


@pytest.mark.parametrize(("out_s", "wall_jump_s"), [(30, 0), (200, 0), (30, -3600)])
def test_an_acknowledgement_never_gets_longer(out_s: float, wall_jump_s: float) -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.by().acknowledge(bench.up("asystole").id)
    bench.wait(50)
    bench.crash(out_s=out_s, wall_jump_s=wall_jump_s)
    bench.wait(40)
    assert bench.signals.audible is Priority.HIGH


def test_what_is_off_stays_off_and_is_called_to_mind() -> None:
    bench = AlarmBench()
    bench.by().audio_off(PATIENT)
    bench.wait(100)
    bench.crash(out_s=10)
    assert bench.signals.inactive[0].state is Inactivation.AUDIO_OFF
    bench.wait(10)
    assert len(bench.told(What.REMINDED)) == 1


def test_an_outage_counts_as_time_in_which_nobody_answered() -> None:
    bench = AlarmBench()
    bench.see("ecg_lead_off")
    bench.wait(60)
    bench.crash(out_s=80)
    assert bench.up("ecg_lead_off").priority is Priority.HIGH


def test_a_signal_delay_goes_on_after_the_outage() -> None:
    definitions = {
        name: replace(each, signal_delay_ns=5 * SECOND_NS) if name == "pause" else each
        for name, each in standard_conditions().items()
    }
    bench = AlarmBench(definitions)
    bench.see("pause")
    bench.wait(1)
    bench.crash(out_s=1)
    assert bench.up("pause").presence is Presence.OFF
    bench.wait(3)
    assert bench.up("pause").presence is Presence.ON


def test_a_condition_that_is_no_longer_defined_ends_and_is_told() -> None:
    bench = AlarmBench()
    bench.see("fall")
    bench.definitions = {k: v for k, v in standard_conditions().items() if k != "fall"}
    bench.crash()
    assert not bench.system.alarms
    (entry,) = bench.told(What.ENDED)
    assert entry.text == "no longer defined"
    assert entry.alarm is not None
    assert not entry.alarm.holds


def test_every_prefix_of_what_was_told_can_be_restored() -> None:  # T10
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("pause")
    bench.by().acknowledge(bench.up("asystole").id)
    bench.by().audio_pause(PATIENT)
    bench.wait(130)
    bench.see("asystole", False)
    bench.wait(5)
    entries = [*bench.entries]
    for told in range(len(entries) + 1):
        after: list[AlarmChange] = []
        system = AlarmSystem.restore(
            entries[:told], epoch=9, now=Moment(1, bench.now.wall_ns), tell=after.append
        )
        assert replay([*entries[:told], *after]) == system.state
        assert not [each for each in system.alarms if each.condition == "alarm_system_fault"]


def test_what_the_journal_lost_is_an_alarm_and_the_rest_counts() -> None:
    bench = AlarmBench()
    for condition in ("pause", "asystole"):
        bench.see(condition)
    bench.entries += [bench.entries[-1], bench.entries[1]]  # again
    bench.crash(damage=["segment 3 is unreadable"])
    fault = bench.up("alarm_system_fault", None)
    assert fault.text == "segment 3 is unreadable; 2 entries are out of order"
    assert bench.up("asystole").holds
    bench.by().reset(fault.id)
    bench.wait(60)
    assert bench.alarm("alarm_system_fault", None) is None


def test_an_entry_that_comes_too_late_does_not_bring_back_what_is_over() -> None:
    bench = AlarmBench()
    bench.see("ecg_noise")
    bench.wait(2)
    bench.see("ecg_noise", False)
    bench.wait(3)
    bench.entries.append(bench.told(What.SIGNALLED)[0])
    bench.crash()
    assert bench.alarm("ecg_noise") is None


def test_the_newest_entry_on_everything_that_stands_is_enough() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("pause")
    bench.wait(3)
    bench.by().acknowledge(bench.up("pause").id)
    bench.by().alarm_off(PATIENT)
    newest: dict[object, AlarmChange] = {}
    for entry in bench.entries:
        about = entry.alarm and entry.alarm.id, entry.scope is None, entry.given is None
        newest[about] = entry
    whole = replay(bench.entries)
    bench.entries[:] = sorted(newest.values(), key=lambda entry: entry.seq)
    kept = replay(bench.entries)
    assert (kept.alarms, kept.scopes, kept.given) == (whole.alarms, whole.scopes, whole.given)
    bench.crash()
    assert bench.up("pause").presence is Presence.ACKNOWLEDGED
    assert bench.alarm("alarm_system_fault", None) is None


def test_a_journal_that_begins_later_is_no_damage() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    del bench.entries[0]
    bench.crash()
    assert bench.up("asystole").holds
    assert bench.alarm("alarm_system_fault", None) is None


def test_entries_read_back_from_text_restore_the_same() -> None:
    bench = AlarmBench()
    bench.see("asystole", value=1.5)
    bench.by().alarm_pause(PATIENT)
    bench.limit(Vital.SPO2, 80, 88, None, None)
    bench.crash()
    lines = [json.dumps(entry.to_dict()) for entry in bench.entries]
    read = [AlarmChange.from_dict(json.loads(line)) for line in lines]
    assert read == bench.entries
    assert replay(read) == bench.system.state
