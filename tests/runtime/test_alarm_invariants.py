"""Whatever happens in whatever order: the rules of conditions and signals, after BICEPS.

The machine drives an alarm system with observations, time, operators and outages, and looks at all
rules after each step. Its entries, written as JSON and read back, build a second state beside the
live one; both are equal at every step. `EDGEWARD_ALARM_RUNS` says how many lives are tried;
`make campaign` tries four hundred.
"""

import json
import os
from typing import Any

import pytest
from alarm_bench import AlarmBench
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edgeward.alarm.alarm_limits import VitalLimits
from edgeward.alarm.change import AlarmChange, What
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.signals import Shown
from edgeward.alarm.system.self_check import PERIOD_NS, problems
from edgeward.alarm.system.state import State
from edgeward.alarm.vocabulary import (
    Activation,
    Category,
    Inactivation,
    Latching,
    Level,
    Presence,
    Priority,
)
from edgeward.errors import AlarmError
from edgeward.signal.findings import UNITS, Vital

RUNS = int(os.environ.get("EDGEWARD_ALARM_RUNS", "100"))
PATIENTS = st.sampled_from(["a", "b"])
CONDITIONS = st.sampled_from(
    ["asystole", "apnea", "pause", "no_pulse", "fall", "heart_rate_high", "ecg_lead_off", "shed"]
)
SOURCES = st.sampled_from(["one", "two"])
SECONDS = st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, 30.0, 119.0, 121.0])
VALUES = st.sampled_from([None, float("nan"), 20, 45, 80, 119, 120, 121, 151, 300])
VITALS = st.sampled_from([Vital.SPO2, Vital.RESPIRATION_RATE])
ACTIONS = ["audio_pause", "alarm_pause", "audio_off", "alarm_off", "resume", "discharge"]


