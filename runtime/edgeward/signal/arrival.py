"""Blocks that come late, out of order, doubled or overlapping, put in order with bounded memory.

Rules, sample by sample:
1. What is the next one is released at once, in order, and each index once.
2. What comes early is held (copied) behind the hole before it. A hole is waited for until more than
   `wait_samples` later samples, or more than `wait_blocks` later pieces, are held; then it is given
   up: a gap, which the release after it shows by its index.
3. What comes for a gap is late: counted, never inserted.
4. First come, first served. An index that is held already: the same content is a duplicate, another
   is conflicting. An index that was released is a duplicate; its content is no longer known.
   The rest of an overlapping block is new.
5. The last `wait_blocks` gaps are remembered. For what is older than those, late and duplicate
   cannot be told apart; it counts as late.
6. offered = released + late + duplicate + conflicting + held, whenever one looks.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgeward.errors import StreamError
from edgeward.signal.ring import Mask, Samples

Release = Callable[[int, Samples, Mask | None], None]
"""Takes the first index, the samples and their mask; good while it runs."""


@dataclass(frozen=True, slots=True)
class ArrivalCounts:
    """What became of the samples offered, and how many never came in time."""

    offered: int
    released: int
    late: int
    duplicate: int
    conflicting: int
    held: int
    missing: int
    """Samples in gaps; late ones are among them."""


class _Piece(NamedTuple):
    """Samples side by side."""

    first: int
    samples: Samples
    mask: Mask | None

    @property
    def end(self) -> int:
        return self.first + len(self.samples)

    def part(self, first: int, end: int) -> "_Piece":
        """Its samples `first .. end - 1`."""
        span = slice(first - self.first, end - self.first)
        return _Piece(first, self.samples[span], None if self.mask is None else self.mask[span])

    def kept(self) -> "_Piece":
        """Its own copy: the sender uses its block again."""
        return _Piece(
            self.first, self.samples.copy(), None if self.mask is None else self.mask.copy()
        )

    def differing(self, other: "_Piece") -> int:
        """How many samples of two pieces of one span differ, in value or in validity."""
        one, two = self.samples, other.samples
        same = (one == two) | (np.isnan(one) & np.isnan(two))
        if self.mask is not None or other.mask is not None:
            all_valid = np.ones(len(one), dtype=np.bool_)
            mine = all_valid if self.mask is None else self.mask
            same &= mine == (all_valid if other.mask is None else other.mask)
        return len(one) - int(np.count_nonzero(same))


class Arrival:
    """The reorder buffer of one channel: offered in any order, released in the order of indices."""

    __slots__ = (
        "_conflicting",
        "_duplicate",
        "_gaps",
        "_held",
        "_held_samples",
        "_known_from",
        "_late",
        "_missing",
        "_offered",
        "_released",
        "_wait_blocks",
        "_wait_samples",
        "next_sample",
    )

    def __init__(self, wait_samples: int, wait_blocks: int, first: int = 0) -> None:
        """Expect sample `first`; a wait of 0 waits for nothing.

        Raises:
            ValueError: a bound is negative.
        """
        if wait_samples < 0 or wait_blocks < 0:
            raise ValueError(
                f"a wait of {wait_samples} samples in {wait_blocks} blocks; both must be 0 or more"
            )
        self._wait_samples = wait_samples
        self._wait_blocks = wait_blocks
        self.next_sample = first
        """The index released next."""
        self._held: list[_Piece] = []  # by index, none touching another's samples
        self._held_samples = 0
        self._gaps: deque[tuple[int, int]] = deque()  # first index and the one after the last
        self._known_from = first  # before this, rule 5
        self._offered = self._released = self._missing = 0
        self._late = self._duplicate = self._conflicting = 0

    @property
    def holds(self) -> bool:
        """Whether something is held behind a hole."""
        return self._held_samples > 0

    @property
    def counts(self) -> ArrivalCounts:
        """The account of rule 6."""
        return ArrivalCounts(
            offered=self._offered,
            released=self._released,
            late=self._late,
            duplicate=self._duplicate,
            conflicting=self._conflicting,
            held=self._held_samples,
            missing=self._missing,
        )

    def offer(self, first: int, samples: Samples, mask: Mask | None, release: Release) -> None:
        """Take a block; call `release` with whatever is in order now.

        Raises:
            StreamError: the mask has another length; nothing was taken.
        """
        count = len(samples)
        if mask is not None and len(mask) != count:
            raise StreamError(f"{count} samples came with a mask of {len(mask)}")
        self._offered += count
        block = _Piece(first, samples, mask)
        if first == self.next_sample and not self._held:  # as nearly always
            self._release(block, release)
            return
        if first < self.next_sample:
            block = self._drop_past(block)
        for piece in list(self._new_parts(block)):
            self._insert(piece)
        self._release_held(release)
        while self._held_samples > self._wait_samples or len(self._held) > self._wait_blocks:
            self._give_up(release)

    def flush(self, release: Release) -> None:
        """The stream has ended: give up every hole and release what is held."""
        while self._held:
            self._give_up(release)

    def _drop_past(self, block: _Piece) -> _Piece:
        """Rules 3 to 5: count what is before the next index; what is left of the block."""
        end = min(block.end, self.next_sample)
        late = max(0, min(end, self._known_from) - block.first)
        for gap_first, gap_end in self._gaps:
            late += max(0, min(end, gap_end) - max(block.first, gap_first))
        self._late += late
        self._duplicate += end - block.first - late
        return block.part(end, block.end)

    def _new_parts(self, block: _Piece) -> Iterator[_Piece]:
        """The parts of a block that are not held; the others are counted."""
        at = block.first
        for held in self._held:
            low, high = max(at, held.first), min(block.end, held.end)
            if low >= high:
                continue
            if at < low:
                yield block.part(at, low)
            conflicting = block.part(low, high).differing(held.part(low, high))
            self._conflicting += conflicting
            self._duplicate += high - low - conflicting
            at = high
        if at < block.end:
            yield block.part(at, block.end)

    def _insert(self, piece: _Piece) -> None:
        """Hold a new piece at its place."""
        place = len(self._held)
        while place and self._held[place - 1].first > piece.first:
            place -= 1
        self._held.insert(place, piece.kept())
        self._held_samples += len(piece.samples)

    def _release(self, piece: _Piece, release: Release) -> None:
        """Rule 1. Counted first: the account holds inside `release` too."""
        self._released += len(piece.samples)
        self.next_sample = piece.end
        if len(piece.samples):
            release(piece.first, piece.samples, piece.mask)

    def _release_held(self, release: Release) -> None:
        """What is held and has no hole before it."""
        while self._held and self._held[0].first == self.next_sample:
            piece = self._held.pop(0)
            self._held_samples -= len(piece.samples)
            self._release(piece, release)

    def _give_up(self, release: Release) -> None:
        """The first hole becomes a gap; what is in order after it is released."""
        first, end = self.next_sample, self._held[0].first
        self._missing += end - first
        self._gaps.append((first, end))
        if len(self._gaps) > self._wait_blocks:
            self._known_from = self._gaps.popleft()[1]
        self.next_sample = end
        self._release_held(release)
