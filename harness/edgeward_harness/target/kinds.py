"""Which of the events a device tells can be judged, by their kind and the protocol it announced.

Results are judged. What a device says about itself beside them (`technical`) is known, and no
answer to what it was asked: it may be told at any time. A kind this verifier does not know is no
fault of a device whose minor version is greater than the one the verifier knows: a later minor may
add kinds. Such events are kept and counted, and nothing is concluded from them. From any other
device a kind that its version does not have is a misfit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgeward_harness.target.results import KIND_SINCE, PROTOCOL_MINOR

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Events in the order they were told, by what can be made of them."""

    told: tuple[Event, ...]
    known: tuple[Event, ...]
    later: tuple[Event, ...]
    """Of unknown kinds, from a device of a later minor version."""
    beside: tuple[Event, ...]
    """Known, and no results."""
    misfits: tuple[Event, ...]
    """Of unknown kinds, from a device whose minor version has no others than the known ones."""


def of_later_minor(protocol: str, minor_known: int = PROTOCOL_MINOR) -> bool:
    """Whether a version (`major.minor`, of our major) is later than the one that is known."""
    return _minor(protocol) > minor_known


def judged_events(events: Iterable[Event], protocol: str) -> tuple[Event, ...]:
    """The results and the misfits among these events, in their order."""
    found = sort_events(events, protocol)
    passed_over = {id(event) for event in (*found.later, *found.beside)}
    return tuple(event for event in found.told if id(event) not in passed_over)


def sort_events(
    events: Iterable[Event], protocol: str, minor_known: int = PROTOCOL_MINOR
) -> Sorted:
    """Sort the events of a device that announced this protocol version."""
    told = tuple(events)
    has = [_has(event["kind"], _minor(protocol)) for event in told]
    known = tuple(event for event, one in zip(told, has, strict=True) if one)
    unknown = tuple(event for event, one in zip(told, has, strict=True) if not one)
    later = of_later_minor(protocol, minor_known)
    return Sorted(
        told=told,
        known=known,
        beside=tuple(event for event in known if event["kind"] != "result"),
        later=unknown if later else (),
        misfits=() if later else unknown,
    )


def _minor(protocol: str) -> int:
    return int(protocol.partition(".")[2])


def _has(kind: str, minor: int) -> bool:
    """Whether a minor version has a kind of event."""
    return KIND_SINCE.get(kind, minor + 1) <= minor
