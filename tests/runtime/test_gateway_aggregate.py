"""Figures by window equal an oracle's that sees everything at once, in whatever order it comes."""

import math
import random
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import GatewayError
from edgeward.gateway.aggregate import WINDOWS_OPEN_MAX, Aggregate, Aggregator


def aggregated(
    window: int, wait: int, blocks: list[tuple[int, list[float]]]
) -> tuple[list[Aggregate], Aggregator]:
    told: list[Aggregate] = []
    aggregator = Aggregator(window, wait, told.append)
    for first, values in blocks:
        aggregator.push(first, np.array(values, np.float32))
    aggregator.flush()
    return told, aggregator


def test_figures_of_a_window_and_of_the_rest() -> None:
    told, aggregator = aggregated(4, 0, [(0, [1, 2, 3, 4, 5, 7])])
    assert told == [
        Aggregate(0, 4, 4, 2.5, math.sqrt(1.25), 1.0, 4.0),
        Aggregate(4, 2, 2, 6.0, 1.0, 5.0, 7.0),
    ]
    assert not any(one.partial for one in told)
    aggregator.flush()
    assert len(told) == 2


def test_what_is_invalid_does_not_count_and_is_counted() -> None:
    told, aggregator = aggregated(4, 0, [(0, [1, math.nan, math.inf, 3])])
    assert told == [Aggregate(0, 4, 2, 2.0, 1.0, 1.0, 3.0)]
    assert told[0].partial
    assert aggregator.counts.invalid == 2
    aggregator.push(4, np.array([1, 2], np.float32), np.array([False, False]))
    aggregator.flush()
    assert told[1] == Aggregate(4, 2, 0, None, None, None, None)


def test_a_late_sample_counts_as_long_as_its_window_waits() -> None:
    told: list[Aggregate] = []
    aggregator = Aggregator(2, 3, told.append)
    aggregator.push(1, np.array([10, 20, 30], np.float32))
    assert told == []
    aggregator.push(0, np.array([0], np.float32))
    aggregator.push(4, np.array([1], np.float32))
    assert told == [Aggregate(0, 2, 2, 5.0, 5.0, 0.0, 10.0)]
    aggregator.push(1, np.array([99], np.float32))
    assert aggregator.counts.too_late == 1
    assert len(told) == 1


def test_a_sample_that_comes_twice_counts_once() -> None:
    told, aggregator = aggregated(4, 4, [(0, [1, 2]), (1, [2, 3]), (2, [9, 4])])
    assert told == [Aggregate(0, 4, 4, 2.5, math.sqrt(1.25), 1.0, 4.0)]
    assert (aggregator.counts.duplicates, aggregator.counts.conflicts) == (1, 1)


def test_an_invalid_sample_is_replaced_by_a_valid_one() -> None:
    told, aggregator = aggregated(2, 2, [(0, [math.nan, 2]), (0, [4, math.nan])])
    assert told == [Aggregate(0, 2, 2, 3.0, 1.0, 2.0, 4.0)]
    assert aggregator.counts.duplicates == 0


def test_a_gap_costs_nothing_however_long_it_is() -> None:
    told, _ = aggregated(10, 5, [(0, [1]), (10**15 + 3, [2])])
    assert told == [
        Aggregate(0, 10, 1, 1.0, 0.0, 1.0, 1.0),
        Aggregate(10, 10**15 - 20, 0, None, None, None, None),
        Aggregate(10**15 - 10, 10, 0, None, None, None, None),  # it still waited for late ones
        Aggregate(10**15, 4, 1, 2.0, 0.0, 2.0, 2.0),
    ]


def test_what_is_refused_says_why() -> None:
    aggregator = Aggregator(2, 0, print)
    with pytest.raises(GatewayError) as refused:
        aggregator.push(-1, np.zeros(3, np.float32), np.ones(2, np.bool_))
    assert refused.value.faults == (
        "first: found -1; accepted: 0 or later",
        "mask: found 2; accepted: 3, one for each sample",
    )
    for window, wait in ((0, 0), (2, -1), (2, 2 * WINDOWS_OPEN_MAX), (10**7, 0)):
        with pytest.raises(ValueError, match=f"windows of {window} samples"):
            Aggregator(window, wait, print)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 80),
    window=st.integers(1, 13),
    wait=st.integers(0, 40),
)
def test_the_figures_equal_an_oracles(seed: int, count: int, window: int, wait: int) -> None:
    """Blocks come cut anywhere, twice, in any order; late ones as late as the window waits."""
    chance = random.Random(seed)
    signal = [chance.choice([math.nan, chance.uniform(-9, 9)]) for _ in range(count)]
    values = np.array(signal, np.float32)
    told: list[Aggregate] = []
    wait = min(wait, window * (WINDOWS_OPEN_MAX - 2))
    aggregator = Aggregator(window, wait, told.append)
    held: list[tuple[int, int]] = []
    come, end = set[int](), 0
    while end < count:
        until = min(count, end + chance.randrange(1, 9))
        if chance.random() < 0.3:
            held.append((end, until))  # comes later, or never
        else:
            aggregator.push(end, values[end:until])
            come |= set(range(end, until))
        chance.shuffle(held)
        while held and chance.random() < 0.3:
            first, last = held.pop()
            newest = max(come | set(range(first, last))) + 1
            if first // window * window + window + wait > newest:
                aggregator.push(first, values[first:last])
                come |= set(range(first, last))
        end = until
    for index in list(come):
        if index // window * window + window + wait > max(come) + 1:
            aggregator.push(index, values[index : index + 1])  # again
    aggregator.flush()
    assert aggregator.counts.too_late == aggregator.counts.conflicts == 0
    last = max(come, default=-1)
    assert sum(one.samples for one in told) == last + 1
    for one in told:
        part = [
            float(values[index])
            for index in range(one.first, one.first + one.samples)
            if index in come and math.isfinite(values[index])
        ]
        assert one.n == len(part)
        assert (one.mean is None) == (not part)
        if one.mean is not None and one.std is not None:
            assert math.isclose(one.mean, statistics.fmean(part), abs_tol=1e-12)
            assert math.isclose(one.std, statistics.pstdev(part), abs_tol=1e-7)
            assert (one.least, one.most) == (min(part), max(part))


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32), window=st.integers(1, 20))
def test_order_and_cuts_change_no_bit(seed: int, window: int) -> None:
    chance = random.Random(seed)
    values = [chance.uniform(-1e6, 1e6) for _ in range(60)]
    whole, _ = aggregated(window, 60, [(0, values)])
    singles = [(index, [value]) for index, value in enumerate(values)] * 2
    chance.shuffle(singles)
    assert aggregated(window, 60, singles)[0] == whole
