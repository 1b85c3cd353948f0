"""The ring: what can be read is what was pushed, and it is read without a copy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.ring import Ring

Step = int | list[float | None]
"""How many samples are missing, or samples (None: an invalid one)."""

steps = st.lists(
    st.one_of(
        st.integers(0, 60),
        st.lists(st.integers(1, 9).map(float), max_size=40),
        st.lists(st.none() | st.integers(1, 9).map(float), max_size=40),
        st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 1.0, 2.0, 1e30]), max_size=40),
        st.lists(st.sampled_from([math.nan, None, 3.0]), max_size=40),
    ),
    max_size=25,
)


def apply(ring: Ring, step: Step) -> list[float | None]:
    """Do it, and what it adds to the channel."""
    if isinstance(step, int):
        ring.lose(step)
        return [None] * step
    valid = np.array([value is not None for value in step], dtype=np.bool_)
    samples = np.array([7 if value is None else value for value in step], dtype=np.float32)
    ring.push(samples, None if valid.all() else valid)
    stored = [None if value is None else float(np.float32(value)) for value in step]
    return [value if value is not None and math.isfinite(value) else None for value in stored]


@settings(max_examples=300, deadline=None)
@given(
    reach=st.integers(1, 16),
    first=st.sampled_from([0, 10**12, 2**60]),
    pushed=steps,
    every=st.integers(1, 4),
)
def test_the_last_samples_are_read_as_they_were_pushed(
    reach: int, first: int, pushed: list[Step], every: int
) -> None:
    ring = Ring(reach, first)
    channel: list[float | None] = [None] * reach
    for number, step in enumerate(pushed):
        channel += apply(ring, step)
        assert ring.end == first + len(channel) - reach
        if number % every:  # what nobody has read yet is judged when somebody does
            continue
        for start in (ring.end - reach, ring.end - reach // 2, ring.end):
            samples, valid, count = ring.view(start, ring.end)
            wanted = channel[len(channel) - (ring.end - start) :]
            assert samples.tolist() == [value or 0 for value in wanted]
            assert valid.tolist() == [value is not None for value in wanted]
            assert count == sum(value is not None for value in wanted)


def test_views_share_the_memory_of_the_ring() -> None:
    ring = Ring(8)
    ring.push(np.arange(8, dtype=np.float32))
    one, one_valid, _ = ring.view(0, 6)
    other, other_valid, _ = ring.view(2, 8)
    assert np.shares_memory(one, other)
    assert np.shares_memory(one_valid, other_valid)
    assert one[2:].ctypes.data == other.ctypes.data


def test_a_gap_of_any_length_is_taken_at_once() -> None:
    ring = Ring(4)
    ring.push(np.ones(3, dtype=np.float32))
    ring.lose(2**60)
    ring.push(np.ones(1, dtype=np.float32))
    assert ring.end == 2**60 + 4
    samples, valid, count = ring.view(ring.end - 4, ring.end)
    assert (samples.tolist(), valid.tolist(), count) == ([0, 0, 0, 1], [False] * 3 + [True], 1)


@pytest.mark.parametrize(("first", "end"), [(0, 4), (6, 5), (3, 7), (1, 11)])
def test_what_cannot_be_read_is_refused(first: int, end: int) -> None:
    ring = Ring(4)
    ring.push(np.ones(6, dtype=np.float32))
    with pytest.raises(IndexError, match=f"samples {first} to {end} .* accepted: from 2 to 6"):
        ring.view(first, end)


def test_a_ring_holds_something() -> None:
    with pytest.raises(ValueError, match="it must be 1 or more"):
        Ring(0)
