"""A recursive filter as one matrix product for each block, for one stream or many at once.

A cascade of second-order sections is linear: the samples that leave a block, and the state after
it, are a fixed matrix times the samples that enter it and the state before. One product then does
what a loop over samples and sections would, for all streams of a ward together.

Rules:
1. Time runs down, streams run across: a block is an array of samples x streams.
2. How samples are cut into blocks does not matter, but for rounding in float64.
3. Missing samples are zeros. However many they are, a few products make a state what they would.
4. The calling thread does all of it: products are cut so small that no library shares them among
   threads of its own. To wait for those is to lose a time slice, and under a real-time class more.
5. Streams do not see each other. A sample that is not finite is refused by no one here and stays in
   the state for ever: clean samples first.
"""

from functools import lru_cache
from math import pi, tan

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import LimitError

Sections = NDArray[np.float64]
"""One row b0 b1 b2 a0 a1 a2 for each second-order section."""
Block = NDArray[np.float64] | NDArray[np.float32]

_STATES = 2  # of one section
_RATE_SHARE_MAX = 0.5
_PRODUCT_MAX = 2**18
"""Multiplications in one product; OpenBLAS uses one thread for up to so many."""
_DESIGNS_KEPT = 64
_REST_BITS = 20
"""A state is at rest after 2 to the power of this many zeros, or when it is:"""
_REST_SHARE = 1e-12
"""so small a part of what it was."""


def butterworth_band(order: int, low_hz: float, high_hz: float, rate_hz: float) -> Sections:
    """The sections of a Butterworth band-pass, by bilinear transformation with prewarped edges.

    Raises:
        ValueError: the order or an edge is out of range.
    """
    if order < 1 or not 0 < low_hz < high_hz < rate_hz * _RATE_SHARE_MAX:
        raise ValueError(
            f"found order {order}, band {low_hz} to {high_hz} Hz at {rate_hz} Hz; accepted: an"
            " order of 1 or more and 0 < low < high < half the rate"
        )
    low, high = (2 * tan(pi * edge / rate_hz) for edge in (low_hz, high_hz))
    numbers = np.arange(1 - order, order, 2)
    half = -np.exp(1j * pi * numbers / (2 * order)) * (high - low) / 2
    root = np.sqrt(half * half - low * high)
    analog = np.concatenate([half + root, half - root])
    poles = (2 + analog) / (2 - analog)
    sections = np.array([[1.0, 0.0, -1.0, 1.0, *pair] for pair in _denominators(poles)])
    centre = np.exp(-1j * 2 * np.arctan(np.sqrt(low * high) / 2) * np.arange(3))
    each = np.abs(sections[:, :3] @ centre) / np.abs(sections[:, 3:] @ centre)
    sections[:, :3] /= each[:, None]  # 1 in the middle of the band, in each section
    return sections


def _denominators(poles: NDArray[np.complex128]) -> list[tuple[float, float]]:
    """a1 and a2 of each pair of poles: conjugates together, and real ones by two."""
    tiny = 1e-12
    pairs = [(-2 * p.real, abs(p) ** 2) for p in poles if p.imag > tiny]
    real = sorted(p.real for p in poles if abs(p.imag) <= tiny)
    both = zip(real[0::2], real[1::2], strict=True)
    return [(float(a1), float(a2)) for a1, a2 in [*pairs, *((-(p + q), p * q) for p, q in both)]]


