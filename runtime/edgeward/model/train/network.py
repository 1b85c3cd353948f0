"""The network: convolutions over the raw window, their mean over time, one linear layer.

It takes millivolts as they come. What lies beyond `LIMIT_MV` says nothing about a rhythm, and a
step of the whole numbers would grow with it: so the float network ends there too, as the student
does by the range of its first rounding.
"""

from typing import Final

import torch

from edgeward.model.train.rhythms import LABELS, WINDOW_SAMPLES

LIMIT_MV: Final = 4.0
CHANNELS: Final = 12
_LAYERS: Final = ((1, 15, 4), (2, 9, 2), (2, 9, 2), (4, 9, 2), (4, 9, 1))
"""Of each convolution: channels out as a multiple, taps, stride."""


def network(seed: int, channels: int = CHANNELS) -> torch.nn.Module:
    """The network before it has learned anything."""
    torch.manual_seed(seed)
    layers: list[torch.nn.Module] = [torch.nn.Unflatten(1, (1, WINDOW_SAMPLES))]
    came = 1
    for multiple, taps, stride in _LAYERS:
        goes = multiple * channels
        layers += [
            torch.nn.Conv1d(came, goes, taps, stride, taps // 2),
            torch.nn.BatchNorm1d(goes),
            torch.nn.ReLU(),
        ]
        came = goes
    layers += [
        torch.nn.AdaptiveAvgPool1d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(came, len(LABELS)),
    ]
    return torch.nn.Sequential(*layers)


def limited(body: torch.nn.Module) -> torch.nn.Module:
    """The same network, ending at the limit."""
    return torch.nn.Sequential(torch.nn.Hardtanh(-LIMIT_MV, LIMIT_MV), body)
