"""Cutting blocks into steps: always the same steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.steps import Steps


def _all(steps: Steps, cuts: list[int], axes: int) -> list[tuple[int, list[object], list[bool]]]:
    shape = (sum(cuts),) if axes == 1 else (sum(cuts), axes)
    samples = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    valid = np.arange(sum(cuts)) % 3 != 1
    samples[~valid] = np.nan
    told = []
    at = 0
    for cut in cuts:
        for first, step, sound in steps.push(samples[at : at + cut], valid[at : at + cut]):
            told.append((first, step.tolist(), sound.tolist()))
        at += cut
    return told


@given(cuts=st.lists(st.integers(0, 9), max_size=12), axes=st.sampled_from([1, 3]))
@settings(max_examples=60, deadline=None)
def test_the_same_steps_however_the_blocks_are_cut(cuts: list[int], axes: int) -> None:
    cut = _all(Steps(4, axes), cuts, axes)
    whole = _all(Steps(4, axes), [sum(cuts)], axes)
    single = _all(Steps(4, axes), [1] * sum(cuts), axes)
    assert cut == whole == single
    assert [first for first, _, _ in cut] == [4 * k for k in range(sum(cuts) // 4)]


def test_an_invalid_sample_is_zero_and_says_so() -> None:
    ((first, samples, valid),) = Steps(2).push(
        np.array([np.inf, 3], np.float32), np.array([False, True])
    )
    assert (first, samples.tolist(), valid.tolist()) == (0, [0, 3], [False, True])


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_numbers_must_be_positive(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"steps of . samples of . values; both 1 or more"):
        Steps(*numbers)
