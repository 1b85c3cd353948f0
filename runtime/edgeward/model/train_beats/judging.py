"""How right beat labels are: sensitivity, predictivity, kappa and jk, with their intervals.

Rules:
1. Sensitivity is of all marked beats, those that nobody labelled included; predictivity is of
   the labelled ones that have a mark.
2. `jk = kappa / 2 + (sensitivities and predictivities of S and V) / 8` (Mar and others, 2011).
   Kappa and jk are of the labelled beats that have a mark, as where they are reported.
3. Intervals come from drawing whole patients, never beats (`compress.scores`). A figure of a label
   that a draw does not hold is left out of that draw.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.model.compress.scores import CONFIDENCE, DRAWS, Figure
from edgeward.model.train_beats.material import LABELS, Numbers

Counts = NDArray[np.float64]
_SEED: Final = 1
_JUDGED: Final = ("S", "V")


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one model, on patients that it did not learn from."""

    figures: dict[str, Figure]
    """`accuracy`, `kappa`, `jk`, and `sensitivity V`, `predictivity V` ... of each label."""
    records: dict[str, Numbers]
    """Of each record: marks (rows) by labels (columns), and in the last column those missed."""


def judged(tables: dict[str, Numbers]) -> Judged:
    """All figures of the counts of some patients."""
    every = np.stack([tables[name] for name in tables]).astype(np.float64)
    draws = np.random.default_rng(_SEED).multinomial(
        len(every), [1 / len(every)] * len(every), DRAWS
    )
    values = _figures(every.sum(axis=0, keepdims=True))
    drawn = _figures(np.einsum("dp,pij->dij", draws, every))
    edge = (1 - CONFIDENCE) / 2
    figures: dict[str, Figure] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a label that no draw holds
        for name, value in values.items():
            low, high = np.nanquantile(drawn[name], (edge, 1 - edge))
            figures[name] = Figure(float(value[0]), float(low), float(high))
    return Judged(figures, tables)


def table(labels: Numbers, told: Numbers, missed: Numbers) -> Numbers:
    """The counts of one patient."""
    count = len(LABELS)
    inner = np.bincount(labels * count + told, minlength=count * count).reshape(count, count)
    return np.concatenate([inner, missed[:, None]], axis=1)


def _figures(tables: Counts) -> dict[str, Counts]:
    """Of each table: marks by labels, and missed ones."""
    inner = tables[:, :, :-1]
    total = inner.sum(axis=(1, 2))
    right = np.diagonal(inner, axis1=1, axis2=2)
    by_chance = np.einsum("di,di->d", inner.sum(axis=1), inner.sum(axis=2)) / total**2
    accuracy = right.sum(axis=1) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        found = right / inner.sum(axis=2)
        sensitivity = right / tables.sum(axis=2)
        predictivity = right / inner.sum(axis=1)
        kappa = (accuracy - by_chance) / (1 - by_chance)
    figures: dict[str, Counts] = {"accuracy": accuracy, "kappa": kappa}
    chosen = [LABELS.index(one) for one in _JUDGED]
    both: Any = np.nan_to_num(found[:, chosen]) + np.nan_to_num(predictivity[:, chosen])
    figures["jk"] = kappa / 2 + both.sum(axis=1) / 8
    for number, label in enumerate(LABELS):
        figures[f"sensitivity {label}"] = sensitivity[:, number]
        figures[f"predictivity {label}"] = predictivity[:, number]
    return figures
