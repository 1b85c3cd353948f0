"""The networks on which recipes are measured; nothing but torch is needed to make one.

The teacher is a residual network of ten convolutions and some 230 thousand weights: the size that
a first version for a wearable has. The student is drawn by hand: fewer and smaller layers.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import nn

SAMPLES: Final = 1000
LABELS: Final = 5
WIDTHS: Final = (24, 32, 64, 100)
KERNEL: Final = 9


class Residual(nn.Module):  # type: ignore[misc] # torch is typed where it is installed
    """Two convolutions beside one that only carries on."""

    def __init__(self, before: int, after: int) -> None:
        """Halve the time."""
        super().__init__()
        pad = KERNEL // 2
        self.way = nn.Sequential(
            nn.Conv1d(before, after, KERNEL, 2, pad, bias=False), nn.BatchNorm1d(after), nn.ReLU(),
            nn.Conv1d(after, after, KERNEL, 1, pad, bias=False), nn.BatchNorm1d(after),
        )  # fmt: skip
        self.beside = nn.Sequential(
            nn.Conv1d(before, after, 1, 2, bias=False), nn.BatchNorm1d(after)
        )
        self.last = nn.ReLU()

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Both, added."""
        answer: torch.Tensor = self.last(self.way(values) + self.beside(values))
        return answer


def teacher() -> nn.Module:
    """The network that is to be made small; the same each time."""
    torch.manual_seed(1)
    blocks = [Residual(before, after) for before, after in pairwise(WIDTHS)]
    return nn.Sequential(
        nn.Unflatten(1, (1, SAMPLES)),
        nn.Conv1d(1, WIDTHS[0], 15, 2, 7, bias=False), nn.BatchNorm1d(WIDTHS[0]), nn.ReLU(),
        *blocks,
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], LABELS),
    )  # fmt: skip


def student(widths: tuple[int, ...] = (8, 16, 24, 32), kernel: int = KERNEL) -> nn.Module:
    """A plain one: each layer a convolution that halves the time, and no way beside it."""
    torch.manual_seed(2)
    layers: list[nn.Module] = [nn.Unflatten(1, (1, SAMPLES))]
    for before, after in pairwise((1, *widths)):
        layers += [
            nn.Conv1d(before, after, kernel, 2, kernel // 2, bias=False),
            nn.BatchNorm1d(after), nn.ReLU(),
        ]  # fmt: skip
    head = nn.Linear(widths[-1], LABELS)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), head)
