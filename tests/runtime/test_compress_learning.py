"""Teaching, distilling, pruning and rounding do what their formulas say, on a copy."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from small_torch import SAMPLES, network, parts

torch = pytest.importorskip("torch", reason="the extra `compress` is missing")
pytest.importorskip("torch_pruning", reason="the extra `compress` is missing")

from edgeward.errors import ModelError  # noqa: E402
from edgeward.model.compress.aware import aware, rounded_weights  # noqa: E402
from edgeward.model.compress.distil import (  # noqa: E402
    WEIGHT_RANGE,
    Distilling,
    Lesson,
    distillation_loss,
    distilled,
)
from edgeward.model.compress.learning import (  # noqa: E402
    Teaching,
    balanced,
    by_label,
    of_labels,
    scored,
    taught,
)
from edgeward.model.compress.prune import masked, narrowed, parameters  # noqa: E402
from edgeward.model.compress.recipe import digest_of_network  # noqa: E402

pytestmark = pytest.mark.slow  # torch alone takes a second to import
QUICK = Teaching(epochs=2)


def by_hand(student: list[float], teacher: list[float], label: int, how: Distilling) -> float:
    """The loss of one window, with the standard library."""

    def shares(scores: list[float], temperature: float) -> list[float]:
        powers = [math.exp(score / temperature) for score in scores]
        return [power / sum(powers) for power in powers]

    p, q = shares(teacher, how.temperature), shares(student, how.temperature)
    apart = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    wrong = -math.log(shares(student, 1)[label])
    return how.alpha * how.temperature**2 * apart + (1 - how.alpha) * wrong


@pytest.mark.parametrize(("temperature", "alpha"), [(4.0, 0.7), (1.0, 1.0), (2.0, 0.0), (3.0, 0.5)])
def test_the_loss_is_its_formula(temperature: float, alpha: float) -> None:
    how = Distilling(temperature, alpha)
    students, teachers, labels = (
        [[1.0, -2.0, 0.5], [0.2, 0.1, 3.0]],
        [[2.0, -1.0, 0.0], [0.0] * 3],
        [0, 2],
    )
    found = distillation_loss(
        torch.tensor(students), torch.tensor(teachers), torch.tensor(labels), how
    )
    each = [by_hand(*one, how) for one in zip(students, teachers, labels, strict=True)]
    assert float(found) == pytest.approx(sum(each) / 2, rel=1e-5)
    weighted = Distilling(temperature, alpha, (3.0, 1.0, 1.0))
    found = distillation_loss(
        torch.tensor(students), torch.tensor(teachers), torch.tensor(labels), weighted
    )
    assert float(found) == pytest.approx((3 * each[0] + each[1]) / 4, rel=1e-5)


def test_alpha_is_the_share_of_the_teacher() -> None:
    scores, labels = torch.tensor([[5.0, 0.0]]), torch.tensor([1])
    assert float(distillation_loss(scores, scores, labels, Distilling(alpha=1.0))) == pytest.approx(
        0
    )
    assert float(distillation_loss(scores, scores, labels, Distilling(alpha=0.0))) > 4


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": 0.0},
        {"alpha": 1.1},
        {"label_weights": (1.0, 0.0)},
        {"even": -1.0},
        {"even": math.nan},
        {"even": math.inf},
    ],
)
def test_what_is_no_loss_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        Distilling(**bad)


def test_teaching_works_on_a_copy_and_repeats() -> None:
    given, dealt = network().eval(), parts()
    before = digest_of_network(given)
    loss = of_labels(dealt.training)
    once = taught(given, dealt.training, dealt.choosing, loss, QUICK)
    again = taught(given, dealt.training, dealt.choosing, loss, QUICK)
    other = taught(given, dealt.training, dealt.choosing, loss, Teaching(epochs=2, seed=2))
    assert digest_of_network(given) == before
    assert not given.training
    assert digest_of_network(once) == digest_of_network(again)
    assert digest_of_network(once) != digest_of_network(other)


def test_every_step_is_taken_in_training_mode_after_the_first_epoch_too() -> None:
    given, dealt = network(), parts()
    modes: list[bool] = []

    def note(module: Any, takes: Any, gives: Any) -> None:
        if torch.is_grad_enabled():
            modes.append(module.training)

    given.register_forward_hook(note)
    taught(given, dealt.training, dealt.choosing, of_labels(dealt.training), QUICK)
    calls = -(-len(dealt.training) // QUICK.batch)
    assert modes == [True] * (calls * QUICK.epochs)


def test_the_best_weights_are_kept_not_the_last() -> None:
    dealt = parts()
    told: list[str] = []
    good = taught(network(), dealt.training, dealt.choosing, of_labels(dealt.training),
                  Teaching(epochs=6), told.append)  # fmt: skip
    best = max(float(line.split("best ")[1].rstrip(")")) for line in told)
    assert 100 * balanced(good, dealt.choosing) == pytest.approx(best, abs=0.01)
    wild = taught(good, dealt.training, dealt.choosing, of_labels(dealt.training),
                  Teaching(epochs=1, rate=3.0))  # fmt: skip
    assert balanced(wild, dealt.choosing) >= balanced(good, dealt.choosing)


def test_a_student_learns_what_its_teacher_answers_without_labels() -> None:
    dealt = parts()
    before = digest_of_network(teacher())
    how = Distilling(alpha=1.0)
    student = distilled([network(8), network(6)], teacher(), dealt.training, dealt.choosing, how,
                        Teaching(epochs=8))  # fmt: skip
    same = scored(student, dealt.judging).argmax(1) == scored(teacher(), dealt.judging).argmax(1)
    assert same.mean() > 0.6  # of four rhythms; chance is a quarter
    assert digest_of_network(teacher()) == before


class Blind(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A student whose scores of some labels are too low, by how much each."""

    def __init__(self, sees: Any, lower: list[float]) -> None:
        super().__init__()
        self.sees, self.lower = sees, torch.tensor(lower)

    def forward(self, windows: Any) -> Any:
        return self.sees(windows) - self.lower


