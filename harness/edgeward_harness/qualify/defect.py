"""A seeded defect: a device that breaks a promise, and the case that must turn red for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Where a defect comes from."""

    TWIN = "twin"
    """A device made by hand, as real ones break."""
    MADE = "made"
    """What surrounds the sound device is wrong: its models, or what is said of them."""
    LIMIT = "limit"
    """Generated: the sound device is held to a promise that it cannot keep."""
    WIRE = "wire"
    """Generated: what the sound device answers is altered on its way."""
    CONTROL = "control"
    """No defect: a device that must not be accused."""


@dataclass(frozen=True, slots=True)
class Defect:
    """What is seeded, and what must be seen.

    Rules:
    - Each case named turns red, and with it each requirement that the case is for.
    - Each measurement named is one that fails; with `only` no other one does.
    - `finding` is a pattern that the note of a failed measurement, or the finding, holds.
    """

    id: str
    words: str
    suite: str
    unit: str
    cases: tuple[str, ...]
    kind: Kind = Kind.TWIN
    measurements: tuple[str, ...] = ()
    only: bool = False
    finding: str = ""
    profile: str = "bedside_monitor"
    limits: Mapping[str, object] = field(default_factory=dict)
    """Promises of the profile that are moved, by their path."""
    seed: int = 7
    alone: bool = False
    """It is judged by how long something takes: nothing runs beside it."""
    recordings: Mapping[str, tuple[str, ...]] | None = None
    """It shows on recordings of patients only; of the collections named, on these."""
    make: str = ""
    """The maker of a bench of its own (`qualify.making`); else the unit is on the shipped one."""

    @property
    def run(self) -> tuple[object, ...]:
        """What two defects share that can be judged in one run of the suite."""
        limits = repr(sorted(self.limits.items()))
        made = (self.profile, limits, self.seed, self.make, self.recordings is not None)
        return (self.suite, self.unit, self.alone, self.kind is Kind.CONTROL, *made)


@dataclass(frozen=True, slots=True)
class Argued:
    """What nothing is seeded for, and why: a promise, an operator or a requirement."""

    what: str
    reason: str
