"""The acceleration of a sensor on the body, in g along three axes; upright, gravity is along y.

A fall: a third of a second of little weight, an impact, then rest in another posture. A jump has
the first two as well, and jogging has higher peaks than many falls: only what comes after tells
them apart.
"""

from collections.abc import Iterator
from math import cos, sin
from typing import NamedTuple

import numpy as np

from edgeward.signal.simulation.body_steps import TILT_DEG, Motion, Movement
from edgeward.signal.simulation.checks import SECONDS_RANGE
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.epoch import Epoch
from edgeward.signal.simulation.lane import F64, placed
from edgeward.signal.simulation.noise import broad
from edgeward.signal.simulation.script import Script

FALL_AFTER_S = 0.6
"""From the begin of a step to loss of support."""
FREE_FALL_S = 0.3
_FREE_G = 0.25
_IMPACT_S, _REBOUND_S = 0.06, 0.10
_NOISE_G = 0.008
_STEPS_HZ = {Movement.WALK: 2.0, Movement.JOG: 2.6, Movement.STAIRS: 1.7}


class Placed(NamedTuple):
    """A step with its times, and the tilt from upright at its begin and end."""

    step: Motion
    start_s: float
    end_s: float
    tilt_deg: float
    to_tilt_deg: float


def placed_motion(script: Script) -> Iterator[Placed]:
    """The steps of the lane with their postures; the last one goes on at rest."""
    tilt = 0.0
    lane = (*script.motion, Motion(SECONDS_RANGE[1]))
    for step, start_s, end_s in placed(lane):
        to_tilt = step.turn_deg if step.movement is Movement.FALL else tilt
        to_tilt = TILT_DEG.get(step.movement, to_tilt)
        yield Placed(step, start_s, end_s, tilt, to_tilt)
        tilt = to_tilt


class Body:
    """One body in space."""

    def __init__(self, script: Script, seed: int) -> None:
        """Draw in which direction it tilts, and how it walks."""
        chance = draw(seed, Purpose.PERSON, 2_000_000)
        self._side = float(chance.uniform(0, 2 * np.pi))
        self._vigour = float(chance.uniform(0.85, 1.15))
        self._seed = seed
        self._lane = tuple(placed_motion(script))

    def acceleration(self, epoch: Epoch, rate_hz: int, key: int) -> F64:
        """Rows of x, y, z."""
        times_s = epoch.times_s(rate_hz)
        out = np.zeros((len(times_s), 3))
        for one in self._lane:
            if one.end_s <= times_s[0] or one.start_s > times_s[-1]:
                continue
            low, high = np.searchsorted(times_s, [one.start_s, one.end_s])
            out[low:high] = self._step(one, times_s[low:high] - one.start_s)
        out += _NOISE_G * broad(self._seed, 900 + key, epoch.number, out.size).reshape(out.shape)
        return out

    def _step(self, one: Placed, since_s: F64) -> F64:
        """One step, by the seconds since its begin."""
        turned_s = FALL_AFTER_S if one.step.movement is Movement.FALL else 0.5
        taking_s = FREE_FALL_S + _IMPACT_S if one.step.movement is Movement.FALL else 1.0
        share = np.clip((since_s - turned_s) / taking_s, 0.0, 1.0)
        share = share * share * (3 - 2 * share)
        tilt = np.radians(one.tilt_deg + share * (one.to_tilt_deg - one.tilt_deg))
        down = np.stack(
            [np.sin(tilt) * cos(self._side), np.cos(tilt), np.sin(tilt) * sin(self._side)], axis=1
        )
        along, across = self._moves(one.step, since_s)
        moved: F64 = down * along[:, None]
        moved[:, 0] += across
        moved[:, 2] += 0.7 * across
        return moved

    def _moves(self, step: Motion, since_s: F64) -> tuple[F64, F64]:
        """What the sensor feels along the body's own down, 1 at rest, and across it."""
        rest, none = np.ones(len(since_s)), np.zeros(len(since_s))
        match step.movement:
            case Movement.WALK | Movement.STAIRS | Movement.JOG:
                return self._gait(step.movement, since_s)
            case Movement.FALL:
                return _fall(since_s, step.impact_g), none
            case Movement.JUMP:
                return _jump(since_s), none
            case Movement.SIT_DOWN:
                return rest - _half(since_s, 0.5, 0.5, 0.35) + _half(since_s, 1.0, 0.15, 1.2), none
            case Movement.STAND_UP | Movement.LIE_DOWN:
                return rest + _half(since_s, 0.5, 0.6, 0.25), none
        return rest, none

    def _gait(self, movement: Movement, since_s: F64) -> tuple[F64, F64]:
        """Walking is a wave on gravity; jogging is flight and stance."""
        angle = 2 * np.pi * _STEPS_HZ[movement] * since_s
        across = 0.12 * np.sin(angle / 2)
        if movement is Movement.JOG:
            stance = np.clip(np.sin(angle), 0.0, 1.0) ** 3
            return 0.1 + 3.9 * self._vigour * stance, 2.5 * across
        strength = self._vigour * (0.45 if movement is Movement.STAIRS else 0.30)
        along = 1.0 + strength * (np.sin(angle) + 0.45 * np.sin(2 * angle + 0.6))
        return along, across


def _half(since_s: F64, start_s: float, seconds: float, height: float) -> F64:
    """Half a sine wave, and nothing before and after it."""
    share = (since_s - start_s) / seconds
    value: F64 = np.where((share > 0) & (share < 1), height * np.sin(np.pi * share), 0.0)
    return value


def _fall(since_s: F64, impact_g: float) -> F64:
    """Loss of support, impact, rebound, rest."""
    impact_s = FALL_AFTER_S + FREE_FALL_S
    falling = (since_s >= FALL_AFTER_S) & (since_s < impact_s)
    hitting = (since_s >= impact_s) & (since_s < impact_s + _IMPACT_S)
    share = (since_s - impact_s) / _IMPACT_S
    along = np.where(falling, _FREE_G, 1.0)
    # flat at its top, so that some sample shows the peak
    along = np.where(hitting, impact_g * np.clip(1.6 * np.sin(np.pi * share), 0.0, 1.0), along)
    rebound = _half(since_s, impact_s + _IMPACT_S, _REBOUND_S, 0.25 * (impact_g - 1.0))
    return along + rebound


def _jump(since_s: F64) -> F64:
    """Crouch, push, flight, landing; back where it was."""
    along = np.ones(len(since_s))
    along += _half(since_s, 0.4, 0.3, -0.5) + _half(since_s, 0.7, 0.25, 1.2)
    along = np.where((since_s >= 0.95) & (since_s < 1.3), 0.08, along)
    return along + _half(since_s, 1.3, 0.12, 3.2)
