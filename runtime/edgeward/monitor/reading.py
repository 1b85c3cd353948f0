"""One figure and where it comes from. What nobody measured is unknown, and never a number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Provenance(StrEnum):
    """Where a figure comes from."""

    MEASURED = "measured"
    MODELLED = "modelled"
    """Computed from measured figures by a model that is named."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure with its unit, or that there is none."""

    value: float | None
    unit: str
    provenance: Provenance
    source: str
    """The file, the model, or why nothing is known."""
    at_ns: int | None = None
    """When somebody looked, on the monotonic clock; None for what nobody had to look up."""

    def __post_init__(self) -> None:
        """Hold the one rule.

        Raises:
            ValueError: an unknown figure has a value, or a known one has none.
        """
        if (self.value is None) != (self.provenance is Provenance.UNKNOWN):
            raise ValueError(f"a figure of {self.value} cannot be {self.provenance}")

    def to_dict(self) -> dict[str, Any]:
        """The form of the protocol."""
        return {"value": self.value, "provenance": self.provenance.value}

    def age_ns(self, now_ns: int) -> int | None:
        """How long ago somebody looked; None where nobody had to."""
        return None if self.at_ns is None else now_ns - self.at_ns


def measured(value: float, unit: str, source: str) -> Reading:
    """A figure that was measured."""
    return Reading(value, unit, Provenance.MEASURED, source)


def modelled(value: float, unit: str, source: str) -> Reading:
    """A figure that a model computed."""
    return Reading(value, unit, Provenance.MODELLED, source)


def unknown(unit: str, why: str) -> Reading:
    """No figure, and why."""
    return Reading(None, unit, Provenance.UNKNOWN, why)


def found(value: float | None, unit: str, source: str) -> Reading:
    """What a sensor gave, if there is one."""
    return (
        unknown(unit, f"{source}: nothing to read")
        if value is None
        else measured(value, unit, source)
    )
