"""Beside a system without covering, never is anything heard that is less urgent than there.

`EDGEWARD_ALARM_RUNS` says how many lives are tried; `make campaign` tries four hundred.
"""

import os
from dataclasses import replace
from typing import Any

import pytest
from alarm_bench import PATIENT, AlarmBench, with_a_fall_that_covers
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
from edgeward.alarm.definition import COVERED_AFTER_NS, SECOND_NS
from edgeward.alarm.signals import Shown, SignalState
from edgeward.alarm.standard_conditions import by_name
from edgeward.alarm.system.self_check import problems
from edgeward.alarm.vocabulary import Inactivation, Latching, Level, Presence, Priority

RUNS = int(os.environ.get("EDGEWARD_ALARM_RUNS", "100"))
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
        known = with_a_fall_that_covers()
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
    ("runs", "steps"), [(10, 30), pytest.param(RUNS, 60, marks=pytest.mark.slow)]
)
def test_nothing_is_heard_less_urgently_for_being_covered(runs: int, steps: int) -> None:
    campaign = settings(max_examples=runs, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(Beside, settings=campaign)
