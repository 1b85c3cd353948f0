"""Windows: every complete one exactly once, in order, whatever the blocks look like."""

import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import StreamError
from edgeward.signal.windows import Window, Windower, hop_of_overlap

Cut = tuple[int, list[float], list[bool] | None]
"""A gap, the samples after it, and their mask."""

values = st.one_of(
    st.integers(-3, 3).map(float), st.sampled_from([float("nan"), float("inf"), float("-inf")])
)


@st.composite
def cuts(draw: st.DrawFn) -> list[Cut]:
    blocks = []
    for _ in range(draw(st.integers(0, 8))):
        samples = draw(st.lists(values, max_size=25))
        mask = st.lists(st.booleans(), min_size=len(samples), max_size=len(samples))
        gap = draw(st.integers(0, 40) if draw(st.booleans()) else st.just(0))
        blocks.append((gap, samples, draw(st.none() | mask)))
    return blocks


def told(window: Window) -> tuple[Any, ...]:
    """A window as plain values, before its view is used again."""
    return (
        window.index,
        window.first,
        window.last,
        window.valid_samples,
        window.samples.tolist(),
        window.valid.tolist(),
    )


def collect(
    windower: Windower, first: int, samples: npt.ArrayLike, mask: npt.ArrayLike | None = None
) -> list[Any]:
    got: list[Any] = []
    windower.push(
        first,
        np.asarray(samples, dtype=np.float32),
        None if mask is None else np.asarray(mask, dtype=np.bool_),
        lambda window: got.append(told(window)),
    )
    return got


