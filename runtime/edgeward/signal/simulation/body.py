"""What moves slowly or as a whole: the chest, the numbers of a monitor, the body in space."""

import numpy as np

from edgeward.signal.simulation.body_steps import Saturation, Temperature
from edgeward.signal.simulation.breath import breath_wave
from edgeward.signal.simulation.epoch import Epoch
from edgeward.signal.simulation.heart import BEATS
from edgeward.signal.simulation.kernels import gaussians
from edgeward.signal.simulation.lane import F64, Course
from edgeward.signal.simulation.noise import broad, slow_waves
from edgeward.signal.simulation.script import Script

_CARDIAC_SHARE = 0.05
"""Of a usual breath: what the heart moves in the chest."""


def chest(epoch: Epoch, rate_hz: int) -> F64:
    """The breath as a band or an impedance sees it, with the heart in it; a usual breath is 1."""
    times_s = epoch.times_s(rate_hz)
    out = breath_wave(epoch.breaths, times_s)
    beats = epoch.near(epoch.beats, 2.0)
    beats = beats[np.isin(beats["code"], BEATS)]
    ones = np.ones(len(beats))
    centres = beats["time_s"] + 0.15 - epoch.start_s
    gaussians(out, rate_hz, centres, _CARDIAC_SHARE * beats["pulse"], 0.06 * ones)
    return out


def chest_noise(epoch: Epoch, rate_hz: int, key: int) -> F64:
    """Posture and the sensor."""
    times_s = epoch.times_s(rate_hz)
    out: F64 = 0.02 * slow_waves(epoch.seed, 500 + key, times_s)
    out += 0.004 * broad(epoch.seed, 600 + key, epoch.number, len(times_s))
    return out


class Numbers:
    """What a monitor tells as a number: the course of the script, and a little unrest."""

    def __init__(self, script: Script) -> None:
        """Lay out the courses."""
        self._saturation = Course(script.saturation or (Saturation(1.0),))
        self._temperature = Course(script.temperature or (Temperature(1.0),))

    def saturation(self, epoch: Epoch, rate_hz: int, key: int) -> F64:
        """Whole percents, as monitors tell them."""
        times_s = epoch.times_s(rate_hz)
        unrest = 0.25 * slow_waves(epoch.seed, 700 + key, times_s)
        whole: F64 = np.clip(np.rint(self._saturation.at(times_s) + unrest), 0.0, 100.0)
        return whole

    def temperature(self, epoch: Epoch, rate_hz: int, key: int) -> F64:
        """Degrees, in hundredths."""
        times_s = epoch.times_s(rate_hz)
        unrest = 0.02 * broad(epoch.seed, 800 + key, epoch.number, len(times_s))
        hundredths: F64 = np.rint(100.0 * (self._temperature.at(times_s) + unrest))
        return hundredths / 100.0
