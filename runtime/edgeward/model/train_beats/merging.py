"""Several networks as one of plain layers, and its scores in as few steps as they need.

A student that learns from a teacher loses other beats than the teacher does, and which ones is a
matter of the draw: with 128 numbers in its layer one of three was shown to lose less than a point
of each class, with 32, 64 and 256 none. So the networks of the teacher are
not taught to a smaller one but joined, and only then rounded. What is lost is rounding alone.

Rules:
1. The joined network answers what the mean of its members does: all members beside each other in
   each layer, nothing between them, and the mean in the last one.
2. The scores of a row have the mean 0, so the highest is never below it. What lies below `FLOOR`
   is raised to it: it is never the answer, and is left with a share of `e**FLOOR` at most of the
   highest. Without that a score that is far below takes most of the 256 steps, and two that are
   near each other become one.
"""

from collections.abc import Sequence
from typing import Final

import torch

FLOOR: Final = -4.0


def joined(members: Sequence[torch.nn.Sequential]) -> torch.nn.Sequential:
    """One network for several of the same shape, of two layers or more (rule 1)."""
    depths = list(zip(*(_linear(one) for one in members), strict=True))
    parts: list[torch.nn.Module] = []
    for number, layers in enumerate(depths, 1):
        weights = [one.weight.detach() for one in layers]
        biases = [one.bias.detach() for one in layers]
        if number == len(depths):
            weight = torch.cat(weights, dim=1) / len(layers)
            bias = torch.stack(biases).mean(dim=0)
        else:
            weight = torch.cat(weights) if number == 1 else torch.block_diag(*weights)
            bias = torch.cat(biases)
        parts += [_layer(weight, bias), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1]).eval()


def floored(network: torch.nn.Sequential) -> torch.nn.Sequential:
    """The same network, with scores from 0 up (rule 2); their shares need no more."""
    *before, last = network
    weight, bias = last.weight.detach(), last.bias.detach()
    moved = _layer(weight - weight.mean(dim=0), bias - bias.mean() - FLOOR)
    return torch.nn.Sequential(*before, moved, torch.nn.ReLU()).eval()


def _linear(network: torch.nn.Sequential) -> list[torch.nn.Linear]:
    return [one for one in network if isinstance(one, torch.nn.Linear)]


def _layer(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data.copy_(weight)
    layer.bias.data.copy_(bias)
    return layer
