"""What an ECG shows where there are no beats: fibrillation, flutter, and a standstill's residue."""

import numpy as np

from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.epoch import Epoch
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    HeartStep,
    VentricularFibrillation,
    VentricularFlutter,
)
from edgeward.signal.simulation.lane import F64, placed

_FADE_S = 0.15
_CENTRE_HZ = (4.9, 6.0)
_ATRIAL_HZ, _ATRIAL_MV = 6.2, 0.04
_CHAOTIC = (VentricularFibrillation, VentricularFlutter, Asystole, AtrialFibrillation)


def chaos(epoch: Epoch, times_s: F64) -> F64:
    """The sum of what the steps without beats show, and of fine atrial waves."""
    out = np.zeros(len(times_s))
    for number, (step, start_s, end_s) in enumerate(placed(epoch.script.heart)):
        elsewhere = end_s <= times_s[0] or start_s > times_s[-1]
        if elsewhere or not isinstance(step, _CHAOTIC):
            continue
        low, high = np.searchsorted(times_s, [start_s, end_s])
        span = times_s[low:high]
        edge = np.minimum(span - start_s, end_s - span) / _FADE_S
        out[low:high] += np.clip(edge, 0.0, 1.0) * _waves(step, epoch.seed, number, span)
    return out


def _waves(step: HeartStep, seed: int, number: int, times_s: F64) -> F64:
    """The waves of one step at these instants."""
    phases = draw(seed, Purpose.CHAOS, number).uniform(0, 2 * np.pi, 8)
    match step:
        case VentricularFibrillation():
            return step.height_mv * _fibrillation(phases, times_s)
        case VentricularFlutter():
            angle = 2 * np.pi * step.rate_bpm / 60.0 * times_s + phases[0]
            wave: F64 = np.sin(angle) + 0.18 * np.sin(2 * angle + 0.7)
            return 0.5 * step.height_mv * wave
        case Asystole():
            residue: F64 = np.sin(2 * np.pi * 0.23 * times_s + phases[0])
            residue = residue + 0.6 * np.sin(2 * np.pi * 0.61 * times_s + phases[1])
            residue += 0.3 * np.sin(2 * np.pi * 1.7 * times_s + phases[2])
            return step.residual_mv / 3.2 * residue  # about its height, peak to peak
    fine: F64 = np.sin(
        2 * np.pi * _ATRIAL_HZ * times_s + 1.1 * np.sin(2 * np.pi * 0.37 * times_s + phases[0])
    )
    return _ATRIAL_MV * fine


def _fibrillation(phases: F64, times_s: F64) -> F64:
    """Two waves whose frequencies wander between 4 and 7 Hz, and whose heights come and go."""
    low, high = _CENTRE_HZ
    centre_hz = low + (high - low) * phases[7] / (2 * np.pi)
    slow = [2 * np.pi * hertz * times_s + phases[k] for k, hertz in enumerate((0.11, 0.29, 0.17))]
    turn = 2 * np.pi * centre_hz * times_s
    # an angle swings by b*sin(w t): the frequency by b*w, here up to 0.5 + 0.35 Hz
    first = turn + 4.5 * np.sin(slow[0]) + 1.2 * np.sin(slow[1])
    second = 1.12 * turn + 3.0 * np.sin(slow[2]) + phases[3]
    height = 0.75 + 0.25 * np.sin(2 * np.pi * 0.23 * times_s + phases[4])
    other = 0.5 + 0.4 * np.sin(2 * np.pi * 0.41 * times_s + phases[5])
    wave: F64 = height * np.sin(first) + 0.9 * other * np.sin(second + 0.8 * np.sin(slow[1]))
    return 0.38 * wave
