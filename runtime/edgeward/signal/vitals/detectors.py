"""Which detectors look at a channel of each kind."""

from collections.abc import Callable, Mapping

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.detect.pulse import PulseDetector
from edgeward.signal.findings import Detector
from edgeward.signal.quality import quality_of

_MAKERS: Mapping[Signal, Callable[[Channel], Detector]] = {
    Signal.PPG: lambda channel: PulseDetector(channel.rate_hz),
}


def detectors_of(channel: Channel) -> list[Detector]:
    """Those for this channel: first what tells whether it can be believed."""
    maker = _MAKERS.get(channel.signal)
    quality: Detector = quality_of(channel)
    return [quality] if maker is None else [quality, maker(channel)]
