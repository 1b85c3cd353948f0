"""Blocks in any order come out in order, each index once, and every sample is accounted for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import StreamError
from edgeward.signal.arrival import Arrival
from edgeward.signal.ring import Mask, Samples

Value = tuple[float, bool]
Offer = tuple[int, list[Value]]

contents = st.tuples(st.sampled_from([1.0, 2.0, float("nan")]), st.booleans())
offers = st.lists(st.tuples(st.integers(-5, 60), st.lists(contents, max_size=12)), max_size=30)


class Oracle:
    """The rules with one dictionary and no care for speed or memory."""

    def __init__(self, wait_samples: int, wait_blocks: int) -> None:
        self.bounds = (wait_samples, wait_blocks)
        self.next = 0
        self.held: dict[int, Value] = {}
        self.pieces: list[range] = []
        self.released: list[tuple[int, Value]] = []
        self.gaps: list[range] = []
        self.late = self.duplicate = self.conflicting = 0

    def offer(self, first: int, values: list[Value]) -> None:
        fresh: list[int] = []
        for index, value in enumerate(values, first):
            if index < self.next:
                late = self.is_late(index)
                self.late += late
                self.duplicate += not late
            elif index in self.held:
                same = repr(self.held[index]) == repr(value)
                self.duplicate += same
                self.conflicting += not same
            else:
                self.held[index] = value
                fresh.append(index)
        for index in fresh:
            if self.pieces and index - 1 in fresh and self.pieces[-1].stop == index:
                self.pieces[-1] = range(self.pieces[-1].start, index + 1)
            else:
                self.pieces.append(range(index, index + 1))
        self.release()
        while len(self.held) > self.bounds[0] or len(self.pieces) > self.bounds[1]:
            self.give_up()

    def is_late(self, index: int) -> bool:
        remembered = self.gaps[-self.bounds[1] :] if self.bounds[1] else []
        forgotten = self.gaps[: len(self.gaps) - len(remembered)]
        oldest = forgotten[-1].stop if forgotten else 0
        return index < oldest or any(index in gap for gap in remembered)

    def release(self) -> None:
        while self.next in self.held:
            self.released.append((self.next, self.held.pop(self.next)))
            self.next += 1
        self.pieces = [piece for piece in self.pieces if piece.stop > self.next]

    def give_up(self) -> None:
        self.gaps.append(range(self.next, min(self.held)))
        self.next = min(self.held)
        self.release()


class Received:
    """What was released, sample by sample."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, Value]] = []
        self.blocks = 0

    def __call__(self, first: int, samples: Samples, mask: Mask | None) -> None:
        self.blocks += 1
        valid = [True] * len(samples) if mask is None else mask.tolist()
        pairs = zip(samples.tolist(), valid, strict=True)
        self.samples += list(enumerate(pairs, first))


def offer(arrival: Arrival, block: Offer, received: Received) -> None:
    """Offer it in a buffer that is used again at once; no mask where all is valid."""
    first, values = block
    samples = np.array([value for value, _ in values], dtype=np.float32)
    mask = np.array([valid for _, valid in values], dtype=np.bool_)
    arrival.offer(first, samples, None if mask.all() else mask, received)
    samples[:] = -1
    mask[:] = False


def account(arrival: Arrival) -> tuple[int, ...]:
    counts = arrival.counts
    assert counts.offered == (
        counts.released + counts.late + counts.duplicate + counts.conflicting + counts.held
    )
    return (counts.late, counts.duplicate, counts.conflicting, counts.held, counts.missing)


@settings(max_examples=400, deadline=None)
@given(wait_samples=st.integers(0, 40), wait_blocks=st.integers(0, 5), blocks=offers)
def test_it_does_what_the_rules_say(
    wait_samples: int, wait_blocks: int, blocks: list[Offer]
) -> None:
    arrival, oracle = Arrival(wait_samples, wait_blocks), Oracle(wait_samples, wait_blocks)
    received = Received()

    def compare() -> None:
        assert repr(received.samples) == repr(oracle.released)
        assert arrival.next_sample == oracle.next
        missing = sum(len(gap) for gap in oracle.gaps)
        wanted = (oracle.late, oracle.duplicate, oracle.conflicting, len(oracle.held), missing)
        assert account(arrival) == wanted

    for block in blocks:
        offer(arrival, block, received)
        oracle.offer(*block)
        compare()
        assert arrival.counts.held <= wait_samples
    arrival.flush(received)
    while oracle.held:
        oracle.give_up()
    compare()
    assert arrival.counts.held == 0


@settings(max_examples=100, deadline=None)
@given(order=st.permutations(range(12)), again=st.lists(st.integers(0, 11), max_size=6))
def test_any_order_within_the_wait_is_made_good(order: list[int], again: list[int]) -> None:
    arrival, received = Arrival(wait_samples=120, wait_blocks=12), Received()
    for number in [*order, *again]:
        values = [(float(index), True) for index in range(10 * number, 10 * number + 10)]
        offer(arrival, (10 * number, values), received)
    assert received.samples == [(index, (float(index), True)) for index in range(120)]
    assert account(arrival) == (0, 10 * len(again), 0, 0, 0)


def test_in_order_a_block_is_passed_on_without_a_copy() -> None:
    block = np.ones(10, dtype=np.float32)
    seen: list[Any] = []
    Arrival(0, 0, first=10**12).offer(10**12, block, None, lambda *told: seen.append(told))
    assert seen[0][0] == 10**12
    assert np.shares_memory(seen[0][1], block)


def test_a_hole_is_waited_for_and_then_a_gap() -> None:
    arrival, received = Arrival(wait_samples=4, wait_blocks=9), Received()
    offer(arrival, (2, [(1.0, True)] * 4), received)
    assert received.samples == []
    offer(arrival, (6, [(1.0, True)]), received)
    assert [index for index, _ in received.samples] == [2, 3, 4, 5, 6]
    offer(arrival, (0, [(1.0, True)] * 3), received)
    assert account(arrival) == (2, 1, 0, 0, 2)


def test_an_index_far_ahead_does_not_hold_up_the_stream() -> None:
    arrival, received = Arrival(wait_samples=20, wait_blocks=9), Received()
    offer(arrival, (2**60, [(1.0, True)]), received)
    for number in range(5):
        offer(arrival, (10 * number, [(1.0, True)] * 10), received)
    assert [index for index, _ in received.samples] == list(range(50))
    assert account(arrival) == (0, 0, 0, 1, 0)


def test_a_mask_of_another_length_is_refused_and_nothing_is_taken() -> None:
    arrival = Arrival(4, 4)
    with pytest.raises(StreamError, match="3 samples came with a mask of 2"):
        arrival.offer(0, np.ones(3, np.float32), np.ones(2, np.bool_), Received())
    assert arrival.counts.offered == 0


@pytest.mark.parametrize(("samples", "blocks"), [(-1, 0), (0, -1)])
def test_a_wait_is_not_negative(samples: int, blocks: int) -> None:
    with pytest.raises(ValueError, match="both must be 0 or more"):
        Arrival(samples, blocks)
