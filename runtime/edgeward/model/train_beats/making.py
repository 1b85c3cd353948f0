"""Teacher and student, and what they are worth on patients that they did not learn from.

The teacher is several networks in float; the student is one, which learned from the teacher, on
whole numbers of eight bits. Both are made once for each fifth of the patients from the others, to
be judged, and at last from all of them, to be used. The same seed on the same machine with the same
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
from edgeward.model.train_beats.judging import Judged, judged, table
from edgeward.model.train_beats.material import Material, Numbers
from edgeward.model.train_beats.network import Ensemble, Learning, learned
from edgeward.signal.windows import Samples

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
    student_epochs: int = 6
    teacher_widths: tuple[int, ...] = (48, 24)
    student_widths: tuple[int, ...] = (32,)


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
    how = Learning(plan.student_epochs, plan.seed, plan.student_widths)
    student = learned(examples, how, teacher)
    places = np.random.default_rng(plan.seed).permutation(len(examples))[:_CALIBRATION]
    graph = exported(student, examples.windows[:_SHOWN])
    small = write(quantised(graph, examples.windows[places]))
    if not executed(small).exact:
        raise ModelError("found layers in float; accepted: whole numbers alone")
    return Models(write(exported(teacher, examples.windows[:_SHOWN])), small)


def validated(material: Material, plan: Plan, progress: Progress) -> Validated:
    """Rule: no patient judges what learned from it."""
    names = [one.name for one in material.records]
    teacher: dict[str, Numbers] = {}
    student: dict[str, Numbers] = {}
    same = total = 0
    for number in range(FOLDS):
        left_out = names[number::FOLDS]
        rest = tuple(name for name in names if name not in left_out)
        models = made(material.examples(rest), plan)
        for one in material.records:
            if one.name in left_out:
                by_teacher, by_student = (
                    told(models.teacher, one.rows),
                    told(models.student, one.rows),
                )
                teacher[one.name] = table(one.labels, by_teacher, one.missed)
                student[one.name] = table(one.labels, by_student, one.missed)
                same += int((by_teacher == by_student).sum())
                total += len(one.labels)
        progress(f"fold {number + 1} of {FOLDS}")
    return Validated(judged(teacher), judged(student), same / total)


def told(model: bytes, rows: Samples) -> Numbers:
    """The number of the label of each row."""
    found: Numbers = run(model, rows).argmax(axis=1)
    return found
