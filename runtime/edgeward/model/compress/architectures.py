"""Architecture search: of the networks that a family can make, those worth having under a budget.

Rules:
1. A family is the user's own function from settings to a network, with the values that each setting
   may take. Nothing else is searched.
2. What is too large or too slow is out before anything is taught: size and time of a network do
   not depend on its weights, so they are measured on those it is born with, in whole numbers.
3. The rest is taught in rounds, and after each one the less right half is out (successive halving),
   but never one that nothing else beats in size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import torch

from edgeward.errors import ModelError
from edgeward.model.compress.examples import Parts
from edgeward.model.compress.export import exported
from edgeward.model.compress.graphs import write
from edgeward.model.compress.learning import Loss, Progress, Teaching, balanced, taught
from edgeward.model.compress.measuring import Allowed, interleaved
from edgeward.model.compress.quantise import quantised
from edgeward.ports import Clock

ROUNDS: Final = 3
_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Family:
    """Networks of one kind."""

    make: Callable[..., torch.nn.Module]
    """Takes the settings by name."""
    choices: Mapping[str, Sequence[Any]]
    """The values each setting may take."""

    def members(self, most: int, seed: int) -> list[dict[str, Any]]:
        """All settings there are, or so many of them, drawn."""
        names = list(self.choices)
        every = [dict(zip(names, one, strict=True)) for one in product(*self.choices.values())]
        places = np.random.default_rng(seed).permutation(len(every))[:most]
        return [every[place] for place in sorted(places)]


@dataclass(frozen=True, slots=True)
class Found:
    """One network of the front."""

    settings: dict[str, Any]
    network: torch.nn.Module
    size_bytes: int
    p50_ns: int
    balanced: float
    """On the choosing part: the mean over labels of how often each is found."""


@dataclass(frozen=True, slots=True)
class _Entrant:
    settings: dict[str, Any]
    network: torch.nn.Module
    size_bytes: int
    p50_ns: int
    right: float = 0.0


def explore(
    family: Family,
    parts: Parts,
    loss: Loss,
    teaching: Teaching,
    allowed: Allowed,
    clock: Clock,
    *,
    most: int = 24,
    progress: Progress = lambda _: None,
) -> list[Found]:
    """The networks that no other one beats in size, time and being right, the smallest first.

    Raises:
        ModelError: no network of the family is small and fast enough.
    """
    left = _fitting(family, parts, allowed, clock, most, teaching.seed, progress)
    for number in range(1, ROUNDS + 1):
        share = Teaching(
            max(1, teaching.epochs * number // sum(range(1, ROUNDS + 1))),
            teaching.rate, teaching.batch, teaching.decay, teaching.seed + number,
        )  # fmt: skip
        progress(f"round {number} of {ROUNDS}: {len(left)} networks, {share.epochs} epochs each")
        left = [_taught(one, parts, loss, share) for one in left]
        if number < ROUNDS:
            left = _better_half(left)
    front = [one for one in left if not any(_beats(other, one) for other in left)]
    return [
        Found(one.settings, one.network, one.size_bytes, one.p50_ns, one.right)
        for one in sorted(front, key=lambda one: one.size_bytes)
    ]


def _fitting(
    family: Family,
    parts: Parts,
    allowed: Allowed,
    clock: Clock,
    most: int,
    seed: int,
    progress: Progress,
) -> list[_Entrant]:
    """Rule 2."""
    networks: dict[str, tuple[dict[str, Any], torch.nn.Module]] = {}
    models: dict[str, bytes] = {}
    for settings in family.members(most, seed):
        torch.manual_seed(seed)
        network = family.make(**settings)
        name = ", ".join(f"{key} {value}" for key, value in settings.items())
        graph = exported(network, parts.choosing.windows[:_SHOWN])
        models[name] = write(quantised(graph, parts.training.windows[:1024]))
        networks[name] = settings, network
    times = interleaved(models, parts.choosing, clock, seed)
    fits = [
        _Entrant(*networks[name], len(model), times[name].p50_ns)
        for name, model in models.items()
        if len(model) <= allowed.size_bytes and times[name].p99_ns <= allowed.inference_ns
    ]
    progress(f"{len(fits)} of {len(models)} networks are small and fast enough")
    if not fits:
        least = min(len(model) for model in models.values())
        raise ModelError(
            f"the smallest of {len(models)} networks has {least:,} bytes;"
            f" accepted: up to {allowed.size_bytes:,}, and {allowed.inference_ns / 1e6:g} ms"
        )
    return fits


def _taught(one: _Entrant, parts: Parts, loss: Loss, teaching: Teaching) -> _Entrant:
    network = taught(one.network, parts.training, parts.choosing, loss, teaching)
    right = balanced(network, parts.choosing)
    return _Entrant(one.settings, network, one.size_bytes, one.p50_ns, right)


def _better_half(entrants: list[_Entrant]) -> list[_Entrant]:
    """Rule 3."""
    ranked = sorted(entrants, key=lambda one: -one.right)
    kept = ranked[: -(-len(ranked) // 2)]
    smallest = min(entrants, key=lambda one: one.size_bytes)
    return kept if any(one is smallest for one in kept) else [*kept, smallest]


def _beats(one: _Entrant, other: _Entrant) -> bool:
    mine = (one.size_bytes, one.p50_ns, -one.right)
    theirs = (other.size_bytes, other.p50_ns, -other.right)
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))
