"""One observation held against one expectation: numbers with their method, or a counted check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.groups import GROUPS, groups_to_json, kept_groups, read_groups
from edgeward_harness.evidence.origin import origin_to_json, read_origin
from edgeward_harness.evidence.strict import (
    COUNT,
    IDENTIFIER,
    NUMBER,
    OBJECT,
    SCALAR,
    TEXT,
    Json,
    Rule,
    check_fields,
    one_of,
    whole,
)
from edgeward_harness.measure.groups import GROUPS_MAX, Group
from edgeward_harness.measure.judge import Judgement, Verdict
from edgeward_harness.measure.origin import Origin

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured, how, what was expected and seen, and the verdict given on the spot."""

    name: str
    requirement: str  # the requirement it speaks for; empty: every one its case cites
    unit: str
    n: int
    method: str
    expected: Scalar
    observed: Scalar
    verdict: Verdict
    confidence: float | None = None
    limit: float | None = None
    bound: float | None = None
    distribution: Mapping[str, Any] | None = None
    note: str = ""
    groups: tuple[Group, ...] = ()
    origin: Origin | None = None  # whose signals it rests on; None: it is not about patients

    @classmethod
    def of(cls, name: str, requirement: str, judgement: Judgement) -> "Measurement":
        """A judgement under a name and for the requirement it was made.

        Raises:
            HarnessError: it has more parts than evidence holds.
        """
        shape, seen = judgement.distribution, judgement.observed
        if len(judgement.groups) > GROUPS_MAX:
            count = len(judgement.groups)
            raise HarnessError(f"{name!r} has {count} groups, a record holds {GROUPS_MAX}")
        return cls(
            name=name,
            requirement=requirement,
            unit=judgement.unit,
            n=judgement.n,
            method=judgement.method,
            expected=whole(judgement.expected),
            observed=whole(seen) if isinstance(seen, str) else seen,
            verdict=judgement.verdict,
            confidence=judgement.confidence,
            limit=judgement.limit,
            bound=judgement.bound,
            distribution=None if shape is None else shape.to_json(),
            note=whole(judgement.note),
            groups=kept_groups(judgement.groups),
        )

    def to_json(self) -> dict[str, Any]:
        """The form kept in a record; what was not given is left out."""
        value: dict[str, Any] = {
            "name": self.name,
            "requirement": self.requirement,
            "unit": self.unit,
            "n": self.n,
            "method": self.method,
            "expected": self.expected,
            "observed": self.observed,
            "verdict": self.verdict.value,
        }
        for key in ("confidence", "limit", "bound", "distribution"):
            if getattr(self, key) is not None:
                value[key] = getattr(self, key)
        if self.note:
            value["note"] = self.note
        if self.groups:
            value["groups"] = groups_to_json(self.groups)
        if self.origin is not None:
            value["origin"] = origin_to_json(self.origin)
        return value


def read_measurements(values: Json, path: str, faults: list[str]) -> tuple[Measurement, ...]:
    """The measurements of a record; appends every fault."""
    read = []
    for number, value in enumerate(values):
        place = f"{path}.measurements[{number}]"
        if check_fields(value, _RULES, place, faults):
            parts = {
                "verdict": Verdict(value["verdict"]),
                "groups": read_groups(value.get("groups", ()), place, faults),
                "origin": read_origin(value.get("origin"), place, faults),
            }
            read.append(Measurement(**{**_ABSENT, **value, **parts}))
    return tuple(read)


_ABSENT = {"requirement": "", "expected": "", "observed": ""}
"""What a measurement without them is read as; without an expectation it counts for nothing."""


def _is_distribution(value: Json) -> bool:
    return type(value) is dict and all(
        _is_histogram(part) if name == "histogram" else NUMBER.accepts(part)
        for name, part in value.items()
    )


def _is_histogram(value: Json) -> bool:
    if type(value) is not dict or value.keys() != {"edges", "counts"}:
        return False
    edges, counts = value["edges"], value["counts"]
    return (
        type(edges) is list
        and type(counts) is list
        and len(edges) == len(counts) + 1
        and all(map(NUMBER.accepts, edges))
        and all(map(COUNT.accepts, counts))
    )


_RULES = {
    "name": IDENTIFIER,
    "requirement": TEXT.optional(),
    "unit": TEXT,
    "n": COUNT,
    "method": TEXT,
    "expected": SCALAR.optional(),
    "observed": SCALAR.optional(),
    "verdict": one_of(tuple(Verdict)),
    "confidence": NUMBER.optional(),
    "limit": NUMBER.optional(),
    "bound": NUMBER.optional(),
    "distribution": Rule(
        _is_distribution, "numbers by name, and a histogram of edges and counts"
    ).optional(),
    "note": TEXT.optional(),
    "groups": GROUPS.optional(),
    "origin": OBJECT.optional(),
}
