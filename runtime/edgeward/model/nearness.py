"""How near the answers of one model must be, whatever computes them: the one place that says so.

Rules:
1. A promise is about one model. What a smaller model has lost against a larger one is another
   question, asked by `compress.fidelity` and by the suite `accuracy`, and has no tolerance here.
2. A model in whole numbers promises the same bits. Where an engine reckons its whole numbers in
   float instead, it is another model: some windows are answered otherwise, by more than any
   promise allows, and with enough golden windows it is refused.
3. The label is the same wherever the first one leads by more than twice what a probability may
   move: that follows, and needs no number of its own.
4. Everything that holds two answers against each other takes its tolerance from here.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.float32]
"""One row for each window, one column for each label."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What two answers to the same windows may differ in."""

    name: str
    of: str
    """Which models promise it."""
    over: str
    """What may be another one between the two answers; an engine is one of those of this room."""
    difference_max: float
    """Of one probability; 0 means the same bits."""


WHOLE: Final = Promise(
    "whole", "whole numbers throughout", "windows in a call, threads, processor", 0.0
)
FLOAT: Final = Promise(
    "float", "float throughout", "windows in a call, threads, processor, engine", 1e-5
)
JOINED: Final = Promise(
    "joined", "whole numbers after a filter in float", "windows in a call, threads, processor", 1e-2
)
"""A filter in float may move a sample across the edge of a step of what comes after it."""
EXPORTED: Final = Promise(
    "exported", "a network as it is taught", "torch, or the graph that it became", 1e-4
)
"""Wider than `FLOAT`: normalisations are folded into layers on the way."""
PROMISES: Final = (WHOLE, FLOAT, JOINED, EXPORTED)
DIFFERENCE_MAX: Final = JOINED.difference_max
"""No promise may be so wide that another model would keep it."""


def apart(due: Answers, found: Answers) -> float:
    """The largest change of one probability; infinite where one of them is no number."""
    with np.errstate(invalid="ignore"):  # infinite ones: their difference is no number either
        differences = np.abs(np.subtract(found, due, dtype=np.float64))
    return float(np.nan_to_num(differences, nan=np.inf, posinf=np.inf).max(initial=0.0))


def breaches(promise: Promise, due: Answers, found: Answers) -> list[str]:
    """Where answers do not keep a promise: what was found, and what would be accepted."""
    if due.shape != found.shape:
        return [f"found answers of shape {found.shape}; accepted: {due.shape}"]
    if promise.difference_max:
        most = apart(due, found)
        if most <= promise.difference_max:
            return []
        return [f"found a probability {most:.3g} off; accepted: up to {promise.difference_max:g}"]
    bits = [np.ascontiguousarray(one).view(np.uint32) for one in (due, found)]
    other = int((bits[0] != bits[1]).any(axis=1).sum())
    text = f"{other} of {len(due)} windows answered otherwise, by up to {apart(due, found):.3g}"
    return [f"found {text}; accepted: the same bits"] if other else []
