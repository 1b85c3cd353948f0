"""Alarms told elsewhere: only a person's word counts as told."""

from dataclasses import replace

import pytest
from alarm_house import BOTH, HIGH, MEDIUM, PLAN, STEP_NS, WARD, House
from alarm_states import SECOND_NS, alarm, shown, state

from edgeward.alarm.delegation.plan import DelegationPlan, News
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Activation, Presence, Priority
from edgeward.errors import AlarmError


def test_an_alarm_is_offered_to_one_receiver_after_the_other() -> None:
    house = House()
    house.run(HIGH, 95)
    asked = [(each.what, each.peer, each.step, each.at_ns // SECOND_NS) for each in house.told]
    assert [each for each in asked if each[0] is not News.TAKEN_OVER] == [
        (News.OFFERED, "nurse", 0, 0),
        (News.ESCALATED, "station", 1, 30),
        (News.ESCALATED, "doctor", 2, 60),
        (News.UNANSWERED, "", 3, 90),
        (News.ESCALATED, "nurse", 3, 90),
    ]
    assert [len(house.there(name, News.ARRIVED)) for name in WARD] == [1, 1, 1]
    assert house.device.waiting() == ("1-1",)


def test_only_a_person_confirms_and_everyone_hears_of_it() -> None:
    house = House()
    house.run(HIGH, 40)  # it is known to have arrived, and to be shown
    assert house.of(News.CONFIRMED) == []
    house.ends["station"].confirm(1, "berta")
    house.ends["station"].confirm(1, "carl")  # who comes second changes nothing
    house.run(HIGH, 60)
    (confirmed,) = house.of(News.CONFIRMED)
    assert (confirmed.peer, confirmed.who, confirmed.alarm) == ("station", "berta", "1-1")
    assert house.device.waiting() == ()
    assert len(house.of(News.ESCALATED)) == 1  # nobody else is asked
    assert [each.who for each in house.there("nurse", News.CONFIRMED)] == ["berta"]
    assert house.ends["doctor"].items == ()
    assert [each.open for each in house.ends["nurse"].items] == [False]
    assert house.ends["nurse"].urgent is None


def test_a_confirmation_needs_a_name_and_something_that_is_listed() -> None:
    house = House()
    house.run(HIGH, 1)
    with pytest.raises(AlarmError) as refused:
        house.ends["nurse"].confirm(7, " ")
    assert refused.value.faults == (
        "delivery: found 7, listed: 1", "who: found nobody, accepted is a name",
    )  # fmt: skip
    with pytest.raises(AlarmError, match="listed: none"):
        house.ends["doctor"].confirm(1, "carl")  # who was not asked yet


def test_the_most_urgent_comes_first_wherever_it_stands() -> None:
    house = House()
    house.run(state([alarm(Priority.MEDIUM, 2), alarm(Priority.HIGH, 1)]), 31)
    assert [each.alarm for each in house.of(News.OFFERED)] == ["1-1", "1-2"]
    assert [each.alarm for each in house.of(News.ESCALATED)] == ["1-1", "1-2"]
    assert [each.priority for each in house.ends["nurse"].items] == [Priority.HIGH, Priority.MEDIUM]
    assert house.ends["nurse"].urgent is Priority.HIGH
    assert house.device.waiting() == ("1-1", "1-2")


def test_the_most_urgent_comes_first_even_if_it_came_last() -> None:
    house = House()
    house.step(MEDIUM)
    house.step(BOTH)
    house.run(BOTH, 1)
    assert [each.priority for each in house.ends["nurse"].items] == [Priority.HIGH, Priority.MEDIUM]
    assert house.device.waiting() == ("1-1", "1-2")


def test_what_is_low_or_calls_for_nobody_is_not_offered() -> None:
    house = House()
    quiet = [
        state([alarm(Priority.LOW)]),
        state([alarm(presence=Presence.ACKNOWLEDGED)]),
        state([alarm(presence=Presence.OFF)]),
        state([replace(shown(alarm(presence=Presence.LATCHED)), sounds=False)]),
        state([replace(shown(alarm(), Activation.OFF), lit=False)]),
    ]
    for each in quiet:
        house.run(each, 0.5)
    assert house.told == []
    house.run(state([shown(alarm(), Activation.PAUSED)]), 0.1)  # only its sound is away
    assert len(house.of(News.OFFERED)) == 1


def test_an_acknowledgement_at_the_device_settles_it_until_it_runs_out() -> None:
    house = House()
    house.run(HIGH, 10)
    house.run(state([alarm(presence=Presence.ACKNOWLEDGED)]), 100)
    assert len(house.of(News.SETTLED)) == 1
    assert house.of(News.ESCALATED) == []
    house.run(HIGH, 1)
    assert [each.delivery for each in house.of(News.OFFERED)] == [1, 2]


@pytest.mark.parametrize(
    "later",
    [state([alarm(occurrence=2)]), state([alarm(number=5)])],
    ids=["occurrence", "alarm"],
)
def test_what_was_confirmed_before_does_not_stand_for_a_new_one(later: SignalState) -> None:
    house = House()
    house.run(HIGH, 1)
    house.ends["nurse"].confirm(1, "anna")
    house.run(HIGH, 1)
    house.run(later, 31)
    assert house.device.waiting() == (later.shown[0].alarm.id,)
    assert len(house.of(News.ESCALATED)) == 1


def test_one_that_becomes_more_urgent_is_offered_anew_and_one_that_becomes_less_is_not() -> None:
    house = House()
    for priority in (Priority.MEDIUM, Priority.HIGH, Priority.MEDIUM):
        house.run(state([alarm(priority)]), 1)
        if house.device.waiting():
            house.ends["nurse"].confirm(house.ends["nurse"].items[0].delivery, "anna")
        house.run(state([alarm(priority)]), 1)
    assert [each.delivery for each in house.of(News.CONFIRMED)] == [1, 2]
    assert house.device.waiting() == ()


def test_an_alarm_that_ends_is_over_everywhere() -> None:
    house = House()
    house.run(BOTH, 35)
    house.run(MEDIUM, 1)
    assert [each.alarm for each in house.of(News.OVER)] == ["1-1"]
    assert [each.alarm for each in house.there("station", News.OVER)] == ["1-1"]
    house.run(state(), 1)
    assert all(end.items == () for end in house.ends.values())


def test_a_receiver_that_cannot_be_reached_does_not_cost_its_time() -> None:
    house = House()
    house.cut(["nurse"])
    house.run(HIGH, 6)
    (asked,) = house.of(News.ESCALATED)
    assert asked.peer == "station"
    assert asked.at_ns <= PLAN.refresh_ns + STEP_NS
    house.run(HIGH, 20)
    assert len(house.of(News.ESCALATED)) == 1  # the next one has its time in full


def test_when_nobody_can_be_reached_the_steps_keep_their_time() -> None:
    house = House()
    house.cut()
    house.run(HIGH, 91)
    assert [each.step for each in house.of(News.ESCALATED)] == [1, 2, 3]
    assert len(house.of(News.UNANSWERED)) == 1


def test_a_receiver_who_was_not_asked_or_names_nobody_confirms_nothing() -> None:
    house = House()
    house.run(HIGH, 1)
    for name, who in (("doctor", "carl"), ("nurse", " ")):
        answer = house.ends[name].outgoing(house.now_ns + SECOND_NS, able=True)[0]
        house.device.receive({**answer, "confirmed": [[1, who], [77, "x"]]}, house.now_ns)
    assert house.of(News.CONFIRMED) == []
    assert house.device.waiting() == ("1-1",)


def test_a_plan_is_refused_with_every_fault() -> None:
    with pytest.raises(AlarmError) as refused:
        DelegationPlan(("a", "a", ""), 0, 0, 0, (Priority.LOW,))
    assert [each.partition(",")[0] for each in refused.value.faults] == [
        "receivers: found 'a' twice", "receivers: found ''", "refresh_ns: found 0",
        "confirm_ns: found 0", "delay_ns_max: found 0", "delegable: found low",
    ]  # fmt: skip
    with pytest.raises(AlarmError, match="receivers: found none"):
        DelegationPlan(())
