"""How right a model is, for whom, and with what confidence: patients are drawn, never windows.

Windows of one patient are alike. An interval that counts them as independent is too narrow, often
several times; so whole patients are drawn again, with replacement, and each figure is reckoned for
each draw. Two models are compared on the same draws.

Where nothing is wrong, or nothing differs, every draw is the same and promises perfection. The
limits are then those of so many windows without a failure; only the very same answers lose nothing.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.model.compress.examples import Examples
from edgeward.model.engine import Probabilities

DRAWS: Final = 2000
CONFIDENCE: Final = 0.95
Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share or a difference of shares, and the interval it lies in."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """For a report."""
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """Of the same windows of the same patients."""

    accuracy: Figure
    by_label: dict[str, Figure]
    """Sensitivity: of the windows with this label, the share that got it."""

    @property
    def worst(self) -> tuple[str, Figure]:
        """The label with the least value."""
        return min(self.by_label.items(), key=lambda one: one[1].value)

    @property
    def lowest(self) -> tuple[str, Figure]:
        """The label with the least lower limit: what can be promised of every label."""
        return min(self.by_label.items(), key=lambda one: one[1].low)

    def to_dict(self) -> dict[str, Any]:
        """For a report."""
        by_label = {name: figure.to_dict() for name, figure in self.by_label.items()}
        return {"accuracy": self.accuracy.to_dict(), "by_label": by_label}


def score(examples: Examples, answers: Probabilities, seed: int) -> Scores:
    """How right these answers are. One that is no number is wrong."""
    return _scores(examples, _right(examples, answers), seed, exact=True)


def retained(
    examples: Examples, answers: Probabilities, reference: Probabilities, seed: int
) -> Scores:
    """What is lost or won against the reference, on the same windows and draws."""
    right, before = _right(examples, answers), _right(examples, reference)
    same = np.array_equal(answers, reference)
    return _scores(examples, right.astype(np.float64) - before, seed, exact=not same)


def _right(examples: Examples, answers: Probabilities) -> NDArray[np.bool_]:
    told = np.asarray(np.isfinite(answers).all(axis=1))
    found: NDArray[np.bool_] = told & (np.nan_to_num(answers).argmax(1) == examples.labels)
    return found


def _scores(examples: Examples, gained: NDArray[Any], seed: int, *, exact: bool) -> Scores:
    sums, counts = _table(examples, gained)
    patients = len(sums)
    draws = np.random.default_rng(seed).multinomial(patients, [1 / patients] * patients, DRAWS)
    drawn_sums, drawn_counts = draws @ sums, draws @ counts
    every = [
        (sums[:, at], counts[:, at], drawn_sums[:, at], drawn_counts[:, at])
        for at in range(len(examples.names))
    ]
    total = (sums.sum(1), counts.sum(1), drawn_sums.sum(1), drawn_counts.sum(1))
    figures = [_figure(*one, exact=exact) for one in (total, *every)]
    return Scores(figures[0], dict(zip(examples.names, figures[1:], strict=True)))


def _table(examples: Examples, gained: NDArray[Any]) -> tuple[Counts, Counts]:
    """For each patient and label: the sum of what was gained, and how many windows."""
    _, patient = np.unique(examples.patients, return_inverse=True)
    shape = (int(patient.max()) + 1, len(examples.names))
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (patient, examples.labels), gained)
    np.add.at(counts, (patient, examples.labels), 1)
    return sums, counts


def _figure(
    sums: Counts, counts: Counts, drawn_sums: Counts, drawn_counts: Counts, *, exact: bool
) -> Figure:
    """The share, and the percentiles of the draws in which the label occurs at all."""
    patients = int(np.count_nonzero(counts))
    if not patients:
        return Figure(0.0, -1.0, 1.0)
    tail = (1 - CONFIDENCE) / 2
    drawn = drawn_counts > 0
    low, high = np.quantile(drawn_sums[drawn] / drawn_counts[drawn], [tail, 1 - tail])
    if exact and low == high:
        low = max(low - (1 - tail ** (1 / counts.sum())), -1.0)
    return Figure(float(sums.sum() / counts.sum()), float(low), float(high))
