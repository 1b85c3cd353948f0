"""Limits of many streams, tested in one call: samples x streams, each with limits of its own.

Rules:
1. A sample is normal only when it is a number from the low to the high limit. NaN never is.
2. `persistence` samples in a row that are not normal raise an alarm, at the last of them; the first
   normal one ends it.
3. The alarm says which limit the latest number in that row was beyond; TECHNICAL if none was a
   number, or none of the last `persistence` samples: what was, nobody knows any more. When that
   changes while the alarm stands, it is raised anew.
4. A missing sample is one that is no number: nobody knows that it was normal.
5. However samples are cut into blocks, the same changes come at the same samples.
6. While all is normal a block costs two reductions; otherwise only streams that are not are looked
   at sample by sample, all of them at once.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import LimitError

Numbers = NDArray[np.float32] | NDArray[np.float64]


class LimitState(IntEnum):
    """What a stream shows."""

    NORMAL = 0
    LOW = 1
    HIGH = 2
    TECHNICAL = 3


class LimitChange(NamedTuple):
    """A stream came to show something else."""

    sample: int
    """Its place in the block."""
    stream: int
    state: LimitState


class ThresholdBank:
    """Limits and state of each stream."""

    __slots__ = ("_gaps", "_high", "_low", "_persistence", "_runs", "_seen", "_standing")

    def __init__(
        self, low: NDArray[np.float32], high: NDArray[np.float32], persistence: NDArray[np.int64]
    ) -> None:
        """One low and high limit and one persistence, in samples, for each stream.

        Raises:
            ValueError: a stream has no limits in order, or a persistence below 1.
        """
        if low.ndim != 1 or not low.shape == high.shape == persistence.shape:
            raise ValueError(
                f"found {low.shape}, {high.shape}, {persistence.shape}; accepted: (n,)"
            )
        wrong = np.flatnonzero(~(low <= high) | (persistence < 1))
        if len(wrong):
            told = "; ".join(
                f"stream {at}: {low[at]} to {high[at]}, {persistence[at]} samples" for at in wrong
            )
            raise ValueError(f"found {told}; accepted: low <= high, 1 sample or more")
        self._low, self._high = low.astype(np.float32), high.astype(np.float32)
        self._persistence = persistence.astype(np.int64)
        self._runs = np.zeros(len(low), dtype=np.int64)  # samples that are not normal
        self._gaps = np.zeros(len(low), dtype=np.int64)  # samples that are no numbers
        self._seen = np.full(len(low), LimitState.TECHNICAL, dtype=np.int8)
        self._standing = np.zeros(len(low), dtype=np.int8)

    @property
    def standing(self) -> NDArray[np.int8]:
        """What each stream shows now, as numbers of `LimitState`."""
        return self._standing.copy()

    def push(self, samples: Numbers, streams: NDArray[np.intp] | None = None) -> list[LimitChange]:
        """Test samples x streams, all of them or those numbered (each once).

        Raises:
            LimitError: the block is not as wide as the streams.
        """
        width = len(self._low) if streams is None else len(streams)
        if samples.ndim != 2 or samples.shape[1] != width:
            raise LimitError(f"samples of shape {samples.shape}; takes (samples, {width})")
        if not len(samples):
            return []
        all_of = slice(None) if streams is None else streams
        normal = samples.max(axis=0) <= self._high[all_of]  # a NaN is the maximum, and not <=
        normal &= samples.min(axis=0) >= self._low[all_of]
        normal &= self._runs[all_of] == 0
        if normal.all():
            return []
        columns = np.flatnonzero(~normal)
        return self._step(samples[:, columns], columns if streams is None else streams[columns])

    def lose(self, streams: NDArray[np.intp], counts: NDArray[np.int64]) -> list[LimitChange]:
        """Rule 4: so many samples, each 1 or more, of these streams, each named once, are missing.

        A place among them may be far away; what it costs does not grow with it.
        """
        persistence, runs, gaps = (
            self._persistence[streams],
            self._runs[streams],
            self._gaps[streams],
        )
        raised = (runs < persistence) & (runs + counts >= persistence)
        blind = (gaps < persistence) & (gaps + counts >= persistence)
        changes = []
        for at in np.flatnonzero(raised | blind).tolist():
            stream, until = int(streams[at]), int(persistence[at])
            seen = LimitState(self._seen[stream])
            if raised[at]:
                changes.append(LimitChange(until - int(runs[at]) - 1, stream, seen))
            if blind[at] and seen is not LimitState.TECHNICAL:
                changes.append(LimitChange(until - int(gaps[at]) - 1, stream, LimitState.TECHNICAL))
        self._seen[streams[blind]] = LimitState.TECHNICAL
        over = runs + counts >= persistence
        self._standing[streams[over]] = self._seen[streams[over]]
        self._runs[streams] = np.minimum(runs + counts, np.maximum(runs, persistence))
        self._gaps[streams] = np.minimum(gaps + counts, np.maximum(gaps, persistence))
        return changes

    def _step(self, samples: Numbers, streams: NDArray[np.intp]) -> list[LimitChange]:
        """Rules 1 to 3, sample by sample, for streams that are not all normal."""
        low, high = self._low[streams], self._high[streams]
        persistence = self._persistence[streams]
        runs, gaps = self._runs[streams], self._gaps[streams]
        seen, standing = self._seen[streams], self._standing[streams]
        changes = []
        for place, row in enumerate(samples):
            above, below = row > high, row < low
            missing = np.isnan(row)
            normal = ~(above | below | missing)
            runs = np.where(normal, 0, runs + 1)
            gaps = np.where(missing, gaps + 1, 0)
            seen = np.where(normal | (gaps >= persistence), np.int8(LimitState.TECHNICAL), seen)
            seen = np.where(above, np.int8(LimitState.HIGH), seen)
            seen = np.where(below, np.int8(LimitState.LOW), seen)
            raised = np.where(runs >= persistence, seen, np.int8(LimitState.NORMAL))
            for at in np.flatnonzero(raised != standing):
                changes.append(LimitChange(place, int(streams[at]), LimitState(raised[at])))
            standing = raised
        self._runs[streams], self._gaps[streams], self._seen[streams] = runs, gaps, seen
        self._standing[streams] = standing
        return changes
