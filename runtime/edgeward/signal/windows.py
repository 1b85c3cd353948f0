"""Cuts a stream of samples into windows, on integer sample indices.

Rules:
1. Window *k* covers the samples `k*hop .. k*hop + window - 1`, in integers: no drift, however long
   the stream. Each complete window is handed out exactly once, in order, however the samples were
   cut into blocks.
2. An index past the expected one is a gap: the missing samples exist, and are invalid. A gap costs
   time for each window in it, none for its samples, and no memory.
3. An index before the expected one is refused: nothing is overwritten.
4. A sample is invalid when its mask is 0, or when it is NaN or infinite. Invalid samples read as 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from edgeward.errors import StreamError
from edgeward.signal.ring import Mask, Ring, Samples

__all__ = ["Mask", "Samples", "Window", "Windower", "clean", "hop_of_overlap"]


@dataclass(slots=True, eq=False)  # freezing costs half a microsecond each time one is made
class Window:
    """One complete window. Its arrays are views, good while the function given it runs."""

    index: int
    first: int
    """Index of its first sample in the stream."""
    last: int
    """Index of its last sample in the stream."""
    valid_samples: int
    samples: Samples
    valid: Mask


def hop_of_overlap(window_samples: int, overlap: Fraction | str) -> int:
    """The hop `window * (1 - overlap)`, exactly: a fraction, or a text such as "0.8" or "4/5".

    Raises:
        ValueError: the overlap is no such number, is not from 0 to below 1, or gives no whole
            number of samples; the message names the nearest overlaps that do.
    """
    if window_samples < 1:
        raise ValueError(f"a window of {window_samples} samples; it must be 1 or more")
    if not isinstance(overlap, Fraction | str):
        raise ValueError(f"found the overlap {overlap!r}; accepted: a fraction, or a text (exact)")
    try:
        ratio = Fraction(overlap)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"found the overlap {overlap!r}; accepted: 0.8 or 4/5") from error
    hop = window_samples * (1 - ratio)
    if hop.denominator == 1 and 1 <= hop <= window_samples:
        return int(hop)
    below = min(max(hop.numerator // hop.denominator, 1), window_samples)
    near = sorted({below, min(max(below + (hop > below), 1), window_samples)}, reverse=True)
    told = " or ".join(f"{1 - Fraction(one, window_samples)} (a hop of {one})" for one in near)
    raise ValueError(
        f"an overlap of {overlap} of {window_samples} samples is a hop of {hop} samples;"
        f" accepted near it: {told}"
    )


def clean(samples: Samples, mask: Mask | None) -> tuple[Samples, Mask]:
    """Rule 4, for a window on its own: each invalid sample 0, and which are valid."""
    valid = np.isfinite(samples)
    if mask is not None:
        valid &= mask
    return np.where(valid, samples, np.float32(0)), valid


class Windower:
    """Collects samples and hands out windows. Its memory is two windows, allocated once."""

    __slots__ = ("_hop_samples", "_ring", "_window_end", "_window_samples", "_windows")

    def __init__(self, window_samples: int, hop_samples: int, first_window: int = 0) -> None:
        """Start with a window, at its first sample `first_window * hop_samples`.

        Raises:
            ValueError: a size is not positive, or the first window is negative.
        """
        if window_samples < 1 or hop_samples < 1:
            raise ValueError(
                f"a window of {window_samples} every {hop_samples} samples; both must be 1 or more"
            )
        if first_window < 0:
            raise ValueError(f"the first window is {first_window}; accepted: 0 or more")
        self._window_samples = window_samples
        self._hop_samples = hop_samples
        self._windows = first_window
        self._ring = Ring(window_samples, first_window * hop_samples)
        self._window_end = self._ring.end + window_samples  # of the window under way

    @property
    def next_sample(self) -> int:
        """The index expected next: how many samples the stream has, gaps included."""
        return self._ring.end

    @property
    def windows(self) -> int:
        """The index of the window under way: how many are complete, counted from window 0."""
        return self._windows

    def push(
        self,
        first: int,
        samples: Samples,
        mask: Mask | None,
        emit: Callable[[Window], None],
    ) -> None:
        """Take a block that starts at index `first`; call `emit` with each window it completes.

        Raises:
            StreamError: the block starts before the expected index, or its mask has another length.
        """
        ring = self._ring
        count = len(samples)
        if mask is not None and len(mask) != count:
            raise StreamError(f"{count} samples came with a mask of {len(mask)}")
        if first != ring.end:
            self._lose_until(first, emit)
        left = self._window_end - first - count
        if left > 0:
            ring.push(samples, mask)
        elif left == 0:
            ring.push(samples, mask)
            self._complete(emit)
        else:
            self._cut(samples, mask, emit)

    def _lose_until(self, first: int, emit: Callable[[Window], None]) -> None:
        """Rules 2 and 3: what is missing before a block."""
        ring = self._ring
        if first < ring.end:
            raise StreamError(
                f"sample {first} was offered where {ring.end} is the next one;"
                f" accepted: {ring.end} or later (what is missing counts as invalid)"
            )
        while first >= self._window_end:
            ring.lose(self._window_end - ring.end)
            self._complete(emit)
        ring.lose(first - ring.end)

    def _cut(self, samples: Samples, mask: Mask | None, emit: Callable[[Window], None]) -> None:
        """Append a block that reaches the end of a window, in pieces that each end one."""
        ring = self._ring
        at, count = 0, len(samples)
        while at + self._window_end - ring.end <= count:
            until = at + self._window_end - ring.end
            ring.push(samples[at:until], None if mask is None else mask[at:until])
            at = until
            self._complete(emit)
        if at < count:
            ring.push(samples[at:], None if mask is None else mask[at:])

    def _complete(self, emit: Callable[[Window], None]) -> None:
        """Hand out the window that has just become complete; the next one is under way."""
        end = self._window_end
        first = end - self._window_samples
        samples, valid, count = self._ring.view(first, end)
        window = Window(self._windows, first, end - 1, count, samples, valid)
        self._windows += 1
        self._window_end = end + self._hop_samples
        emit(window)
