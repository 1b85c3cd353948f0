"""Limits of many streams at once say exactly what a loop over samples would."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import LimitError
from edgeward.process.threshold_bank import LimitChange, LimitState, ThresholdBank

values = st.sampled_from([-3.0, -1.0, 0.0, 1.0, 3.0, nan, float("inf"), float("-inf")])
streams = st.integers(1, 4)


def bank(persistence: list[int]) -> ThresholdBank:
    n = len(persistence)
    low = np.full(n, -1, dtype=np.float32)
    return ThresholdBank(low, -low, np.array(persistence, dtype=np.int64))


def oracle(samples: list[float], persistence: int) -> list[tuple[int, LimitState]]:
    """The rules, one sample after the other."""
    changes, run, gap, seen, standing = [], 0, 0, LimitState.TECHNICAL, LimitState.NORMAL
    for at, sample in enumerate(samples):
        gap = gap + 1 if isnan(sample) else 0
        if gap >= persistence:
            seen = LimitState.TECHNICAL
        if not isnan(sample) and -1 <= sample <= 1:
            run, seen = 0, LimitState.TECHNICAL
        else:
            run += 1
            if not isnan(sample):
                seen = LimitState.HIGH if sample > 1 else LimitState.LOW
        shown = seen if run >= persistence else LimitState.NORMAL
        if shown is not standing:
            changes.append((at, shown))
        standing = shown
    return changes


@given(st.data())
def test_a_bank_says_what_a_loop_over_samples_says_however_they_are_cut(
    data: st.DataObject,
) -> None:
    width = data.draw(streams)
    persistence = data.draw(st.lists(st.integers(1, 4), min_size=width, max_size=width))
    history = data.draw(st.lists(st.lists(values, min_size=width, max_size=width), max_size=30))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(history)), max_size=6)))
    samples = np.array(history, dtype=np.float32).reshape(-1, width)
    found: list[list[tuple[int, LimitState]]] = [[] for _ in range(width)]
    limits = bank(persistence)
    for low, high in zip([0, *cuts], [*cuts, len(history)], strict=True):
        for place, stream, state in limits.push(samples[low:high]):
            found[stream].append((low + place, state))
    for stream in range(width):
        column = [row[stream] for row in history]
        assert found[stream] == oracle(column, persistence[stream])
        last = found[stream][-1][1] if found[stream] else LimitState.NORMAL
        assert limits.standing[stream] == last


@given(st.lists(st.tuples(values, st.integers(1, 7)), max_size=20), st.integers(1, 4))
def test_missing_samples_are_samples_that_are_no_numbers(
    pieces: list[tuple[float, int]], persistence: int
) -> None:
    limits, told, history = bank([1, persistence]), [], list[float]()
    for value, count in pieces:
        at = np.array([1])
        if isnan(value):
            changes = limits.lose(at, np.array([count]))
        else:
            changes = limits.push(np.full((count, 1), value, dtype=np.float32), at)
        told += [(len(history) + place, state) for place, stream, state in changes if stream == 1]
        history += [value] * count
    assert told == oracle(history, persistence)
    assert limits.standing.tolist() == [0, told[-1][1] if told else 0]


def test_a_gap_of_any_length_is_told_of_once_in_each_stream() -> None:
    limits, everyone = bank([3, 3]), np.array([0, 1])
    limits.push(np.array([[0, 3]], dtype=np.float32))
    assert limits.lose(everyone, np.array([2**62, 2**62])) == [
        LimitChange(2, 0, LimitState.TECHNICAL),
        LimitChange(1, 1, LimitState.HIGH),
        LimitChange(2, 1, LimitState.TECHNICAL),
    ]
    assert limits.lose(everyone, np.array([2**62, 1])) == []


def test_streams_left_out_stand_still() -> None:
    limits = bank([2, 2, 2])
    high = np.full((1, 2), 3, dtype=np.float32)
    assert limits.push(high, np.array([2, 0])) == []
    assert limits.push(high, np.array([2, 1])) == [LimitChange(0, 2, LimitState.HIGH)]


def test_limits_that_cannot_be_kept_are_refused_all_at_once() -> None:
    low = np.array([0, 2, nan], dtype=np.float32)
    with pytest.raises(ValueError, match=r"stream 0: .*; stream 1: .*; stream 2: .* accepted"):
        ThresholdBank(low, np.ones(3, dtype=np.float32), np.zeros(3, dtype=np.int64))
    with pytest.raises(ValueError, match=r"accepted: \(n,\)"):
        ThresholdBank(low, low[:2], np.zeros(3, dtype=np.int64))
    with pytest.raises(LimitError, match="takes"):
        bank([1]).push(np.zeros((10, 2), dtype=np.float32))
