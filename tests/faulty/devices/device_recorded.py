"""The reference device with a defect that only recordings show: `python device_recorded.py DEFECT`.

On simulated patients each of these would do well, or nearly. As in `device.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from device_alarms import put

from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.signal.detect import ecg
from edgeward.signal.detect.heart_rate import HeartRate
from edgeward.signal.detect.pulse import PulseDetector
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.detect.rhythm.ventricular import VentricularDetector
from edgeward.signal.findings import Beat, Finding, Reading, Reason
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.vitals import detectors
from edgeward.signal.vitals.channel_vitals import Told
from edgeward.signal.vitals.court import JUDGED, Court

DEAF_S = 0.7


class Deaf(QrsDetector):
    """After a beat it hears nothing for so long that a beat which comes early is lost."""

    def __init__(self, rate_hz: int) -> None:
        self.deaf = round(DEAF_S * rate_hz)
        self.last = -self.deaf
        super().__init__(rate_hz)

    def push(self, samples: Samples, valid: Mask) -> list[Beat]:
        heard = []
        for beat in super().push(samples, valid):
            if beat.sample - self.last >= self.deaf:
                heard.append(beat)
                self.last = beat.sample
        return heard


class SeesNoFibrillation(VentricularDetector):
    """What wanders is nothing."""

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        super().push(samples, valid)
        return []


class CountsTheNotch(PulseDetector):
    """Each wave has two tops, and both are counted."""

    def _reading(self, now: float, at: int) -> Reading:
        told = super()._reading(now, at)
        return told if told.value is None else replace(told, value=2 * told.value)


class Shy(HeartRate):
    """Each tenth second it would rather tell no rate."""

    def _tell(self) -> Reading:
        told = super()._tell()
        hidden = told.at // self._rate_hz % 10 == 0
        return replace(told, value=None, reason=Reason.NOISE) if hidden else told


def deaf(parts: Parts) -> Device:
    """Finds the first beat of two."""
    put(ecg, "QrsDetector", Deaf)
    return Device(parts)


def sees_no_fibrillation(parts: Parts) -> Device:
    """Nobody fibrillates."""
    put(ecg, "VentricularDetector", SeesNoFibrillation)
    return Device(parts)


def believes_nobody(parts: Parts) -> Device:
    """Holds each lethal sign back, whatever other channels say of it."""

    def hear(self: Court, told: list[Told]) -> list[Told]:
        del self
        lethal = frozenset().union(*JUDGED.values())
        return [one for one in told if getattr(one.finding, "sign", None) not in lethal]

    put(Court, "hear", hear)
    return Device(parts)


def counts_the_notch(parts: Parts) -> Device:
    """Tells twice the pulse."""
    put(detectors, "PulseDetector", CountsTheNotch)
    return Device(parts)


def shy(parts: Parts) -> Device:
    """Has no rate now and then, whatever the beats say."""
    put(ecg, "HeartRate", Shy)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "counts_the_notch": counts_the_notch,
    "deaf": deaf,
    "shy": shy,
    "sees_no_fibrillation": sees_no_fibrillation,
    "believes_nobody": believes_nobody,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
