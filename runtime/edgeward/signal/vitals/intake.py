"""Blocks of one channel, made gapless and put into its canonical unit.

Rules:
1. What did not come is handed on as invalid samples, in pieces of a second at most: a long gap
   needs no more memory than a short one.
2. A block that begins before the next sample is refused, and nothing of it is taken. So is one
   after a gap that is too long to be filled: the channel is then attached anew.
3. A sample that is NaN or infinite is an invalid one, and so is one that no sensor in that unit can
   give: it is handed on as invalid, never as a value.
"""

from collections.abc import Iterator

import numpy as np

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.signal.channel import Channel
from edgeward.signal.ring import Mask, Samples


class Intake:
    """Takes the blocks of one channel."""

    __slots__ = ("_limits", "channel", "next_sample")

    def __init__(self, channel: Channel, limits: Limits) -> None:
        """Expect sample 0."""
        self.channel = channel
        self._limits = limits
        self.next_sample = 0

    def take(
        self, first: int, samples: Samples, mask: Mask | None
    ) -> Iterator[tuple[Samples, Mask]]:
        """The missing samples before a block, and the block, all in the canonical unit.

        Take all of it: the next sample is counted when a piece is handed on.

        Raises:
            StreamError: the block begins too early, or its mask or shape does not fit it.
            LimitError: the block, or the gap before it, is too long.
        """
        name = self.channel.name
        if first < self.next_sample:
            raise StreamError(
                f"channel {name!r}: sample {first} was offered where {self.next_sample} is next;"
                f" accepted: {self.next_sample} or later (what is missing counts as invalid)"
            )
        if mask is not None and len(mask) != len(samples):
            raise StreamError(
                f"channel {name!r}: {len(samples)} samples came with a mask of {len(mask)}"
            )
        for what, found, limit in (
            ("block_samples_max", len(samples), self._limits.block_samples_max),
            ("gap_samples_max", first - self.next_sample, self._limits.gap_samples_max),
        ):
            if found > limit:
                raise LimitError(f"channel {name!r}: {found} samples exceed {what} = {limit}")
        values = self.channel.to_canonical(samples)
        return self._pieces(first, values, self._valid(values, mask))

    def _pieces(self, first: int, values: Samples, valid: Mask) -> Iterator[tuple[Samples, Mask]]:
        """Rule 1."""
        while self.next_sample < first:
            count = min(self.channel.rate_hz, first - self.next_sample)
            self.next_sample += count
            nothing = np.zeros((count, *values.shape[1:]), np.float32)
            yield nothing, np.zeros(count, np.bool_)
        if len(values):
            self.next_sample += len(values)
            yield values, valid

    def _valid(self, values: Samples, mask: Mask | None) -> Mask:
        """Rule 3; one axis that is invalid makes the sample so."""
        low, high = self.channel.acceptance.possible
        with np.errstate(invalid="ignore"):
            sound: Mask = (values >= low) & (values <= high)  # false for what is no number
        if sound.ndim > 1:
            sound = np.logical_and.reduce(sound, axis=1)
        return sound if mask is None else sound & mask
