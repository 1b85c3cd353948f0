"""A recipe: the steps that turn the network that was given into a smaller one.

Rules:
1. The network that was given is never changed; each step works on a copy.
2. Every step is one of a closed list, with its numbers; a recipe is data, and stands on the card.
3. What was taught is kept under a digest of all that went into it. A run that was broken off goes
   on where it was; one with other data, weights, numbers or seed begins anew.
"""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from edgeward.canonical import digest, sha256_hex
from edgeward.model.compress.aware import aware
from edgeward.model.compress.distil import Distilling, Lesson, distilled
from edgeward.model.compress.examples import Parts
from edgeward.model.compress.learning import Progress, Teaching
from edgeward.model.compress.prune import narrowed
from edgeward.ports import Store


@dataclass(frozen=True, slots=True)
class Narrow:
    """Remove a share of the channels, and learn again from the network that was given."""

    share: float
    teaching: Teaching = field(default_factory=Teaching)
    distilling: Distilling = field(default_factory=Distilling)


@dataclass(frozen=True, slots=True)
class Aware:
    """Learn to be rounded."""

    teaching: Teaching = field(default_factory=lambda: Teaching(epochs=2, rate=2e-4))
    distilling: Distilling = field(default_factory=Distilling)


Step = Narrow | Aware


@dataclass(frozen=True, slots=True)
class Recipe:
    """Steps in their order; none for the network as it was given."""

    name: str
    steps: tuple[Step, ...] = field(default=())

    def to_list(self) -> list[dict[str, Any]]:
        """The steps as JSON values, for a card and a report."""
        return [{"step": type(one).__name__.lower(), **asdict(one)} for one in self.steps]


def usual(teaching: Teaching) -> tuple[Recipe, ...]:
    """From what changes nothing to what changes most; each one's steps begin with another's."""
    half, more = Narrow(0.5, teaching), Narrow(0.36, teaching)
    return (
        Recipe("as given"),
        Recipe("aware", (Aware(),)),
        Recipe("narrow", (half,)),
        Recipe("narrow, aware", (half, Aware())),
        Recipe("narrow twice", (half, more)),
        Recipe("narrow twice, aware", (half, more, Aware())),
    )


class Kitchen:
    """Carries recipes out on one network and one set of examples."""

    def __init__(
        self, network: torch.nn.Module, parts: Parts, kept: Store, progress: Progress
    ) -> None:
        """Take the network, which is not changed."""
        self._network = network
        self._parts = parts
        self._kept = kept
        self._progress = progress
        self._origin = [digest_of_network(network), *parts.digests[:2]]

    def cook(self, recipe: Recipe) -> torch.nn.Module:
        """The network after the steps of a recipe.

        Raises:
            ModelError: a step cannot be done with this network.
        """
        network = self._network
        done: list[dict[str, Any]] = []
        for step, told in zip(recipe.steps, recipe.to_list(), strict=True):
            done.append(told)
            network = self._step(network, step, done)
        return network

    def _step(
        self, network: torch.nn.Module, step: Step, done: list[dict[str, Any]]
    ) -> torch.nn.Module:
        training, choosing = self._parts.training, self._parts.choosing
        if isinstance(step, Narrow):
            student = narrowed(network, step.share, training.windows.shape[1])

            def teach() -> torch.nn.Module:
                return distilled(
                    [student], self._network, training, choosing, step.distilling, step.teaching,
                    self._progress,
                )  # fmt: skip
        else:
            student = network

            def teach() -> torch.nn.Module:
                lesson = Lesson(self._network, training, choosing, step.distilling)
                return aware(
                    network, training, choosing, lesson.loss, step.teaching, self._progress,
                    lesson.merit,
                )  # fmt: skip

        return once(student, teach, [*self._origin, done], self._kept, self._progress)


def once(
    shape: torch.nn.Module,
    teach: Callable[[], torch.nn.Module],
    origin: list[Any],
    kept: Store,
    progress: Progress,
) -> torch.nn.Module:
    """What was taught before from all that, or now (rule 3); `shape` takes the weights."""
    name = f"taught-{digest(origin)[:32]}"
    data = kept.read(name)
    if data is None:
        student = teach()
        out = io.BytesIO()
        torch.save(student.state_dict(), out)
        kept.write(name, out.getvalue())
        return student
    progress("taught before, taken from there")
    shape.load_state_dict(torch.load(io.BytesIO(data), weights_only=True))
    return shape.eval()


def digest_of_network(network: torch.nn.Module) -> str:
    """SHA-256 of the weights of a network, with their names."""
    parts = [
        f"{name} {tuple(value.shape)} {sha256_hex(value.detach().cpu().numpy().tobytes())}"
        for name, value in network.state_dict().items()
    ]
    return sha256_hex("\n".join(parts).encode())
