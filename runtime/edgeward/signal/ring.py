"""The last samples of one channel with their validity, by absolute index, as views without a copy.

Rules:
1. The last `reach` samples can be read; what came before sample `first` reads as invalid.
2. Memory is `2 * reach` samples, allocated and touched once: nothing is paged in later.
3. The ring is linear: a push is one copy to the end, and once a lap the last `reach` samples move
   to the front. A mirrored ring writes everything twice and measured 1.6 times slower.
4. A sample is invalid when its mask is 0, or when it is NaN or infinite; it reads as 0 and False.
   Nothing invalid in it, a view is known to be whole from one comparison; its mask is not scanned.
5. Whether samples are numbers is asked when they are first read, of all of them at once: a channel
   that comes ten samples at a time would pay more for the question than for the copy.
6. A view is good until the next push: whoever keeps its samples copies them.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Ring:
    """Samples `end - reach .. end - 1`."""

    __slots__ = (
        "_asked_end",
        "_base",
        "_invalid_end",
        "_room",
        "_samples",
        "_valid",
        "_valid_end",
        "end",
        "reach",
    )

    def __init__(self, reach: int, first: int = 0) -> None:
        """Expect sample `first`.

        Raises:
            ValueError: the reach is not positive.
        """
        if reach < 1:
            raise ValueError(f"a ring of {reach} samples; it must be 1 or more")
        self.reach = reach
        self.end = first
        """The index expected next."""
        self._samples: Samples = np.full(2 * reach, 0, dtype=np.float32)  # zeros() touches nothing
        self._valid: Mask = np.full(2 * reach, 1, dtype=np.bool_)  # past the last sample: True
        self._valid[:reach] = False
        self._room = 2 * reach
        self._base = first - reach  # the index of the first sample in memory
        self._invalid_end = first  # after the last invalid sample
        self._asked_end = first  # before it, rule 4 is kept in memory
        self._valid_end = first - reach  # after the last valid sample, if it can be read

    def push(self, samples: Samples, mask: Mask | None = None) -> None:
        """Append samples; without a mask, all that are numbers are valid."""
        count = len(samples)
        at = self.end - self._base
        if count > self.reach:  # what is older could not be read anyway
            self.lose(count - self.reach)
            self.push(samples[-self.reach :], None if mask is None else mask[-self.reach :])
            return
        if at + count > self._room:
            at = self._start_lap()
        self._samples[at : at + count] = samples
        self.end += count
        self._valid_end = self.end  # or before it: that only makes a gap dearer
        if mask is not None:
            self._invalidate(at, mask)

    def lose(self, count: int) -> None:
        """Append missing samples, at a cost that does not grow with their number."""
        if count < 1:
            return
        if self.end - self._valid_end < self.reach:
            self._blank(min(count, self.reach))
            count -= min(count, self.reach)
        self._base += count  # all that can be read is missing: only the indices move on
        self.end += count
        self._invalid_end = self.end

    def view(self, first: int, end: int) -> tuple[Samples, Mask, int]:
        """The samples `first .. end - 1`, which are valid, and how many.

        Raises:
            IndexError: not all of them can be read.
        """
        if not self.end - self.reach <= first <= end <= self.end:
            raise IndexError(
                f"samples {first} to {end} were asked for;"
                f" accepted: from {self.end - self.reach} to {self.end}"
            )
        if self._asked_end < self.end:
            self._ask()
        low, high = first - self._base, end - self._base
        valid = self._valid[low:high]
        whole = first >= self._invalid_end
        count = end - first if whole else int(np.count_nonzero(valid))
        return self._samples[low:high], valid, count

    def _ask(self) -> None:
        """Rule 5: which of the samples since the last time are no numbers."""
        at = max(self._asked_end, self.end - self.reach) - self._base
        samples = self._samples[at : self.end - self._base]
        self._asked_end = self.end
        valid = np.isfinite(samples)
        if np.count_nonzero(valid) < len(valid):
            self._invalidate(at, valid)

    def _invalidate(self, at: int, valid: Mask) -> None:
        """Make invalid what is not marked as valid, in memory from this place on."""
        until, invalid = at + len(valid), ~valid
        self._samples[at:until][invalid] = 0
        self._valid[at:until][invalid] = False
        self._invalid_end = max(self._invalid_end, self._base + until)

    def _blank(self, count: int) -> None:
        """Write missing samples, at most `reach` of them."""
        at = self.end - self._base
        if at + count > self._room:
            at = self._start_lap()
        self._samples[at : at + count] = 0
        self._valid[at : at + count] = False
        self.end += count

    def _start_lap(self) -> int:
        """Move what can be read to the front; where the next sample goes."""
        reach = self.reach
        at = self.end - self._base
        self._samples[:reach] = self._samples[at - reach : at]
        if self._invalid_end > self._base:
            self._valid[:reach] = self._valid[at - reach : at]
            self._valid[reach:] = True
        self._base = self.end - reach
        return reach
