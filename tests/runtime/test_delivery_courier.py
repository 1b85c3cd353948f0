"""The courier between a plain queue and a receiver that goes by the document."""

import itertools
from collections.abc import Callable

import pytest
from receiving import EPOCH, RECEIVER_KEY
from roads import AT_ONCE, Road, answer_of_another, failing, sequences

from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.pace import PACES, SECOND_NS, Connection
from edgeward.comms.delivery.retry import Retry
from edgeward.comms.delivery.state import State
from edgeward.comms.delivery.transport import (
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.record import Gap, Loss, RecordClass
from edgeward.errors import DeliveryError

ALARM, EVENT, TREND, WAVEFORM = (
    RecordClass.ALARM, RecordClass.EVENT, RecordClass.TREND, RecordClass.WAVEFORM,
)  # fmt: skip


def test_everything_arrives_once_and_in_order() -> None:
    road = Road()
    for _ in range(1200):
        road.source.accept(TREND)
    road.run()
    assert sequences(road) == list(range(1, 1201))
    assert road.source.waiting == []
    assert road.receiver.again == 0
    assert road.courier.state is State.ONLINE
    assert max(road.receiver.batches) <= 500


def test_a_lost_answer_sends_it_again_and_changes_nothing() -> None:
    road = Road()
    road.source.accept(EVENT)
    road.receiver.after = failing(UnreachableError("reset"), times=3)
    road.run(60)
    assert sequences(road) == [1]
    assert road.receiver.again == 3
    assert road.source.waiting == []


@pytest.mark.parametrize(
    "mishap",
    [
        lambda _: b"<html>welcome to the guest network</html>",
        lambda _: b"",
        answer_of_another,
        lambda batch: answer_of_another(batch).replace(b"f" * 32, b"x"),
    ],
)
def test_what_is_no_receipt_deletes_nothing(mishap: Callable[[bytes], bytes]) -> None:
    road = Road()
    road.source.accept(ALARM)
    road.receiver.before = mishap
    road.run(900)
    assert len(road.source.waiting) == 1
    assert road.courier.counts.failures > 3
    assert road.courier.state is State.UNREACHABLE
    road.receiver.before = lambda _: None
    road.run(300)
    assert sequences(road) == [1]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UnreachableError("no route"), State.UNREACHABLE),
        (StrangerError("a portal"), State.STRANGER),
        (UnauthorisedError("certificate expired"), State.UNAUTHORISED),
    ],
)
def test_it_never_gives_up_and_says_what_is_wrong(error: DeliveryError, state: State) -> None:
    road = Road()
    road.source.accept(TREND)
    road.receiver.greeting = failing(error)
    road.run(3 * 86_400)
    assert road.courier.state is state
    assert road.courier.trouble == str(error)
    assert len(road.source.waiting) == 1
    road.receiver.greeting = lambda: None
    road.run(300)
    assert sequences(road) == [1]


def test_an_alarm_overtakes_everything_and_a_backlog_still_moves() -> None:
    road = Road()
    road.receiver.exchange_takes_ns = lambda size: size * 8000  # a megabit a second
    road.receiver.greeting = failing(UnreachableError("down"), times=1)
    for _ in range(6000):
        road.source.accept(TREND, 200)
    road.courier.round()
    road.clock.sleep_ns(SECOND_NS)
    road.courier.round()  # online: what waits is a backlog
    for _ in range(20):
        for _ in range(300):
            road.source.accept(EVENT, 200)
        road.source.accept(ALARM)
        offered_ns = road.clock.monotonic_ns()
        road.courier.round()
        alarm = next(one for one in road.receiver.arrivals[::-1] if one[3] == ALARM)
        assert alarm[2] == road.source.sequence
        assert not alarm[4]
        assert alarm[0] - offered_ns <= 2 * SECOND_NS
    late = [one for one in road.receiver.arrivals if one[5] > 2]
    historical = sum(one[4] for one in late)
    assert 0.18 <= historical / len(late) <= 0.6
    assert road.courier.counts.delivered == len(road.receiver.records)


def test_live_records_wait_for_company_and_alarms_do_not() -> None:
    road = Road(PACES[Connection.ALWAYS])
    road.run()
    for _ in range(60):
        road.source.accept(TREND)
        road.run(1)
    assert sequences(road) == list(range(1, 61)) or sequences(road) == list(range(1, 60))
    assert len(road.receiver.batches) <= 3
    road.source.accept(TREND)
    road.source.accept(ALARM)
    road.run()
    assert {61, 62} <= set(sequences(road))


