"""Channels of different rates cut into windows of one time axis.

Rules:
1. Window *k* covers the time from `origin + k*hop` for the window's length, its end excluded. A
   sample belongs to every window that its instant lies in: an index range per channel, in integers.
2. A window is complete when every required channel has reached its end. A channel that is not
   required is never waited for.
3. A required channel is waited for until any channel, or `advance`, shows a time `lag` past the end
   of the window. Then it is silent.
4. What a channel has not delivered when a window is complete is missing: invalid in that window and
   in the next ones, never absent. Coming later, it is counted late and dropped.
5. A gap is missing; mask 0, NaN and infinity are invalid; both as in `windows`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeward.errors import StreamError
from edgeward.signal.ring import Mask, Ring, Samples
from edgeward.signal.sample_clock import NS_PER_SECOND, SampleClock


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel to be cut."""

    name: str
    clock: SampleClock
    required: bool = True
    """Whether a window waits for it."""


@dataclass(frozen=True, slots=True)
class ChannelWindow:
    """What one channel has in a window: views, good while the function given them runs."""

    name: str
    first: int
    """Index of its first sample in the channel."""
    valid_samples: int
    samples: Samples
    valid: Mask


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """One stretch of time with every channel."""

    index: int
    start_ns: int
    end_ns: int
    """The first instant after it."""
    channels: tuple[ChannelWindow, ...]


Emit = Callable[[TimeWindow], None]


class _Channel:
    """A channel with what it must keep, and where the window under way lies in it."""

    __slots__ = ("end", "first", "late", "limit", "plan", "ring")

    def __init__(self, plan: ChannelPlan, start_ns: int, kept_ns: int) -> None:
        clock = plan.clock
        most = -(-kept_ns * clock.rate_numerator // (NS_PER_SECOND * clock.rate_denominator)) + 1
        self.plan = plan
        self.ring = Ring(most, self.index_from(start_ns, clock))
        self.first = self.end = self.limit = self.ring.end
        self.late = 0

    @staticmethod
    def index_from(instant_ns: int, clock: SampleClock) -> int:
        """The first sample taken at or after the instant."""
        return clock.index_at(instant_ns - 1) + 1

    def aim(self, start_ns: int, end_ns: int, limit_ns: int) -> None:
        """Find the window under way in the indices; from `limit` on it is waited for no more."""
        clock = self.plan.clock
        self.first = self.index_from(start_ns, clock)
        self.end = self.index_from(end_ns, clock)
        self.limit = self.index_from(limit_ns, clock)

    def window(self) -> ChannelWindow:
        """The channel's part of the window; what did not come is missing from now on."""
        self.ring.lose(self.end - self.ring.end)
        samples, valid, count = self.ring.view(self.first, self.end)
        return ChannelWindow(self.plan.name, self.first, count, samples, valid)


class Multirate:
    """Takes the blocks of every channel and hands out the windows of all."""

    def __init__(
        self,
        channels: Sequence[ChannelPlan],
        *,
        window_ns: int,
        hop_ns: int,
        lag_ns: int,
        origin_ns: int = 0,
    ) -> None:
        """Start with window 0 at `origin_ns`; each channel is expected from there on.

        Raises:
            ValueError: a length is not positive, no channel is required, or two have one name.
        """
        names = [plan.name for plan in channels]
        faults = []
        if window_ns < 1 or hop_ns < 1 or lag_ns < 0:
            faults.append(
                f"a window of {window_ns} ns every {hop_ns} ns with a lag of {lag_ns} ns;"
                " accepted: 1 or more, and a lag of 0 or more"
            )
        if not any(plan.required for plan in channels):
            faults.append(f"none of the channels {names} is required; accepted: one or more")
        if len(set(names)) < len(names):
            faults.append(f"found the channels {names}; accepted: each name once")
        if faults:
            raise ValueError("\n".join(faults))
        self._window_ns, self._hop_ns, self._lag_ns = window_ns, hop_ns, lag_ns
        self._start_ns = origin_ns
        self._windows = 0
        kept_ns = window_ns + lag_ns
        self._channels = {plan.name: _Channel(plan, origin_ns, kept_ns) for plan in channels}
        self._required = [one for one in self._channels.values() if one.plan.required]
        self._aim()

    @property
    def windows(self) -> int:
        """How many windows are complete."""
        return self._windows

    def next_sample(self, name: str) -> int:
        """The index the channel is expected to go on with."""
        return self._channels[name].ring.end

    def late_samples(self, name: str) -> int:
        """How many of the channel's samples came when their window was complete (rule 4)."""
        return self._channels[name].late

    def push(self, name: str, first: int, samples: Samples, mask: Mask | None, emit: Emit) -> None:
        """Take a channel's block that starts at index `first`; call `emit` with what is complete.

        Raises:
            StreamError: there is no such channel, or the mask has another length.
        """
        channel = self._channels.get(name)
        if channel is None:
            raise StreamError(f"found the channel {name!r}; accepted: {', '.join(self._channels)}")
        if mask is not None and len(mask) != len(samples):
            raise StreamError(f"{len(samples)} samples came with a mask of {len(mask)}")
        end = first + len(samples)
        while channel.ring.end < first:
            channel.ring.lose(min(first, channel.limit) - channel.ring.end)
            self._settle(channel, first, emit)
        channel.late += max(0, min(end, channel.ring.end) - first)
        at = channel.ring.end
        while at < end:
            until = min(end, channel.limit)
            piece = slice(at - first, until - first)
            channel.ring.push(samples[piece], None if mask is None else mask[piece])
            at = until
            self._settle(channel, end, emit)

    def advance(self, instant_ns: int, emit: Emit) -> None:
        """It is this late: windows that ended `lag` or longer ago are complete (rule 3)."""
        while self._start_ns + self._window_ns + self._lag_ns <= instant_ns:
            self._complete(emit)

    def _settle(self, channel: _Channel, until: int, emit: Emit) -> None:
        """Complete what is, a channel having got further; it goes on to index `until`."""
        while all(one.ring.end >= one.end for one in self._required) or (
            channel.ring.end >= channel.limit and until > channel.limit
        ):
            self._complete(emit)

    def _complete(self, emit: Emit) -> None:
        """Hand out the window under way; the next one is under way then."""
        start_ns = self._start_ns
        parts = tuple(channel.window() for channel in self._channels.values())
        window = TimeWindow(self._windows, start_ns, start_ns + self._window_ns, parts)
        self._windows += 1
        self._start_ns += self._hop_ns
        self._aim()
        emit(window)

    def _aim(self) -> None:
        end_ns = self._start_ns + self._window_ns
        for channel in self._channels.values():
            channel.aim(self._start_ns, end_ns, end_ns + self._lag_ns)
