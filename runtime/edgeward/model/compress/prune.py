"""Pruning: weights set to zero, and channels that are really gone.

Zeros alone make no file smaller and no answer faster: `masked` is here so that this can be shown,
and because zeros compress for transport. `narrowed` removes channels; what remains is a smaller
network of the same shape, and the answer of a test on its shapes.
"""

from copy import deepcopy
from typing import Any

import torch
import torch_pruning

from edgeward.errors import ModelError

_LAYERS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Linear)
ROUND_TO = 4
"""Channels are kept in multiples of it: eight leaves small networks no choice."""


def masked(network: torch.nn.Module, share: float) -> torch.nn.Module:
    """A copy with the smallest weights of all layers together set to zero."""
    _check(share)
    copy = deepcopy(network)
    weights = [one.weight for one in copy.modules() if isinstance(one, _LAYERS)]
    with torch.no_grad():
        sizes = torch.cat([one.abs().flatten() for one in weights])
        limit = torch.sort(sizes).values[min(round(share * len(sizes)), len(sizes) - 1)]
        for one in weights:
            one[one.abs() < limit] = 0.0
    return copy


def narrowed(network: torch.nn.Module, share: float, samples: int) -> torch.nn.Module:
    """A copy without the least of its channels, a share of each layer's; the last layer stays.

    Raises:
        ModelError: the network has layers whose channels cannot be told apart.
    """
    _check(share)
    copy = deepcopy(network).eval()
    last = [one for one in copy.modules() if isinstance(one, _LAYERS)][-1]
    try:
        pruner: Any = torch_pruning.pruner.MagnitudePruner(
            copy,
            torch.zeros(2, samples),
            importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=share,
            ignored_layers=[last],
            round_to=ROUND_TO,
        )
        pruner.step()
    except Exception as error:  # recurrent layers make it fail in many ways
        raise ModelError(
            f"channels cannot be removed: {type(error).__name__}: {error}; accepted: layers whose"
            " channels depend on each other plainly; make others narrower and distil them"
        ) from error
    for one in copy.modules():
        one.__dict__.pop("_pruning_history", None)
    return copy


def parameters(network: torch.nn.Module) -> int:
    """How many weights a network has; never its size."""
    return sum(one.numel() for one in network.parameters())


def _check(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"share: found {share!r}; accepted: between 0 and 1")
