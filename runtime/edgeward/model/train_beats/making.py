"""Teacher and student, and what they are worth on patients that they did not learn from.

The teacher is several networks in float; the student is all of them as one, on whole numbers of
eight bits. Both are made once for each fifth of the patients from the others, to be judged, and at
last from all of them, to be used. The same seed on the same machine with the same
versions gives the same bytes; elsewhere the last bits of the weights may differ.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from edgeward.errors import ModelError
from edgeward.model.compress.examples import Examples
from edgeward.model.compress.export import exported
from edgeward.model.compress.graphs import run, write
from edgeward.model.compress.learning import Progress
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.scores import Scores, retained
from edgeward.model.engine import Probabilities
from edgeward.model.train_beats.judging import Judged, judged, table
from edgeward.model.train_beats.material import Material, Numbers
from edgeward.model.train_beats.merging import floored, joined
from edgeward.model.train_beats.network import Ensemble, Learning, learned

FOLDS: Final = 5
SEED: Final = 20_000
_MEMBERS: Final = 6
_CALIBRATION: Final = 4096
_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    seed: int = SEED
    teacher_epochs: int = 3
    teacher_widths: tuple[int, ...] = (48, 24)


@dataclass(frozen=True, slots=True)
class Models:
    """Both, as ONNX."""

    teacher: bytes
    student: bytes


@dataclass(frozen=True, slots=True)
class Validated:
    """Both, on the patients of each fifth, having learned from the others."""

    teacher: Judged
    student: Judged
    agreeing: float
    """The share of beats that both call the same."""
    kept: Scores
    """What the student wins or loses of each class against the teacher, on the same beats."""


def made(examples: Examples, plan: Plan) -> Models:
    """Both models, from these patients.

    Raises:
        ModelError: the student is not in whole numbers alone.
    """
    members = [
        learned(examples, Learning(plan.teacher_epochs, plan.seed + one, plan.teacher_widths))
        for one in range(_MEMBERS)
    ]
    teacher: torch.nn.Module = Ensemble(members).eval()
    student = floored(joined(members))
    places = np.random.default_rng(plan.seed).permutation(len(examples))[:_CALIBRATION]
    graph = exported(student, examples.windows[:_SHOWN])
    small = write(quantised(graph, examples.windows[places]))
    if not executed(small).exact:
        raise ModelError("found layers in float; accepted: whole numbers alone")
    return Models(write(exported(teacher, examples.windows[:_SHOWN])), small)


def validated(material: Material, plan: Plan, progress: Progress) -> Validated:
    """Rule: no patient judges what learned from it."""
    names = [one.name for one in material.records]
    answers: dict[str, tuple[Probabilities, Probabilities]] = {}
    teacher: dict[str, Numbers] = {}
    student: dict[str, Numbers] = {}
    for number in range(FOLDS):
        left_out = names[number::FOLDS]
        rest = tuple(name for name in names if name not in left_out)
        models = made(material.examples(rest), plan)
        for one in (one for one in material.records if one.name in left_out):
            answers[one.name] = run(models.teacher, one.rows), run(models.student, one.rows)
            for told, found in zip(answers[one.name], (teacher, student), strict=True):
                found[one.name] = table(one.labels, told.argmax(axis=1), one.missed)
        progress(f"fold {number + 1} of {FOLDS}")
    before, after = (np.concatenate([answers[name][place] for name in names]) for place in range(2))
    return Validated(
        judged(teacher),
        judged(student),
        agreeing=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        kept=retained(material.examples(), after, before, plan.seed),
    )
