"""The ECG: bells around each beat, chaos between them, a front end behind them.

A complex of a normal and of a ventricular beat is as high as the person's, peak to peak; P and T
move with the square root of the interval before, as PR and QT do. A pacemaker's pulse is far
narrower than a sample: what shows is its area, smoothed by the front end's bandwidth and followed
by its recovery.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edgeward.signal.simulation.breath import breath_wave
from edgeward.signal.simulation.chaos import chaos
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.epoch import Epoch
from edgeward.signal.simulation.heart import Code
from edgeward.signal.simulation.kernels import gaussians
from edgeward.signal.simulation.lane import F64, Marks
from edgeward.signal.simulation.noise import broad, slow_waves
from edgeward.signal.simulation.script import Person


class _Wave(NamedTuple):
    centre_s: float
    height: float
    width_s: float
    moves: bool = False


_P = _Wave(-0.165, 1.0, 0.020, moves=True)
_T = _Wave(0.245, 1.0, 0.045, moves=True)
_QRS = (_Wave(-0.026, -0.12, 0.008), _Wave(0.0, 1.0, 0.010), _Wave(0.027, -0.24, 0.010))
_WIDE = (_Wave(0.0, 1.0, 0.030), _Wave(0.075, -0.55, 0.034))
_WIDE_T = _Wave(0.270, -0.30, 0.055, moves=True)
_SPIKE_LEAD_S = 0.045
"""A wide paced complex begins with its spike, this long before its peak."""
_BANDWIDTH_HZ = 150.0
_RECOVERY = (_Wave(0.010, -0.06, 0.005), _Wave(0.022, -0.03, 0.008))
_STRETCH = (0.45, 1.15)


@lru_cache(maxsize=256)
def _scale(waves: tuple[_Wave, ...], turned: float) -> float:
    """What makes the complex 1 high, peak to peak."""
    time_s = np.arange(-0.3, 0.3, 0.0005)
    curve = sum(
        wave.height * np.exp(-0.5 * ((time_s - wave.centre_s) / (wave.width_s * turned)) ** 2)
        for wave in waves
    )
    return float(1.0 / np.ptp(curve))


class Lead:
    """One ECG channel of a person: the first as described, others as seen from elsewhere."""

    def __init__(self, person: Person, seed: int, key: int) -> None:
        """Draw what is this person's, and this lead's; lead 0 is the one described."""
        chance = draw(seed, Purpose.PERSON, key)
        self._person, self._seed, self._key = person, seed, key
        self._wide = float(draw(seed, Purpose.PERSON, 0).uniform(0.92, 1.12))
        share = float(chance.uniform(0.5, 1.1)) if key else 1.0
        against = -1.0 if key and chance.uniform() < 0.3 else 1.0
        upright = -1.0 if person.inverted else 1.0
        self._share = share * upright
        self._normal = self._share * person.qrs_mv * _scale(_QRS, self._wide)
        self._ventricular = (
            self._share * against * person.ventricular_height_mv * _scale(_WIDE, self._wide)
        )

    @property
    def height_mv(self) -> float:
        """A normal complex in this lead, peak to peak."""
        return abs(self._share) * self._person.qrs_mv

    def clean(self, epoch: Epoch, rate_hz: int) -> F64:
        """What the heart makes, in millivolts."""
        out = np.zeros(len(epoch.times_s(rate_hz)))
        beats = epoch.near(epoch.beats, 3.0)
        person = self._person
        code = beats["code"]
        p_mv, t_mv = self._share * person.p_mv, self._share * person.t_mv
        normal = beats[(code == Code.NORMAL) | (code == Code.NO_P)]
        wide = beats[(code == Code.VENTRICULAR) | (code == Code.PACED)]
        with_p = beats[(code == Code.NORMAL) | (code == Code.P_ONLY)]
        self._place(out, epoch, rate_hz, with_p, (_P,), p_mv)
        self._place(out, epoch, rate_hz, normal, _QRS, self._normal)
        self._place(out, epoch, rate_hz, normal, (_T,), t_mv)
        self._place(out, epoch, rate_hz, wide, (*_WIDE, _WIDE_T), self._ventricular)
        out += self._share * chaos(epoch, epoch.times_s(rate_hz))
        return out

    def spikes(self, epoch: Epoch, rate_hz: int) -> F64:
        """What a pacemaker makes, in millivolts."""
        out = np.zeros(len(epoch.times_s(rate_hz)))
        beats = epoch.near(epoch.beats, 3.0)
        spiked = beats[(beats["code"] == Code.PACED) | (beats["code"] == Code.SPIKE_ONLY)]
        if not len(spiked):
            return out
        person = self._person
        width_s = 0.1325 / min(_BANDWIDTH_HZ, 0.4 * rate_hz)  # of a bell that passes this band
        area_mv_s = self._share * person.spike_mv * person.spike_ms / 1000.0
        height_mv = area_mv_s / (width_s * np.sqrt(2 * np.pi))
        centres = spiked["time_s"] - _SPIKE_LEAD_S - epoch.start_s
        ones = np.ones(len(spiked))
        for wave in (_Wave(0.0, 1.0, width_s), *_RECOVERY):
            gaussians(
                out, rate_hz, centres + wave.centre_s, height_mv * wave.height * ones,
                wave.width_s * ones,
            )  # fmt: skip
        return out

    def noise(self, epoch: Epoch, rate_hz: int) -> F64:
        """What does not come from the heart: breath, mains, the front end's own."""
        person, times_s = self._person, epoch.times_s(rate_hz)
        coarse_s = epoch.start_s + np.arange(0, times_s[-1] - times_s[0] + 0.2, 0.1)
        breath_mv = person.wander_mv * (breath_wave(epoch.breaths, coarse_s) - 0.5)
        breath_mv += 0.2 * person.wander_mv * slow_waves(self._seed, 100 + self._key, coarse_s)
        out: F64 = np.interp(times_s, coarse_s, breath_mv)
        out += person.noise_mv * broad(self._seed, 200 + self._key, epoch.number, len(out))
        if person.mains_mv:
            out += person.mains_mv * np.sin(2 * np.pi * 50.0 * times_s)
        return out

    def _place(
        self,
        out: F64,
        epoch: Epoch,
        rate_hz: int,
        beats: Marks,
        waves: Sequence[_Wave],
        height_mv: float,
    ) -> None:
        """Draw waves around beats; complexes are a little higher when the lungs are empty."""
        if not len(beats):
            return
        stretch = np.clip(np.sqrt(beats["rr_s"] / 0.8), *_STRETCH)
        heights = height_mv * beats["gain"]
        for wave in waves:
            gaussians(
                out,
                rate_hz,
                beats["time_s"] - epoch.start_s + wave.centre_s * (stretch if wave.moves else 1.0),
                wave.height * heights,
                wave.width_s * (stretch if wave.moves else np.full(len(beats), self._wide)),
            )
