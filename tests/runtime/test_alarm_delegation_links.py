"""The links of delegated alarms: in doubt it sounds here, and a lost link is told at both ends."""

from collections import Counter
from dataclasses import replace

import pytest
from alarm_house import BOTH, HIGH, MEDIUM, PLAN, STEP_NS, WARD, House
from alarm_states import SECOND_NS, alarm, state
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.alarm.delegation.local import Delays, LocalEnd
from edgeward.alarm.delegation.messages import Item, Offer, to_message
from edgeward.alarm.delegation.plan import DelegationPlan, Event, News
from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError


@pytest.mark.parametrize("way", ["out", "back", "both"])
def test_a_lost_link_is_told_at_both_ends_within_t_and_is_told_when_it_is_back(way: str) -> None:
    house = House()
    house.run(state(), 10)
    assert house.told == []
    house.cut(["station"], out=way != "back", back=way != "out")
    house.run(state(), 5)
    (here,) = house.of(News.LINK_LOST)
    (there,) = house.there("station", News.LINK_LOST)
    assert here.peer == "station"
    assert there.peer == "bed"
    for event in (here, there):  # each within T of the last message that was heard
        assert event.at_ns <= 10 * SECOND_NS + PLAN.refresh_ns + STEP_NS
    assert house.device.lost(house.now_ns) == ("station",)
    assert house.ends["station"].lost(house.now_ns)
    house.cut(["station"], out=False, back=False)
    house.run(state(), 3)
    assert [each.peer for each in house.of(News.LINK_BACK)] == ["station"]
    assert len(house.there("station", News.LINK_BACK)) == 1
    assert house.device.lost(house.now_ns) == ()


def test_a_link_that_never_was_is_lost_too() -> None:
    house = House()
    house.cut()
    house.run(state(), 5)
    assert [each.peer for each in house.of(News.LINK_LOST)] == list(WARD)
    assert all(len(house.there(name, News.LINK_LOST)) == 1 for name in WARD)


def sounds_here(house: House, given_state: SignalState) -> bool:
    return house.device.local(given_state, house.now_ns).audible is not None


def test_the_sound_is_left_to_a_remote_end_only_while_it_confirms() -> None:
    house = House()
    assert sounds_here(house, HIGH)
    house.run(HIGH, 1)
    assert not sounds_here(house, HIGH)
    assert house.device.local(HIGH, house.now_ns).visible is Priority.HIGH
    assert [each.peer for each in house.of(News.TAKEN_OVER)] == ["nurse"]
    house.able.clear()  # its loudspeaker has failed
    house.run(HIGH, 2)
    assert sounds_here(house, HIGH)
    assert [each.peer for each in house.of(News.RESTORED)] == ["nurse"]
    house.able.update(WARD)
    house.run(HIGH, 2)
    assert not sounds_here(house, HIGH)
    house.cut()
    last_ns = house.now_ns
    while not sounds_here(house, HIGH):
        house.step(HIGH)
    assert house.now_ns - last_ns <= PLAN.refresh_ns + STEP_NS
    house.run(HIGH, 0.2)
    assert [each.peer for each in house.of(News.RESTORED)] == ["nurse", "nurse"]
    house.cut(out=False, back=False)
    house.run(HIGH, 2)
    assert not sounds_here(house, HIGH)  # taken over anew


def test_time_alone_brings_the_sound_back() -> None:
    house = House()
    house.run(HIGH, 1)
    later_ns = house.now_ns + PLAN.refresh_ns  # nothing was called in between
    assert house.device.local(HIGH, later_ns).audible is Priority.HIGH


def test_a_new_alarm_sounds_here_whatever_is_sounded_elsewhere() -> None:
    house = House()
    house.run(HIGH, 1)
    for new in (state([alarm(occurrence=2)]), state([alarm(number=9), alarm()])):
        assert sounds_here(house, new)
    house.run(MEDIUM, 1)
    assert sounds_here(house, state([alarm(Priority.HIGH, 2)]))


def test_nothing_is_left_to_a_remote_end_unless_it_is_settled() -> None:
    house = House(DelegationPlan(WARD))
    house.run(HIGH, 2)
    assert house.device.local(HIGH, house.now_ns) == HIGH
    assert house.of(News.TAKEN_OVER) == []


def test_the_delay_to_a_remote_end_is_measured() -> None:
    house = House(delay_ns=SECOND_NS, seed=3)
    for number in range(1, 30):
        house.run(state([alarm(number=number)]), 3)
    quick = house.device.delays
    assert 20 <= quick.count <= 29
    assert 0 < quick.longest_ns <= 3 * SECOND_NS
    house.cut()
    house.run(HIGH, 3)
    house.cut(out=False, back=False)
    house.run(HIGH, 4)
    assert house.device.delays.late == quick.late + 1
    assert House().device.delays == Delays()


def test_a_device_that_starts_anew_is_understood_at_once() -> None:
    house = House()
    house.run(HIGH, 2)
    house.ends["nurse"].confirm(1, "anna")
    house.device = LocalEnd("bed", PLAN, 2, house.now_ns)
    house.run(HIGH, 2)
    assert house.of(News.CONFIRMED) == []  # its number 1 is another one
    assert [each.alarm for each in house.there("nurse", News.OVER)] == ["1-1"]
    assert len(house.there("nurse", News.ARRIVED)) == 2
    assert house.device.waiting() == ("1-1",)


def test_an_answer_to_the_boot_before_confirms_nothing() -> None:
    house = House()
    house.run(HIGH, 2)
    house.ends["nurse"].confirm(1, "anna")
    (answer,) = house.ends["nurse"].outgoing(house.now_ns, able=True)
    again = LocalEnd("bed", PLAN, 2, house.now_ns)
    again.take(HIGH, house.now_ns)
    assert again.receive(answer, house.now_ns) == ()
    assert again.waiting() == ("1-1",)
    assert again.local(HIGH, house.now_ns) == HIGH


