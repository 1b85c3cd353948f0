"""The search: every recipe in float and in whole numbers, measured in one run; which one to take.

Rules:
1. Nothing is estimated: each model is exported, quantised and measured as it would be shipped.
2. A model is taken only if it keeps everything that the profile asks, each with confidence. Of
   those the smallest is taken; with none, none, and what each one misses is said.
3. A step that made a model neither smaller, nor faster, nor more right than without it is told to
   have brought nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from edgeward.errors import ModelError
from edgeward.model.compress.examples import Examples, Parts
from edgeward.model.compress.export import exported
from edgeward.model.compress.front import Front, joined, passed
from edgeward.model.compress.graphs import write
from edgeward.model.compress.learning import Progress
from edgeward.model.compress.measuring import Allowed, Measured, measured
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.recipe import Kitchen, Recipe
from edgeward.ports import Clock, Store

EXAMPLES: Final = 64
"""Windows on which an export is compared with its network."""
CALIBRATION: Final = 1024
"""Windows of the training part that ranges are taken from, at most."""
SMALLER: Final = 0.98
FASTER: Final = 0.95
"""What counts as less than without a step."""


@dataclass(frozen=True, slots=True)
class Result:
    """One model of the search."""

    name: str
    recipe: Recipe
    whole: bool
    """On whole numbers."""
    model: bytes
    measured: Measured
    misses: tuple[str, ...]
    brought: bool
    """Rule 3."""

    def to_dict(self) -> dict[str, Any]:
        """For a report."""
        return {
            "name": self.name,
            "recipe": self.recipe.to_list(),
            "int8": self.whole,
            "measured": self.measured.to_dict(),
            "misses": list(self.misses),
            "brought_something": self.brought,
        }


@dataclass(frozen=True, slots=True)
class Search:
    """All the models, in the order of the recipes, and what could not be made."""

    results: tuple[Result, ...]
    refused: dict[str, str]
    """Why, by recipe."""

    @property
    def taken(self) -> Result | None:
        """Rule 2."""
        good = [one for one in self.results if not one.misses]
        return min(good, key=lambda one: one.measured.size_bytes, default=None)

    @property
    def front(self) -> tuple[Result, ...]:
        """Those that no other one beats in size, time and what the worst label keeps at once."""
        every = self.results
        return tuple(one for one in every if not any(beats(other, one) for other in every))


def compress(
    network: torch.nn.Module,
    parts: Parts,
    recipes: Iterable[Recipe],
    allowed: Allowed,
    kept: Store,
    clock: Clock,
    *,
    front: Front | None = None,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> Search:
    """Carry the recipes out and measure what comes of each. The network is not changed.

    With a front the network learns from what comes out of that, and each model begins with it.

    Raises:
        ModelError: the network as it was given cannot be exported.
    """
    seen = parts if front is None else seen_through(front, parts)
    kitchen = Kitchen(network, seen, kept, progress)
    models: dict[str, bytes] = {}
    made: dict[str, tuple[Recipe, bool]] = {}
    refused: dict[str, str] = {}
    for recipe in recipes:
        progress(f"recipe: {recipe.name}")
        try:
            pair = _models(kitchen.cook(recipe), seen, front)
        except ModelError as error:
            if not recipe.steps:
                raise
            refused[recipe.name] = str(error)
            continue
        for whole, model in zip((False, True), pair, strict=True):
            name = f"{recipe.name}, {'int8' if whole else 'float'}"
            models[name], made[name] = model, (recipe, whole)
    reference = next(iter(models.values()))
    progress(f"measuring {len(models)} models, in turns")
    found = measured(models, reference, parts.judging, clock, seed)
    results = [
        Result(
            name, *made[name], models[name], one, tuple(one.misses(allowed)),
            brought=_brought(name, made, found),
        )
        for name, one in found.items()
    ]  # fmt: skip
    return Search(tuple(results), refused)


def seen_through(front: Front, parts: Parts) -> Parts:
    """The parts as the network sees them."""

    def through(examples: Examples) -> Examples:
        return replace(examples, windows=passed(front, examples.windows))

    return Parts(through(parts.training), through(parts.choosing), through(parts.judging))


def _models(network: torch.nn.Module, parts: Parts, front: Front | None) -> tuple[bytes, bytes]:
    """In float and in whole numbers."""
    graph = exported(network, parts.choosing.windows[:EXAMPLES])
    stride = max(1, len(parts.training) // CALIBRATION)
    small = quantised(graph, parts.training.windows[::stride])
    if front is None:
        return write(graph), write(small)
    samples = parts.training.windows.shape[1]
    return write(joined(front, graph, samples)), write(joined(front, small, samples))


def _brought(name: str, made: dict[str, tuple[Recipe, bool]], found: dict[str, Measured]) -> bool:
    """Whether the last step of a model is worth anything (rule 3)."""
    recipe, whole = made[name]
    before = [
        other
        for other, (another, same) in made.items()
        if (another.steps == recipe.steps and whole and not same)
        or (recipe.steps and another.steps == recipe.steps[:-1] and same is whole)
    ]
    return all(_better(found[name], found[other]) for other in before)


def _better(one: Measured, before: Measured) -> bool:
    return (
        one.size_bytes <= SMALLER * before.size_bytes
        or one.times.p50_ns <= FASTER * before.times.p50_ns
        or one.retained.lowest[1].low > before.retained.lowest[1].low
        or one.fidelity.noise_db > before.fidelity.noise_db
    )


def beats(one: Result, other: Result) -> bool:
    """Whether it is as good in everything, and better in something."""
    mine, theirs = _merits(one.measured), _merits(other.measured)
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))


def _merits(one: Measured) -> tuple[float, float, float]:
    return (one.size_bytes, one.times.p50_ns, -one.retained.lowest[1].low)
