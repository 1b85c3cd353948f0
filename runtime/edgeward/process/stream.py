"""The clinical path of one stream: blocks in, complete windows out. One thread, no wait.

A block is first *admitted*: checked against the end of what came before, so that a sender is told
at once. Then it is *worked off*: cut into windows, each handed on. Both happen in the order in
which blocks came; how much later the second happens is the processor's business.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.process.decision import Decision
from edgeward.signal.windows import Mask, Samples, Window, Windower


class Block(NamedTuple):
    """Samples as they arrived."""

    first: int
    """Index of the first sample in the stream."""
    samples: Samples
    mask: Mask | None
    acquired_ns: int
    """When the last sample was taken, or when the block arrived."""


class ResultEvent(NamedTuple):
    """What was decided about one window of one stream."""

    stream: str
    window_index: int
    first: int
    last: int
    valid_samples: int
    decision: Decision
    last_sample_ns: int
    late: bool | None
    """None: no profile says yet what late is."""

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        return {
            "kind": "result",
            "stream": self.stream,
            "window": {
                "index": self.window_index,
                "first": self.first,
                "last": self.last,
                "valid": self.valid_samples,
            },
            **self.decision.to_dict(),
            "last_sample_ns": self.last_sample_ns,
            "decision_ns": self.decision.decided_ns,
            "late": self.late,
        }


class Stream:
    """One open stream."""

    __slots__ = (
        "_emit",
        "_limits",
        "_not_counted",
        "_windower",
        "acquired_ns",
        "declined",
        "name",
        "next_sample",
    )

    def __init__(
        self,
        name: str,
        windower: Windower,
        complete: Callable[["Stream", Window], None],
        limits: Limits,
    ) -> None:
        """Hand each complete window to `complete`."""
        self.name = name
        self._windower = windower
        self._emit = partial(complete, self)
        self._limits = limits
        self._not_counted = windower.windows
        self.next_sample = windower.next_sample
        """The index expected next."""
        self.acquired_ns = 0
        """When the last sample of the block at hand was taken."""
        self.declined: str | None = None
        """Why the windows of the block at hand are not to be judged; None: they are."""

    @property
    def windows(self) -> int:
        """How many windows were complete, each with one result."""
        return self._windower.windows - self._not_counted

    def admit(self, block: Block) -> None:
        """Accept a block as the next one.

        Raises:
            LimitError: the block, or the gap before it, is too long; nothing was taken.
            StreamError: the block starts before the expected index, or its mask has another length;
                nothing was taken.
        """
        count = len(block.samples)
        if (
            block.first != self.next_sample
            or block.mask is not None
            or count > self._limits.block_samples_max
        ):
            self._check(block)
        self.next_sample = block.first + count

    def _check(self, block: Block) -> None:
        """Refuse what does not fit; what is only unusual passes."""
        gap = block.first - self.next_sample
        if gap < 0:
            raise StreamError(
                f"sample {block.first} was offered where {self.next_sample} is the next one;"
                f" accepted: {self.next_sample} or later (what is missing counts as invalid)"
            )
        if block.mask is not None and len(block.mask) != len(block.samples):
            raise StreamError(f"{len(block.samples)} samples came with a mask of {len(block.mask)}")
        limits = self._limits
        if len(block.samples) > limits.block_samples_max:
            raise LimitError(
                f"a block of {len(block.samples)} samples exceeds block_samples_max ="
                f" {limits.block_samples_max}; cut it"
            )
        if gap > limits.gap_samples_max:
            raise LimitError(
                f"a gap of {gap} samples exceeds gap_samples_max = {limits.gap_samples_max};"
                " close the stream and open it anew"
            )

    def work_off(self, block: Block, declined: str | None = None) -> None:
        """Cut an admitted block into windows; a reason given, they get no answer for that."""
        self.acquired_ns = block.acquired_ns
        self.declined = declined
        self._windower.push(block.first, block.samples, block.mask, self._emit)