@cache
def teacher() -> Any:
    dealt = parts()
    return taught(network(12), dealt.training, dealt.choosing, of_labels(dealt.training),
                  Teaching(epochs=8))  # fmt: skip


def test_a_label_that_is_lost_weighs_more_and_is_what_counts() -> None:
    dealt, lesson = parts(), Lesson(
        teacher(), parts().training, parts().choosing, Distilling(even=5.0)
    )  # fmt: skip
    blind = Blind(teacher(), [0.0, 100.0, 0.0, 0.0])
    found = by_label(teacher(), dealt.choosing)
    assert lesson.merit(blind) == pytest.approx(-found[1])  # all of it
    assert lesson.weights.tolist() == [1.0] * 4  # at the begin nothing follows from it
    lesson.merit(blind)
    assert lesson.weights.argmax() == 1
    lost = found - by_label(blind, dealt.choosing)
    expected = np.exp(5.0 * (lost - lost.mean()))
    expected = np.clip(expected / expected.mean(), *WEIGHT_RANGE)
    assert lesson.weights == pytest.approx(expected)
    scores, labels = torch.zeros(2, 4), torch.tensor([1, 0])
    places = torch.arange(2)
    weighted = Distilling(even=5.0, label_weights=tuple(lesson.weights.tolist()))
    told = torch.from_numpy(scored(teacher(), dealt.training))[places]
    assert float(lesson.loss(scores, labels, places)) == pytest.approx(
        float(distillation_loss(scores, told, labels, weighted))
    )


def test_weights_stay_in_their_range_however_long_a_label_is_lost() -> None:
    lesson = Lesson(teacher(), parts().training, parts().choosing, Distilling(even=50.0))
    blind = Blind(teacher(), [0.0, 100.0, 0.0, 0.0])
    for _ in range(5):
        lesson.merit(blind)
    assert (lesson.weights.min(), lesson.weights.max()) == WEIGHT_RANGE


