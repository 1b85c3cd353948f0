"""Figures of a stream by window: mean, spread, least and most, and how many samples they rest on.

Rules:
1. Window *k* covers the samples `k*W .. k*W + W - 1`. Where a sample belongs is decided by its
   index, so that blocks may come late, twice, in any order and cut anywhere: the figures are the
   same, to the last bit.
2. A window is told once, in order, when a sample has come that lies `wait_samples` after its end;
   what is left is told by `flush`. A sample that comes after that is counted as too late.
3. A sample counts once: the first valid value of it stays. Another value is counted as a conflict.
4. Invalid samples, NaN and infinity count for nothing. A window without any valid sample has no
   figures and is told all the same; of windows that lie in a gap, several are told as one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgeward.errors import GatewayError
from edgeward.signal.windows import Mask, Samples, clean

WINDOW_SAMPLES_MAX = 1_000_000
WINDOWS_OPEN_MAX = 64
"""Windows that may wait for late samples at once."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The figures of one window, or of a gap of whole windows of which nothing came."""

    first: int
    """The first sample it covers."""
    samples: int
    """How many it covers: one window, unless it is a gap or the rest at the end."""
    n: int
    """How many of them the figures rest on."""
    mean: float | None
    std: float | None
    """Of the n samples themselves (divided by n)."""
    least: float | None
    most: float | None

    @property
    def partial(self) -> bool:
        """Whether samples are missing."""
        return self.n < self.samples


@dataclass(slots=True)
class Counts:
    """What became of the samples that did not count; each is in at most one of these."""

    duplicates: int = 0
    conflicts: int = 0
    """Duplicates with another value than the first one."""
    too_late: int = 0
    invalid: int = 0


@dataclass(slots=True)
class _Window:
    values: Samples
    valid: Mask


class Aggregator:
    """One stream. Its memory is the windows that wait for late samples, and no more."""

    __slots__ = ("_end", "_next", "_open", "_tell", "_wait", "_window", "counts")

    def __init__(
        self, window_samples: int, wait_samples: int, tell: Callable[[Aggregate], None]
    ) -> None:
        """Start at sample 0; tell each window to this function.

        Raises:
            ValueError: a size is out of bounds.
        """
        most = window_samples * (WINDOWS_OPEN_MAX - 2)
        if not 1 <= window_samples <= WINDOW_SAMPLES_MAX or not 0 <= wait_samples <= most:
            raise ValueError(
                f"windows of {window_samples} samples that wait for {wait_samples} more; accepted:"
                f" 1 to {WINDOW_SAMPLES_MAX}, and at most {WINDOWS_OPEN_MAX - 2} windows of waiting"
            )
        self._window = window_samples
        self._wait = wait_samples
        self._tell = tell
        self._next = 0
        """The window that is told next."""
        self._end = 0
        """The sample after the highest one that has come."""
        self._open: dict[int, _Window] = {}
        self.counts = Counts()

    def push(self, first: int, samples: Samples, mask: Mask | None = None) -> None:
        """Take a block that starts at this index, whenever it comes.

        Raises:
            GatewayError: the index is below 0, or the mask has another length.
        """
        faults = []
        if first < 0:
            faults.append(f"first: found {first}; accepted: 0 or later")
        if mask is not None and len(mask) != len(samples):
            faults.append(f"mask: found {len(mask)}; accepted: {len(samples)}, one for each sample")
        if faults:
            raise GatewayError(faults)
        values, valid = clean(samples, mask)
        self.counts.invalid += len(valid) - int(valid.sum())
        at = 0
        while at < len(values):
            number, place = divmod(first + at, self._window)
            until = min(len(values), at + self._window - place)
            self._take(number, place, values[at:until], valid[at:until])
            at = until

    def flush(self) -> None:
        """Tell what is left: the end has come, and nothing more will."""
        self._close(-(-self._end // self._window))

    def _take(self, number: int, place: int, values: Samples, valid: Mask) -> None:
        """Samples of one window."""
        if number < self._next:
            self.counts.too_late += int(valid.sum())
        else:
            self._put(number, slice(place, place + len(values)), values, valid)
        end = number * self._window + place + len(values)
        if end > self._end:
            self._end = end
            self._close((end - self._wait) // self._window)

    def _put(self, number: int, part: slice, values: Samples, valid: Mask) -> None:
        """Rule 3."""
        window = self._open.get(number)
        if window is None:
            empty = np.zeros(self._window, np.float32), np.zeros(self._window, np.bool_)
            window = self._open[number] = _Window(*empty)
        known = valid & window.valid[part]
        other = int((known & (values != window.values[part])).sum())
        self.counts.conflicts += other
        self.counts.duplicates += int(known.sum()) - other
        new = valid & ~window.valid[part]
        window.values[part][new] = values[new]
        window.valid[part] |= new

    def _close(self, until: int) -> None:
        """Tell each window before this one."""
        while self._next < until:
            window = self._open.pop(self._next, None)
            first = self._next * self._window
            if window is None:
                following = min((number for number in self._open), default=until)
                gap = min(following, until) - self._next
                self._next += gap
                end = min(self._next * self._window, self._end)
                self._tell(Aggregate(first, end - first, 0, None, None, None, None))
                continue
            self._next += 1
            self._tell(self._figures(first, window))

    def _figures(self, first: int, window: _Window) -> Aggregate:
        covered = min(self._window, self._end - first)
        values = window.values[window.valid].astype(np.float64)
        if not len(values):
            return Aggregate(first, covered, 0, None, None, None, None)
        return Aggregate(
            first,
            covered,
            len(values),
            float(values.mean()),
            float(values.std()),
            float(values.min()),
            float(values.max()),
        )
