"""Teaching a network while it is rounded as it will be (quantisation-aware training).

Weights are rounded to seven bits a channel and activations to eight bits on the way forward, as
`quantise` does it; on the way back the rounding is passed by. What comes out is an ordinary network
whose weights have learned to be rounded. Ranges of activations are followed while it is taught, and
widen only: a range that shrinks saturates on the first artefact.
"""

from copy import deepcopy
from typing import Any

import torch

from edgeward.model.compress.examples import Examples
from edgeward.model.compress.learning import Loss, Merit, Progress, Teaching, taught

_LAYERS = (torch.nn.Conv1d, torch.nn.Linear)
_WEIGHT_MAX = 64
_STEPS = 255


class _Rounded(torch.autograd.Function):  # type: ignore[misc] # no types
    """Rounds forward, and passes the gradient on."""

    @staticmethod
    def forward(_: Any, values: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - torch's context
        """Whole numbers."""
        return torch.round(values)

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - torch's context
        """As if nothing had been rounded."""
        return gradient


def _round(values: torch.Tensor) -> torch.Tensor:
    rounded: torch.Tensor = _Rounded.apply(values)
    return rounded


def rounded_weights(weights: torch.Tensor) -> torch.Tensor:
    """Weights as they will be, in seven bits for each channel of the output."""
    largest = weights.detach().abs().flatten(1).amax(1).clamp_min(1e-12)
    scale = (largest / _WEIGHT_MAX).reshape(-1, *[1] * (weights.ndim - 1))
    return _round(weights / scale) * scale


class _Activations(torch.nn.Module):  # type: ignore[misc] # no types
    """Rounds what goes into a layer, to eight bits of the range seen so far."""

    def __init__(self) -> None:
        super().__init__()
        self.least: torch.Tensor
        self.most: torch.Tensor
        self.register_buffer("least", torch.zeros(()))
        self.register_buffer("most", torch.zeros(()))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Rounded values."""
        if self.training:
            self.least = torch.minimum(self.least, values.detach().min())
            self.most = torch.maximum(self.most, values.detach().max())
        scale = ((self.most - self.least) / _STEPS).clamp_min(1e-12)
        zero = torch.round(-self.least / scale)
        whole = torch.clamp(_round(values / scale) + zero, 0, _STEPS)
        return (whole - zero) * scale


class _Layer(torch.nn.Module):  # type: ignore[misc] # no types
    """A layer that is rounded on the way forward."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.before = _Activations()

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """What the layer will answer once it is quantised."""
        values = self.before(values)
        weights = rounded_weights(self.layer.weight)
        changed = {"weight": weights}
        answer: torch.Tensor = torch.func.functional_call(self.layer, changed, (values,))
        return answer


def aware(
    network: torch.nn.Module,
    training: Examples,
    choosing: Examples,
    loss: Loss,
    teaching: Teaching,
    progress: Progress = lambda _: None,
    merit: Merit | None = None,
) -> torch.nn.Module:
    """A copy of the network, taught while it was rounded; an ordinary network again."""
    wrapped = _wrap(deepcopy(network))
    learned = taught(wrapped, training, choosing, loss, teaching, progress, merit)
    return _unwrap(learned).eval()


def _wrap(network: torch.nn.Module) -> torch.nn.Module:
    for name, child in network.named_children():
        setattr(network, name, _Layer(child) if isinstance(child, _LAYERS) else _wrap(child))
    return network


def _unwrap(network: torch.nn.Module) -> torch.nn.Module:
    for name, child in network.named_children():
        setattr(network, name, child.layer if isinstance(child, _Layer) else _unwrap(child))
    return network
