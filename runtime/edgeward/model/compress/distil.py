"""Distillation: a small network learns from what a large one answers, not from labels alone.

`loss = alpha * T**2 * KL(teacher / T || student / T) + (1 - alpha) * cross entropy`

with `T` the temperature by which both divide their scores, and `alpha` the share of the teacher:
1 is the teacher alone, 0 the labels alone. A test holds it against values reckoned by hand. Each
window may weigh by its label, so that a rare one is not lost behind the mean.

Which label will be lost is not known before. So with `even` above 0 the weights follow what is seen
on the choosing part: after each epoch a label that lost more against the teacher than the others
weighs more, and the weights are kept with which the *worst* label lost least.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from edgeward.model.compress.examples import Examples
from edgeward.model.compress.learning import (
    Progress,
    Teaching,
    balanced,
    by_label,
    scored,
    taught,
)

WEIGHT_RANGE: Final = (0.25, 4.0)
"""Of a label, beside the mean of all: a label that no student can learn must not drown the rest."""


@dataclass(frozen=True, slots=True)
class Distilling:
    """How much a student listens to its teacher."""

    temperature: float = 4.0
    alpha: float = 0.7
    label_weights: tuple[float, ...] = ()
    """Of each label; none for the same weight for all."""
    even: float = 0.0
    """How fast labels that are lost come to weigh more: `exp(even * loss)` after each epoch."""

    def __post_init__(self) -> None:
        """Refuse what is no share and no temperature.

        Raises:
            ValueError: a number is out of range.
        """
        if not (self.temperature > 0 and 0 <= self.alpha <= 1):
            raise ValueError(
                f"found temperature {self.temperature}, alpha {self.alpha};"
                " accepted: above 0, and 0 to 1"
            )
        if not 0 <= self.even < np.inf:
            raise ValueError(f"found even {self.even}; accepted: 0 or more")
        if any(not weight > 0 for weight in self.label_weights):
            raise ValueError(f"found label_weights {self.label_weights}; accepted: above 0")


def distillation_loss(
    student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, how: Distilling
) -> torch.Tensor:
    """The loss of this module, of the scores of both."""
    cool = torch.log_softmax(student / how.temperature, dim=1)
    wanted = torch.log_softmax(teacher / how.temperature, dim=1)
    apart = torch.nn.functional.kl_div(cool, wanted, reduction="none", log_target=True).sum(1)
    wrong = torch.nn.functional.cross_entropy(student, labels, reduction="none")
    each = how.alpha * how.temperature**2 * apart + (1 - how.alpha) * wrong
    if not how.label_weights:
        return each.mean()
    weights = torch.tensor(how.label_weights)[labels]
    return (weights * each).sum() / weights.sum()


class Lesson:
    """What a student learns from a teacher, and how much it is worth."""

    def __init__(
        self, teacher: torch.nn.Module, training: Examples, choosing: Examples, how: Distilling
    ) -> None:
        """Ask the teacher, once for each window."""
        self._how, self._choosing = how, choosing
        self._told = torch.from_numpy(scored(teacher, training))
        self._before = by_label(teacher, choosing)
        self.weights = np.array(how.label_weights or [1.0] * len(training.names))
        """Of the labels, as they are now."""
        self._begun = False

    def loss(
        self, scores: torch.Tensor, labels: torch.Tensor, places: torch.Tensor
    ) -> torch.Tensor:
        """With the weights as they are now."""
        how = self._how
        if how.even:
            how = replace(how, label_weights=tuple(self.weights.tolist()))
        return distillation_loss(scores, self._told[places], labels, how)

    def merit(self, student: torch.nn.Module) -> float:
        """How often labels are found, or what the worst one keeps; the weights follow that.

        Not the first time: what a student loses that has learned nothing says nothing of labels.
        """
        if not self._how.even:
            return balanced(student, self._choosing)
        lost = np.nan_to_num(self._before - by_label(student, self._choosing))
        if self._begun:
            weights = self.weights * np.exp(self._how.even * (lost - lost.mean()))
            self.weights = np.clip(weights / weights.mean(), *WEIGHT_RANGE)
        self._begun = True
        return float(-lost.max())


def distilled(
    students: Sequence[torch.nn.Module],
    teacher: torch.nn.Module,
    training: Examples,
    choosing: Examples,
    how: Distilling,
    teaching: Teaching,
    progress: Progress = lambda _: None,
) -> torch.nn.Module:
    """The last of the students; each one teaches the next, the first learns from the teacher.

    With more than one, from large to small, the steps are smaller than from the teacher at once.
    """
    for number, student in enumerate(students, 1):
        progress(f"student {number} of {len(students)}")
        lesson = Lesson(teacher, training, choosing, how)
        teacher = taught(student, training, choosing, lesson.loss, teaching, progress, lesson.merit)
    return teacher
