"""Distillation: a small network learns from what a large one answers, not from labels alone.

`loss = alpha * T**2 * KL(teacher / T || student / T) + (1 - alpha) * cross entropy`

with `T` the temperature by which both divide their scores, and `alpha` the share of the teacher:
1 is the teacher alone, 0 the labels alone. A test holds it against values reckoned by hand. Each
window may weigh by its label, so that a rare one is not lost behind the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from edgeward.model.compress.examples import Examples
from edgeward.model.compress.learning import Loss, Progress, Teaching, scored, taught


@dataclass(frozen=True, slots=True)
class Distilling:
    """How much a student listens to its teacher."""

    temperature: float = 4.0
    alpha: float = 0.7
    label_weights: tuple[float, ...] = ()
    """Of each label; none for the same weight for all."""

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


def by_teacher(teacher: torch.nn.Module, training: Examples, how: Distilling) -> Loss:
    """That loss for a training part; the teacher answers each window once."""
    told = torch.from_numpy(scored(teacher, training))

    def loss(scores: torch.Tensor, labels: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        return distillation_loss(scores, told[places], labels, how)

    return loss


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
        loss = by_teacher(teacher, training, how)
        teacher = taught(student, training, choosing, loss, teaching, progress)
    return teacher
