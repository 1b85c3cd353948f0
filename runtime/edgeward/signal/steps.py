"""Blocks of any length, cut into steps of one length at fixed places: the same steps, however cut.

What works step by step gives the same answer for every way of cutting the signal into blocks, and
is at most one step behind.
"""

from collections.abc import Iterator

import numpy as np

from edgeward.signal.ring import Mask, Samples


class Steps:
    """Collects samples, and hands them on in steps of so many. Invalid samples become zero."""

    __slots__ = ("_filled", "_samples", "_step", "_valid", "done")

    def __init__(self, step_samples: int, axes: int = 1) -> None:
        """Begin at sample 0; `axes` values a sample.

        Raises:
            ValueError: a number is not positive.
        """
        if step_samples < 1 or axes < 1:
            raise ValueError(f"steps of {step_samples} samples of {axes} values; both 1 or more")
        self._step = step_samples
        shape = (step_samples,) if axes == 1 else (step_samples, axes)
        self._samples = np.zeros(shape, np.float32)
        self._valid = np.zeros(step_samples, np.bool_)
        self._filled = 0
        self.done = 0
        """Samples handed on: the index of the first sample of the next step."""

    def push(self, samples: Samples, valid: Mask) -> Iterator[tuple[int, Samples, Mask]]:
        """Each step that is now complete: its first index, its samples and which are valid.

        The arrays are good until the next step is asked for. Take all steps: what is left of the
        block is only kept when the last one has been asked for.
        """
        taken = 0
        while taken < len(samples):
            count = min(self._step - self._filled, len(samples) - taken)
            place = slice(self._filled, self._filled + count)
            self._valid[place] = valid[taken : taken + count]
            self._samples[place] = samples[taken : taken + count]
            self._filled += count
            taken += count
            if self._filled == self._step:
                first, self._filled = self.done, 0
                self.done += self._step
                self._samples[~self._valid] = 0
                yield first, self._samples, self._valid
