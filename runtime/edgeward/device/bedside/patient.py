"""One patient at the device: channels that come and go, and the newest number of each vital."""

from collections.abc import Iterator

from edgeward.device.bedside.telling import VitalEvent
from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.signal.channel import Channel
from edgeward.signal.findings import Reading, Vital
from edgeward.signal.vitals.channel_vitals import ChannelVitals, Told
from edgeward.signal.vitals.detectors import detectors_of


class BedsidePatient:
    """The channels of one patient."""

    __slots__ = ("_limits", "channels", "name", "newest")

    def __init__(self, name: str, limits: Limits) -> None:
        """Begin without a channel."""
        self.name = name
        self._limits = limits
        self.channels: dict[str, ChannelVitals] = {}
        self.newest: dict[Vital, VitalEvent] = {}
        """What is shown for each vital that was ever told."""

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
        detectors = detectors_of(channel)
        self.channels[channel.name] = ChannelVitals(channel, detectors, self._limits)

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

    def advance(self, now_ns: int) -> Iterator[Told]:
        """What follows from what did not come until now."""
        for channel in self.channels.values():
            yield from channel.advance(now_ns)

    def show(self, channel: str, reading: Reading, at_ns: int) -> VitalEvent:
        """Keep a reading as the newest of its vital.

        Where two channels give one vital, a number is not replaced by another channel's lack of
        one.
        """
        event = VitalEvent(self.name, channel, reading, at_ns)
        shown = self.newest.get(reading.vital)
        own = shown is None or shown.channel == channel or shown.reading.value is None
        if own or reading.value is not None:
            self.newest[reading.vital] = event
        return event