def oracle(stream: Sequence[float | None], window: int, hop: int) -> list[Any]:
    """Every window of the whole stream, None being an invalid sample."""
    found = []
    for index, first in enumerate(range(0, len(stream) - window + 1, hop)):
        part = stream[first : first + window]
        found.append(
            (
                index,
                first,
                first + window - 1,
                sum(value is not None for value in part),
                [value or 0.0 for value in part],
                [value is not None for value in part],
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(window=st.integers(1, 12), hop=st.integers(1, 15), blocks=cuts())
def test_the_windows_are_those_of_the_whole_stream(
    window: int, hop: int, blocks: list[Cut]
) -> None:
    windower = Windower(window, hop)
    stream: list[float | None] = []
    got = []
    for gap, samples, mask in blocks:
        stream += [None] * gap
        got += collect(windower, len(stream), samples, mask)
        stream += [
            value if np.isfinite(value) and (mask is None or mask[number]) else None
            for number, value in enumerate(samples)
        ]
    if blocks and not blocks[-1][1]:  # an empty block at the end still says that a gap is there
        assert windower.next_sample == len(stream)
    assert got == oracle(stream, window, hop)
    assert windower.windows == len(got)


@settings(max_examples=100, deadline=None)
@given(
    window=st.integers(1, 12),
    hop=st.integers(1, 15),
    stream=st.lists(values, max_size=120),
    sizes=st.lists(st.integers(1, 30), max_size=20),
)
def test_how_the_stream_is_cut_makes_no_difference(
    window: int, hop: int, stream: list[float], sizes: list[int]
) -> None:
    whole = collect(Windower(window, hop), 0, stream)
    windower = Windower(window, hop)
    got, at = [], 0
    for size in [*sizes, len(stream)]:
        got += collect(windower, at, stream[at : at + size])
        at = min(len(stream), at + size)
    assert got == whole


def test_an_index_of_the_past_is_refused_and_nothing_is_taken() -> None:
    windower = Windower(4, 2)
    collect(windower, 0, [1, 2, 3])
    with pytest.raises(StreamError, match=r"sample 2 was offered where 3 is the next one"):
        collect(windower, 2, [9, 9])
    assert windower.next_sample == 3
    assert collect(windower, 3, [4])[0][4] == [1, 2, 3, 4]


def test_a_mask_of_another_length_is_refused_and_nothing_is_taken() -> None:
    windower = Windower(4, 2)
    with pytest.raises(StreamError, match="3 samples came with a mask of 2"):
        collect(windower, 0, [1, 2, 3], [True, True])
    assert windower.next_sample == 0


def test_a_long_gap_costs_its_windows_and_not_its_samples() -> None:
    windower = Windower(1_000, 10_000_000)
    assert len(collect(windower, 100_000_000, [1.0])) == 10
    assert windower.next_sample == 100_000_001


def test_the_sender_keeps_its_block() -> None:
    samples = np.array([1, np.nan, 3, 4], dtype=np.float32)
    samples.setflags(write=False)
    got = collect(Windower(4, 4), 0, samples)
    assert got[0][3:5] == (3, [1, 0, 3, 4])
    assert np.isnan(samples[1])


@pytest.mark.parametrize(("window", "hop"), [(0, 1), (1, 0), (-1, 5)])
def test_a_window_has_a_size(window: int, hop: int) -> None:
    with pytest.raises(ValueError, match="both must be 1 or more"):
        Windower(window, hop)


@pytest.mark.parametrize("first_window", [10**8, 10**12, 2**60])
@pytest.mark.parametrize("sizes", [[1] * 90, [10] * 9, [90], [7, 50, 1, 32]])
def test_no_drift_however_large_the_index(first_window: int, sizes: list[int]) -> None:
    hop = hop_of_overlap(20, "0.65")
    windower = Windower(20, hop, first_window)
    start = at = first_window * hop
    got = []
    for size in sizes:
        got += collect(windower, at, np.arange(at - start, at - start + size))
        at += size
    wanted = oracle([float(value) for value in range(90)], 20, hop)
    assert got == [
        (first_window + index, start + first, start + last, *rest)
        for index, first, last, *rest in wanted
    ]


def test_a_window_is_a_view_and_overlaps_the_one_before() -> None:
    seen: list[Window] = []
    Windower(8, 2).push(0, np.arange(12, dtype=np.float32), None, seen.append)
    _, first, second = seen
    assert np.shares_memory(first.samples[2:], second.samples[:6])
    assert np.shares_memory(first.valid[2:], second.valid[:6])


def test_a_gap_takes_no_memory_for_its_samples() -> None:
    windower = Windower(1_000, 10**9)
    tracemalloc.start()
    windower.push(10**10, np.ones(1, dtype=np.float32), None, lambda window: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert windower.windows == 10
    assert peak < 100_000


def test_huge_samples_are_valid() -> None:
    (window,) = collect(Windower(2, 2), 0, [3e38, -3e38], [True, True])
    assert window[3:] == (2, [np.float32(3e38), np.float32(-3e38)], [True, True])


def test_one_fault_in_a_long_block_is_found() -> None:
    block = np.ones(20_000, dtype=np.float32)
    block[12_345] = np.inf
    counts = [window[3] for window in collect(Windower(1_000, 1_000), 0, block)]
    assert counts == [999 if index == 12 else 1_000 for index in range(20)]


@given(window=st.integers(1, 5_000), hop=st.integers(1, 5_000))
def test_an_overlap_gives_its_hop_exactly(window: int, hop: int) -> None:
    hop = min(hop, window)
    assert hop_of_overlap(window, 1 - Fraction(hop, window)) == hop


def test_an_overlap_may_be_written_as_a_text() -> None:
    assert hop_of_overlap(1_250, "0.8") == hop_of_overlap(1_250, "4/5") == 250
    assert hop_of_overlap(1_250, "0") == 1_250


@pytest.mark.parametrize(
    ("overlap", "told"),
    [
        ("0.333", r"hop of 667/2 .* 83/250 \(a hop of 334\) or 167/500 \(a hop of 333\)"),
        (Fraction(1), r"accepted near it: 499/500 \(a hop of 1\)$"),
        ("0.9999", r"accepted near it: 499/500 \(a hop of 1\)$"),
        ("-0.5", r"accepted near it: 0 \(a hop of 500\)$"),
        ("half", "found the overlap 'half'; accepted: 0.8 or 4/5"),
        ("1/0", "found the overlap '1/0'"),
        (0.8, "found the overlap 0.8; accepted: a fraction, or a text"),
    ],
)
def test_an_overlap_without_a_whole_hop_is_refused(overlap: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        hop_of_overlap(500, overlap)


def test_the_first_window_is_not_negative() -> None:
    with pytest.raises(ValueError, match="the first window is -1; accepted: 0 or more"):
        Windower(4, 2, -1)
