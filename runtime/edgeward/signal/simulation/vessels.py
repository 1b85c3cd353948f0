"""What beats make in the vessels: the pulse in the light signal, and the arterial pressure.

Each beat with enough of a stroke makes one wave from foot to foot: a steep rise, a dicrotic notch,
a slow run-off. Waves never overlap, so the pressure at a foot and at a peak is exactly what the
script says for a full stroke. Without beats the pressure runs out.
"""

import numpy as np

from edgeward.signal.simulation.body_steps import Pressure
from edgeward.signal.simulation.breath import breath_wave
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.epoch import AHEAD_S, BEHIND_S, Epoch
from edgeward.signal.simulation.heart import PULSE_MIN
from edgeward.signal.simulation.lane import F64, Course, Marks
from edgeward.signal.simulation.noise import broad, slow_waves
from edgeward.signal.simulation.script import Person, Script

TRANSIT_S = (0.2, 0.3)
ARTERIAL_SHARE = 0.5
"""Of the transit to the light sensor, the pulse takes this long to the artery measured."""
WAVE_S_MAX = 1.1
"""A wave is over by then, however long the next beat takes."""
_PEAK_SHARE, _NOTCH_SHARE, _BUMP_SHARE = 0.17, 0.41, 0.50
_TABLE = 2048
_EMPTY_MMHG, _RUN_OUT_S, _RUN_OUT_AFTER_S = 20.0, 4.0, 1.2


def transit_s(person: Person, seed: int) -> float:
    """From the R wave to the foot of the pulse in the light signal."""
    if person.transit_s is not None:
        return person.transit_s
    return float(draw(seed, Purpose.PERSON, 1_000_000).uniform(*TRANSIT_S))


def pulses_of(beats: Marks, delay_s: float) -> Marks:
    """The beats that make a pulse, at the instants of its feet."""
    pulses = beats[beats["pulse"] >= PULSE_MIN].copy()
    pulses["time_s"] += delay_s
    return pulses


def _shape() -> F64:
    """One wave from foot to foot: 0, 1 at its peak, 0."""
    share = np.linspace(0.0, 1.0, _TABLE)
    rise = np.sin(np.pi / 2 * np.minimum(share / _PEAK_SHARE, 1.0)) ** 2
    after = np.clip((share - _PEAK_SHARE) / (1 - _PEAK_SHARE), 0.0, 1.0)
    fall = np.where(share < _PEAK_SHARE, 1.0, (1 - after) * np.exp(-1.6 * after))
    bump = 0.13 * np.exp(-0.5 * ((share - _BUMP_SHARE) / 0.045) ** 2)
    bump -= 0.10 * np.exp(-0.5 * ((share - _NOTCH_SHARE) / 0.03) ** 2)
    return np.where(share < _PEAK_SHARE, rise, fall + bump * (1 - share))


_WAVE = _shape()
_WAVE_MEAN = float(_WAVE.mean())


def mean_share(pulses_per_min: F64) -> F64:
    """How far the mean pressure lies above the diastolic one, as a share of the wave."""
    interval_s = 60.0 / pulses_per_min
    share: F64 = _WAVE_MEAN * np.minimum(interval_s, WAVE_S_MAX) / interval_s
    return share


def wave_of(pulses: Marks, times_s: F64) -> tuple[F64, F64, Marks]:
    """The height of the wave under way, 0 to its stroke; the seconds since its foot; its pulse."""
    feet = pulses["time_s"]
    place = np.maximum(np.searchsorted(feet, times_s, side="right") - 1, 0)
    lengths = np.minimum(np.diff(feet, append=feet[-1] + WAVE_S_MAX), WAVE_S_MAX)
    since = times_s - feet[place]
    share = np.clip(since / lengths[place], 0.0, 1.0)
    height = _WAVE[(share * (_TABLE - 1)).astype(np.int64)]
    return height * pulses["pulse"][place], since, pulses[place]


class Vessels:
    """The vessels of one person."""

    def __init__(self, script: Script, seed: int) -> None:
        """Draw how long the pulse takes."""
        self._seed = seed
        self._person = script.person
        self._transit_s = transit_s(script.person, seed)
        pressure = script.pressure or (Pressure(1.0),)
        self._systolic, self._diastolic = Course(pressure, 0), Course(pressure, 1)

    def _pulses(self, epoch: Epoch, delay_s: float) -> Marks:
        """Those that matter; never none: the last one may be long past."""
        pulses = pulses_of(epoch.beats, delay_s)
        if len(pulses):
            return pulses
        past = np.zeros(1, pulses.dtype)
        past["time_s"] = epoch.start_s - BEHIND_S
        return past

    def light(self, epoch: Epoch, rate_hz: int) -> F64:
        """The pulse in the light signal; a full stroke is as high as the perfusion."""
        height, _, _ = wave_of(self._pulses(epoch, self._transit_s), epoch.times_s(rate_hz))
        value: F64 = self._person.perfusion * height
        return value

    def light_noise(self, epoch: Epoch, rate_hz: int, key: int) -> F64:
        """Breath, slow changes, and the sensor's own noise."""
        times_s = epoch.times_s(rate_hz)
        out = 0.06 * breath_wave(epoch.breaths, times_s)
        out += 0.02 * slow_waves(self._seed, 300 + key, times_s)
        out += 0.004 * broad(self._seed, 400 + key, epoch.number, len(times_s))
        return out

    def pressure(self, epoch: Epoch, rate_hz: int) -> F64:
        """Arterial pressure in mmHg."""
        times_s = epoch.times_s(rate_hz)
        pulses = self._pulses(epoch, ARTERIAL_SHARE * self._transit_s)
        height, since_s, own = wave_of(pulses, times_s)
        diastolic, systolic = self._diastolic.at(times_s), self._systolic.at(times_s)
        left = _left(since_s)
        gap_s = np.diff(pulses["time_s"], prepend=pulses["time_s"][0] - 1.0)
        before = _left(gap_s)[np.searchsorted(pulses["time_s"], own["time_s"])]
        filling = np.clip(since_s / 0.12, 0.0, 1.0)
        base = _EMPTY_MMHG + (diastolic - _EMPTY_MMHG) * left * (before + filling * (1 - before))
        return base + height * (systolic - diastolic)


def _left(since_s: F64) -> F64:
    """How much of the diastolic pressure is left so long after a foot."""
    left: F64 = np.exp(-np.maximum(since_s - _RUN_OUT_AFTER_S, 0.0) / _RUN_OUT_S)
    return left


assert WAVE_S_MAX + TRANSIT_S[1] < AHEAD_S  # a wave must know the next foot
