"""The networks, and how they learn: two or three layers over the row of a beat.

Rules:
1. A record counts for less than its beats: one patient's thousand beats are alike. A label counts
   for less than its beats too, so that rare ones are learned, and for more than none.
2. While it learns, a network has a normalisation before each layer; what comes out is layers alone,
   into which all of it is folded. Nothing of it is left to be rounded on its own.
3. The same seed on the same machine gives the same weights: one thread, and seeded draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from edgeward.model.compress.examples import Examples
from edgeward.model.compress.learning import Loss

_RECORD_POWER, _LABEL_POWER, _RECORD_BEATS = 0.5, 0.7, 20
_LABEL_LEAST: Final = 20
_NOISE: Final = 0.03
_DROPPED: Final = 0.3
_BATCH: Final = 512
_RATE, _DECAY, _SMOOTHED = 3e-3, 1e-2, 0.05


@dataclass(frozen=True, slots=True)
class Learning:
    """How long, from which draw on, and with how many numbers in each hidden layer."""

    epochs: int
    seed: int
    widths: tuple[int, ...]


class Ensemble(torch.nn.Module):  # type: ignore[misc] # torch is typed where it is installed
    """Several networks; the scores are their mean."""

    def __init__(self, members: Sequence[torch.nn.Module]) -> None:
        """Of these."""
        super().__init__()
        self.members = torch.nn.ModuleList(members)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores of rows."""
        total = self.members[0](rows)
        for one in self.members[1:]:
            total = total + one(rows)
        return total / len(self.members)


def learned(examples: Examples, how: Learning) -> torch.nn.Sequential:
    """A network that learned from labels."""
    torch.manual_seed(how.seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    draw = np.random.default_rng(how.seed)
    rows, labels = torch.from_numpy(examples.windows), torch.from_numpy(examples.labels)
    loss = _by_labels(examples)
    network = _made(rows.shape[1], how.widths, len(examples.names))
    calls = max(1, len(examples) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _RATE, total_steps=max(2, calls * how.epochs)
    )
    network.train()
    for _ in range(how.epochs):
        for places in np.array_split(draw.permutation(len(examples)), calls):
            at = torch.from_numpy(places)
            scores = network(rows[at] + _NOISE * torch.randn(len(at), rows.shape[1]))
            optimiser.zero_grad()
            loss(scores, labels[at], at).backward()
            optimiser.step()
            rates.step()
    return folded(network.eval())


def balance(examples: Examples) -> NDArray[np.float32]:
    """The weight of each row, by rule 1; their mean is 1."""
    weights = np.zeros(len(examples))
    for label in np.unique(examples.labels):
        of_label = examples.labels == label
        for patient in np.unique(examples.patients[of_label]):
            those = of_label & (examples.patients == patient)
            weights[those] = (those.sum() + _RECORD_BEATS) ** -_RECORD_POWER
        count = int(of_label.sum())
        worth = min(count**_LABEL_POWER, count * _LABEL_LEAST ** (_LABEL_POWER - 1))
        weights[of_label] *= worth / weights[of_label].sum()
    return np.asarray(weights / weights.mean(), np.float32)


def folded(network: torch.nn.Sequential) -> torch.nn.Sequential:
    """Rule 2: the same function as layers alone."""
    layers: list[torch.nn.Module] = []
    gain: torch.Tensor | None = None
    shift: torch.Tensor | None = None
    for part in network:
        if isinstance(part, torch.nn.BatchNorm1d):
            gain = part.weight.detach() / torch.sqrt(part.running_var + part.eps)
            shift = part.bias.detach() - gain * part.running_mean
        elif isinstance(part, torch.nn.Linear):
            layer = torch.nn.Linear(part.in_features, part.out_features)
            weight, bias = part.weight.detach(), part.bias.detach()
            if gain is not None and shift is not None:
                weight, bias = weight * gain, bias + weight @ shift
            layer.weight.data.copy_(weight)
            layer.bias.data.copy_(bias)
            layers.append(layer)
            gain = shift = None
        elif isinstance(part, torch.nn.ReLU):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers).eval()


def _made(takes: int, widths: Sequence[int], labels: int) -> torch.nn.Sequential:
    parts: list[torch.nn.Module] = [torch.nn.BatchNorm1d(takes)]
    for width in widths:
        parts += [
            torch.nn.Linear(takes, width),
            torch.nn.ReLU(),
            torch.nn.BatchNorm1d(width),
            torch.nn.Dropout(_DROPPED),
        ]
        takes = width
    return torch.nn.Sequential(*parts, torch.nn.Linear(takes, labels))


def _by_labels(examples: Examples) -> Loss:
    weights = torch.from_numpy(balance(examples))

    def loss(scores: torch.Tensor, labels: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        each = torch.nn.functional.cross_entropy(
            scores, labels, reduction="none", label_smoothing=_SMOOTHED
        )
        return (weights[places] * each).mean()

    return loss
