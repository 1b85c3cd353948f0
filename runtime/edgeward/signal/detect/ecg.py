"""Everything that is looked for in one ECG lead: beats, rate, and the signs of its rhythm.

Rules:
1. A standstill is known once no beat can come any more that is as weak as beats get: a beat that
   was overlooked and is told later than that ends the sign.
2. The rhythm and the wave are judged apart. What looks like fibrillation is told whatever the beats
   say, and a standstill whatever the wave looks like: one of them is there in time.
"""

from edgeward.signal.detect.heart_rate import HeartRate
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.detect.rhythm.rhythm import RhythmDetector
from edgeward.signal.detect.rhythm.ventricular import VentricularDetector
from edgeward.signal.findings import Finding
from edgeward.signal.ring import Mask, Samples


class EcgDetector:
    """Looks at one lead, in mV."""

    __slots__ = ("_beats", "_rate", "_rhythm", "_wave")

    def __init__(self, rate_hz: int, limits: RhythmLimits | None = None) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is out of range.
        """
        self._beats = QrsDetector(rate_hz)
        self._rate = HeartRate(rate_hz)
        self._rhythm = RhythmDetector(rate_hz, self._beats.weak_lag_samples, limits)
        self._wave = VentricularDetector(rate_hz)

    @property
    def lag_samples(self) -> int:
        """After a beat, until it is told at the latest."""
        return self._beats.lag_samples

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        beats = self._beats.push(samples, valid)
        found: list[Finding] = [
            *beats,
            *self._rate.push(beats, valid),
            *self._rhythm.push(beats, valid),
            *self._wave.push(samples, valid),
        ]
        return sorted(found, key=lambda one: one.at)
