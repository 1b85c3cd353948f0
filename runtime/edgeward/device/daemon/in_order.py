"""A source whose blocks may come late, doubled or out of order, put in order for a stated wait.

A lost datagram holds back what follows it until the wait is over; then it is a gap. So the wait is
a part of the latency in that case, and only in that case. A block keeps the stamp it came with.

The wait is over when later samples of that length have come, or when it has passed by the clock: a
stream that stops behind a hole does not keep the samples that did arrive.

A stream of which nothing but old samples has come for so long that it counts as silent has a sender
that began again: from then on its order is the new one.
"""

from collections import deque
from dataclasses import dataclass, field

from edgeward.device.daemon.naming import read_name
from edgeward.device.daemon.source import Arrival, Source
from edgeward.errors import StreamError
from edgeward.limits import DEFAULT
from edgeward.model.card import ModelInput
from edgeward.ports import Clock
from edgeward.process.stream import Block
from edgeward.signal.arrival import Arrival as Reorder
from edgeward.signal.arrival import Release
from edgeward.signal.windows import Mask, Samples

BLOCKS_HELD_MAX = 64
_NS_PER_MS = 1_000_000
COUNTED = ("late", "duplicate", "conflicting", "missing")


@dataclass(slots=True)
class _Stream:
    """One stream's order and the stamps of what may still be held."""

    reorder: Reorder
    wait_samples: int
    moved_ns: int
    """When samples last came that were not old."""
    next_sample: int = 0
    since_ns: int = 0
    """When that was seen to be the index that is waited for."""
    stamps: deque[tuple[int, int, int]] = field(
        default_factory=lambda: deque(maxlen=4 * BLOCKS_HELD_MAX)
    )

    def stamp_of(self, first: int, newest_ns: int) -> int:
        """The stamp of the block that a sample came in."""
        for begin, end, acquired_ns in self.stamps:
            if begin <= first < end:
                return acquired_ns
        return newest_ns


class InOrder:
    """Puts what another source gives in order."""

    def __init__(
        self, source: Source, clock: Clock, taken: ModelInput, wait_ms: int, streams_max: int
    ) -> None:
        """Wait at most so long for what is missing; those of devices beyond the maximum pass.

        Raises:
            ValueError: the wait is not positive.
        """
        if wait_ms < 1:
            raise ValueError(f"a wait of {wait_ms} ms; it must be 1 or more")
        self.said = f"{source.said}, in order within {wait_ms} ms"
        self.streams_expected = source.streams_expected
        self._source = source
        self._clock = clock
        self._wait_ns = wait_ms * _NS_PER_MS
        self._taken = taken
        self._devices_max = streams_max
        self._channels: dict[str, int] = {}
        """How many of each device are put in order."""
        self._silent_ns = taken.window_samples * 1_000_000_000 // taken.rate_hz
        self._streams: dict[str, _Stream] = {}
        self._total = dict.fromkeys(COUNTED, 0)
        """Of orders that are over."""

    @property
    def ended(self) -> bool:
        """Whether nothing will ever come any more."""
        return self._source.ended

    @property
    def refused(self) -> dict[str, int]:
        """What came and could not be used, and samples that came too late or more than once."""
        total = dict(self._total)
        for stream in self._streams.values():
            self._count(total, stream.reorder)
        counted = {f"samples {name}": count for name, count in total.items() if count}
        return {**self._source.refused, **counted}

    def receive(self, until_ns: int) -> list[Arrival]:
        """What is next in each stream; waits for something at most until this instant."""
        ready: list[Arrival] = []
        for name, block in self._source.receive(until_ns):
            stream = self._streams.get(name)
            if stream is None:
                wait = self._wait_samples(name)
                if wait is None:
                    ready.append((name, block))
                    continue
                reorder = Reorder(wait, BLOCKS_HELD_MAX, block.first)
                stream = _Stream(reorder, wait, self._clock.monotonic_ns())
                self._streams[name] = stream
            self._offer(name, stream, block, ready)
        self._release_overdue(ready)
        return ready

    def close(self) -> None:
        """Let go of the source; what is still held has no successor, and is dropped with it."""
        self._source.close()

    def _wait_samples(self, name: str) -> int | None:
        """How many samples of a new stream the wait is; None: it passes as it comes.

        So does one of a device too many, what has several values a sample, and a name that will be
        refused.
        """
        try:
            named = read_name(name, self._taken)
        except StreamError:
            return None
        channel, channels = named.channel, self._channels.get(named.device, 0)
        if channels >= DEFAULT.channels_max or (
            not channels and len(self._channels) >= self._devices_max
        ):
            return None
        if channel is not None and channel.acceptance.axes > 1:
            return None
        self._channels[named.device] = channels + 1
        rate_hz = self._taken.rate_hz if channel is None else channel.rate_hz
        return max(1, int(rate_hz * self._wait_ns // 1_000_000_000))

    def _offer(self, name: str, stream: _Stream, block: Block, ready: list[Arrival]) -> None:
        if self._has_begun_again(stream, block):
            self._count(self._total, stream.reorder)
            stream.moved_ns = self._clock.monotonic_ns()
            stream.reorder = Reorder(stream.wait_samples, BLOCKS_HELD_MAX, block.first)
            stream.stamps.clear()
        stream.stamps.append((block.first, block.first + len(block.samples), block.acquired_ns))
        release = _releasing(name, stream, block.acquired_ns, ready)
        stream.reorder.offer(block.first, block.samples, block.mask, release)

    @staticmethod
    def _count(total: dict[str, int], reorder: Reorder) -> None:
        for name in COUNTED:
            total[name] += getattr(reorder.counts, name)

    def _has_begun_again(self, stream: _Stream, block: Block) -> bool:
        """Whether nothing but old samples has come for so long that the stream counts as silent."""
        reorder, now_ns = stream.reorder, self._clock.monotonic_ns()
        if block.first + len(block.samples) > reorder.next_sample:
            stream.moved_ns = now_ns
        return now_ns - stream.moved_ns > self._silent_ns

    def _release_overdue(self, ready: list[Arrival]) -> None:
        """Give up holes that have been waited for long enough by the clock."""
        holding = [item for item in self._streams.items() if item[1].reorder.holds]
        if not holding:
            return
        now_ns = self._clock.monotonic_ns()
        for name, stream in holding:
            reorder = stream.reorder
            if stream.next_sample != reorder.next_sample:
                stream.next_sample, stream.since_ns = reorder.next_sample, now_ns
            elif now_ns - stream.since_ns > self._wait_ns:
                reorder.flush(_releasing(name, stream, now_ns, ready))


def _releasing(name: str, stream: _Stream, newest_ns: int, ready: list[Arrival]) -> Release:
    """What takes the blocks of a stream that are in order."""

    def release(first: int, samples: Samples, mask: Mask | None) -> None:
        stamp_ns = stream.stamp_of(first, newest_ns)
        kept = None if mask is None else mask.copy()
        ready.append((name, Block(first, samples.copy(), kept, stamp_ns)))

    return release
