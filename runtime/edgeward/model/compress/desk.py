"""One order from a user: a network, data, a task and a profile in; a package and a report out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edgeward.errors import ModelError
from edgeward.model.compress.architectures import Family, explore
from edgeward.model.compress.compression import Search, compress, seen_through
from edgeward.model.compress.examples import Parts, load_examples, parted
from edgeward.model.compress.front import Front
from edgeward.model.compress.learning import Progress, Teaching, of_labels, taught
from edgeward.model.compress.measuring import Allowed
from edgeward.model.compress.recipe import digest_of_network, once, usual
from edgeward.model.compress.task import (
    Task,
    judged_bytes,
    load_task,
    package_of,
    reference_of,
)
from edgeward.model.compress.wording import as_sentences, as_table
from edgeward.model.package.layout import Files
from edgeward.ports import Clock, Store
from edgeward.profile.model import Profile

CHOICES = "choices"
"""The attribute of a function that makes networks: the values that each setting may take."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user gives, besides the network and the profile."""

    task: Path
    data: Path
    weights: Path | None = None
    band_hz: tuple[float, float] | None = None
    epochs: int = 8
    seed: int = 1
    explore: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """What the work needs of the world."""

    kept: Store
    """Where what was taught is kept, so that a run that was broken off goes on."""
    clock: Clock
    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an order."""

    search: Search
    text: str
    report: dict[str, Any]
    package: Files | None
    """Of the model that was taken, but for signature and evidence."""
    reference: Files
    """The float model that the others were made from, and its card."""
    judged: bytes
    """The examples of the patients whom no model has seen."""


def make(order: Order, function: Callable[..., Any], profile: Profile, bench: Bench) -> Done:
    """Carry an order out.

    Raises:
        ModelError: the network, the data, the weights or the task cannot be used.
    """
    task = load_task(order.task)
    parts = parted(load_examples(order.data), order.seed)
    front = None if order.band_hz is None else Front(task.rate_hz, order.band_hz)
    allowed = Allowed.by(profile)
    teaching = Teaching(epochs=order.epochs, seed=order.seed)
    seen = parts if front is None else seen_through(front, parts)
    network = _network(order, function, seen, allowed, teaching, bench)
    search = compress(
        network, parts, usual(teaching), allowed, bench.kept, bench.clock,
        front=front, seed=order.seed, progress=bench.progress,
    )  # fmt: skip
    taken, given = search.taken, search.results[0]
    return Done(
        search=search,
        text="\n".join([as_table(search), "", *as_sentences(search, profile.name)]),
        report=_report(order, task, profile, network, search, parts),
        package=None if taken is None else package_of(task, taken, given, parts, front),
        reference=reference_of(task, given, parts, front),
        judged=judged_bytes(parts),
    )


def _network(
    order: Order,
    function: Callable[..., Any],
    seen: Parts,
    allowed: Allowed,
    teaching: Teaching,
    bench: Bench,
) -> torch.nn.Module:
    """With the weights that were given, or taught now."""
    loss = of_labels(seen.training)
    if order.explore:
        choices = getattr(function, CHOICES, None)
        if not isinstance(choices, dict) or not choices:
            raise ModelError(
                f"found {CHOICES} = {choices!r} at the function;"
                " accepted: the values that each setting may take"
            )
        found = explore(
            Family(function, choices), seen, loss, teaching, allowed, bench.clock,
            progress=bench.progress,
        )  # fmt: skip
        best = max(found, key=lambda one: one.balanced)
        bench.progress(f"of {len(found)} on the front, the most right: {best.settings}")
        return best.network
    torch.manual_seed(order.seed)
    network = _made(function)
    if order.weights is not None:
        return _with_weights(network, order.weights)
    bench.progress("no weights given: the network is taught first")
    long = Teaching(3 * teaching.epochs, seed=order.seed)

    def teach() -> torch.nn.Module:
        return taught(network, seen.training, seen.choosing, loss, long, bench.progress)

    origin = ["first", digest_of_network(network), str(long)]
    return once(network, teach, [*origin, *seen.digests], bench.kept, bench.progress)


def _made(function: Callable[..., Any]) -> torch.nn.Module:
    try:
        network = function()
    except Exception as error:  # it is the user's code
        raise ModelError(f"the function that makes the network failed: {error!r}") from error
    if not isinstance(network, torch.nn.Module):
        raise ModelError(f"the function made {type(network).__name__}; accepted: a torch.nn.Module")
    return network


def _with_weights(network: torch.nn.Module, path: Path) -> torch.nn.Module:
    try:
        network.load_state_dict(torch.load(path, weights_only=True))
    except Exception as error:  # torch raises types of its own, and long texts
        raise ModelError(f"{path} holds no weights of this network: {str(error)[:300]}") from error
    return network.eval()


def _report(
    order: Order,
    task: Task,
    profile: Profile,
    network: torch.nn.Module,
    search: Search,
    parts: Parts,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": task.name,
        "version": task.version,
        "profile": profile.name,
        "seed": order.seed,
        "network_sha256": digest_of_network(network),
        "data_sha256": dict(zip(("training", "choosing", "judging"), parts.digests, strict=True)),
        "windows": {
            "training": len(parts.training),
            "choosing": len(parts.choosing),
            "judging": len(parts.judging),
        },
        "taken": None if search.taken is None else search.taken.name,
        "front": [one.name for one in search.front],
        "refused": search.refused,
        "results": [one.to_dict() for one in search.results],
    }
