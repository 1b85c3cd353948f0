"""The links of the trace as a graph from danger to proof: down from hazard to case, up again.

Only links between items that exist are in the graph; a link to nothing is a fault of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edgeward_harness.trace.model import Trace
from edgeward_harness.trace.vocabulary import Thing

_RANKS = {thing.value: rank for rank, thing in enumerate(Thing)}


@dataclass(frozen=True, slots=True)
class Links:
    """The neighbours of each item by id, without repetition, in the order of the trace."""

    up: Mapping[str, tuple[str, ...]]
    """Nearer to danger: a case's requirements and controls, a requirement's risks, ..."""
    down: Mapping[str, tuple[str, ...]]
    """Nearer to proof: a hazard's controls, a control's requirements and cases, ..."""

    def around(self, item_id: str) -> tuple[str, ...]:
        """All neighbours of an item."""
        return self.up[item_id] + self.down[item_id]


@dataclass(frozen=True, slots=True)
class Proofs:
    """The cases that prove a control to be there, and those that prove it to work."""

    implementation: tuple[str, ...]
    effectiveness: tuple[str, ...]


@dataclass(slots=True)
class _Lists:
    implementation: list[str] = field(default_factory=list)
    effectiveness: list[str] = field(default_factory=list)


def links_of(trace: Trace) -> Links:
    """The graph of a trace."""
    up: dict[str, dict[str, None]] = {item.id: {} for item in trace.items()}
    down: dict[str, dict[str, None]] = {item_id: {} for item_id in up}
    for upper, lower in _edges(trace):
        if upper in down and lower in up:
            down[upper][lower] = None
            up[lower][upper] = None
    return Links(
        up={item_id: tuple(near) for item_id, near in up.items()},
        down={item_id: tuple(near) for item_id, near in down.items()},
    )


def proofs_of(trace: Trace) -> dict[str, Proofs]:
    """Both kinds of proof of each control, by its id."""
    found = {control_id: _Lists() for control_id in trace.controls}
    for case in trace.cases.values():
        for control_id in case.implements:
            if control_id in found:
                found[control_id].implementation.append(case.id)
        for control_id in case.proves_effective:
            if control_id in found:
                found[control_id].effectiveness.append(case.id)
    return {
        control_id: Proofs(tuple(lists.implementation), tuple(lists.effectiveness))
        for control_id, lists in found.items()
    }


def rank(item_id: str) -> int:
    """How far an id is from danger: hazards first, cases last."""
    return _RANKS[item_id.partition("-")[0]]


def _edges(trace: Trace) -> Iterator[tuple[str, str]]:
    """Every link as (nearer to danger, nearer to proof)."""
    for control in trace.controls.values():
        yield from _each(control.hazards, control.id)
        for requirement_id in control.requirements:
            yield control.id, requirement_id
    for requirement in trace.requirements.values():
        yield from _each(requirement.risks, requirement.id)
    for case in trace.cases.values():
        yield from _each(case.requirements, case.id)
        yield from _each(case.implements, case.id)
        yield from _each(case.proves_effective, case.id)


def _each(uppers: Iterable[str], lower: str) -> Iterator[tuple[str, str]]:
    for upper in uppers:
        yield upper, lower
