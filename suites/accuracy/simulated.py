"""Simulated patients with one window of each label, and what is known of each of them.

The truth is that of the script: nobody had to look. A patient's complexes, noise and leads are
drawn from the patient's seed, and are the subgroups.
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

import numpy as np
from numpy.random import Generator

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    HeartStep,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script
from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.rig.models import BenchModel, Windows

from .examples import Examples

LEAD_S: Final = 3.0
"""Of the rhythm, before the window."""
REST_S: Final = 1.0
RATE_HZ_MIN: Final = 125
"""Patients are simulated no more slowly; of a model that takes less, one sample in so many."""
FLUTTERS: Final = 0.25
"""Of the patients with chaos in the ventricles."""
QRS_MV: Final = {"small": (0.4, 0.7), "usual": (0.8, 1.6), "large": (1.8, 3.0)}
NOISE_MV: Final = {"quiet": (0.003, 0.012), "some": (0.012, 0.03), "much": (0.03, 0.05)}
LEADS: Final = {"upright": False, "inverted": True}

Rhythms = Mapping[str, Callable[[float, Generator], HeartStep]]


def _chaos(seconds: float, draw: Generator) -> HeartStep:
    if draw.random() < FLUTTERS:
        return VentricularFlutter(seconds, float(draw.uniform(240, 300)))
    return VentricularFibrillation(seconds, float(draw.uniform(0.4, 1.2)))


RHYTHMS: Final[Rhythms] = {
    "asystole": lambda seconds, draw: Asystole(seconds, float(draw.uniform(0.03, 0.15))),
    "bradycardia": lambda seconds, draw: Sinus(seconds, float(draw.uniform(30, 54))),
    "sinus": lambda seconds, draw: Sinus(seconds, float(draw.uniform(63, 97))),
    "tachycardia": lambda seconds, draw: Sinus(seconds, float(draw.uniform(108, 180))),
    "ventricular_fibrillation": _chaos,
    "ventricular_tachycardia": lambda seconds, draw: VentricularTachycardia(
        seconds, float(draw.uniform(130, 220))
    ),
}
"""What can be simulated, by label; rates between two labels belong to neither."""
NORMAL: Final = "sinus"


def simulated(model: BenchModel, seeds: range) -> Examples:
    """One window of each label of the model from each of these patients.

    Raises:
        CannotJudge: the model takes what cannot be simulated, or knows labels that cannot.
    """
    check_simulated(model)
    labels = model.card.labels
    rows, groups = [], []
    for seed in seeds:
        person, group = drawn(seed)
        for label in labels:
            rows.append(_window(model, label, person, seed))
            groups.append(group)
    return Examples(
        windows=np.stack(rows),
        labels=np.array(labels * len(seeds)),
        patients=np.repeat([f"simulated {seed}" for seed in seeds], len(labels)),
        origin=SIMULATED,
        groups={name: np.array([one[name] for one in groups]) for name in groups[0]},
    )


def drawn(seed: int) -> tuple[Person, dict[str, str]]:
    """The person of a seed, and which subgroup they are of in each respect."""
    draw = np.random.default_rng([seed, 0])
    group = {
        "complexes": str(draw.choice(list(QRS_MV))),
        "noise": str(draw.choice(list(NOISE_MV))),
        "leads": str(draw.choice(list(LEADS), p=[0.7, 0.3])),
    }
    qrs_mv = float(draw.uniform(*QRS_MV[group["complexes"]]))
    person = Person(
        qrs_mv=qrs_mv,
        t_mv=float(draw.uniform(0.15, 0.35)) * qrs_mv,
        p_mv=float(draw.uniform(0.05, 0.15)) * qrs_mv,
        inverted=LEADS[group["leads"]],
        noise_mv=float(draw.uniform(*NOISE_MV[group["noise"]])),
        wander_mv=float(draw.uniform(0.02, 0.2)),
    )
    return person, group


def course(model: BenchModel, seed: int, heart: tuple[HeartStep, ...]) -> Windows:
    """The ECG of one patient over a whole course, at the rate that the model takes."""
    person, _ = drawn(seed)
    return _ecg(model, Script(heart, person=person), seed)


def step(label: str, seconds: float, seed: int) -> HeartStep:
    """So many seconds of a label, drawn from a patient's seed."""
    number = sorted(RHYTHMS).index(label)
    return RHYTHMS[label](seconds, np.random.default_rng([seed, 1 + number]))


def _window(model: BenchModel, label: str, person: Person, seed: int) -> Windows:
    taken = model.card.input
    first = round(LEAD_S * taken.rate_hz)
    seconds = LEAD_S + taken.window_samples / taken.rate_hz + REST_S
    ecg = _ecg(model, Script((step(label, seconds, seed),), person=person), seed)
    return ecg[first : first + taken.window_samples]


def _ecg(model: BenchModel, script: Script, seed: int) -> Windows:
    rate_hz = model.card.input.rate_hz
    own_hz = rate_hz if rate_hz >= RATE_HZ_MIN else rate_hz * ceil(RATE_HZ_MIN / rate_hz)
    channel = Channel("ecg", Signal.ECG, "mV", own_hz)
    samples = simulate(script, seed, (channel,)).signals["ecg"][:: own_hz // rate_hz]
    return np.ascontiguousarray(samples, dtype=np.float32)


def check_simulated(model: BenchModel) -> None:
    """Whether there are simulated patients for a model.

    Raises:
        CannotJudge: there are none.
    """
    taken, unknown = model.card.input, sorted(set(model.card.labels) - RHYTHMS.keys())
    if (taken.signal, taken.unit) != ("ecg", "mV") or unknown:
        raise CannotJudge(
            "no simulated patient shows what this model judges: "
            f"it takes {taken.signal} in {taken.unit} and knows {', '.join(model.card.labels)}; "
            f"simulated are ecg in mV with {', '.join(RHYTHMS)}. Name examples of your own: "
            "models.examples of the bench unit",
        )
