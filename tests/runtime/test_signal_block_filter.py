"""A block filter does what scipy does sample by sample, for one stream and for many."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import LimitError
from edgeward.signal.block_filter import BlockFilter, butterworth_band

SECTIONS = butterworth_band(2, 0.5, 40.0, 250.0)


def filtered(samples: Any) -> Any:
    """In one block; that scipy answers the same is a slow test, since its import takes so long."""
    return BlockFilter(SECTIONS, samples.shape[1]).push(samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "low_hz", "high_hz", "rate_hz"),
    [(1, 0.5, 40, 250), (2, 0.5, 40, 250), (3, 5, 15, 360), (4, 1, 120, 250), (5, 0.1, 249, 500)],
)
def test_a_band_answers_an_impulse_as_scipys_does(
    order: int, low_hz: float, high_hz: float, rate_hz: float
) -> None:
    samples = np.random.default_rng(order).normal(size=2000)
    from scipy import signal  # type: ignore[import-untyped]

    band = signal.butter(order, [low_hz, high_hz], "bandpass", fs=rate_hz, output="sos")
    theirs = signal.sosfilt(band, samples)
    sections = butterworth_band(order, low_hz, high_hz, rate_hz)
    ours = BlockFilter(sections).push(samples[:, None])[:, 0]
    assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max()


@given(st.lists(st.integers(0, 25), max_size=30).map(lambda many: [1, *many]))
def test_how_samples_are_cut_into_blocks_does_not_matter(lengths: list[int]) -> None:
    total = sum(lengths)
    samples = np.random.default_rng(3).normal(size=(total, 3))
    bank = BlockFilter(SECTIONS, streams=3)
    pieces = [bank.push(piece) for piece in np.split(samples, np.cumsum(lengths))]
    expected = filtered(samples)
    np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=1e-6, atol=1e-9)


def test_many_streams_are_filtered_by_the_calling_thread_alone() -> None:
    """A library that shares a product among threads waits for them: for ever in a real-time class.

    What other threads of this process used is compared with what the calling one did.
    """
    bank, samples = BlockFilter(SECTIONS, 20_000), np.zeros((10, 20_000), dtype=np.float32)
    bank.push(samples)
    all_ns, own_ns = time.process_time_ns(), time.thread_time_ns()
    for _ in range(50):
        bank.push(samples)
        bank.lose(np.arange(20_000), np.full(20_000, 7))
    own_ns = time.thread_time_ns() - own_ns
    assert time.process_time_ns() - all_ns - own_ns < own_ns / 10


def test_streams_left_out_stand_still_and_one_that_is_not_finite_spoils_no_other() -> None:
    samples = np.random.default_rng(4).normal(size=(40, 2))
    expected = filtered(samples)
    bank = BlockFilter(SECTIONS, streams=4)
    found = []
    for block in np.split(samples, 4):
        found.append(bank.push(block, np.array([3, 1])))
        bank.push(np.full((10, 1), np.nan), np.array([2]))
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-6, atol=1e-9)
    bank.reset(np.array([2, 3]))
    fresh = bank.push(samples[:10], np.array([2, 3]))
    np.testing.assert_allclose(fresh, expected[:10], rtol=1e-6, atol=1e-9)


def test_missing_samples_are_zeros_however_many() -> None:
    samples = np.random.default_rng(5).normal(size=(30, 4))
    lossy, filled = BlockFilter(SECTIONS, 4), BlockFilter(SECTIONS, 4)
    for bank in (lossy, filled):
        bank.push(samples)
    counts = np.array([1, 1000, 77])
    lossy.lose(np.array([3, 0, 1]), counts)
    for stream, count in zip([3, 0, 1], counts.tolist(), strict=True):
        filled.push(np.zeros((count, 1)), np.array([stream]))
    np.testing.assert_allclose(lossy.push(samples), filled.push(samples), rtol=1e-6, atol=1e-9)
    lossy.lose(np.array([2]), np.array([2**62]))
    expected = BlockFilter(SECTIONS).push(samples[:, 2:3])
    np.testing.assert_allclose(lossy.push(samples)[:, 2:3], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("band", [(0, 1, 2, 250), (2, 0, 2, 250), (2, 3, 2, 250), (2, 1, 125, 250)])
def test_a_band_out_of_range_is_refused(band: tuple[int, float, float, float]) -> None:
    with pytest.raises(ValueError, match="accepted: an order"):
        butterworth_band(*band)


def test_sections_and_blocks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"accepted: \(n, 6\)"):
        BlockFilter(np.ones((2, 5)))
    with pytest.raises(ValueError, match="accepted: a0 = 1"):
        BlockFilter(np.full((1, 6), 2.0))
    with pytest.raises(LimitError, match="takes"):
        BlockFilter(SECTIONS, streams=2).push(np.zeros((10, 3)))
