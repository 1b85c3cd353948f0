"""The small parts around the processor: histogram, ladder, conditions, watchdog, backlog."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock
from edgeward.process.backlog import Backlog, Item, Loss, StreamClass
from edgeward.process.ladder import Ladder, Rung
from edgeward.process.latency import Histogram, Path, PathTimes
from edgeward.process.mode import Pace
from edgeward.process.stream import Block
from edgeward.process.technical import Condition, Conditions, TechnicalEvent
from edgeward.process.watchdog import Watchdog

S = 1_000_000_000


@given(values=st.lists(st.integers(-5, 10**15), min_size=1, max_size=200))
def test_a_quantile_is_never_too_low_and_at_most_a_32nd_too_high(values: list[int]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.count(value)
    ordered = sorted(max(0, value) for value in values)
    assert (histogram.n, histogram.max_ns, histogram.sum_ns) == (
        len(values), ordered[-1], sum(ordered),
    )  # fmt: skip
    for share in (0.01, 0.5, 0.99, 1.0):
        exact = ordered[-(-int(share * 100) * len(ordered) // 100) - 1]
        assert exact <= histogram.quantile_ns(share) <= exact + exact / 32 + 1
    assert sum(count for _, count in histogram.buckets()) == len(values)
    edges = [edge for edge, _ in histogram.buckets()]
    assert edges == sorted(set(edges))


def test_an_empty_histogram_says_nothing() -> None:
    assert Histogram().quantiles().to_dict() == {
        "n": 0, "p50_ns": 0, "p99_ns": 0, "p999_ns": 0, "max_ns": 0,
    }  # fmt: skip


def test_paths_add_up() -> None:
    times = PathTimes()
    times.count(sample_ns=100, decided_ns=160, told_ns=163)
    assert {path: times.of(path).max_ns for path in Path} == {
        Path.SAMPLE_TO_DECISION: 60, Path.SAMPLE_TO_TOLD: 63,
    }  # fmt: skip


def test_the_ladder_goes_up_at_once_and_down_one_rung_after_each_dwell() -> None:
    ladder = Ladder(dwell_ns=10 * S)
    assert ladder.advise("thermal", Rung.SHED, 0)
    assert (ladder.background_waits, ladder.thinner_model, ladder.sheds) == (True, True, True)
    assert not ladder.advise("thermal", Rung.FULL, 9 * S)
    assert ladder.advise("thermal", Rung.FULL, 10 * S)
    rungs = [ladder.rung]
    assert not ladder.advise("backlog", Rung.FULL, 19 * S)
    assert ladder.advise("backlog", Rung.THROTTLED, 20 * S)
    assert [*rungs, ladder.rung] == [Rung.THINNER, Rung.THROTTLED]
    assert not ladder.advise("backlog", Rung.THROTTLED, 100 * S)
    assert not ladder.advise("backlog", Rung.FULL, 109 * S)
    assert ladder.advise("backlog", Rung.FULL, 110 * S)
    assert (ladder.rung, ladder.steps) == (Rung.FULL, 4)


@given(
    advice=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([*Rung]), st.integers(0, 3 * S))
    )
)
def test_the_highest_advice_always_holds_and_no_rung_is_left_before_its_dwell(
    advice: list[tuple[str, Rung, int]],
) -> None:
    ladder, now_ns, wanted = Ladder(dwell_ns=2 * S), 0, dict[str, Rung]()
    asked_ns = 0
    for adviser, rung, passed_ns in advice:
        now_ns += passed_ns
        wanted[adviser] = rung
        before = ladder.rung
        changed = ladder.advise(adviser, rung, now_ns)
        assert changed == (ladder.rung != before)
        assert ladder.rung >= max(wanted.values())
        if ladder.rung < before:
            assert before - ladder.rung == 1
            assert now_ns - asked_ns >= 2 * S
        if max(wanted.values()) >= before or ladder.rung != before:
            asked_ns = now_ns


def test_every_rung_says_what_is_given_up() -> None:
    assert len({rung.said for rung in Rung}) == len(Rung)


def test_a_condition_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    told: list[TechnicalEvent] = []
    clock = SimulatedClock()
    conditions = Conditions(clock, told.append)
    conditions.clear(Condition.LATE, "a")
    for _ in range(3):
        conditions.raise_(Condition.LATE, "a", "x" * 400)
    conditions.raise_(Condition.LATE, "b", "b")
    assert [event.stream for event in conditions.active()] == ["a", "b"]
    clock.advance(5)
    conditions.forget("a")
    conditions.forget("a")
    assert [(one.stream, one.raised, one.at_ns) for one in told] == [
        ("a", True, 0), ("b", True, 0), ("a", False, 5),
    ]  # fmt: skip
    assert len(told[0].text) == 300
    assert conditions.raised_total == 2
    assert told[0].to_dict() == {
        "kind": "technical", "condition": "late", "stream": "a", "raised": True, "at_ns": 0,
        "text": "x" * 300,
    }  # fmt: skip


def test_the_watchdog_sees_work_that_does_not_end_and_no_other() -> None:
    clock = SimulatedClock()
    watchdog = Watchdog(clock, limit_ns=2 * S)
    clock.advance(100 * S)
    assert watchdog.stalled_ns() is None  # waiting for samples is no work
    watchdog.begin()
    clock.advance(2 * S)
    assert watchdog.stalled_ns() is None
    clock.advance(1)
    assert watchdog.stalled_ns() == 2 * S + 1
    watchdog.end()
    assert (watchdog.stalled_ns(), watchdog.worked) == (None, 1)
    with pytest.raises(ValueError, match="above 0"):
        Watchdog(clock, 0)


def test_a_pace_is_checked_as_a_whole() -> None:
    with pytest.raises(ValueError, match=r"stale_ns = 0.*slack_ns = 20000000.*less than stale_ns"):
        Pace(stale_ns=0)


def item(stream: str, stream_class: StreamClass, samples: int, at_ns: int) -> Item:
    return Item(stream, stream_class, Block(0, np.zeros(samples, np.float32), None, 0), at_ns)


def put(backlog: Backlog, one: Item, waiting: dict[StreamClass, list[int]]) -> None:
    """Put a block in, and hold what became of it against what must."""
    lost, added = backlog.put(one)
    assert all(gone.stream_class is StreamClass.TREND for gone in lost)
    refused = any(gone is one for gone in lost)
    older = [gone.offered_ns for gone in lost if gone is not one]
    assert older == waiting[StreamClass.TREND][: len(older)]
    del waiting[StreamClass.TREND][: len(older)]
    if added:
        waiting[one.stream_class].append(one.offered_ns)
    assert refused == (not added and one.stream_class is StreamClass.TREND)


@given(
    room=st.integers(1, 60),
    steps=st.lists(
        st.one_of(
            st.none(), st.tuples(st.sampled_from([*StreamClass]), st.integers(0, 30))
        ),
        max_size=60,
    ),
)  # fmt: skip
def test_the_backlog_is_bounded_ordered_and_accounts_for_every_block(
    room: int, steps: list[tuple[StreamClass, int] | None]
) -> None:
    backlog = Backlog(room)
    waiting: dict[StreamClass, list[int]] = {one: [] for one in StreamClass}
    for at_ns, step in enumerate(steps):
        if step is None:
            taken = backlog.take()
            queue = waiting[StreamClass.CLINICAL] or waiting[StreamClass.TREND]
            assert (taken and taken.offered_ns) == (queue.pop(0) if queue else None)
        else:
            put(backlog, item(step[0].name, step[0], step[1], at_ns), waiting)
        assert backlog.conserved()
        assert len(backlog) == sum(map(len, waiting.values()))
        assert backlog.waiting_samples <= room or len(backlog) == 1 or backlog.fill <= 1
        assert backlog.waits("TREND") == bool(waiting[StreamClass.TREND])
        oldest = [*waiting[StreamClass.CLINICAL], *waiting[StreamClass.TREND]]
        assert backlog.oldest_ns() == (oldest[0] if oldest else None)


def test_what_is_refused_is_counted_with_its_reason() -> None:
    backlog = Backlog(10)
    backlog.put(item("t", StreamClass.TREND, 5, 0))
    backlog.put(item("a", StreamClass.CLINICAL, 5, 1))
    lost = backlog.shed(item("t", StreamClass.TREND, 5, 2))
    assert [one.offered_ns for one in lost] == [0, 2]
    assert backlog.given_up == {(StreamClass.TREND, Loss.SHED): 2}
    assert (len(backlog), backlog.offered) == (1, 3)
    assert backlog.conserved()
    with pytest.raises(ValueError, match="1 or more"):
        Backlog(0)
