"""Which of the events a device tells can be judged, by their kind and the protocol it announced.

A kind this verifier does not know is no fault of a device whose minor version is greater than the
one the verifier knows: a later minor may add kinds. Such events are kept and counted, and nothing
is concluded from them. From any other device an unknown kind is a misfit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgeward_harness.target.results import EVENT_KINDS, PROTOCOL_MINOR

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Events in the order they were told, by what can be made of them."""

    known: tuple[Event, ...]
    later: tuple[Event, ...]
    """Of unknown kinds, from a device of a later minor version."""
    misfits: tuple[Event, ...]
    """Of unknown kinds, from a device whose minor version has no others than the known ones."""


def of_later_minor(protocol: str, minor_known: int = PROTOCOL_MINOR) -> bool:
    """Whether a version (`major.minor`, of our major) is later than the one that is known."""
    return int(protocol.partition(".")[2]) > minor_known


def judged_events(events: Iterable[Event], protocol: str) -> tuple[Event, ...]:
    """These events in their order, without those that a later minor version may have added."""
    if not of_later_minor(protocol):
        return tuple(events)
    return tuple(event for event in events if event["kind"] in EVENT_KINDS)


def sort_events(
    events: Iterable[Event], protocol: str, minor_known: int = PROTOCOL_MINOR
) -> Sorted:
    """Sort the events of a device that announced this protocol version."""
    known: list[Event] = []
    unknown: list[Event] = []
    for event in events:
        (known if event["kind"] in EVENT_KINDS else unknown).append(event)
    later = of_later_minor(protocol, minor_known)
    return Sorted(tuple(known), tuple(unknown if later else ()), tuple(() if later else unknown))
