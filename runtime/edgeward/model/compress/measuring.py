"""What a model really costs and how right it really is, beside what its profile allows.

Size is that of the bytes that are shipped, never a count of weights. Time is measured with all the
models in one run, taking turns, so that what disturbs the host disturbs all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edgeward.canonical import sha256_hex
from edgeward.model.benchmark import Plan, measure
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.compress.examples import Examples
from edgeward.model.compress.fidelity import Fidelity, compare
from edgeward.model.compress.graphs import run
from edgeward.model.compress.operators import Operators, executed
from edgeward.model.compress.scores import Scores, retained, score
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.ports import Clock
from edgeward.profile.model import Profile

ROUNDS: Final = 20
CALLS: Final = 25
_BYTES_PER_MB: Final = 1_000_000
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a profile asks of a model."""

    size_bytes: int
    inference_ns: int
    floor: float
    margin: float

    @classmethod
    def by(cls, profile: Profile) -> "Allowed":
        """What this one asks."""
        return cls(
            size_bytes=round(profile.budget.model_size_mb * _BYTES_PER_MB),
            inference_ns=round(profile.budget.inference_ms * _NS_PER_MS),
            floor=profile.accuracy.floor,
            margin=profile.accuracy.retention_margin,
        )


@dataclass(frozen=True, slots=True)
class Times:
    """What one inference took, on this host."""

    p50_ns: int
    p99_ns: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One model, measured."""

    size_bytes: int
    operators: Operators
    times: Times
    scores: Scores
    retained: Scores
    """Against the model that was given, in float."""
    fidelity: Fidelity

    def misses(self, allowed: Allowed) -> list[str]:
        """What it does not keep, each with the value and what would be accepted."""
        return [*self._costs(allowed), *self._errors(allowed)]

    def _costs(self, allowed: Allowed) -> Iterator[str]:
        if self.size_bytes > allowed.size_bytes:
            yield f"{self.size_bytes:,} bytes; accepted: up to {allowed.size_bytes:,}"
        if self.times.p99_ns > allowed.inference_ns:
            took = f"{self.times.p99_ns / 1e6:.3f} ms for 99 of 100 inferences on this host"
            yield f"{took}; accepted: up to {allowed.inference_ns / 1e6:g}"

    def _errors(self, allowed: Allowed) -> Iterator[str]:
        name, worst = self.retained.lowest
        right, lost = self.scores.accuracy.low, -self.retained.accuracy.low
        if right < allowed.floor:
            yield f"an accuracy of {right:.4f} shown with confidence; accepted: {allowed.floor:g}"
        if lost > allowed.margin:
            yield f"up to {lost:.4f} of accuracy lost; accepted: {allowed.margin:g}"
        if -worst.low > allowed.margin:
            what = f"up to {-worst.low:.4f} of the sensitivity for {name} lost"
            yield f"{what}; accepted: {allowed.margin:g}"
        if self.fidelity.not_a_number:
            yield f"{self.fidelity.not_a_number} answers that are no numbers; accepted: none"

    def to_dict(self) -> dict[str, Any]:
        """For a report."""
        return {
            "size_bytes": self.size_bytes,
            "operators": self.operators.to_dict(),
            "inference_ns": {"p50": self.times.p50_ns, "p99": self.times.p99_ns},
            "scores": self.scores.to_dict(),
            "retained": self.retained.to_dict(),
            "fidelity": self.fidelity.to_dict(),
        }


def measured(
    models: Mapping[str, bytes], reference: bytes, judging: Examples, clock: Clock, seed: int
) -> dict[str, Measured]:
    """All of these models on the judging part, against the reference."""
    expected = run(reference, judging.windows)
    times = interleaved(models, judging, clock, seed)
    found: dict[str, Measured] = {}
    for name, model in models.items():
        answers = run(model, judging.windows)
        found[name] = Measured(
            size_bytes=len(model),
            operators=executed(model),
            times=times[name],
            scores=score(judging, answers, seed),
            retained=retained(judging, answers, expected, seed),
            fidelity=compare(expected, answers),
        )
    return found


def interleaved(
    models: Mapping[str, bytes], examples: Examples, clock: Clock, seed: int
) -> dict[str, Times]:
    """The time of one window, of every model in shuffled turns."""
    engines = {
        name: OnnxEngine(model, _card(name, model, examples)) for name, model in models.items()
    }
    draw = np.random.default_rng(seed)
    windows = examples.windows[draw.permutation(len(examples))[:CALLS]]
    plan = Plan(calls=CALLS, warm_up_calls=1)
    taken: dict[str, list[int]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name in draw.permutation(list(models)):
            taken[name] += measure(engines[name], clock, plan, windows).elapsed_ns.tolist()
    return {
        name: Times(*(int(np.quantile(all_ns, q, method="higher")) for q in (0.5, 0.99)))
        for name, all_ns in taken.items()
    }


def _card(name: str, model: bytes, examples: Examples) -> ModelCard:
    """As much of a card as the engine asks for."""
    samples = examples.windows.shape[1]
    taken = ModelInput("any", "1", 1, samples, samples)
    return ModelCard(name, "0", sha256_hex(model), examples.names, taken)
