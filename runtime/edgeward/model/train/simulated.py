"""Examples of simulated patients: of the simple ones, and of scripts with all that a heart may do.

Rules:
1. Everything follows from the number of the patient.
2. A script's window is called by what is true in it: by its rhythm where that is told by the wave,
   else by the rate of its true beats. A rate between two words makes no example.
3. People differ: in height, form, noise, disturbance, and which way round the leads are.
"""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator, default_rng

from edgeward.model.compress.examples import Examples
from edgeward.model.train.gathering import Gathering
from edgeward.model.train.rhythms import RATE_HZ, WINDOW_SAMPLES, Label, of_rate
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.heart_steps import (
    BIGEMINY,
    COUPLETS,
    TRIGEMINY,
    Asystole,
    AtrialFibrillation,
    Ectopy,
    HeartStep,
    Paced,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.script import Person, Script
from edgeward.signal.windows import Samples

WINDOWS_PER_RHYTHM = 3
WINDOWS_PER_SCRIPT = 2
_WINDOW_S = WINDOW_SAMPLES / RATE_HZ
_LEADS = (Channel("ecg", Signal.ECG, "mV", RATE_HZ), Channel("other", Signal.ECG, "mV", RATE_HZ))
_BEFORE_S = _AFTER_S = 6.0
"""Of another rhythm, before the one that is shown begins, and after it."""
_SETTLED_S = 1.0
_BORDER_S = (2.9, 4.6)
"""So much of a window that holds a border is the later rhythm, and gives it its word: where neither
had it, a standstill that ends would look like a slow heart."""
_DISTURBED = 0.35
"""The share of scripts with a disturbance that leaves the rhythm to be seen."""


def patients(first: int, count: int) -> Examples:
    """A few windows of each rhythm of the simple simulated patients."""
    found = Gathering()
    for seed in range(first, first + count):
        patient = SimulatedPatient(seed, RATE_HZ)
        for number, rhythm in enumerate(Rhythm):
            ecg = patient.ecg(rhythm, WINDOWS_PER_RHYTHM * _WINDOW_S, episode=number)
            for window in ecg.reshape(WINDOWS_PER_RHYTHM, WINDOW_SAMPLES):
                found.add(window, Label(rhythm), f"patient/{seed}")
    return found.examples()


def scripts(first: int, count: int) -> Examples:
    """Windows of scripts with every rhythm, in two leads, of so many simulated people each."""
    found = Gathering()
    for seed in range(first, first + count):
        draw = default_rng([seed, 2])
        for number, (step, label) in enumerate(_steps(draw)):
            for window, called in _shown(step, label, seed * 100 + number, draw):
                found.add(window, called, f"script/{seed}")
    return found.examples()


def _shown(
    step: HeartStep, label: Label | None, seed: int, draw: Generator
) -> Iterator[tuple[Samples, Label]]:
    """The windows of one step in both leads, each with its word."""
    record = simulate(_script(step, draw), seed, _LEADS)
    for start_s, told in _places(step, label, draw):
        called = told or _called(record.truth.beats_s, start_s)
        if called is None:
            continue
        low = round(start_s * RATE_HZ)
        for samples in record.signals.values():
            yield samples[low : low + WINDOW_SAMPLES], called


def _steps(draw: Generator) -> Iterator[tuple[HeartStep, Label | None]]:
    """What this heart does, one after the other; None where the rate says what it is called."""
    last_s = _SETTLED_S + WINDOWS_PER_SCRIPT * _WINDOW_S + 0.5
    uniform = draw.uniform
    for low, high in ((25.0, 58.0), (60.0, 100.0), (104.0, 200.0)):
        yield Sinus(last_s, uniform(low, high), variability=uniform(0, 1.5)), None
    yield AtrialFibrillation(last_s, uniform(50, 170), uniform(0.1, 0.28)), None
    pattern = (BIGEMINY, TRIGEMINY, COUPLETS, "NNNNNNV")[draw.integers(4)]
    yield Ectopy(last_s, uniform(45, 100), pattern, uniform(0.15, 0.45)), None
    yield Paced(last_s, uniform(45, 98)), None
    fast = VentricularTachycardia(last_s, uniform(102, 250), uniform(0.6, 1.6))
    yield fast, Label.VENTRICULAR_TACHYCARDIA
    chaotic = VentricularFibrillation(last_s, _between(draw, 0.15, 5.0))
    yield chaotic, Label.VENTRICULAR_FIBRILLATION
    fluttering = VentricularFlutter(last_s, uniform(200, 350), _between(draw, 0.3, 5.0))
    yield fluttering, Label.VENTRICULAR_FIBRILLATION
    waves_bpm = uniform(40, 110) if uniform() < 0.25 else None
    spikes_bpm = uniform(40, 90) if uniform() < 0.1 else None
    yield Asystole(last_s, uniform(0, 0.6), waves_bpm, spikes_bpm), Label.ASYSTOLE


def _between(draw: Generator, low: float, high: float) -> float:
    """Even in its logarithm."""
    return float(low * (high / low) ** draw.uniform())


def _script(step: HeartStep, draw: Generator) -> Script:
    """This step, between some seconds of other rhythms; the one after it is a normal one."""
    before = Sinus(_BEFORE_S, draw.uniform(55, 120))
    after = Sinus(_AFTER_S, draw.uniform(62, 98))
    faults: list[Fault] = []
    if draw.uniform() < _DISTURBED:
        kind = (FaultKind.MOTION, FaultKind.MUSCLE)[draw.integers(2)]
        level = draw.uniform(10, 30)
        seconds = _BEFORE_S + step.seconds + _AFTER_S
        faults = [Fault(kind, lead.name, 0.0, seconds, level) for lead in _LEADS]
    return Script(heart=(before, step, after), faults=tuple(faults), person=_person(draw))


def _person(draw: Generator) -> Person:
    """Rule 3."""
    uniform = draw.uniform
    return Person(
        qrs_mv=_between(draw, 0.35, 4.0),
        t_mv=uniform(-0.3, 0.6),
        p_mv=uniform(0, 0.2),
        inverted=bool(uniform() < 0.25),
        noise_mv=_between(draw, 0.004, 0.06),
        wander_mv=uniform(0, 0.5),
        mains_mv=uniform(0, 0.08) if uniform() < 0.3 else 0.0,
    )


def _places(
    step: HeartStep, label: Label | None, draw: Generator
) -> Iterator[tuple[float, Label | None]]:
    """Where windows begin, and their word where it is known; borders where waves tell it."""
    settled = _BEFORE_S + _SETTLED_S
    for number in range(WINDOWS_PER_SCRIPT):
        yield settled + number * _WINDOW_S, label
    if label is not None:
        yield _BEFORE_S - (_WINDOW_S - draw.uniform(*_BORDER_S)), label
        yield _BEFORE_S + step.seconds - (_WINDOW_S - draw.uniform(*_BORDER_S)), Label.SINUS


def _called(beats_s: F64, start_s: float) -> Label | None:
    """Rule 2, by the beats in the window and those next to it."""
    low, high = np.searchsorted(beats_s, [start_s, start_s + _WINDOW_S])
    around = beats_s[max(0, low - 1) : high + 1]
    if len(around) < 3:
        return None
    return of_rate(60.0 * (len(around) - 1) / float(around[-1] - around[0]))