class AlarmMachine(RuleBasedStateMachine):
    """An alarm system, and beside it what its entries say."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = AlarmBench()
        self.told = 0
        self.shadow = State()
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.sees: dict[tuple[str, str, str], bool | None] = {}

    @rule(
        patient=PATIENTS,
        condition=CONDITIONS,
        present=st.sampled_from([True, True, False, None]),
        source=SOURCES,
        level=st.sampled_from(Level),
    )
    def observe(
        self, patient: str, condition: str, present: bool | None, source: str, level: Level
    ) -> None:
        self.bench.see(condition, present, patient=patient, source=source, level=level)
        self.sees[patient, condition, source] = present

    @rule(
        patient=PATIENTS, vital=st.sampled_from([Vital.SPO2, Vital.RESPIRATION_RATE]), value=VALUES
    )
    def read(self, patient: str, vital: Vital, value: float | None) -> None:
        self.bench.read(vital, value, patient)

    @rule(seconds=SECONDS, jump_s=st.sampled_from([0.0, 0.0, 3600.0, -3600.0]))
    def wait(self, seconds: float, jump_s: float) -> None:
        self.bench.wait(seconds, jump_s)

    @precondition(lambda self: self.bench.system.alarms)
    @rule(data=st.data(), reset=st.booleans())
    def answer(self, data: Any, reset: bool) -> None:
        alarm = data.draw(st.sampled_from(self.bench.system.alarms))
        act = self.bench.by().reset if reset else self.bench.by().acknowledge
        over = alarm.presence is Presence.LATCHED or alarm.undecided
        on = alarm.presence is Presence.ON or alarm.covered_by is not None
        if over if reset else on:
            act(alarm.id)
        else:
            self.refused(act, alarm.id)

    @rule(patient=PATIENTS, action=st.sampled_from(ACTIONS))
    def inactivate(self, patient: str, action: str) -> None:
        act = getattr(self.bench.by(), action)
        scope = self.bench.system.state.scope(patient)
        if action == "resume" and scope.inactivation is Inactivation.NONE:
            self.refused(act, patient)
            return
        act(patient)
        if action == "discharge":
            self.sees = {key: seen for key, seen in self.sees.items() if key[0] != patient}

    @rule(patient=PATIENTS, condition=CONDITIONS)
    def switch(self, patient: str, condition: str) -> None:
        operator, system = self.bench.by(), self.bench.system
        if condition in system.state.scope(patient).switched_off:
            operator.switch_on(patient, condition)
        elif system.definitions[condition].may_switch_off:
            operator.switch_off(patient, condition)
        else:
            self.refused(operator.switch_off, patient, condition)

    @rule(patient=PATIENTS, category=st.sampled_from(Category))
    def set_category(self, patient: str, category: Category) -> None:
        self.bench.by().set_category(patient, category)

    @rule(patient=PATIENTS, high=st.sampled_from([None, 25.0, 60.0]))
    def set_limits(self, patient: str, high: float | None) -> None:
        self.bench.by().set_limits(
            patient,
            Vital.RESPIRATION_RATE,
            VitalLimits(5, 8, high, None),
            UNITS[Vital.RESPIRATION_RATE],
        )

    @rule(
        out_s=st.sampled_from([0.0, 1.0, 60.0, 7200.0]),
        jump_s=st.sampled_from([0.0, 0.0, -50.0, -7200.0]),
    )
    def crash(self, out_s: float, jump_s: float) -> None:
        left = {
            scope.patient: scope.until_ns - self.bench.now.mono_ns
            for scope in self.bench.system.state.scopes.values()
            if scope.until_ns is not None
        }
        self.bench.crash(out_s=out_s, wall_jump_s=jump_s)
        self.sees = {}
        for mark in self.bench.signals.inactive:
            if mark.remaining_ns is not None:
                assert mark.remaining_ns <= left[mark.patient]

    def refused(self, act: Any, *given: object) -> None:
        before = len(self.bench.entries)
        try:
            act(*given)
        except AlarmError:
            assert len(self.bench.entries) == before
        else:
            raise AssertionError(f"{act.__name__}{given} was not refused")

    @invariant()
    def entries_add_up_to_the_state(self) -> None:
        for entry in self.bench.entries[self.told :]:
            again = AlarmChange.from_dict(json.loads(json.dumps(entry.to_dict())))
            assert again == entry
            if entry.epoch == self.shadow.epoch:
                assert entry.seq == self.shadow.seq + 1
                assert entry.at_ns >= self.shadow.at_ns
            self.shadow.apply(again)
            self.ids(entry)
        self.told = len(self.bench.entries)
        assert self.shadow == self.bench.system.state

    def ids(self, entry: AlarmChange) -> None:
        """One condition of one patient is one alarm with one id, never used again."""
        if entry.alarm is None:
            return
        id_ = entry.alarm.id
        assert id_ not in self.ended
        if entry.what is What.DECLARED and entry.alarm.occurrence == 1:
            assert id_ not in self.begun
        self.begun.add(id_)
        if entry.what in (What.ENDED, What.RESET):
            self.ended.add(id_)

    @invariant()
    def it_finds_nothing_wrong_with_itself_and_looks_often_enough(self) -> None:
        system, now_ns = self.bench.system, self.bench.now.mono_ns
        assert problems(system.state, system.definitions, now_ns) == ()
        assert now_ns - system.last_self_check_ns <= PERIOD_NS

    @invariant()
    def presence_follows_the_condition(self) -> None:
        for alarm in self.bench.system.alarms:
            definition = self.bench.system.definitions[alarm.condition]
            if alarm.presence is Presence.LATCHED:
                assert not alarm.holds
                assert definition.latching_of(alarm.worst) is not Latching.NONE
            else:
                assert alarm.holds  # acknowledged, on, or waiting for its signals

    @invariant()
    def what_is_seen_is_up_and_what_was_never_seen_is_not(self) -> None:
        alarms = {(alarm.patient, alarm.condition): alarm for alarm in self.bench.system.alarms}
        for (patient, condition, _), present in self.sees.items():
            definition = self.bench.system.definitions[condition]
            if present and definition.life_threatening:
                assert alarms[patient, condition].holds
                begun = alarms[patient, condition].signalled_ns is not None
                assert begun or alarms[patient, condition].covered_by is not None
                assert not alarms[patient, condition].undecided
        if not self.bench.told(What.DECLARED):
            assert not alarms

    @invariant()
    def whole_activation_is_that_of_its_signals(self) -> None:
        for patient in ("a", "b"):
            state = self.bench.system.signals(patient)
            settled = self.bench.system.state.scope(patient).inactivation
            for whole, each in (
                (state.audible_activation, [shown.audible for shown in state.shown]),
                (state.visible_activation, [shown.visible for shown in state.shown]),
            ):
                if each:
                    assert (whole is Activation.ON) == (Activation.ON in each)
                if whole is Activation.PAUSED:
                    assert set(each) <= {Activation.PAUSED, Activation.OFF}
                if whole is Activation.OFF:
                    assert set(each) <= {Activation.OFF}
            if settled is Inactivation.NONE:
                assert state.audible_activation is state.visible_activation is Activation.ON

    @invariant()
    def the_list_is_complete_and_in_order_and_the_first_is_heard(self) -> None:
        state, system = self.bench.signals, self.bench.system
        listed = {a.id for a in system.alarms if a.presence is not Presence.OFF or a.covered_by}
        assert {each.alarm.id for each in state.shown} == listed
        ranks = [each.alarm.priority.rank for each in state.shown]
        assert ranks == sorted(ranks)
        heard = [each for each in state.shown if each.sounds]
        assert state.audible_alarm == (heard[0].alarm.id if heard else None)
        assert state.audible == min(
            (each.alarm.priority for each in heard), key=lambda p: p.rank, default=None
        )

    @invariant()
    def what_kills_is_heard_unless_answered_or_paused_for_two_minutes(self) -> None:
        for shown in self.bench.signals.shown:
            if not self.bench.system.definitions[shown.alarm.condition].life_threatening:
                continue
            assert shown.alarm.priority is Priority.HIGH
            if shown.alarm.covered_by is not None:
                self.stood_in_for(shown)
                continue
            assert shown.lit
            scope = self.bench.system.state.scope(shown.alarm.patient)
            paused = scope.inactivation is Inactivation.AUDIO_PAUSED
            answered = shown.alarm.presence is Presence.ACKNOWLEDGED
            assert shown.sounds != (paused or answered)

    def stood_in_for(self, shown: Shown) -> None:
        """What covers what kills is heard and seen in its place, and stands for itself."""
        (cover,) = [
            each
            for each in self.bench.signals.shown
            if each.alarm.id == shown.alarm.covered_by and each.alarm.patient == shown.alarm.patient
        ]
        scope = self.bench.system.state.scope(shown.alarm.patient)
        assert cover.alarm.covered_by is None
        assert cover.alarm.priority is Priority.HIGH
        assert cover.lit
        assert cover.sounds != (scope.inactivation is Inactivation.AUDIO_PAUSED)

    @invariant()
    def nothing_is_silent_for_longer_than_two_minutes_by_a_pause(self) -> None:
        now_ns = self.bench.now.mono_ns
        for scope in self.bench.system.state.scopes.values():
            if scope.until_ns is not None:
                assert now_ns < scope.until_ns <= now_ns + 120 * SECOND_NS
        for alarm in self.bench.system.alarms:
            if alarm.acknowledged_until_ns is not None:
                assert now_ns < alarm.acknowledged_until_ns <= now_ns + 120 * SECOND_NS

    @invariant()
    def every_inactivation_is_marked(self) -> None:
        marked = {mark.patient: mark.state for mark in self.bench.signals.inactive}
        for scope in self.bench.system.state.scopes.values():
            if scope.inactivation is not Inactivation.NONE:
                assert marked[scope.patient] is scope.inactivation

    @invariant()
    def memory_is_bounded_by_what_is_up_or_seen(self) -> None:
        core = self.bench.system._core
        seen = {key[:2] for key, present in self.sees.items() if present is not False}
        vitals = 2 * 6
        assert len(core._watches) <= len(core.state.alarms) + len(seen) + vitals


@pytest.mark.parametrize(
    ("runs", "steps"), [(10, 30), pytest.param(RUNS, 60, marks=pytest.mark.slow)]
)
def test_the_rules_hold_whatever_happens(runs: int, steps: int) -> None:
    campaign = settings(max_examples=runs, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(AlarmMachine, settings=campaign)
