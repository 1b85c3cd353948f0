"""One alarm for one happening: what is covered is listed, and makes no signal of its own."""

from dataclasses import replace

import pytest
from alarm_bench import PATIENT, AlarmBench, with_a_fall_that_covers, with_one

from edgeward.alarm.definition import COVERED_AFTER_NS, SECOND_NS
from edgeward.alarm.standard_conditions import by_name, standard_conditions
from edgeward.alarm.system.self_check import problems
from edgeward.alarm.vocabulary import Inactivation, Kind, Level, Presence, Priority
from edgeward.errors import AlarmError
from edgeward.signal.findings import Vital

AFTER_S = COVERED_AFTER_NS / SECOND_NS


@pytest.fixture
def still() -> AlarmBench:
    """A heart that stands still, and what is seen of that elsewhere."""
    bench = AlarmBench()
    bench.see("asystole")
    bench.wait(5)
    bench.see("no_pulse", source="ppg")
    bench.see("extreme_bradycardia")
    return bench


def test_a_standstill_is_one_alarm(still: AlarmBench) -> None:
    own = still.up("asystole")
    for condition in ("no_pulse", "extreme_bradycardia"):
        shown = still.shown(condition)
        assert (shown.alarm.presence, shown.sounds, shown.lit) == (Presence.OFF, False, False)
        assert shown.alarm.covered_by == own.id
        assert still.lives(condition) == ["declared", "covered"]
    assert still.signals.shown[0].alarm.condition == "asystole"
    assert still.signals.audible_alarm == still.signals.visible_alarm == own.id


def test_what_was_covered_to_its_end_leaves_nothing(still: AlarmBench) -> None:
    for condition, source in (("asystole", "ecg"), ("extreme_bradycardia", "ecg")):
        still.see(condition, False, source=source)
    still.wait(3)
    still.see("no_pulse", False, source="ppg")
    still.wait(3)
    assert [(each.condition, each.presence) for each in still.system.alarms] == [
        ("asystole", Presence.LATCHED)
    ]
    assert still.lives("no_pulse") == ["declared", "covered", "covered", "ended"]


def test_what_outlives_it_signals_when_averages_have_had_their_time(still: AlarmBench) -> None:
    still.see("asystole", False)
    still.wait(2)
    assert still.up("asystole").presence is Presence.LATCHED
    still.wait(AFTER_S - 0.1)
    assert still.up("extreme_bradycardia").presence is Presence.OFF
    still.wait(0.1)
    assert still.up("extreme_bradycardia").presence is Presence.ON
    assert still.lives("extreme_bradycardia")[-2:] == ["uncovered", "signalled"]


def test_a_new_standstill_takes_that_time_back(still: AlarmBench) -> None:
    still.see("asystole", False)
    still.wait(4)
    still.see("asystole")
    still.wait(2 * AFTER_S)
    assert still.up("no_pulse").covered_by == still.up("asystole").id
    assert still.up("no_pulse").presence is Presence.OFF


def test_nothing_new_is_covered_by_what_is_over(still: AlarmBench) -> None:
    still.see("asystole", False)
    still.wait(3)
    still.see("pause")
    assert still.up("pause").presence is Presence.ON


@pytest.mark.parametrize("end", ["acknowledge", "reset"])
def test_when_somebody_ends_its_signal_the_covered_signal_at_once(
    still: AlarmBench, end: str
) -> None:
    if end == "reset":
        still.see("asystole", None)
    getattr(still.by(), end)(still.up("asystole").id)
    assert still.up("no_pulse").presence is Presence.ON
    assert still.up("no_pulse").signalled_ns == still.now.mono_ns
    assert still.signals.audible is Priority.HIGH


def test_whoever_answers_for_the_patient_answers_all(still: AlarmBench) -> None:
    assert still.by().acknowledge_all(PATIENT) == 3
    assert still.signals.audible is None
    assert {each.presence for each in still.system.alarms} == {Presence.ACKNOWLEDGED}
    still.wait(121)
    assert still.signals.audible is Priority.HIGH


def test_a_covered_one_can_be_answered_before(still: AlarmBench) -> None:
    for condition in ("no_pulse", "extreme_bradycardia", "asystole"):
        still.by().acknowledge(still.up(condition).id)
    assert still.signals.audible is None
    still.wait(121)
    assert still.up("no_pulse").signalled_ns is not None


