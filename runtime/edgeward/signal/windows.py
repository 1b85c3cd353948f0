"""Cuts a stream of samples into windows, on integer sample indices.

Rules:
1. Window *k* covers the samples `k*hop .. k*hop + window - 1`, counted from sample 0 of the stream.
   Each complete window is handed out exactly once, in order, however the samples were cut into
   blocks.
2. An index past the expected one is a gap: the missing samples exist, and are invalid.
3. An index before the expected one is refused: nothing is overwritten.
4. A sample is invalid when its mask is 0, or when it is NaN or infinite. Invalid samples read as 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import StreamError

Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
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


def clean(samples: Samples, mask: Mask | None) -> tuple[Samples, Mask]:
    """Rule 4: the samples with every invalid one as 0, and which ones are valid."""
    valid = np.isfinite(samples)
    if mask is not None:
        valid &= mask
    if valid.all():
        return samples, valid
    return np.where(valid, samples, np.float32(0)), valid


class Windower:
    """Collects samples and hands out windows. Its memory is two windows, allocated once."""

    __slots__ = (
        "_base",
        "_fill",
        "_hop_samples",
        "_next_sample",
        "_samples",
        "_valid",
        "_window_samples",
        "_windows",
    )

    def __init__(self, window_samples: int, hop_samples: int) -> None:
        """Start at sample 0.

        Raises:
            ValueError: a size is not positive.
        """
        if window_samples < 1 or hop_samples < 1:
            raise ValueError(
                f"a window of {window_samples} every {hop_samples} samples; both must be 1 or more"
            )
        self._window_samples = window_samples
        self._hop_samples = hop_samples
        self._samples: Samples = np.zeros(2 * window_samples, dtype=np.float32)
        self._valid: Mask = np.zeros(2 * window_samples, dtype=np.bool_)
        self._base = 0  # the stream's index of the first sample held
        self._fill = 0  # how many are held
        self._next_sample = 0
        self._windows = 0

    @property
    def next_sample(self) -> int:
        """The index expected next: how many samples the stream has, gaps included."""
        return self._next_sample

    @property
    def windows(self) -> int:
        """How many windows are complete."""
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
        if first < self._next_sample:
            raise StreamError(
                f"sample {first} was offered where {self._next_sample} is the next one;"
                f" accepted: {self._next_sample} or later (what is missing counts as invalid)"
            )
        if mask is not None and len(mask) != len(samples):
            raise StreamError(f"{len(samples)} samples came with a mask of {len(mask)}")
        cleaned, valid = clean(samples, mask)
        self._take(first - self._next_sample, None, None, emit)
        self._take(len(cleaned), cleaned, valid, emit)

    def _take(
        self,
        count: int,
        samples: Samples | None,
        valid: Mask | None,
        emit: Callable[[Window], None],
    ) -> None:
        """Append samples (None: missing ones) in pieces, none of them across a window's end."""
        done = 0
        while done < count:
            start = self._windows * self._hop_samples
            if self._next_sample < start:  # a hop longer than the window: these belong to no window
                skipped = min(count - done, start - self._next_sample)
                self._next_sample += skipped
                done += skipped
                continue
            piece = min(count - done, start + self._window_samples - self._next_sample)
            at = self._room(start, piece)
            if samples is None or valid is None:
                self._samples[at : at + piece] = 0
                self._valid[at : at + piece] = False
            else:
                self._samples[at : at + piece] = samples[done : done + piece]
                self._valid[at : at + piece] = valid[done : done + piece]
            self._fill += piece
            self._next_sample += piece
            done += piece
            if self._next_sample == start + self._window_samples:
                emit(self._complete(start))
                self._windows += 1

    def _room(self, start: int, piece: int) -> int:
        """Where to write the next piece; moves what the current window still needs to the front."""
        if self._fill + piece > len(self._samples) or self._base + self._fill < start:
            kept = self._next_sample - start
            drop = self._fill - kept
            self._samples[:kept] = self._samples[drop : self._fill]
            self._valid[:kept] = self._valid[drop : self._fill]
            self._base, self._fill = start, kept
        return self._fill

    def _complete(self, start: int) -> Window:
        """The view of the window that has just become complete."""
        span = slice(start - self._base, start - self._base + self._window_samples)
        valid = self._valid[span]
        return Window(
            index=self._windows,
            first=start,
            last=start + self._window_samples - 1,
            valid_samples=int(np.count_nonzero(valid)),
            samples=self._samples[span],
            valid=valid,
        )