def test_a_remote_end_that_starts_anew_takes_over_anew() -> None:
    house = House()
    house.run(HIGH, 2)
    house.ends["nurse"] = RemoteEnd("nurse", "bed", PLAN.refresh_ns, 2, house.now_ns)
    house.run(HIGH, 2)
    assert not sounds_here(house, HIGH)
    assert len(house.there("nurse", News.ARRIVED)) == 2
    assert house.of(News.LINK_LOST) == []


def test_a_device_whose_boot_count_was_lost_is_heard_after_t() -> None:
    house = House()
    house.device = LocalEnd("bed", PLAN, 9, 0)
    house.run(HIGH, 2)
    house.device = LocalEnd("bed", PLAN, 1, house.now_ns)
    house.run(HIGH, 2 * PLAN.refresh_ns / SECOND_NS)
    assert house.device.lost(house.now_ns) == ()
    assert [each.alarm for each in house.ends["nurse"].items] == ["1-1"]


def test_an_older_message_changes_nothing() -> None:
    end = RemoteEnd("nurse", "bed", PLAN.refresh_ns, 1, 0)

    def offer(seq: int, *numbers: int) -> object:
        items = tuple(
            Item(n, f"1-{n}", Priority.HIGH, None, "asystole", "", True, "") for n in numbers
        )
        return to_message(Offer("bed", "nurse", (1, seq), (0, 0), items))

    assert [each.what for each in end.receive(offer(2, 1), 0)] == [News.ARRIVED]
    for old in (offer(1), offer(2), offer(2, 5)):
        assert end.receive(old, 0) == ()
    assert [each.delivery for each in end.items] == [1]


def test_what_is_no_message_is_refused_with_every_fault_and_changes_nothing() -> None:
    house = House()
    house.run(HIGH, 1)
    answer = house.ends["nurse"].outgoing(house.now_ns + SECOND_NS, able=True)[0]
    wrong = [None, {}, {**answer, "extra": 1}, {**answer, "taken": "all", "heard": [1]}]
    for document in wrong:
        with pytest.raises(AlarmError):
            house.device.receive(document, house.now_ns)
    with pytest.raises(AlarmError) as refused:
        house.device.receive({**answer, "sender": "thief", "receiver": "bed-9"}, house.now_ns)
    assert refused.value.faults == (
        "sender: found 'thief', accepted is 'nurse or station or doctor'",
        "receiver: found 'bed-9', accepted is 'bed'",
    )
    with pytest.raises(AlarmError, match="sender: found 'ward', accepted is 'bed'"):
        house.ends["nurse"].receive(
            to_message(Offer("ward", "nurse", (9, 9), (0, 0), ())), house.now_ns
        )
    assert house.of(News.CONFIRMED) == []
    assert house.device.receive(answer, house.now_ns) == ()


SCENES = [state(), HIGH, MEDIUM, BOTH, state([alarm(occurrence=2)])]


def escalations_are_in_order(told: list[Event]) -> None:
    """Each delivery asks the receivers in their order, one step at a time, each with its time."""
    steps: dict[int, list[Event]] = {}
    for event in told:
        if event.what in (News.OFFERED, News.ESCALATED):
            steps.setdefault(event.delivery, []).append(event)
    for each in steps.values():
        assert [event.step for event in each] == list(range(len(each)))
        assert [event.peer for event in each] == [WARD[k % 3] for k in range(len(each))]


@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.4, 0.7]),
    delay_ms=st.sampled_from([0, 300, 3000]),
    script=st.lists(
        st.tuples(st.integers(0, len(SCENES) - 1), st.integers(1, 150), st.integers(0, 5)),
        min_size=1, max_size=5,
    ),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_no_link_makes_it_claim_what_no_person_said_or_keeps_an_alarm_silent(
    seed: int, loss: float, delay_ms: int, script: list[tuple[int, int, int]]
) -> None:
    house = House(
        replace(PLAN, confirm_ns=5 * SECOND_NS), seed=seed, loss=loss, delay_ns=delay_ms * 10**6
    )
    said: Counter[int] = Counter()
    listed: dict[str, int] = {}

    def step(given_state: SignalState) -> None:
        house.step(given_state)
        for end in house.ends.values():
            for item in end.items:
                listed[item.alarm] = house.now_ns
        ours = house.device.local(given_state, house.now_ns)
        for each in given_state.shown:
            if each.sounds and ours.audible is None:
                # silent here only if it was listed elsewhere within T
                assert house.now_ns - listed[each.alarm.id] <= house.plan.refresh_ns + STEP_NS

    for scene, steps, confirming in script:
        for _ in range(steps):
            step(SCENES[scene])
        if confirming < len(WARD):
            end = house.ends[WARD[confirming]]
            for item in end.items:
                end.confirm(item.delivery, "anna")
                said[item.delivery] += 1
    confirmed = Counter(event.delivery for event in house.of(News.CONFIRMED))
    assert all(count == 1 and said[number] for number, count in confirmed.items())
    escalations_are_in_order(house.told)

    for link in (*house.out.values(), *house.back.values()):  # the links recover
        link.loss, link.delay_ns_max = 0.0, 0
    for _ in range(60):
        step(BOTH)
    assert house.device.lost(house.now_ns) == ()
    for name, end in house.ends.items():
        assert not end.lost(house.now_ns), name
        for item in end.items:
            end.confirm(item.delivery, "berta")
    for _ in range(10):
        step(BOTH)
    assert house.device.waiting() == ()
    assert {item.confirmed_by for end in house.ends.values() for item in end.items} <= {
        "anna", "berta",
    }  # fmt: skip