def test_what_it_covers_next_takes_over(still: AlarmBench) -> None:
    still.see("heart_rate_low")
    still.by().acknowledge(still.up("asystole").id)
    assert still.up("heart_rate_low").covered_by == still.up("extreme_bradycardia").id
    assert "uncovered" not in still.lives("heart_rate_low")


def test_the_more_urgent_is_not_covered_by_the_less() -> None:
    bench = AlarmBench()
    bench.see("heart_rate_low")
    bench.see("pulse_rate_low", source="ppg")
    assert bench.up("pulse_rate_low").covered_by == bench.up("heart_rate_low").id
    bench.see("pulse_rate_low", source="ppg", level=Level.CRITICAL)
    assert bench.up("pulse_rate_low").presence is Presence.ON
    assert bench.signals.audible is Priority.HIGH
    bench.see("heart_rate_low", level=Level.CRITICAL)
    assert bench.up("pulse_rate_low").covered_by == bench.up("heart_rate_low").id
    assert bench.shown("pulse_rate_low").lit


def test_what_was_signalled_before_yields_its_sound_and_stays_lit() -> None:
    bench = AlarmBench()
    bench.see("ventricular_tachycardia")
    bench.wait(3)
    bench.see("ventricular_fibrillation")
    shown = bench.shown("ventricular_tachycardia")
    assert (shown.alarm.presence, shown.sounds, shown.lit) == (Presence.ON, False, True)
    assert shown.alarm.covered_by == bench.up("ventricular_fibrillation").id
    bench.by().acknowledge(bench.up("ventricular_fibrillation").id)
    assert bench.signals.audible_alarm == bench.up("ventricular_tachycardia").id


def test_what_threatened_life_and_was_signalled_latches_though_covered() -> None:
    bench = AlarmBench()
    bench.see("ventricular_tachycardia")
    bench.see("ventricular_fibrillation")
    bench.see("ventricular_tachycardia", False)
    bench.wait(3)
    assert bench.up("ventricular_tachycardia").presence is Presence.LATCHED
    assert bench.up("ventricular_tachycardia").covered_by is None


def test_a_pause_that_becomes_a_standstill_leaves_no_message_of_its_own() -> None:
    bench = AlarmBench()
    bench.see("pause")
    bench.wait(1)
    bench.see("asystole")
    bench.see("pause", False)
    bench.wait(3)
    assert bench.alarm("pause") is None
    assert bench.lives("pause") == ["declared", "signalled", "covered", "ended"]


def test_a_pause_of_the_audio_is_broken_by_what_is_new_and_not_by_what_was_covered(
    still: AlarmBench,
) -> None:
    still.by().audio_pause(PATIENT)
    still.wait(1)
    still.by().acknowledge(still.up("asystole").id)
    assert still.up("no_pulse").presence is Presence.ON
    assert still.system.state.scope(PATIENT).inactivation is Inactivation.AUDIO_PAUSED

    other = AlarmBench()
    other.see("asystole")
    other.wait(1)
    other.by().audio_pause(PATIENT)
    other.wait(1)
    other.see("no_pulse", source="ppg")
    assert other.system.state.scope(PATIENT).inactivation is Inactivation.NONE
    assert other.signals.audible is Priority.HIGH


def test_what_can_be_silenced_covers_nothing_that_cannot() -> None:
    bench = AlarmBench(with_a_fall_that_covers())
    bench.see("fall")
    bench.see("apnea", source="respiration")
    assert bench.up("apnea").covered_by == bench.up("fall").id
    bench.by().audio_off(PATIENT)
    assert bench.up("apnea").presence is Presence.ON
    assert bench.signals.audible is Priority.HIGH


def test_switching_off_what_covers_lets_the_others_signal() -> None:
    bench = AlarmBench()
    bench.see("heart_rate_low")
    bench.see("pulse_rate_low", source="ppg")
    bench.by().switch_off(PATIENT, "heart_rate_low")
    assert bench.up("pulse_rate_low").presence is Presence.ON


def test_another_patient_is_covered_by_nobody(still: AlarmBench) -> None:
    still.see("no_pulse", patient="bed 5", source="ppg")
    assert still.up("no_pulse", "bed 5").presence is Presence.ON