def test_a_slow_link_gets_small_batches() -> None:
    road = Road()
    road.receiver.exchange_takes_ns = lambda size: size * 80_000  # 100 kbit/s
    for _ in range(2000):
        road.source.accept(TREND, 200)
    road.run(600)
    assert sorted(sequences(road)) == list(range(1, 2001))
    spans_ns = [
        later - earlier
        for earlier, later in itertools.pairwise(sorted({one[0] for one in road.receiver.arrivals}))
    ]
    assert sorted(spans_ns)[len(spans_ns) // 2] <= 0.6 * SECOND_NS


@pytest.mark.parametrize("error", [TooLargeError("1 kB at most"), RefusedError("no")])
def test_what_is_too_much_at_once_is_halved(error: DeliveryError) -> None:
    road = Road()
    for _ in range(300):
        road.source.accept(TREND)

    def small_only(batch: bytes) -> None:
        if len(batch) > 3000:
            raise error

    road.receiver.before = small_only
    road.run(60)
    assert sequences(road) == list(range(1, 301))
    assert road.source.aside == {}


def test_a_poisonous_record_is_set_aside_and_blocks_nobody() -> None:
    road = Road()
    identities = [road.source.accept(TREND) for _ in range(300)]
    bad = identities[150]
    road.receiver.poison.add((bad.epoch.token, bad.sequence))
    road.run(60)
    assert set(sequences(road)) == set(range(1, 301)) - {bad.sequence}
    assert road.source.aside == {bad: "poison"}


def test_a_batch_that_is_refused_for_one_record_is_searched_for_it() -> None:
    road = Road()
    bad = [road.source.accept(TREND, 200 if at == 77 else 100) for at in range(200)][77]

    def offended(batch: bytes) -> None:
        if bytes(200) in batch:
            raise RefusedError("cannot read this")

    road.receiver.before = offended
    road.run(60)
    assert road.source.aside.keys() == {bad}
    assert len(road.receiver.records) == 199


def test_a_receiver_that_refuses_everything_costs_nothing() -> None:
    road = Road()
    for at in range(50):
        road.source.accept(ALARM if at % 5 == 0 else TREND)
    road.receiver.before = failing(RefusedError("out of order"))
    road.run(3600)
    assert road.courier.state is State.REFUSING
    assert len(road.source.waiting) == 50
    assert road.source.aside == {}
    road.receiver.before = lambda _: None
    road.run(300)
    assert set(sequences(road)) == set(range(1, 51))


def test_a_lone_poisonous_record_is_kept_until_another_one_shows_its_guilt() -> None:
    road = Road()
    bad = road.source.accept(ALARM)
    road.receiver.poison.add((bad.epoch.token, bad.sequence))
    road.run(3600)
    assert road.source.aside == {}
    road.source.accept(ALARM)
    road.run(600)
    assert road.source.aside.keys() == {bad}
    assert sequences(road) == [2]


def test_keys_are_granted_once_and_again_when_they_are_unknown() -> None:
    road = Road()
    for kind in (TREND, EVENT, TREND):
        road.source.accept(kind)
    road.run()
    assert road.receiver.keys == {(EPOCH.token.hex(), 2), (EPOCH.token.hex(), 3)}
    road.receiver.keys.clear()  # it was restored from an older state
    road.source.accept(TREND)
    road.run(60)
    assert sorted(sequences(road)) == [1, 2, 3, 4]


def test_records_whose_key_is_gone_are_set_aside() -> None:
    road = Road()
    erased, kept = road.source.accept(TREND), road.source.accept(EVENT)
    road.source.keys_gone.add(int(TREND))
    road.run(60)
    assert road.source.aside.keys() == {erased}
    assert sequences(road) == [kept.sequence]


def test_gaps_are_told_until_they_are_answered() -> None:
    road = Road()
    gap = Gap(EPOCH, WAVEFORM, 1, 9, 9, Loss.EVICTED)
    road.source.untold.append(gap)
    road.receiver.after = failing(UnreachableError("reset"), times=1)
    road.run(60)
    assert len(road.receiver.gaps) == 2
    assert road.source.untold == []


def test_another_receiver_is_a_stranger() -> None:
    road = Road(key=b"x" * 32)
    road.source.accept(ALARM)
    road.run(60)
    assert road.courier.state is State.STRANGER
    assert road.receiver.records == {}
    road.courier.receiver_key = RECEIVER_KEY
    road.run(300)
    assert sequences(road) == [1]


def test_a_dead_receiver_is_noticed_within_two_heartbeats_though_nothing_waits() -> None:
    road = Road()
    road.run()
    assert road.courier.state.value == "online"
    road.receiver.greeting = failing(UnreachableError("half open: no answer in time"))
    road.run(2 * AT_ONCE.heartbeat_ns / SECOND_NS)
    assert road.courier.state is State.UNREACHABLE


def test_an_alarm_gets_through_a_link_that_died_without_a_word_in_seconds() -> None:
    road = Road()
    road.source.accept(EVENT)
    road.run()
    dead = iter([300 * SECOND_NS])
    road.receiver.exchange_takes_ns = lambda _: next(dead, 0)  # the next connection is well
    road.source.accept(ALARM)
    began_ns = road.clock.monotonic_ns()
    road.run(20)
    assert sequences(road) == [1, 2]
    assert road.receiver.arrivals[-1][0] - began_ns <= AT_ONCE.answer_ns + SECOND_NS


def test_before_the_first_answer_only_the_transport_ends_the_waiting() -> None:
    road = Road()
    road.receiver.exchange_takes_ns = lambda _: 29 * SECOND_NS
    road.source.accept(ALARM)
    road.run(30)
    assert sequences(road) == [1]
    assert road.courier.counts.failures == 0


@pytest.mark.parametrize("ns_a_byte", [1_000_000, 10_000_000])
def test_a_link_that_becomes_a_thousand_times_slower_goes_on_delivering(ns_a_byte: int) -> None:
    road = Road()
    road.receiver.exchange_takes_ns = lambda size: size * ns_a_byte // 1000
    for _ in range(2000):
        road.source.accept(TREND)
    road.courier.round()
    assert len(road.receiver.batches) == 1
    road.receiver.exchange_takes_ns = lambda size: size * ns_a_byte
    road.run(3600)
    assert sequences(road) == list(range(1, 2001))
    assert road.courier.counts.failures <= 6


def test_an_alarm_ends_a_long_wait() -> None:
    road = Road()
    road.receiver.greeting = failing(UnreachableError("down"))
    road.run(3600)
    road.receiver.greeting = lambda: None
    road.source.accept(ALARM)
    road.run(AT_ONCE.urgent_ns / SECOND_NS)
    assert sequences(road) == [1]


def test_a_thousand_devices_do_not_come_back_together() -> None:
    due_ns = []
    for seed in range(1000):
        retry = Retry(SECOND_NS, 300 * SECOND_NS, SeededEntropy(seed))
        for _ in range(20):
            retry.failed(0)
        assert retry.due_ns is not None
        due_ns.append(retry.due_ns)
    assert min(due_ns) >= 150 * SECOND_NS
    assert max(due_ns) <= 300 * SECOND_NS
    busiest = max(
        sum(1 for one in due_ns if start <= one < start + SECOND_NS)
        for start in range(150 * SECOND_NS, 300 * SECOND_NS, SECOND_NS)
    )
    assert busiest <= 25  # 6.7 a second on average


def test_a_receiver_may_ask_for_time_up_to_the_limit() -> None:
    retry = Retry(SECOND_NS, 300 * SECOND_NS, SeededEntropy(1))
    retry.failed(0, 120 * SECOND_NS)
    assert retry.due_ns == 120 * SECOND_NS
    retry.failed(0, 10**18)
    assert retry.due_ns == 300 * SECOND_NS


def test_it_says_what_the_link_carries_and_nothing_while_there_is_none() -> None:
    road = Road()
    assert road.courier.bytes_per_s is None
    road.run(1)
    assert road.courier.bytes_per_s == float("inf")
    road.receiver.before = lambda batch: road.clock.sleep_ns(len(batch) * 1_000_000)
    for _ in range(200):
        road.source.accept(TREND)
    road.run(60)
    assert road.courier.bytes_per_s == pytest.approx(1000)
    road.receiver.before = failing(UnreachableError("gone"), times=99)
    road.source.accept(ALARM)
    road.run(5)
    assert road.courier.bytes_per_s is None
