"""Turns the samples of a channel into blocks as a link hands them over: late, lost, doubled.

The samples stay what they are; a clock that runs fast or slow shows in when they come.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from heapq import heappop, heappush

import numpy as np

from edgeward.signal.ring import Samples
from edgeward.signal.sample_clock import NS_PER_SECOND
from edgeward.signal.simulation.checks import within
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.truth import Provenance

_BATCH = 1024


class Fate(StrEnum):
    """What becomes of a block."""

    PROMPT = "prompt"
    LOST = "lost"
    DUPLICATED = "duplicated"
    LATE = "late"
    """By some blocks: those after it come before it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a link treats the blocks of one channel. Shares are of all blocks."""

    block_samples: int
    lost: float = 0.0
    duplicated: float = 0.0
    late: float = 0.0
    late_by: int = 3
    """Up to so many blocks."""
    drift_ppm: float = 0.0
    """How much faster the sensor's clock runs than it says: its samples come sooner."""
    delay_s: float = 0.0
    """Of every block."""
    outages: tuple[tuple[float, float], ...] = ()
    """From when until when nothing comes, and is lost."""

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, block_samples=(1, 1_000_000), lost=(0, 1), duplicated=(0, 1), late=(0, 1))
        within(self, late_by=(1, 1000), drift_ppm=(-10_000, 10_000), delay_s=(0, 3600))


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """One block as it comes."""

    first: int
    samples: Samples
    arrives_ns: int
    """On the receiver's clock, from the begin of the signal."""
    fate: Fate
    provenance: Provenance


def deliver(
    pieces: Iterable[Samples],
    rate_hz: int,
    delivery: Delivery,
    seed: int,
    provenance: Provenance = Provenance.SIMULATED,
) -> Iterator[Delivered]:
    """The blocks of one channel in the order in which they come; lost ones do not.

    `pieces` follow each other without a hole, of any length: those of a stream, or a whole signal.
    What does not fill a block at the end comes as a shorter one.
    """
    rate = rate_hz * (1.0 + delivery.drift_ppm * 1e-6)
    block_ns = round(delivery.block_samples / rate * NS_PER_SECOND)
    waiting: list[tuple[int, int, int, Delivered]] = []
    for number, samples in enumerate(_cut(pieces, delivery.block_samples)):
        first = number * delivery.block_samples
        due_s = (first + len(samples)) / rate
        due_ns = round((due_s + delivery.delay_s) * NS_PER_SECOND)
        fate, behind = _fate(delivery, seed, number)
        if any(start <= due_s < end for start, end in delivery.outages):
            fate = Fate.LOST
        copies = {Fate.LOST: 0, Fate.DUPLICATED: 2}.get(fate, 1)
        for copy in range(copies):
            extra = behind if fate is Fate.LATE or copy else 0
            at_ns = due_ns + extra * block_ns + (block_ns // 2 if extra else 0)
            block = Delivered(first, samples, at_ns, fate, provenance)
            heappush(waiting, (at_ns, number, copy, block))
        while waiting and waiting[0][0] <= due_ns:
            yield heappop(waiting)[3]
    while waiting:
        yield heappop(waiting)[3]


def _cut(pieces: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Blocks of one size, and the rest."""
    kept: Samples | None = None
    for piece in pieces:
        kept = piece if kept is None or not len(kept) else np.concatenate([kept, piece])
        whole = len(kept) // size * size
        for first in range(0, whole, size):
            yield kept[first : first + size]
        kept = kept[whole:]
    if kept is not None and len(kept):
        yield kept


def _fate(delivery: Delivery, seed: int, number: int) -> tuple[Fate, int]:
    """What becomes of the block of this number, and by how many blocks it would be late."""
    which, behind = _chances(seed, number // _BATCH)[number % _BATCH]
    late_by = 1 + int(behind * delivery.late_by)
    edge = 0.0
    for fate, share in (
        (Fate.LOST, delivery.lost),
        (Fate.DUPLICATED, delivery.duplicated),
        (Fate.LATE, delivery.late),
    ):
        edge += share
        if which < edge:
            return fate, late_by
    return Fate.PROMPT, late_by


@lru_cache(maxsize=16)
def _chances(seed: int, batch: int) -> F64:
    """Two numbers for each block of a batch."""
    return draw(seed, Purpose.DELIVERY, batch).uniform(size=(_BATCH, 2))