def test_who_is_covered_escalates_as_it_would() -> None:
    standard = standard_conditions()
    late = replace(standard["ecg_noise"], escalates_after_ns=5 * SECOND_NS)
    off = replace(
        standard["ecg_lead_off"], covers=("ecg_noise", "ecg_disturbed"), escalates_after_ns=None
    )
    rest = [each for name, each in standard.items() if name not in (late.name, off.name)]
    bench = AlarmBench(by_name([*rest, late, off]))
    bench.see("ecg_lead_off")
    bench.see("ecg_noise")
    bench.wait(2)
    assert bench.up("ecg_noise").covered_by == bench.up("ecg_lead_off").id
    bench.wait(5)
    assert bench.up("ecg_noise").presence is Presence.ON
    assert bench.signals.audible is Priority.HIGH


def test_it_is_kept_over_an_outage(still: AlarmBench) -> None:
    by = still.up("asystole").id
    still.crash()
    assert still.up("no_pulse").covered_by == by
    assert still.up("no_pulse").presence is Presence.OFF
    still.by().reset(by)
    assert still.up("no_pulse").presence is Presence.ON


def test_the_time_that_is_left_is_kept_over_an_outage(still: AlarmBench) -> None:
    still.see("asystole", False)
    still.wait(4)
    still.crash(out_s=5.0)
    assert still.up("no_pulse").presence is Presence.OFF
    still.wait(4)
    assert still.up("no_pulse").presence is Presence.ON


def test_it_looks_at_itself(still: AlarmBench) -> None:
    state = still.system.state
    key = (PATIENT, "no_pulse")
    state.alarms[key] = replace(state.alarms[key], covered_by="9-9")
    state.alarms[PATIENT, "extreme_bradycardia"] = replace(
        state.alarms[PATIENT, "extreme_bradycardia"], presence=Presence.ACKNOWLEDGED,
        acknowledged_until_ns=still.now.mono_ns + 1,
    )  # fmt: skip
    found = "\n".join(problems(state, still.system.definitions, still.now.mono_ns))
    assert "covered by 9-9, which is not up" in found
    assert "covered while it is acknowledged" in found


@pytest.mark.parametrize(
    ("covers", "fault"),
    [
        (("probe",), "covers itself"),
        (("unheard",), "covers 'unheard', which is not defined"),
        (("no_pulse",), "covers 'no_pulse', and not what that covers: pulse_rate_low, ppg_weak"),
    ],
)
def test_what_covers_what_is_checked(covers: tuple[str, ...], fault: str) -> None:
    with pytest.raises(AlarmError, match=fault):
        with_one(covers=covers)


def test_two_cannot_cover_each_other() -> None:
    standard = standard_conditions()
    fall = replace(standard["fall"], covers=("shed",))
    shed = replace(standard["shed"], covers=("fall",))
    rest = [each for name, each in standard.items() if name not in ("fall", "shed")]
    with pytest.raises(AlarmError, match="covers 'shed', and not what that covers: fall"):
        by_name([*rest, fall, shed])


def test_no_standard_condition_covers_what_it_must_not() -> None:
    standard = standard_conditions()
    apart = {
        "asystole": {"ventricular_fibrillation", "apnea", "fall", "spo2_low"},
        "ventricular_tachycardia": {"no_pulse", "ventricular_fibrillation", "asystole"},
        "ventricular_fibrillation": {"asystole", "apnea"},
        "apnea": {"severe_desaturation", "spo2_low"},
    }
    for name, others in apart.items():
        assert not others & set(standard[name].covers)
    for each in standard.values():  # nothing that is blind is hidden by what is seen
        covered = [standard[name] for name in each.covers]
        technical = {one.name for one in covered if one.kind is Kind.TECHNICAL}
        milder = (
            {each.name.replace("noise", "disturbed")} if each.name.endswith("_noise") else set()
        )
        assert technical <= {"ppg_weak"} | milder


def test_a_lead_that_becomes_noisy_is_one_alarm_with_the_disturbance_before_it() -> None:
    bench = AlarmBench()
    bench.see("ecg_disturbed")
    bench.wait(2)
    bench.see("ecg_noise")
    bench.wait(2)
    assert bench.up("ecg_disturbed").covered_by == bench.up("ecg_noise").id
    bench.see("ecg_noise", False)
    bench.wait(2)
    assert bench.up("ecg_disturbed").presence is Presence.ON


def test_a_severe_desaturation_covers_the_mild_one() -> None:
    bench = AlarmBench()
    bench.read(Vital.SPO2, 84)
    bench.wait(2)
    assert bench.lives("spo2_low") == ["declared", "covered"]
