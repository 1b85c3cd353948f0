"""What comes into a ward: samples of some patients, and where in each patient's signal they lie.

Rules:
1. A frame of a wrong form is refused as a whole, with all its faults at once.
2. Each patient's samples carry the index of the first of them: what is lost on the way shows as a
   gap at its place, and shifts nothing that comes later.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.bank import Rows
from edgeward.signal.windows import Mask, Samples

INDEX_MAX = 2**62
"""Sums of an index and a length stay within 64 bits."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Samples of some patients: rows x samples, all of one length."""

    rows: Rows
    first: NDArray[np.int64]
    """The index of the first sample of each row, counted by whoever took the samples."""
    samples: Samples
    valid: Mask | None = None

    def only(self, kept: Mask) -> "Frame":
        """Some of its rows."""
        valid = None if self.valid is None else self.valid[kept]
        return Frame(self.rows[kept], self.first[kept], self.samples[kept], valid)


def frame_faults(frame: Frame, patients: int, samples_max: int) -> str:
    """Rule 1: what is wrong with the form of a frame; empty when nothing is."""
    rows, first, samples, valid = frame.rows, frame.first, frame.samples, frame.valid
    if not _whole_numbers(rows) or not _whole_numbers(first) or first.shape != rows.shape:
        return (
            f"found rows of {rows.dtype} {rows.shape} and indices of {first.dtype} {first.shape};"
            " accepted: whole numbers, one index for each row"
        )
    faults = []
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < patients:
        faults.append(f"found rows {rows.min()} to {rows.max()}; accepted: 0 to {patients - 1}")
    if not bool((np.diff(rows) > 0).all()) and len(np.unique(rows)) < len(rows):
        faults.append("found a row more than once; accepted: each once")
    if len(first) and not 0 <= int(first.min()) <= int(first.max()) <= INDEX_MAX:
        faults.append(f"found indices {first.min()} to {first.max()}; accepted: 0 to {INDEX_MAX}")
    shape = samples.shape
    right = len(shape) == 2 and shape[0] == len(rows) and 1 <= shape[1] <= samples_max
    if not right or samples.dtype != np.float32:
        faults.append(
            f"found samples of {samples.dtype} {shape}; accepted: float32 ({len(rows)}, 1 to"
            f" {samples_max})"
        )
    if valid is not None and (valid.shape != shape or valid.dtype != np.bool_):
        faults.append(f"found a mask of {valid.dtype} {valid.shape}; accepted: bool {shape}")
    return "; ".join(faults)


def rows_named(frame: Frame, patients: int) -> list[int]:
    """The patients whom a frame concerns, whatever its form."""
    rows = frame.rows
    if not _whole_numbers(rows):
        return []
    named: list[int] = np.unique(rows[(rows >= 0) & (rows < patients)]).tolist()
    return named


def _whole_numbers(values: NDArray[Any]) -> bool:
    return values.ndim == 1 and values.dtype in (np.int64, np.intp)
