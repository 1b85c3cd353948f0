"""Priorities follow from risk; definitions that cannot be are refused; the standard set holds."""

import itertools
from pathlib import Path

import pytest

from edgeward.alarm.alarm_limits import Side
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.risk import PRIORITIES, Harm, Onset
from edgeward.alarm.standard_conditions import (
    ALARM_SYSTEM_FAULT,
    LINK_LOST,
    SEVERE_DESATURATION,
    by_name,
    defect_condition,
    limit_condition,
    sign_condition,
    standard_conditions,
)
from edgeward.alarm.vocabulary import Kind, Latching, Level, Priority
from edgeward.errors import AlarmError
from edgeward.process.technical import Condition
from edgeward.profile import load_profile
from edgeward.signal.channel import Signal
from edgeward.signal.findings import Reason, Sign, Vital

STANDARD = standard_conditions()
PROFILE_FILES = Path(__file__).parents[2] / "device_profiles"


def test_every_risk_has_a_priority() -> None:  # A1
    assert set(PRIORITIES) == set(itertools.product(Harm, Onset))


@pytest.mark.parametrize("harm", Harm)
def test_what_comes_sooner_is_never_less_urgent(harm: Harm) -> None:
    ranks = [PRIORITIES[harm, onset].rank for onset in Onset]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("onset", Onset)
def test_what_is_worse_is_never_less_urgent(onset: Onset) -> None:
    ranks = [PRIORITIES[harm, onset].rank for harm in Harm]
    assert ranks == sorted(ranks)


def lethal(**changed: object) -> ConditionDefinition:
    given = {
        "name": "x", "kind": Kind.PHYSIOLOGICAL, "harm": Harm.DEATH_OR_IRREVERSIBLE,
        "onset": Onset.IMMEDIATE, "life_threatening": True, "may_switch_off": False,
        "latching": Latching.FULL,
    }  # fmt: skip
    return ConditionDefinition(**{**given, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"condition_delay_ns": 1}, "HIGH priority has no delay"),
        ({"signal_delay_ns": SECOND_NS}, "HIGH priority has no delay"),
        ({"condition_delay_ns": -1}, "condition_delay_ns is -1"),
        ({"signal_delay_ns": 31 * SECOND_NS}, "accepted are 0 to 30000000000"),
        ({"clear_delay_ns": 11 * SECOND_NS}, "clear_delay_ns"),
        ({"may_switch_off": True}, "cannot be switched off"),
        ({"latching": Latching.NONE}, "latches in full"),
        ({"onset": Onset.DELAYED}, "is of HIGH priority"),
        ({"critical_onset": Onset.DELAYED}, "critical level is less urgent"),
        ({"acknowledge_ns": 121 * SECOND_NS}, "acknowledge_ns"),
        ({"acknowledge_ns": 0}, "acknowledge_ns"),
        ({"escalates_after_ns": 0}, "escalates_after_ns"),
        ({"kind": Kind.TECHNICAL}, "technical condition never latches"),
        ({"name": "Not A Name"}, "like_this"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(changed: dict[str, object], said: str) -> None:
    assert lethal().priority is Priority.HIGH
    with pytest.raises(AlarmError, match=said):
        lethal(**changed)


def test_every_fault_of_a_definition_is_told_at_once() -> None:
    with pytest.raises(AlarmError) as refused:
        lethal(may_switch_off=True, clear_delay_ns=-1, acknowledge_ns=-5)
    assert len(refused.value.faults) == 3


def test_two_definitions_of_one_name_are_refused() -> None:
    with pytest.raises(AlarmError, match="defined twice"):
        by_name([lethal(), lethal()])


def test_whatever_is_found_in_a_signal_has_a_condition() -> None:
    names = {sign_condition(sign) for sign in Sign}
    names |= {limit_condition(*each) for each in itertools.product(Vital, Side, Level)}
    names |= {
        defect_condition(signal, defect)
        for signal, defect in itertools.product(Signal, Reason)
        if defect is not Reason.LEARNING
    }
    assert names <= set(STANDARD)


def test_whatever_is_wrong_with_the_device_has_a_condition() -> None:  # known fault 24
    names = {condition.value for condition in Condition}
    assert names | {LINK_LOST, ALARM_SYSTEM_FAULT, "battery_low"} <= set(STANDARD)
    assert all(STANDARD[name].kind is Kind.TECHNICAL for name in names)


NEVER_OFF = [
    sign_condition(Sign.ASYSTOLE),
    sign_condition(Sign.VENTRICULAR_FIBRILLATION),
    sign_condition(Sign.VENTRICULAR_TACHYCARDIA),
    sign_condition(Sign.APNEA),
    sign_condition(Sign.NO_PULSE),
    SEVERE_DESATURATION,
]


@pytest.mark.parametrize("name", NEVER_OFF)
def test_what_kills_cannot_be_switched_off_or_delayed(name: str) -> None:  # A6, A13
    definition = STANDARD[name]
    assert definition.priority is Priority.HIGH
    assert not definition.may_switch_off
    assert definition.delays_at(Level.WARNING) == (0, 0)
    assert definition.latching is Latching.FULL


@pytest.mark.parametrize("name", ["heart_rate_low", "heart_rate_high", "pulse_rate_low"])
def test_the_limits_of_a_heart_rate_are_not_delayed(name: str) -> None:  # A6
    assert STANDARD[name].delays_at(Level.WARNING) == (0, 0)


PROFILES = ["wearable", "bedside_monitor", "portable_device", "gateway", "workstation"]


@pytest.mark.parametrize("name", PROFILES)
def test_delays_stay_inside_what_every_profile_promises(name: str) -> None:
    promised = load_profile(name, [PROFILE_FILES]).profile.alarm
    for definition in STANDARD.values():
        for level in Level:
            within_ms = {
                Priority.HIGH: promised.high_delay_ms,
                Priority.MEDIUM: promised.medium_delay_ms,
                Priority.LOW: promised.low_delay_ms,
            }[definition.priority_at(level)]
            assert sum(definition.delays_at(level)) <= within_ms * 1_000_000  # A5: both disclosed


def test_technical_conditions_never_latch() -> None:  # A7
    technical = [each for each in STANDARD.values() if each.kind is Kind.TECHNICAL]
    assert technical
    assert all(
        each.latching_of(priority) is Latching.NONE for each in technical for priority in Priority
    )


def test_what_latches_follows_the_priority() -> None:  # A7
    definition = STANDARD["heart_rate_high"]
    assert [definition.latching_of(priority) for priority in Priority] == [
        Latching.FULL, Latching.VISUAL, Latching.NONE,
    ]  # fmt: skip


def test_every_condition_has_words_for_a_person() -> None:
    assert all(definition.text for definition in STANDARD.values())
