"""What running a model costs, which models may run, and which of these is the cheapest.

Rules:
1. Only a model with evidence for exactly this profile is eligible, and only with every figure that
   counts known. A figure that nobody measured is never assumed.
2. The score of a model is a*L + b*C + g*E: latency, processor time and energy of one window, each
   as a share of the profile's budget for it. The lowest score is the best.

A score weighs costs against each other and keeps no budget: what breaks one is refused when it is
installed, by admission, not here.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from edgeward.profile import Profile


@dataclass(frozen=True, slots=True)
class Cost:
    """What one window costs with a model; None is unknown."""

    latency_ns: int | None
    cpu_ns: int | None
    energy_nj: int | None

    def __post_init__(self) -> None:
        """Refuse a cost below nothing.

        Raises:
            ValueError: a number is negative.
        """
        refuse(self, lambda value: value is None or value >= 0, "0 or more, or None")


@dataclass(frozen=True, slots=True)
class Budget:
    """What one window may cost on this profile. It makes the three costs comparable."""

    latency_ns: int
    cpu_ns: int
    energy_nj: int

    def __post_init__(self) -> None:
        """Refuse a budget of nothing.

        Raises:
            ValueError: a number is not positive.
        """
        refuse(self, lambda value: value > 0, "above 0")

    @classmethod
    def of(cls, profile: Profile, period_ns: int) -> "Budget":
        """What a profile allows for one window, when there is one every period."""
        share = profile.compute.cores * profile.budget.cpu_percent / 100
        return cls(
            latency_ns=round(profile.budget.inference_ms * 1e6),
            cpu_ns=round(period_ns * share),
            energy_nj=round(profile.budget.energy_mj_per_inference * 1e6),
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each cost counts: a, b and g of rule 2. A cost of weight 0 may be unknown."""

    latency: float
    cpu: float
    energy: float

    def __post_init__(self) -> None:
        """Refuse weights that order nothing.

        Raises:
            ValueError: a weight is negative or not finite, or all are 0.
        """
        refuse(self, lambda value: 0 <= value < math.inf, "0 or more, and finite")
        if not (self.latency or self.cpu or self.energy):
            raise ValueError("weights 0, 0 and 0 order nothing; one must be above 0")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that could run, and what is known about it."""

    sha256: str
    cost: Cost
    evidence: frozenset[str]
    """SHA-256 of every profile it was verified for."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What makes a model eligible, and how it is scored: one profile's."""

    profile_sha256: str
    budget: Budget
    weights: Weights

    def refusal(self, candidate: Candidate) -> str | None:
        """Why rule 1 shuts a model out; None when it does not."""
        if self.profile_sha256 not in candidate.evidence:
            return f"no evidence for profile {self.profile_sha256}"
        unknown = [
            cost.name
            for cost, weight in zip(fields(Cost), self._weights(), strict=True)
            if weight and getattr(candidate.cost, cost.name) is None
        ]
        return f"unknown: {', '.join(unknown)}" if unknown else None

    def score(self, candidate: Candidate) -> float:
        """Rule 2, for an eligible model."""
        total = 0.0
        for cost, weight in zip(fields(Cost), self._weights(), strict=True):
            if weight:
                spent, budget = getattr(candidate.cost, cost.name), getattr(self.budget, cost.name)
                total += weight * (spent / budget)
        return total

    def judge(self, candidates: Iterable[Candidate]) -> tuple[dict[str, float], dict[str, str]]:
        """The score of each eligible model, and why each other one is not, by their SHA-256."""
        scores, refused = {}, {}
        for each in candidates:
            why = self.refusal(each)
            if why is None:
                scores[each.sha256] = self.score(each)
            else:
                refused[each.sha256] = why
        return scores, refused

    def _weights(self) -> tuple[float, float, float]:
        return self.weights.latency, self.weights.cpu, self.weights.energy


def cheapest(scores: Mapping[str, float]) -> str | None:
    """The model with the lowest score, of equal ones the first by its SHA-256; None of none."""
    return min(scores, key=lambda name: (scores[name], name), default=None)


def refuse(values: Any, accepts: Callable[[Any], bool], said: str) -> None:  # noqa: ANN401 - any of the classes here
    """Every field of a class that is not accepted, at once."""
    faults = [
        f"{field.name} is {value}, must be {said}"
        for field in fields(values)
        if not accepts(value := getattr(values, field.name))
    ]
    if faults:
        raise ValueError("; ".join(faults))
