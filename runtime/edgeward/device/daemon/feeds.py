"""The blocks of one channel until they are judged: as they came, then joined where they follow."""

from dataclasses import dataclass, field

import numpy as np

from edgeward.errors import StreamError
from edgeward.process.stream import Block
from edgeward.signal.channel import Channel
from edgeward.signal.ring import Mask, Samples


@dataclass(slots=True)
class Feed:
    """One channel of a patient."""

    stream: str
    channel: Channel
    base: int
    """The index that its sender gave to its first sample."""
    next_sample: int = 0
    """After the last one that came, as its sender counts."""
    waiting: list[Block] = field(default_factory=list)

    def keep(self, block: Block) -> None:
        """Let a block wait for its turn."""
        self.waiting.append(block)
        self.next_sample = block.first + len(block.samples)


def part(block: Block, first: int, count: int) -> Block:
    """Some samples in a row of a block."""
    if count == len(block.samples):
        return block
    span = slice(first - block.first, first - block.first + count)
    mask = None if block.mask is None else block.mask[span]
    return Block(first, block.samples[span], mask, block.acquired_ns)


def shaped(block: Block, channel: Channel) -> Block:
    """The block with a row for each sample, where a sample has several values.

    Raises:
        StreamError: it has not as many values as that takes.
    """
    axes = channel.acceptance.axes
    if axes == 1 or block.samples.ndim > 1:
        return block
    if len(block.samples) % axes:
        found = f"channel {channel.name!r}: found {len(block.samples)} values"
        raise StreamError(f"{found}; accepted: {axes} for each sample")
    mask = block.mask
    if mask is not None:
        mask = np.logical_and.reduce(mask.reshape(-1, axes), axis=1)
    return block._replace(samples=block.samples.reshape(-1, axes), mask=mask)


def joined(blocks: list[Block]) -> list[Block]:
    """Blocks that follow each other as one, with the stamp of the last."""
    runs: list[list[Block]] = []
    for block in blocks:
        last = runs[-1][-1] if runs else None
        if last is not None and block.first == last.first + len(last.samples):
            runs[-1].append(block)
        else:
            runs.append([block])
    return [run[0] if len(run) == 1 else _one(run) for run in runs]


def _one(run: list[Block]) -> Block:
    samples: Samples = np.concatenate([one.samples for one in run])
    mask: Mask | None = None
    if any(one.mask is not None for one in run):
        mask = np.concatenate(
            [np.ones(len(one.samples), np.bool_) if one.mask is None else one.mask for one in run]
        )
    return Block(run[0].first, samples, mask, run[-1].acquired_ns)
