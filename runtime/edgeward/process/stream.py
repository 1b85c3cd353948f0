"""The clinical path of one stream: block in, windows, decisions, result events out. One thread.

Nothing here waits, allocates beyond the window at hand, or raises for what a model does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeward.errors import LimitError
from edgeward.limits import Limits
from edgeward.model.card import ModelInput
from edgeward.process.decision import Decision
from edgeward.process.lateness import Lateness
from edgeward.signal.windows import Mask, Samples, Window, Windower

Decide = Callable[[Samples, int], Decision]


@dataclass(frozen=True, slots=True)
class Block:
    """Samples as they arrived."""

    first: int
    """Index of the first sample in the stream."""
    samples: Samples
    mask: Mask | None
    acquired_ns: int
    """When the last sample was taken, or when the block arrived."""


@dataclass(frozen=True, slots=True)
class ResultEvent:
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

    __slots__ = ("_acquired_ns", "_decide", "_lateness", "_limits", "_publish", "_windower", "name")

    def __init__(
        self,
        name: str,
        taken: ModelInput,
        *,
        decide: Decide,
        publish: Callable[[ResultEvent], None],
        lateness: Lateness,
        limits: Limits,
    ) -> None:
        """Cut windows as the model takes them; decide each one and publish the result."""
        self.name = name
        self._windower = Windower(taken.window_samples, taken.hop_samples)
        self._decide = decide
        self._publish = publish
        self._lateness = lateness
        self._limits = limits
        self._acquired_ns = 0

    @property
    def next_sample(self) -> int:
        """The index expected next."""
        return self._windower.next_sample

    @property
    def windows(self) -> int:
        """How many windows were complete, each with one event."""
        return self._windower.windows

    def push(self, block: Block) -> None:
        """Take a block; publish one event for each window it completes.

        Raises:
            LimitError: the block, or the gap before it, is too long; nothing was taken.
            StreamError: the block starts before the expected index; nothing was taken.
        """
        limits = self._limits
        if len(block.samples) > limits.block_samples_max:
            raise LimitError(
                f"a block of {len(block.samples)} samples exceeds block_samples_max ="
                f" {limits.block_samples_max}; cut it"
            )
        gap = block.first - self._windower.next_sample
        if gap > limits.gap_samples_max:
            raise LimitError(
                f"a gap of {gap} samples exceeds gap_samples_max = {limits.gap_samples_max};"
                " close the stream and open it anew"
            )
        self._acquired_ns = block.acquired_ns
        self._windower.push(block.first, block.samples, block.mask, self._complete)

    def _complete(self, window: Window) -> None:
        decision = self._decide(window.samples, window.valid_samples)
        self._publish(
            ResultEvent(
                stream=self.name,
                window_index=window.index,
                first=window.first,
                last=window.last,
                valid_samples=window.valid_samples,
                decision=decision,
                last_sample_ns=self._acquired_ns,
                late=self._lateness.judge(self._acquired_ns, decision.decided_ns),
            )
        )
