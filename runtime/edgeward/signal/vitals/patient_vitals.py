"""One patient: channels that come and go, and what they say together."""

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.signal.channel import Channel
from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals.channel_vitals import ChannelVitals, Told
from edgeward.signal.vitals.court import WAIT_NS, Court
from edgeward.signal.vitals.detectors import detectors_of, lag_ns


class PatientVitals:
    """The channels of one patient."""

    def __init__(self, name: str, limits: Limits, rhythm: RhythmLimits | None = None) -> None:
        """Begin without a channel."""
        self.name = name
        self.channels: dict[str, ChannelVitals] = {}
        self._limits = limits
        self._rhythm = rhythm
        self._court = Court()

    def attach(self, channel: Channel) -> None:
        """Take a channel.

        Raises:
            StreamError: one of that name is attached.
            LimitError: too many are.
        """
        if channel.name in self.channels:
            raise StreamError(
                f"channel {channel.name!r} of patient {self.name!r} is attached already;"
                " detach it first"
            )
        if len(self.channels) >= self._limits.channels_max:
            raise LimitError(
                f"patient {self.name!r} has channels_max = {self._limits.channels_max} channels"
            )
        detectors = detectors_of(channel, self._rhythm)
        attached = ChannelVitals(channel, detectors, self._limits)
        self.channels[channel.name] = attached
        self._court.attach(attached, lag_ns(channel, detectors))

    def channel(self, name: str) -> ChannelVitals:
        """A channel that is attached.

        Raises:
            StreamError: it is not.
        """
        if name not in self.channels:
            known = ", ".join(sorted(self.channels)) or "none"
            raise StreamError(
                f"channel {name!r} of patient {self.name!r} is not attached; attached: {known}"
            )
        return self.channels[name]

    def push(
        self, name: str, first: int, samples: Samples, mask: Mask | None, acquired_ns: int
    ) -> list[Told]:
        """Take a block of a channel whose last sample was taken at this instant.

        Raises:
            StreamError: there is no such channel, or the block does not fit.
            LimitError: the block, or the gap before it, is too long.
        """
        channel = self.channel(name)
        before_ns = channel.last_ns
        found = channel.push(first, samples, mask, acquired_ns)
        told = self._court.hear(found)
        if channel.blinded:
            self._court.unread(name, before_ns or acquired_ns, acquired_ns)
        return [*told, *self._court.judge(self._reached_ns())]

    def detach(self, name: str, now_ns: int) -> list[Told]:
        """Let a channel go: it is silent from now on.

        Raises:
            StreamError: there is no such channel.
        """
        channel = self.channel(name)
        told = self._court.hear(channel.leave(now_ns))
        del self.channels[name]
        return [*told, *self._court.judge(self._reached_ns())]

    def advance(self, now_ns: int) -> list[Told]:
        """What follows from what did not come until now."""
        told: list[Told] = []
        for channel in self.channels.values():
            told += self._court.hear(channel.advance(now_ns))
        return [*told, *self._court.judge(self._reached_ns(now_ns))]

    def _reached_ns(self, now_ns: int = 0) -> int:
        """How far all channels have come that are waited for."""
        come = [
            (one.last_ns, one.block_ns)
            for one in self.channels.values()
            if one.last_ns is not None and not one.silent
        ]
        newest_ns = max([now_ns, *(last_ns for last_ns, _ in come)], default=0)
        waited = [last for last, block in come if newest_ns - last <= WAIT_NS + block]
        return min(waited, default=newest_ns)
