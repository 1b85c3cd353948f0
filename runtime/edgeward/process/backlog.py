"""Blocks that wait for their turn: bounded, in order of class and arrival, with every loss counted.

Rules:
1. Clinical blocks go before all others; within a class the oldest goes first.
2. A full backlog makes room by giving up the oldest blocks of a class below the clinical one. It
   never gives up a clinical block: where only clinical ones are left, `put` says no, and the
   caller works one off first.
3. offered = taken + given up (by class and reason) + waiting, at every moment.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from edgeward.process.stream import Block


class StreamClass(IntEnum):
    """What rests on a stream; the lower the number, the sooner its turn."""

    CLINICAL = 0
    """An alarm may."""
    TREND = 1
    """Only a record of the past."""


class Loss(StrEnum):
    """Why a block was given up."""

    FULL = "full"
    """The backlog was full, and something as important or more came later."""
    SHED = "shed"
    """The degradation ladder leaves its class out."""


@dataclass(frozen=True, slots=True)
class Item:
    """A block that waits."""

    stream: str
    stream_class: StreamClass
    block: Block
    offered_ns: int


class Backlog:
    """Waiting blocks, at most so many samples of them."""

    __slots__ = (
        "_queues",
        "_samples_max",
        "_waiting_of",
        "given_up",
        "offered",
        "taken",
        "waiting_samples",
    )

    def __init__(self, samples_max: int) -> None:
        """Hold at most so many samples.

        Raises:
            ValueError: it is not positive.
        """
        if samples_max < 1:
            raise ValueError(f"a backlog of {samples_max} samples; it must be 1 or more")
        self._samples_max = samples_max
        self._queues: dict[StreamClass, deque[Item]] = {one: deque() for one in StreamClass}
        self._waiting_of: dict[str, int] = {}
        self.offered = 0
        self.taken = 0
        """The owner counts blocks here, in both, that never had to wait."""
        self.given_up: dict[tuple[StreamClass, Loss], int] = {}
        self.waiting_samples = 0

    def __len__(self) -> int:
        """How many blocks wait."""
        return sum(map(len, self._queues.values()))

    @property
    def fill(self) -> float:
        """The share of the room that is taken; above 1 for one block larger than the room."""
        return self.waiting_samples / self._samples_max

    def put(self, item: Item) -> tuple[list[Item], bool]:
        """Add a block: what was given up for it, and whether it was added.

        A block larger than the whole room is added when nothing else waits. One below the clinical
        class that finds only clinical ones is given up itself.
        """
        lower = self._queues[StreamClass.TREND]
        lost: list[Item] = []
        while lower and not self._fits(item):
            lost.append(self._give_up(self._leave(lower), Loss.FULL))
        if self._fits(item):
            self.offered += 1
            self.waiting_samples += len(item.block.samples)
            self._waiting_of[item.stream] = self._waiting_of.get(item.stream, 0) + 1
            self._queues[item.stream_class].append(item)
            return lost, True
        if item.stream_class is not StreamClass.CLINICAL:
            lost.append(self._refuse(item, Loss.FULL))
        return lost, False

    def shed(self, item: Item | None = None) -> list[Item]:
        """Give up all blocks below the clinical class that wait, and after them this one."""
        lower = self._queues[StreamClass.TREND]
        lost = [self._give_up(self._leave(lower), Loss.SHED) for _ in range(len(lower))]
        return lost if item is None else [*lost, self._refuse(item, Loss.SHED)]

    def take(self) -> Item | None:
        """The block whose turn it is, or None."""
        for queue in self._queues.values():
            if queue:
                self.taken += 1
                return self._leave(queue)
        return None

    def oldest_ns(self) -> int | None:
        """When the block whose turn is next was offered, or None."""
        return next((queue[0].offered_ns for queue in self._queues.values() if queue), None)

    def waits(self, stream: str) -> bool:
        """Whether a block of a stream waits."""
        return stream in self._waiting_of

    def conserved(self) -> bool:
        """Rule 3."""
        return self.offered == self.taken + sum(self.given_up.values()) + len(self)

    def _fits(self, item: Item) -> bool:
        needed = self.waiting_samples + len(item.block.samples)
        return needed <= self._samples_max or not len(self)

    def _leave(self, queue: deque[Item]) -> Item:
        """Take the oldest of a queue."""
        item = queue.popleft()
        self.waiting_samples -= len(item.block.samples)
        left = self._waiting_of[item.stream] - 1
        if left:
            self._waiting_of[item.stream] = left
        else:
            del self._waiting_of[item.stream]
        return item

    def _refuse(self, item: Item, reason: Loss) -> Item:
        """Count a block that was offered and given up without having waited."""
        self.offered += 1
        return self._give_up(item, reason)

    def _give_up(self, item: Item, reason: Loss) -> Item:
        key = (item.stream_class, reason)
        self.given_up[key] = self.given_up.get(key, 0) + 1
        return item
