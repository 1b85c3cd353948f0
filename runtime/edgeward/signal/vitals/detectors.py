"""Which detectors look at a channel of each kind, and how late they are."""

from collections.abc import Sequence

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.detect.cuff import CuffDetector
from edgeward.signal.detect.ecg import EcgDetector
from edgeward.signal.detect.fall import FallDetector
from edgeward.signal.detect.pressure import PressureDetector
from edgeward.signal.detect.pulse import LAG_S, PulseDetector
from edgeward.signal.detect.respiration import RespirationDetector
from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.detect.spo2 import Spo2Detector
from edgeward.signal.detect.temperature import TemperatureDetector
from edgeward.signal.findings import Detector
from edgeward.signal.quality.quality import quality_of
from edgeward.signal.sample_clock import NS_PER_SECOND


def detectors_of(channel: Channel, rhythm: RhythmLimits | None = None) -> list[Detector]:
    """Those for this channel: first what tells whether it can be believed.

    Of one that is intermittent, what is missing, or stays as it is, says nothing.
    """
    detector = _detector(channel, rhythm)
    return [detector] if channel.acceptance.intermittent else [quality_of(channel), detector]


def _detector(channel: Channel, rhythm: RhythmLimits | None) -> Detector:
    rate_hz = channel.rate_hz
    match channel.signal:
        case Signal.ECG:
            return EcgDetector(rate_hz, rhythm)
        case Signal.PPG:
            return PulseDetector(rate_hz)
        case Signal.SPO2:
            return Spo2Detector(rate_hz)
        case Signal.TEMPERATURE:
            return TemperatureDetector(rate_hz)
        case Signal.RESPIRATION:
            return RespirationDetector(rate_hz)
        case Signal.ACCELERATION:
            return FallDetector(rate_hz)
        case Signal.PRESSURE:
            return PressureDetector(rate_hz)
        case Signal.PRESSURE_CUFF:
            return CuffDetector(rate_hz)


def lag_ns(channel: Channel, detectors: Sequence[Detector]) -> int:
    """After a beat in the channel, until it is told at the latest."""
    for one in detectors:
        if isinstance(one, EcgDetector):
            return one.lag_samples * NS_PER_SECOND // channel.rate_hz
    return round(LAG_S * NS_PER_SECOND)
