"""A bank of rings holds what one ring for each patient would, however blocks come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import LimitError
from edgeward.signal.bank import RingBank, clean_block

PATIENTS, WINDOW, SLACK = 5, 7, 4

blocks = st.lists(
    st.tuples(
        st.lists(st.integers(0, PATIENTS - 1), min_size=1, max_size=PATIENTS, unique=True),
        st.integers(0, SLACK),
        st.integers(0, 3),
    ),
    max_size=40,
)


@given(blocks)
def test_a_bank_holds_the_last_samples_of_each_patient(
    pushes: list[tuple[list[int], int, int]],
) -> None:
    bank = RingBank(PATIENTS, WINDOW, SLACK)
    oracle: list[list[float]] = [[] for _ in range(PATIENTS)]
    for number, (rows, count, flaws) in enumerate(pushes):
        samples = np.arange(len(rows) * count, dtype=np.float32).reshape(len(rows), count)
        samples += 100 * number
        samples.ravel()[: flaws if flaws < 3 else 0] = np.nan
        cleaned, valid = clean_block(samples, None)
        bank.push(np.array(rows), cleaned, valid)
        for row, block in zip(rows, samples, strict=True):
            oracle[row] += block.tolist()
    for row, history in enumerate(oracle):
        assert bank.ends[row] == len(history)
        for first in range(max(0, len(history) - WINDOW - SLACK), len(history) - WINDOW + 1):
            expected = np.array(history[first : first + WINDOW], dtype=np.float32)
            window = bank.window(row, first)
            assert window.valid_samples == np.isfinite(expected).sum()
            np.testing.assert_array_equal(window.samples, np.nan_to_num(expected, nan=0.0))


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, PATIENTS - 1), min_size=1, unique=True),
            st.integers(0, 30),
            st.integers(0, SLACK),
        ),
        max_size=20,
    )
)
def test_missing_samples_are_invalid_ones_however_many(
    steps: list[tuple[list[int], int, int]],
) -> None:
    lossy, filled = RingBank(PATIENTS, WINDOW, SLACK), RingBank(PATIENTS, WINDOW, SLACK)
    for rows, lost, count in steps:
        some, counts = np.array(rows), lost + np.arange(1, len(rows) + 1)
        lossy.lose(some, counts)
        for row, gap in zip(rows, counts.tolist(), strict=True):
            one, missing = np.array([row]), np.zeros((1, 1), dtype=np.bool_)
            for _ in range(gap):
                filled.push(one, np.zeros((1, 1), dtype=np.float32), missing)
        block = np.full((len(rows), count), 9, dtype=np.float32)
        lossy.push(some, block, None)
        filled.push(some, block, None)
    assert lossy.ends.tolist() == filled.ends.tolist()
    for row, end in enumerate(lossy.ends.tolist()):
        for first in range(max(0, end - WINDOW - SLACK), end - WINDOW + 1):
            found, expected = lossy.window(row, first), filled.window(row, first)
            assert found.valid_samples == expected.valid_samples
            np.testing.assert_array_equal(found.samples, expected.samples)


def test_a_gap_of_any_length_is_written_as_one_ring() -> None:
    bank, rows = RingBank(2, WINDOW, SLACK), np.array([0, 1])
    bank.lose(rows, np.array([2**62, 3]))
    assert bank.ends.tolist() == [2**62, 3]
    assert bank.window(0, 2**62 - WINDOW).valid_samples == 0


def test_many_rows_out_of_step_are_held_like_rows_in_step() -> None:
    bank = RingBank(100, WINDOW, SLACK)
    for row in range(100):
        bank.push(np.array([row]), np.full((1, row % 3), 9, dtype=np.float32), None)
    for turn in range(5):
        block = np.tile(np.arange(4, dtype=np.float32) + 4 * turn, (100, 1))
        bank.push(np.arange(100), block, None)
    for row in range(100):
        end = int(bank.ends[row])
        assert bank.window(row, end - WINDOW).samples.tolist() == list(range(13, 20))


def test_a_window_is_a_view_and_refused_when_it_is_not_there() -> None:
    bank = RingBank(1, WINDOW, SLACK)
    rows = np.array([0])
    bank.push(rows, np.zeros((1, 4), dtype=np.float32), None)
    with pytest.raises(LimitError, match="a window at 0 of row 0"):
        bank.window(0, 0)
    bank.push(rows, np.ones((1, 4), dtype=np.float32), None)
    assert bank.window(0, 0).samples.base is not None
    bank.push(rows, np.ones((1, 4), dtype=np.float32), None)
    with pytest.raises(LimitError, match="accepted: 7 to 11 samples"):
        bank.window(0, 0)


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_bank_of_nothing_is_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="accepted: each 1 or more"):
        RingBank(*sizes)


@pytest.mark.parametrize("shape", [(2, 2), (1, 5)])
def test_a_block_of_another_shape_changes_nothing(shape: tuple[int, int]) -> None:
    bank = RingBank(1, WINDOW, SLACK)
    with pytest.raises(LimitError):
        bank.push(np.array([0]), np.ones(shape, dtype=np.float32), None)
    assert bank.ends.tolist() == [0]
