"""How long nobody watched: from the last sign of life to now, as far as the clocks can be believed.

Rules:
1. On the same start of the system the monotonic clock has gone on: the outage began at the last
   sign of life or within the interval in which the next one was due.
2. After another start there is wall time only, and wall time may have been set. It is an estimate.
   The outage is at least as long as this start of the system lasts already; a wall time that says
   less is not believed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.alarm.journal.slots import Life


class Basis(StrEnum):
    """What the length of an outage rests on."""

    MONOTONIC = "monotonic"
    WALL = "wall"
    NOTHING = "nothing"
    """Only the least is known."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Between the last sign of life and the start that follows."""

    last_wall_ns: int
    """The last sign of life, to be shown."""
    now_wall_ns: int
    basis: Basis
    least_ns: int
    estimate_ns: int | None
    most_ns: int | None
    in_order: bool
    """Whether the last end was meant."""

    def to_dict(self) -> dict[str, Any]:
        """The entry that the journal keeps of it."""
        return {
            "kind": "outage",
            "last_wall_ns": self.last_wall_ns,
            "now_wall_ns": self.now_wall_ns,
            "basis": self.basis.value,
            "least_ns": self.least_ns,
            "estimate_ns": self.estimate_ns,
            "most_ns": self.most_ns,
            "in_order": self.in_order,
        }


def outage_since(last: Life, now: Life, interval_ns: int) -> Outage:
    """The outage that ends now; signs of life were due each interval."""

    def outage(basis: Basis, least_ns: int, estimate_ns: int | None, most_ns: int | None) -> Outage:
        return Outage(
            last.wall_ns, now.wall_ns, basis, least_ns, estimate_ns, most_ns, in_order=last.ended
        )

    known = bool(last.boot and now.boot)
    passed_ns = now.monotonic_ns - last.monotonic_ns
    if known and last.boot == now.boot and passed_ns >= 0:
        return outage(Basis.MONOTONIC, max(passed_ns - interval_ns, 0), passed_ns, passed_ns)
    least_ns = max(now.monotonic_ns, 0) if known and last.boot != now.boot else 0
    wall_ns = now.wall_ns - last.wall_ns
    if wall_ns >= least_ns:
        return outage(Basis.WALL, least_ns, wall_ns, None)
    return outage(Basis.NOTHING, least_ns, None, None)
