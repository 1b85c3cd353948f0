"""A small torch network and simulated patients to teach it with."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from edgeward.model.compress.examples import Examples, Parts, parted
from edgeward.signal.patient import Rhythm, SimulatedPatient

SAMPLES, RATE_HZ = 250, 50


def network(width: int = 8, seed: int = 1) -> Any:
    """Three convolutions, a mean over time, scores of four rhythms."""
    torch = pytest.importorskip("torch", reason="the extra `compress` is missing")
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        nn.Unflatten(1, (1, SAMPLES)),
        nn.Conv1d(1, width, 7, 2, 3), nn.BatchNorm1d(width), nn.ReLU(),
        nn.Conv1d(width, 2 * width, 5, 2, 2), nn.BatchNorm1d(2 * width), nn.ReLU(),
        nn.Conv1d(2 * width, 2 * width, 5, 2, 2), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(2 * width, len(Rhythm)),
    )  # fmt: skip


@cache
def parts(patients: int = 60) -> Parts:
    """Windows of simulated patients, dealt out."""
    windows, labels, whose = [], [], []
    for seed in range(1, patients + 1):
        patient = SimulatedPatient(seed, RATE_HZ)
        for number, rhythm in enumerate(Rhythm):
            ecg = patient.ecg(rhythm.value, 3 * SAMPLES / RATE_HZ, episode=number)
            windows += list(ecg.reshape(3, SAMPLES))
            labels += [number] * 3
            whose += [str(seed)] * 3
    names = tuple(rhythm.value for rhythm in Rhythm)
    every = Examples(np.stack(windows), np.array(labels), np.array(whose), names)
    return parted(every, seed=1)
