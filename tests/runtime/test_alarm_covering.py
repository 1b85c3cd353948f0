"""One alarm for one happening: what a condition covers is listed, and makes no signal of its own.

Beside a system without covering: never is anything heard that is less urgent than there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from alarm_bench import PATIENT, AlarmBench, with_one
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edgeward.alarm.change import Alarm, What
from edgeward.alarm.definition import COVERED_AFTER_NS, SECOND_NS, ConditionDefinition
from edgeward.alarm.signals import Shown, SignalState
from edgeward.alarm.standard_conditions import by_name, standard_conditions
from edgeward.alarm.system.self_check import problems
from edgeward.alarm.vocabulary import Inactivation, Kind, Latching, Level, Presence, Priority
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


def _with_a_fall_that_covers() -> Mapping[str, ConditionDefinition]:
    """The standard conditions, and one that may be switched off covers one that may not."""
    standard = standard_conditions()
    fall = replace(standard["fall"], covers=("apnea", "respiration_rate_low"))
    return by_name([*(each for each in standard.values() if each.name != "fall"), fall])


def test_what_can_be_silenced_covers_nothing_that_cannot() -> None:
    bench = AlarmBench(_with_a_fall_that_covers())
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
    off = replace(standard["ecg_lead_off"], covers=("ecg_noise",), escalates_after_ns=None)
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
        assert {one.name for one in covered if one.kind is Kind.TECHNICAL} <= {"ppg_weak"}


CONDITIONS = st.sampled_from(
    ["asystole", "ventricular_fibrillation", "ventricular_tachycardia", "extreme_bradycardia",
     "no_pulse", "pause", "heart_rate_low", "pulse_rate_low", "ppg_weak", "fall"]
)  # fmt: skip
PAIRS = [
    ("asystole", "no_pulse"), ("asystole", "pause"), ("ventricular_fibrillation", "no_pulse"),
    ("fall", "apnea"), ("extreme_bradycardia", "heart_rate_low"),
    ("heart_rate_low", "pulse_rate_low"),
]  # fmt: skip
ACTIONS = ["audio_pause", "alarm_pause", "audio_off", "alarm_off", "resume", "acknowledge_all"]


class Beside(RuleBasedStateMachine):
    """The same happens to two alarm systems; in one of them nothing covers anything."""

    def __init__(self) -> None:
        super().__init__()
        known = _with_a_fall_that_covers()
        alone = by_name(replace(each, covers=()) for each in known.values())
        self.covering, self.plain = AlarmBench(known), AlarmBench(alone)
        self.both = (self.covering, self.plain)

    @rule(
        condition=CONDITIONS,
        present=st.sampled_from([True, True, True, False, None]),
        source=st.sampled_from(["one", "two"]),
        level=st.sampled_from(Level),
    )
    def observe(self, condition: str, present: bool | None, source: str, level: Level) -> None:
        for bench in self.both:
            bench.see(condition, present, source=source, level=level)

    @rule(
        pair=st.sampled_from(PAIRS),
        source=st.sampled_from(["one", "two"]),
        act=st.sampled_from([None, None, "audio_pause", "audio_off"]),
    )
    def happen(self, pair: tuple[str, str], source: str, act: str | None) -> None:
        """What covers, and what it covers: what chance alone brings together too seldom."""
        for condition in pair:
            self.observe(condition, True, source, Level.WARNING)
            if act is not None and condition == pair[0]:
                self.act(act)

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 5.0, 30.0, 120.0]))
    def wait(self, seconds: float) -> None:
        until_ns = self.covering.now.mono_ns + round(seconds * SECOND_NS)
        while self.covering.now.mono_ns < until_ns:
            next_ns = min(until_ns, *(max(b.system.next_ns, b.now.mono_ns + 1) for b in self.both))
            for bench in self.both:
                bench.wait((next_ns - bench.now.mono_ns) / SECOND_NS)
            self.never_less_urgent()

    @precondition(lambda self: self.plain.system.alarms)
    @rule(data=st.data(), reset=st.booleans())
    def answer(self, data: Any, reset: bool) -> None:
        condition = data.draw(st.sampled_from(self.plain.system.alarms)).condition
        for bench in self.both:
            alarm = bench.alarm(condition)
            if alarm is None:
                continue
            if reset and (alarm.presence is Presence.LATCHED or alarm.undecided):
                bench.by().reset(alarm.id)
            elif not reset and (alarm.presence is Presence.ON or alarm.covered_by):
                bench.by().acknowledge(alarm.id)

    @precondition(lambda self: any(each.covered_by for each in self.covering.system.alarms))
    @rule(data=st.data())
    def answer_what_covers(self, data: Any) -> None:
        covering = {each.covered_by for each in self.covering.system.alarms} - {None}
        id_ = data.draw(st.sampled_from(sorted(str(each) for each in covering)))
        (condition,) = [each.condition for each in self.covering.system.alarms if each.id == id_]
        for bench in self.both:
            alarm = bench.up(condition)
            over = alarm.presence is Presence.LATCHED
            (bench.by().reset if over else bench.by().acknowledge)(alarm.id)

    @rule(action=st.sampled_from(ACTIONS))
    def act(self, action: str) -> None:
        for bench in self.both:
            off = bench.system.state.scope(PATIENT).inactivation is Inactivation.NONE
            if action != "resume" or not off:
                getattr(bench.by(), action)(PATIENT)

    @rule(condition=CONDITIONS)
    def switch(self, condition: str) -> None:
        for bench in self.both:
            if condition in bench.system.state.scope(PATIENT).switched_off:
                bench.by().switch_on(PATIENT, condition)
            elif bench.system.definitions[condition].may_switch_off:
                bench.by().switch_off(PATIENT, condition)

    @rule(out_s=st.sampled_from([0.0, 1.0, 60.0]), jump_s=st.sampled_from([0.0, -50.0]))
    def crash(self, out_s: float, jump_s: float) -> None:
        for bench in self.both:
            bench.crash(out_s=out_s, wall_jump_s=jump_s)

    @invariant()
    def never_less_urgent(self) -> None:
        """Of what holds, and of what both have signalled."""
        ours, theirs = self.covering.signals, self.plain.signals
        signalled = {
            alarm.condition
            for alarm in self.covering.system.alarms
            if alarm.presence is not Presence.OFF
        }
        there = [
            each
            for each in theirs.shown
            if each.alarm.holds or each.alarm.condition in signalled
        ]  # fmt: skip
        for wanted, given in (
            ([each.alarm.priority for each in there if each.sounds], ours.audible),
            ([each.alarm.priority for each in there if each.lit], ours.visible),
        ):
            for priority in wanted:
                assert given is not None, priority
                assert not priority.above(given)

    @invariant()
    def all_that_holds_is_listed(self) -> None:
        ours = {each.alarm.condition: each.alarm for each in self.covering.signals.shown}
        for alarm in self.plain.system.alarms:
            if alarm.holds and alarm.presence is not Presence.OFF:
                assert ours[alarm.condition].holds

    @invariant()
    def whoever_is_covered_is_so_by_what_is_heard_in_its_place(self) -> None:
        signals, system = self.covering.signals, self.covering.system
        shown = {each.alarm.id: each for each in signals.shown}
        for each in signals.shown:
            if each.alarm.covered_by is not None:
                self.stands_in(shown[each.alarm.covered_by], each, signals)
        assert problems(system.state, system.definitions, self.covering.now.mono_ns) == ()

    def stands_in(self, cover: Shown, covered: Shown, signals: SignalState) -> None:
        own = self.covering.system.definitions[cover.alarm.condition]
        paused = self.covering.system.state.scope(PATIENT).inactivation
        assert covered.alarm.condition in own.covers
        assert not covered.alarm.priority.above(cover.alarm.priority)
        assert not covered.sounds
        assert cover.sounds or paused is not Inactivation.NONE
        if cover.alarm.presence is not Presence.ON:
            assert own.latching_of(cover.alarm.worst) is Latching.FULL
            until_ns = covered.alarm.covered_until_ns
            assert until_ns is not None
            assert until_ns - self.covering.now.mono_ns <= COVERED_AFTER_NS
        assert signals.shown.index(cover) < signals.shown.index(covered)

    @invariant()
    def what_ends_without_a_signal_was_covered(self) -> None:
        lives: dict[str, list[tuple[What, Alarm]]] = {}
        for entry in self.covering.entries:
            if entry.alarm is not None:
                lives.setdefault(entry.alarm.id, []).append((entry.what, entry.alarm))
        for life in lives.values():
            what, last = life[-1]
            delayed = self.covering.system.definitions[last.condition].priority is not Priority.HIGH
            if what is What.ENDED and last.signalled_ns is None and not delayed:
                assert What.COVERED in {each for each, _ in life}


@pytest.mark.parametrize(
    ("runs", "steps"), [(20, 30), pytest.param(400, 60, marks=pytest.mark.slow)]
)
def test_nothing_is_heard_less_urgently_for_being_covered(runs: int, steps: int) -> None:
    campaign = settings(max_examples=runs, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(Beside, settings=campaign)


def test_a_severe_desaturation_covers_the_mild_one() -> None:
    bench = AlarmBench()
    bench.read(Vital.SPO2, 84)
    bench.wait(2)
    assert bench.lives("spo2_low") == ["declared", "covered"]
