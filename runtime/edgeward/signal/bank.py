"""Rings of many patients with one rate: two arrays, allocated and touched once.

Each row is a mirrored ring: what is written at a place is written `capacity` further on as well, so
a window is always one view. Nothing is ever moved or made smaller: no sample waits for that.

Rules:
1. Each row has its own count of samples. Rows that follow each other with the same count are
   written as one rectangle; others one by one, with the same result.
2. A sample is invalid when its mask is 0, or when it is NaN or infinite; it reads as 0. A block is
   made so by `clean_block`, before it is pushed.
3. A view is good until its samples are overwritten, `slack_samples` after its window was complete.
4. A missing sample is an invalid one. However many are missing, no more than a ring is written.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import LimitError
from edgeward.signal.windows import Mask, Samples

Rows = NDArray[np.intp]
_RUNS_MAX = 32  # more rectangles than this cost more than one scattered write


def clean_block(samples: Samples, valid: Mask | None) -> tuple[Samples, Mask | None]:
    """Rule 2 for patients x samples; the mask is None when all are valid."""
    sound = np.isfinite(samples)
    if valid is not None:
        sound &= valid
    if sound.all():
        return samples, None
    return np.where(sound, samples, np.float32(0)), sound


class BankWindow(NamedTuple):
    """Samples of one patient. Its array is a view."""

    samples: Samples
    valid_samples: int


class RingBank:
    """The last samples of each patient."""

    __slots__ = ("_capacity", "_dirty_until", "_ends", "_samples", "_valid", "_window_samples")

    def __init__(self, patients: int, window_samples: int, slack_samples: int) -> None:
        """Hold one window for each patient, and so many samples more.

        Raises:
            ValueError: a number is not positive.
        """
        if patients < 1 or window_samples < 1 or slack_samples < 1:
            raise ValueError(
                f"found {patients} patients, windows of {window_samples}, slack {slack_samples};"
                " accepted: each 1 or more"
            )
        self._window_samples = window_samples
        self._capacity = window_samples + slack_samples
        self._samples: Samples = np.empty((patients, 2 * self._capacity), dtype=np.float32)
        self._samples.fill(0)  # zeros() would be touched page by page when the first samples come
        self._valid: Mask = np.empty(self._samples.shape, dtype=np.bool_)
        self._valid.fill(1)
        self._ends = np.zeros(patients, dtype=np.int64)
        self._dirty_until = np.full(patients, -1, dtype=np.int64)

    @property
    def ends(self) -> NDArray[np.int64]:
        """How many samples each patient has had, invalid ones included. Not to be written to."""
        return self._ends

    def holds(self, row: int, first: int) -> bool:
        """Whether a window of this patient that starts here is all there."""
        end = int(self._ends[row])
        return end - self._capacity <= first and 0 <= first <= end - self._window_samples

    def window(self, row: int, first: int) -> BankWindow:
        """The window of a patient that starts at a sample.

        Raises:
            LimitError: it is not complete yet, or overwritten.
        """
        if not self.holds(row, first):
            raise LimitError(
                f"a window at {first} of row {row}, which ends at {self._ends[row]}; accepted:"
                f" {self._window_samples} to {self._capacity} samples before that"
            )
        at = first % self._capacity
        span = slice(at, at + self._window_samples)
        valid = self._window_samples
        if self._dirty_until[row] > first:
            valid = int(np.count_nonzero(self._valid[row, span]))
        return BankWindow(self._samples[row, span], valid)

    def push(self, rows: Rows, samples: Samples, valid: Mask | None) -> None:
        """Append patients x samples to these rows, each named once; None: all are valid.

        Raises:
            LimitError: shapes differ, or a block is longer than the slack.
        """
        count = samples.shape[1]
        if len(samples) != len(rows) or (valid is not None and valid.shape != samples.shape):
            raise LimitError(f"{len(rows)} rows with samples of shape {samples.shape} and a mask")
        slack = self._capacity - self._window_samples
        if count > slack:
            raise LimitError(f"blocks of {count} samples; accepted: up to {slack}")
        if not count or not len(rows):
            return
        ends = self._ends[rows]
        masked = valid is not None
        # a mask that is True all through the ring need not be written again
        masked = masked or bool((self._dirty_until[rows] > ends - self._capacity).any())
        mask = np.ones(samples.shape, dtype=np.bool_) if masked and valid is None else valid
        self._write(self._samples, rows, ends, samples)
        if mask is not None:
            self._write(self._valid, rows, ends, mask)
        if valid is not None:
            flawed = ~valid.all(axis=1)
            self._dirty_until[rows[flawed]] = (ends + count)[flawed]
        self._ends[rows] = ends + count

    def lose(self, rows: Rows, counts: NDArray[np.int64]) -> None:
        """Append so many missing samples, each 1 or more, to these rows, each named once."""
        ends = self._ends[rows] + counts
        written = np.minimum(counts, self._capacity)
        for count in np.unique(written).tolist():
            alike = written == count
            some, firsts = rows[alike], ends[alike] - count
            shape = (len(some), count)
            self._write(self._samples, some, firsts, np.broadcast_to(np.float32(0), shape))
            self._write(self._valid, some, firsts, np.broadcast_to(np.False_, shape))
        self._dirty_until[rows] = self._ends[rows] = ends

    def _write(
        self,
        target: NDArray[np.float32] | NDArray[np.bool_],
        rows: Rows,
        ends: NDArray[np.int64],
        values: NDArray[np.float32] | NDArray[np.bool_],
    ) -> None:
        """Rule 1, at both places of each sample."""
        places = ends % self._capacity
        count = values.shape[1]
        breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(places) != 0)) + 1
        if len(breaks) >= _RUNS_MAX:
            columns = (places[:, None] + np.arange(count)) % self._capacity
            target[rows[:, None], columns] = values
            target[rows[:, None], columns + self._capacity] = values
            return
        edges = [0, *breaks.tolist(), len(rows)]
        for low, high in pairwise(edges):
            at = int(places[low])
            until = min(count, self._capacity - at)
            run = slice(int(rows[low]), int(rows[low]) + high - low)
            for base in (0, self._capacity):
                target[run, base + at : base + at + until] = values[low:high, :until]
                target[run, base : base + count - until] = values[low:high, until:]
