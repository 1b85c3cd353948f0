"""Channels of different rates in one time axis: each sample in every window it belongs to."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import StreamError
from edgeward.signal.multirate import ChannelPlan, Multirate, TimeWindow
from edgeward.signal.sample_clock import SampleClock

SECOND = 10**9
rates = st.sampled_from([(250, 1), (64, 1), (25, 1), (1, 1), (360, 7), (1, 3)])


def told(window: TimeWindow) -> list[Any]:
    parts = [(one.first, one.samples.tolist(), one.valid.tolist()) for one in window.channels]
    for one in window.channels:
        assert one.valid_samples == sum(one.valid.tolist())
    return [window.index, window.start_ns, window.end_ns, *parts]


def signal(first: int, count: int) -> Any:
    """Samples that tell their index; every seventh is NaN."""
    index = np.arange(first, first + count)
    return np.where(index % 7 == 0, np.nan, index % 1000).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(
    chosen=st.lists(rates, min_size=1, max_size=3),
    window_ns=st.integers(SECOND // 3, 3 * SECOND),
    hop_ns=st.integers(SECOND // 3, 4 * SECOND),
    origin_ns=st.sampled_from([0, 10**18 + 1]),
    chunks=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), max_size=12),
)
def test_windows_hold_the_samples_of_their_time(
    chosen: list[tuple[int, int]],
    window_ns: int,
    hop_ns: int,
    origin_ns: int,
    chunks: list[tuple[int, int]],
) -> None:
    plans = [ChannelPlan(str(place), SampleClock(*rate)) for place, rate in enumerate(chosen)]
    cut = Multirate(
        plans, window_ns=window_ns, hop_ns=hop_ns, lag_ns=2400 * SECOND, origin_ns=origin_ns
    )
    starts = [cut.next_sample(plan.name) for plan in plans]
    got: list[Any] = []
    for place, count in [*chunks, *((place, 50) for place in range(len(plans)))]:
        name = plans[place % len(plans)].name
        at = cut.next_sample(name)
        cut.push(name, at, signal(at, count), None, lambda window: got.append(told(window)))
    assert len(got) == cut.windows
    taken = {
        plan.name: [
            plan.clock.instant_ns(index) for index in range(begun, cut.next_sample(plan.name))
        ]
        for plan, begun in zip(plans, starts, strict=True)
    }
    for number, (index, start_ns, end_ns, *parts) in enumerate(got):
        assert (index, start_ns) == (number, origin_ns + number * hop_ns)
        assert end_ns == start_ns + window_ns
        for plan, begun, (first, samples, valid) in zip(plans, starts, parts, strict=True):
            instants = taken[plan.name]
            own = range(
                begun + sum(instant < start_ns for instant in instants),
                begun + sum(instant < end_ns for instant in instants),
            )
            assert len(samples) == len(own)
            assert not own or first == own[0]
            assert samples == [0 if one % 7 == 0 else one % 1000 for one in own]
            assert valid == [one % 7 != 0 for one in own]
    due_ns = origin_ns + cut.windows * hop_ns + window_ns
    ahead = [plan.clock.instant_ns(cut.next_sample(plan.name)) >= due_ns for plan in plans]
    assert not all(ahead)


def pair(required: bool) -> tuple[Multirate, list[Any]]:
    plans = [
        ChannelPlan("fast", SampleClock(10)),
        ChannelPlan("slow", SampleClock(1), required=required),
    ]
    return Multirate(plans, window_ns=4 * SECOND, hop_ns=2 * SECOND, lag_ns=SECOND), []


def test_a_silent_channel_is_invalid_and_not_absent() -> None:
    cut, got = pair(required=True)
    take = lambda window: got.append(told(window))  # noqa: E731
    cut.push("slow", 0, np.ones(2, np.float32), None, take)
    cut.push("fast", 0, np.ones(50, np.float32), None, take)
    assert got == []
    cut.push("fast", 50, np.ones(1, np.float32), None, take)
    assert got[0][4] == (0, [1, 1, 0, 0], [True, True, False, False])
    cut.push("slow", 3, np.ones(3, np.float32), None, take)
    assert cut.late_samples("slow") == 1
    cut.push("fast", 51, np.ones(9, np.float32), None, take)
    assert got[1][4] == (2, [0, 0, 1, 1], [False, False, True, True])


def test_a_channel_that_is_not_required_is_not_waited_for() -> None:
    cut, got = pair(required=False)
    cut.push("fast", 0, np.ones(40, np.float32), None, lambda window: got.append(told(window)))
    assert got[0][4] == (0, [0] * 4, [False] * 4)


def test_time_alone_completes_windows_of_silent_channels() -> None:
    cut, got = pair(required=True)
    cut.advance(5 * SECOND - 1, lambda window: got.append(told(window)))
    assert got == []
    cut.advance(7 * SECOND, lambda window: got.append(told(window)))
    assert [(index, sum(fast[2]), sum(slow[2])) for index, _, _, fast, slow in got] == [
        (0, 0, 0),
        (1, 0, 0),
    ]


def test_a_gap_in_one_channel_is_missing_there() -> None:
    cut, got = pair(required=True)
    take = lambda window: got.append(told(window))  # noqa: E731
    cut.push("slow", 0, np.ones(4, np.float32), np.array([True, True, False, True]), take)
    cut.push("fast", 38, np.ones(2, np.float32), None, take)
    assert got[0][3] == (0, [0] * 38 + [1, 1], [False] * 38 + [True, True])
    assert got[0][4] == (0, [1, 1, 0, 1], [True, True, False, True])


def test_an_unknown_channel_and_a_wrong_mask_are_refused() -> None:
    cut, got = pair(required=True)
    with pytest.raises(StreamError, match="found the channel 'x'; accepted: fast, slow"):
        cut.push("x", 0, np.ones(1, np.float32), None, got.append)
    with pytest.raises(StreamError, match="1 samples came with a mask of 2"):
        cut.push("fast", 0, np.ones(1, np.float32), np.ones(2, np.bool_), got.append)


def test_every_fault_of_a_plan_is_told_at_once() -> None:
    plan = ChannelPlan("a", SampleClock(1), required=False)
    with pytest.raises(ValueError, match=r"(?s)0 ns every.*is required.*each name once"):
        Multirate([plan, plan], window_ns=0, hop_ns=1, lag_ns=0)
