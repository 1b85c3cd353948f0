"""How far a smaller model's answers are from those of the model it was made of.

Accuracy does not see this damage: models of equal accuracy may differ in single answers by almost
a whole probability. So answers are compared one by one.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgeward.model.engine import Probabilities


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Of the same windows, answered by both."""

    windows: int
    agreeing: int
    """With the same label first."""
    max_difference: float
    """The largest change of one probability."""
    noise_db: float
    """Power of the reference's answers over that of the differences; infinite for none."""
    not_a_number: int
    """Windows that the smaller one did not answer with numbers."""

    def to_dict(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


def compare(reference: Probabilities, smaller: Probabilities) -> Fidelity:
    """One by one.

    Raises:
        ValueError: they do not answer the same windows, or the reference is no number.
    """
    if reference.shape != smaller.shape or not len(reference):
        raise ValueError(f"answers of shape {smaller.shape}; accepted: {reference.shape}, not none")
    if not np.isfinite(reference).all():
        raise ValueError("the reference answers with what is no number")
    told = np.asarray(np.isfinite(smaller).all(axis=1))
    agreeing = told & (np.where(told[:, None], smaller, 0).argmax(1) == reference.argmax(1))
    apart = np.abs(smaller - reference, dtype=np.float64)[told]
    power, noise = float(np.sum(reference.astype(np.float64) ** 2)), float(np.sum(apart**2))
    return Fidelity(
        windows=len(reference),
        agreeing=int(agreeing.sum()),
        max_difference=float(apart.max()) if told.any() else 1.0,
        noise_db=float(10 * np.log10(power / noise)) if noise else float("inf"),
        not_a_number=int((~told).sum()),
    )