class BlockFilter:
    """The same sections for each of some streams, each with its own state."""

    __slots__ = ("_decays", "_matrices", "_states", "block_samples")

    def __init__(self, sections: Sections, streams: int = 1, block_samples: int = 10) -> None:
        """Start at rest; longer blocks than `block_samples` are cut.

        Raises:
            ValueError: the sections are not rows of six finite numbers with a0 = 1, or a number is
                not positive.
        """
        sections = np.asarray(sections, dtype=np.float64)
        if sections.ndim != 2 or sections.shape[1:] != (6,) or not np.isfinite(sections).all():
            raise ValueError(f"found sections of shape {sections.shape}; accepted: (n, 6), finite")
        if (sections[:, 3] != 1.0).any() or streams < 1 or block_samples < 1:
            raise ValueError(
                f"found a0 = {sections[:, 3].tolist()}, {streams} streams, blocks of"
                f" {block_samples}; accepted: a0 = 1, one or more streams, samples"
            )
        self.block_samples = block_samples
        self._states = np.zeros((_STATES * len(sections), streams))
        self._matrices, self._decays = _designed(sections.tobytes(), block_samples)

    @property
    def streams(self) -> int:
        """How many streams have a state here."""
        return self._states.shape[1]

    def push(self, samples: Block, streams: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Filter samples x streams, all of them or those numbered (each once).

        Raises:
            LimitError: the block is not as wide as the streams.
        """
        width = self.streams if streams is None else len(streams)
        if samples.ndim != 2 or samples.shape[1] != width:
            raise LimitError(f"samples of shape {samples.shape}; takes (samples, {width})")
        out = np.empty(samples.shape)
        state = self._states if streams is None else self._states[:, streams]
        for first in range(0, len(samples), self.block_samples):
            block = samples[first : first + self.block_samples]
            count = len(block)
            both = _product(self._matrices[count - 1], np.concatenate([block, state]))
            out[first : first + count] = both[:count]
            state = both[count:]
        if streams is None:
            self._states = state
        else:
            self._states[:, streams] = state
        return out

    def lose(self, streams: NDArray[np.intp], counts: NDArray[np.int64]) -> None:
        """Rule 3: so many samples of these streams, each named once, are missing."""
        state = self._states[:, streams]
        for bit, decay in enumerate(self._decays):
            among = (counts >> bit) & 1 == 1
            if among.any():
                state[:, among] = _product(decay, state[:, among])
        state[:, counts >> len(self._decays) != 0] = 0.0
        self._states[:, streams] = state

    def reset(self, streams: NDArray[np.intp]) -> None:
        """Put these streams at rest."""
        self._states[:, streams] = 0.0


def _product(matrix: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rule 4."""
    width, streams = max(1, _PRODUCT_MAX // matrix.size), columns.shape[1]
    if streams <= width:
        return matrix @ columns
    out = np.empty((len(matrix), streams))
    for first in range(0, streams, width):
        span = slice(first, first + width)
        out[:, span] = matrix @ columns[:, span]
    return out


@lru_cache(_DESIGNS_KEPT)
def _designed(
    sections: bytes, block_samples: int
) -> tuple[tuple[NDArray[np.float64], ...], tuple[NDArray[np.float64], ...]]:
    """What all filters of these sections share: worked out once, and written to by none.

    It takes tens of milliseconds: too long for a patient who comes while others are judged.
    """
    rows = np.frombuffer(sections).reshape(-1, 6)
    matrices = tuple(_matrix(rows, length) for length in range(1, block_samples + 1))
    decays = tuple(_decays(matrices[0][1:, 1:]))
    for one in (*matrices, *decays):
        one.setflags(write=False)
    return matrices, decays


def _decays(step: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """What 1, 2, 4 ... zeros make of a state, until nothing is left of it."""
    decays = [step]
    while len(decays) < _REST_BITS and np.abs(decays[-1]).max() > _REST_SHARE:
        decays.append(decays[-1] @ decays[-1])
    return decays


def _matrix(sections: Sections, length: int) -> NDArray[np.float64]:
    """What `length` samples and a state become, found by filtering each unit vector."""
    states = _STATES * len(sections)
    unit = np.eye(length + states)
    out, state = unit[:length].copy(), unit[length:].copy()
    for sample in range(length):
        x = out[sample]
        for number, (b0, b1, b2, _, a1, a2) in enumerate(sections):
            first, second = state[2 * number], state[2 * number + 1]
            y = b0 * x + first
            state[2 * number] = b1 * x - a1 * y + second
            state[2 * number + 1] = b2 * x - a2 * y
            x = y
        out[sample] = x
    return np.concatenate([out, state])
