"""The alarm system looks at itself: what cannot be is found, and a whole state is left alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from alarm_bench import PATIENT, AlarmBench

from edgeward.alarm.change import AlarmChange
from edgeward.alarm.definition import SECOND_NS
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.system.self_check import problems
from edgeward.alarm.system.state import State
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Inactivation, Presence, Priority
from edgeward.errors import AlarmError

LETHAL = (PATIENT, "asystole")
NOISY = (PATIENT, "ecg_noise")


def busy() -> AlarmBench:
    bench = AlarmBench()
    bench.see("asystole")
    bench.see("ecg_noise")
    bench.wait(2)
    bench.by().acknowledge(bench.up("asystole").id)
    bench.by().audio_pause(PATIENT)
    return bench


def alarm(key: tuple[str, str], **changed: object) -> Callable[[State], None]:
    def damage(state: State) -> None:
        state.alarms[key] = replace(state.alarms[key], **changed)  # type: ignore[arg-type]

    return damage


def scope(**changed: object) -> Callable[[State], None]:
    def damage(state: State) -> None:
        state.scopes[PATIENT] = replace(state.scope(PATIENT), **changed)  # type: ignore[arg-type]

    return damage


def swap(state: State) -> None:
    state.alarms[PATIENT, "pause"] = state.alarms[LETHAL]


def unheard(state: State) -> None:
    del state.given[PATIENT]


DAMAGED = [
    (alarm(LETHAL, acknowledged_until_ns=None), "acknowledged without an end"),
    (alarm(NOISY, acknowledged_until_ns=50 * SECOND_NS), "acknowledged without an end"),
    (alarm(LETHAL, acknowledged_until_ns=SECOND_NS), "acknowledged until 1000000000"),
    (alarm(LETHAL, acknowledged_until_ns=130 * SECOND_NS), "acknowledged until 130000000000"),
    (alarm(LETHAL, holds=False), "acknowledged while its condition is over"),
    (alarm(NOISY, presence=Presence.LATCHED), "latched while its condition holds"),
    (alarm(NOISY, presence=Presence.LATCHED, holds=False), "latched, which it never does"),
    (alarm(NOISY, condition="fever"), "condition fever is not defined"),
    (alarm(NOISY, id="1-1"), "two alarms have one id"),
    (swap, "filed under another condition"),
    (scope(until_ns=None), "audio_paused without an end"),
    (scope(inactivation=Inactivation.NONE), "none without an end"),
    (scope(until_ns=SECOND_NS), "audio_paused until 1000000000"),
    (scope(until_ns=130 * SECOND_NS), "audio_paused until 130000000000"),
    (unheard, "what is given is not what should be"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGED, ids=[said for _, said in DAMAGED])
def test_what_cannot_be_is_found_and_told(damage: Callable[[State], None], said: str) -> None:
    bench = busy()
    system = bench.system
    assert problems(system.state, system.definitions, bench.now.mono_ns) == ()
    damage(system.state)
    found = problems(system.state, system.definitions, bench.now.mono_ns)
    assert any(said in each for each in found)


def test_what_is_found_is_an_alarm_of_high_priority() -> None:
    bench = AlarmBench()
    bench.see("asystole")
    bench.system.state.alarms[LETHAL] = replace(bench.up("asystole"), holds=False)
    bench.system.advance(Moment(10 * SECOND_NS, 1))
    assert bench.system.signals(None).audible is Priority.HIGH
    assert "while its condition is over" in bench.up("alarm_system_fault", None).text


def test_whoever_is_told_may_fail_and_the_alarm_sounds_and_the_failure_is_an_alarm() -> None:
    told: list[AlarmChange] = []
    full = True

    def tell(entry: AlarmChange) -> None:
        if full:
            raise OSError("disk full")
        told.append(entry)

    def fault() -> Presence | None:
        found = [each for each in system.alarms if each.condition == "alarm_system_fault"]
        return found[0].presence if found else None

    system = AlarmSystem(epoch=1, now=Moment(0, 0), tell=tell)
    system.observe(Observation("p", "pause", True, 0), Moment(1, 1))
    assert system.signals("p").audible is Priority.MEDIUM
    system.advance(Moment(10 * SECOND_NS, 1))
    assert fault() is Presence.ON
    full = False
    system.advance(Moment(20 * SECOND_NS, 1))  # those that told the fault were not told either
    system.advance(Moment(30 * SECOND_NS, 1))
    system.advance(Moment(33 * SECOND_NS, 1))
    assert fault() is None
    assert told


def test_it_looks_when_it_starts_and_never_less_often_than_it_says() -> None:  # A17
    bench = AlarmBench()
    assert bench.system.last_self_check_ns == 0
    for _ in range(50):
        bench.wait(7)
        assert bench.now.mono_ns - bench.system.last_self_check_ns <= 10 * SECOND_NS


def test_a_fault_of_the_sounder_told_from_outside_is_the_same_condition() -> None:  # A17
    bench = AlarmBench()
    bench.see("alarm_system_fault", patient=None, source="sounder", text="no current")
    bench.wait(60)  # the self-check finds nothing, which does not end what the sounder found
    assert bench.up("alarm_system_fault", None).holds
    bench.see("alarm_system_fault", False, patient=None, source="sounder")
    bench.wait(3)
    assert not bench.system.alarms


def test_definitions_without_a_word_for_its_own_fault_are_refused_before_anything_is_told() -> None:
    told: list[AlarmChange] = []
    with pytest.raises(AlarmError, match="alarm_system_fault"):
        AlarmSystem(epoch=1, now=Moment(0, 0), tell=told.append, definitions={})
    assert not told