def test_without_evenness_the_lesson_is_the_plain_one() -> None:
    dealt, how = parts(), Distilling()
    lesson = Lesson(teacher(), dealt.training, dealt.choosing, how)
    told = torch.from_numpy(scored(teacher(), dealt.training))
    scores, labels, places = torch.eye(4), torch.arange(4), torch.arange(4)
    blind = Blind(teacher(), [0.0, 100.0, 0.0, 0.0])
    for _ in range(2):
        assert lesson.merit(blind) == balanced(blind, dealt.choosing)
    assert torch.equal(
        lesson.loss(scores, labels, places), distillation_loss(scores, told[places], labels, how)
    )


def test_the_weights_with_the_most_merit_are_kept() -> None:
    dealt, told = parts(), iter([0.0, 3.0, 1.0])
    seen: list[str] = []

    def merit(student: Any) -> float:
        seen.append(digest_of_network(student))
        return next(told)

    kept = taught(network(), dealt.training, dealt.choosing, of_labels(dealt.training), QUICK,
                  merit=merit)  # fmt: skip
    assert digest_of_network(kept) == seen[1]


def test_masks_make_zeros_and_no_network_smaller() -> None:
    given = network()
    hidden = masked(given, 0.5)
    weights = [one.weight for one in hidden.modules() if hasattr(one, "weight")]
    layers = [one for one in weights if one.ndim > 1]
    zeros = sum(int((one == 0).sum()) for one in layers)
    assert zeros == pytest.approx(0.5 * sum(one.numel() for one in layers), rel=0.02)
    assert parameters(hidden) == parameters(given)
    assert not any((one == 0).any() for one in given.parameters() if one.ndim > 1)


def test_narrowing_removes_channels_and_leaves_every_label() -> None:
    given = network(16)
    before = digest_of_network(given)
    small = narrowed(given, 0.5, SAMPLES)
    assert parameters(small) < 0.35 * parameters(given)
    shapes = [tuple(one.weight.shape) for one in small if isinstance(one, torch.nn.Conv1d)]
    assert [shape[0] for shape in shapes] == [8, 16, 16]
    assert small(torch.zeros(3, SAMPLES)).shape == (3, 4)
    assert digest_of_network(given) == before


def test_what_cannot_be_narrowed_is_refused_with_advice() -> None:
    class Recurrent(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Conv1d(1, 8, 7)
            self.memory = torch.nn.GRU(8, 8, batch_first=True)
            self.last = torch.nn.Linear(8, 4)

        def forward(self, windows: Any) -> Any:
            features = self.first(windows[:, None]).transpose(1, 2)
            return self.last(self.memory(features)[0][:, -1])

    with pytest.raises(ModelError, match="make others narrower and distil them"):
        narrowed(Recurrent(), 0.5, SAMPLES)


def test_rounded_weights_have_seven_bits_for_each_channel() -> None:
    weights = torch.nn.Conv1d(1, 8, 7).weight
    rounded = rounded_weights(weights)
    for channel, values in zip(weights, rounded, strict=True):
        scale = channel.abs().max() / 64
        whole = (values / scale).detach().numpy()
        np.testing.assert_allclose(whole, np.round(whole), atol=1e-4)
        assert abs(whole).max() <= 64.001
    rounded.sum().backward()
    assert weights.grad.abs().sum() > 0, "rounding stopped the gradient"


def test_teaching_while_rounded_trains_and_gives_an_ordinary_network() -> None:
    dealt = parts()
    given = taught(network(), dealt.training, dealt.choosing, of_labels(dealt.training),
                   Teaching(epochs=8))  # fmt: skip
    before = digest_of_network(given)
    lesson = Lesson(given, dealt.training, dealt.choosing, Distilling())
    found = aware(given, dealt.training, dealt.choosing, lesson.loss, Teaching(epochs=3, rate=1e-3))
    assert digest_of_network(given) == before
    assert digest_of_network(found) != before, "nothing was learned"
    assert [type(one) for one in found] == [type(one) for one in given]
    assert balanced(found, dealt.judging) > balanced(given, dealt.judging) - 0.1
