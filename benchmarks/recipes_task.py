"""The task on which recipes are measured: five rhythms of simulated patients.

Eight seconds of one lead at 125 Hz. The patients differ in the height of every wave, in their
noise, in how regular they are and in how they move; the rarely certain cases are there on purpose:
fibrillation that is nearly regular, ectopy with one beat in a window, paced rhythms whose spike
does not show. No patient is in two parts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng
from recipes_networks import SAMPLES

from edgeward.model.compress.examples import Examples, Parts
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.heart_steps import (
    AtrialFibrillation,
    Ectopy,
    HeartStep,
    Paced,
    Rhythm,
    Sinus,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script
from edgeward.signal.windows import Samples

RATE_HZ: Final = 125
EACH: Final = 3
"""Windows of one patient in one rhythm."""
_SECONDS: Final = float(EACH * SAMPLES / RATE_HZ)
_ECG: Final = Channel("ecg", Signal.ECG, "mV", RATE_HZ)
RHYTHMS: Final = (
    Rhythm.SINUS,
    Rhythm.ATRIAL_FIBRILLATION,
    Rhythm.ECTOPY,
    Rhythm.VENTRICULAR_TACHYCARDIA,
    Rhythm.PACED,
)


@dataclass(frozen=True, slots=True)
class Patients:
    """How many there are in each part."""

    training: int
    choosing: int
    judging: int


def parts(many: Patients) -> Parts:
    """Windows of these patients; the same each time, and each one's do not depend on the others."""
    sizes = (many.training, many.choosing, many.judging)
    dealt = [_examples(range(at * 10_000, at * 10_000 + size)) for at, size in enumerate(sizes)]
    return Parts(*dealt)


def _examples(patients: range) -> Examples:
    windows: list[Samples] = []
    for patient in patients:
        for number in range(len(RHYTHMS)):
            script = _script(patient, number)
            ecg = simulate(script, patient * len(RHYTHMS) + number, (_ECG,)).signals["ecg"]
            windows += list(ecg.reshape(EACH, SAMPLES))
    each = np.repeat(np.arange(len(RHYTHMS)), EACH)
    return Examples(
        np.stack(windows).astype(np.float32),
        np.tile(each, len(patients)),
        np.repeat([str(one) for one in patients], EACH * len(RHYTHMS)),
        tuple(one.value for one in RHYTHMS),
    )


def _script(patient: int, rhythm: int) -> Script:
    """One rhythm of one person, disturbed for some of the time."""
    person, happens = default_rng([7, patient]), default_rng([8, patient, rhythm])
    qrs_mv = float(person.uniform(0.5, 2.0))
    body = Person(
        qrs_mv=qrs_mv,
        ventricular_mv=qrs_mv * float(person.uniform(0.7, 1.6)),
        t_mv=qrs_mv * float(person.uniform(0.1, 0.35)),
        p_mv=qrs_mv * float(person.uniform(0.06, 0.16)),
        inverted=bool(person.uniform() < 0.1),
        noise_mv=float(person.uniform(0.005, 0.04)),
        wander_mv=float(person.uniform(0.02, 0.4)),
        mains_mv=float(person.choice([0.0, 0.02])),
        spike_mv=float(person.uniform(0.2, 4.0)),
    )
    return Script(heart=(_heart(rhythm, happens),), faults=_faults(happens), person=body)


def _heart(rhythm: int, draw: Generator) -> HeartStep:
    step = RHYTHMS[rhythm]
    if step is Rhythm.SINUS:
        rate = float(draw.uniform(50, 140))
        return Sinus(_SECONDS, rate, variability=float(draw.uniform(0.3, 2.5)))
    if step is Rhythm.ATRIAL_FIBRILLATION:
        irregular = float(draw.uniform(0.08, 0.3))
        return AtrialFibrillation(_SECONDS, float(draw.uniform(60, 150)), irregular)
    if step is Rhythm.ECTOPY:
        pattern = "N" * int(draw.integers(1, 7)) + "V"
        early = float(draw.uniform(0.08, 0.45))
        return Ectopy(_SECONDS, float(draw.uniform(60, 110)), pattern, early)
    if step is Rhythm.VENTRICULAR_TACHYCARDIA:
        return VentricularTachycardia(_SECONDS, float(draw.uniform(125, 230)))
    return Paced(_SECONDS, float(draw.uniform(50, 115)))


def _faults(draw: Generator) -> tuple[Fault, ...]:
    """Movement for a while, and the tension of muscles."""
    found: list[Fault] = []
    for kind, chance in ((FaultKind.MOTION, 0.7), (FaultKind.MUSCLE, 0.5)):
        if draw.uniform() < chance:
            start_s = float(draw.uniform(0, 0.6 * _SECONDS))
            lasts_s = float(draw.uniform(2, _SECONDS - start_s))
            found.append(Fault(kind, "ecg", start_s, lasts_s, float(draw.uniform(0, 20))))
    return tuple(found)
