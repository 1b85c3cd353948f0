"""At which frequency to run: the one that keeps every deadline for the least energy.

Whether deadlines are kept is not judged here: the caller proves it for a frequency, by exact
response-time analysis with execution times that grow as the frequency falls. Each point is asked:
no assumption is made that a faster one is always feasible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgeward.monitor.power import OperatingPoint, PowerModel


class Aim(StrEnum):
    """What to choose among the points that keep the deadlines."""

    LOWEST_FREQUENCY = "lowest_frequency"
    LEAST_ENERGY = "least_energy"
    """Of a period: computing at the point, then idle at static power."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The point to run at."""

    point: OperatingPoint
    energy_j: float
    """Of one period."""
    feasible: tuple[OperatingPoint, ...]
    why: str


@dataclass(frozen=True, slots=True)
class NoPlan:
    """No point keeps the deadlines."""

    why: str


def plan(
    points: Sequence[OperatingPoint],
    meets: Callable[[int], bool],
    model: PowerModel,
    *,
    cycles: float,
    period_s: float,
    aim: Aim = Aim.LOWEST_FREQUENCY,
) -> Plan | NoPlan:
    """Choose among the points; `meets` proves the deadlines for a frequency in hertz."""
    if not points:
        return NoPlan("there is no operating point to choose from: the system offers none")
    feasible = tuple(sorted(point for point in set(points) if meets(point.frequency_hz)))
    if not feasible:
        fastest = max(points)
        return NoPlan(
            f"not even {fastest.frequency_hz / 1e6:g} MHz, the fastest of {len(set(points))},"
            " keeps the deadlines"
        )

    def energy_j(point: OperatingPoint) -> float:
        busy_s = min(cycles / point.frequency_hz, period_s)
        return model.energy_j(cycles, point) + model.static_w * (period_s - busy_s)

    if aim is Aim.LOWEST_FREQUENCY:
        chosen = feasible[0]
    else:
        chosen = min(feasible, key=lambda point: (energy_j(point), point))
    too_slow = len(set(points)) - len(feasible)
    why = (
        f"{chosen.frequency_hz / 1e6:g} MHz at {chosen.voltage_v:g} V: {aim.value} of"
        f" {len(feasible)} points that keep the deadlines; {too_slow} do not"
    )
    return Plan(chosen, energy_j(chosen), feasible, why)
