"""Teaching a network: one loop for training, fine-tuning, distilling and teaching while quantised.

Rules:
1. The same seed on the same processor gives the same weights: one thread, seeded draws, and only
   operations that are deterministic.
2. Each epoch begins in training mode and is judged in the other one. A loop that forgets to go back
   freezes its normalisation from the second epoch on.
3. The weights with the most merit on the choosing part are kept, not the last ones; those at the
   begin count too. Usually merit is how often each label is found, whichever labels those are.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from edgeward.model.compress.examples import Examples

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Of scores, labels, and the places of the windows in the training part."""
Merit = Callable[[torch.nn.Module], float]
"""How good a network is, by the choosing part: asked at the begin and after each epoch."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a network is taught."""

    epochs: int = 8
    rate: float = 3e-3
    """The highest of the learning rates, which rise and fall in one cycle."""
    batch: int = 128
    decay: float = 1e-2
    seed: int = 1


def taught(
    network: torch.nn.Module,
    training: Examples,
    choosing: Examples,
    loss: Loss,
    teaching: Teaching,
    progress: Progress = lambda _: None,
    merit: Merit | None = None,
) -> torch.nn.Module:
    """A copy of the network, taught; the one that was given is not changed."""
    worth = merit or partial(balanced, examples=choosing)
    student = deepcopy(network)
    draw = _determined(teaching.seed)
    windows = torch.from_numpy(training.windows)
    labels = torch.from_numpy(training.labels)
    calls = -(-len(training) // teaching.batch)
    optimiser = torch.optim.AdamW(student.parameters(), teaching.rate, weight_decay=teaching.decay)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, teaching.rate, total_steps=max(2, calls * teaching.epochs)
    )
    best, kept = worth(student), deepcopy(student.state_dict())
    for epoch in range(teaching.epochs):
        student.train()  # rule 2
        for places in np.array_split(draw.permutation(len(training)), calls):
            at = torch.from_numpy(places)
            optimiser.zero_grad()
            loss(student(windows[at]), labels[at], at).backward()
            optimiser.step()
            rates.step()
        score = worth(student)
        if score >= best:
            best, kept = score, deepcopy(student.state_dict())
        progress(
            f"epoch {epoch + 1} of {teaching.epochs}: {100 * score:.2f} % (best {100 * best:.2f})"
        )
    student.load_state_dict(kept)
    return student.eval()


def of_labels(training: Examples) -> Loss:
    """Cross entropy in which every label weighs the same, however rare it is."""
    counts = np.bincount(training.labels, minlength=len(training.names))
    weights = torch.from_numpy(
        (len(training) / np.maximum(counts, 1) / len(counts)).astype("float32")
    )

    def loss(scores: torch.Tensor, labels: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(scores, labels, weights)

    return loss


def balanced(network: torch.nn.Module, examples: Examples) -> float:
    """The mean, over labels, of how often each is found."""
    return float(np.nanmean(by_label(network, examples)))


def by_label(
    network: torch.nn.Module, examples: Examples
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """How often each label is found; not a number for one that no window has."""
    right = scored(network, examples).argmax(1) == examples.labels
    labels = range(len(examples.names))
    every = [right[examples.labels == label] for label in labels]
    return np.array([one.mean() if len(one) else np.nan for one in every])


def scored(
    network: torch.nn.Module, examples: Examples
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The scores of every window; the network's mode is left as it was."""
    was = network.training
    network.eval()
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(part)).numpy()
            for part in np.array_split(examples.windows, max(1, len(examples) // 256))
        ]
    network.train(was)
    return np.concatenate(parts)


def _determined(seed: int) -> np.random.Generator:
    """Rule 1."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    return np.random.default_rng(seed)
