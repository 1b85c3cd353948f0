"""Under which limits and delays a script is read: what must be raised, and by when.

The figures given here are those that makers of monitors disclose; each may be set otherwise.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from edgeward.signal.findings import Reason, Sign, Vital
from edgeward.signal.simulation.checks import within
from edgeward.signal.simulation.faults import FaultKind


class Side(StrEnum):
    """Which limit a value is beyond."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Limit:
    """A value beyond it is to be told."""

    vital: Vital
    side: Side
    value: float
    margin: float
    """Nearer than this to the limit, on either side, it may be told or not."""
    delay_s: float = 10.0
    """It is told within so long, if it lasts as long."""


LIMITS = (
    Limit(Vital.HEART_RATE, Side.LOW, 50, 5),
    Limit(Vital.HEART_RATE, Side.HIGH, 120, 5),
    Limit(Vital.SPO2, Side.LOW, 85, 2, delay_s=30),
    Limit(Vital.RESPIRATION_RATE, Side.LOW, 8, 2, delay_s=60),
    Limit(Vital.RESPIRATION_RATE, Side.HIGH, 30, 3, delay_s=60),
    Limit(Vital.TEMPERATURE, Side.LOW, 35.0, 0.3, delay_s=60),
    Limit(Vital.TEMPERATURE, Side.HIGH, 39.0, 0.3, delay_s=60),
    Limit(Vital.PRESSURE_SYSTOLIC, Side.LOW, 90, 6, delay_s=20),
    Limit(Vital.PRESSURE_SYSTOLIC, Side.HIGH, 160, 6, delay_s=20),
)


@dataclass(frozen=True, slots=True)
class Criteria:
    """Limits, and from when on something is a sign."""

    limits: tuple[Limit, ...] = LIMITS
    asystole_s: float = 4.0
    pause_s: float = 3.0
    fibrillation_s: float = 4.0
    """Ventricular fibrillation that lasts as long."""
    ventricular_beats: int = 5
    ventricular_bpm: float = 100.0
    """A run of so many ventricular beats, so fast."""
    extreme_low_bpm: float = 40.0
    extreme_high_bpm: float = 140.0
    apnea_s: float = 20.0
    no_pulse_s: float = 10.0
    """Without a pulse in the light of a finger."""
    stopped_s: float = 4.0
    """Without a pulse in an arterial line, while the pressure runs out."""
    margin_bpm: float = 5.0
    """Of the extreme rates and of a run: as for a limit."""
    sign_delay_s: float = 3.0
    """A sign is raised within so long after it has become one."""
    standstill_delay_s: float = 1.0
    """The same for asystole, whose seconds are the longest wait by themselves."""
    rate_delay_s: float = 10.0
    fall_delay_s: float = 10.0
    fault_delay_s: float = 10.0
    clear_s: float = 20.0
    """What is over is gone within so long."""
    learning_s: float = 10.0
    """Of the begin, and after a fault, nothing is asked for yet."""

    def __post_init__(self) -> None:
        """Check that each is a length, a rate or a count."""
        within(self, asystole_s=(1, 60), pause_s=(1, 60), fibrillation_s=(1, 60))
        within(self, ventricular_beats=(2, 100), ventricular_bpm=(60, 300), margin_bpm=(0, 50))
        within(self, extreme_low_bpm=(10, 100), extreme_high_bpm=(80, 300), apnea_s=(5, 120))
        within(self, no_pulse_s=(1, 60), stopped_s=(1, 60))
        within(self, sign_delay_s=(0, 600), standstill_delay_s=(0, 600))
        within(self, rate_delay_s=(0, 600))
        within(self, fall_delay_s=(0, 600), fault_delay_s=(0, 600), clear_s=(0, 600))
        within(self, learning_s=(0, 600))


@dataclass(frozen=True, slots=True)
class Expected:
    """One alarm that must be raised, or may be.

    An alarm raised from `earliest_s` to `gone_by_s` is accounted for by this; one that no expected
    alarm accounts for is false.
    """

    what: Sign | Vital | FaultKind
    begins_s: float
    """What it is about: the last beat, the first one too fast, loss of support."""
    ends_s: float
    earliest_s: float
    raise_by_s: float | None
    """None when it may be raised, or not: too short, too near a limit, or hidden by a fault."""
    gone_by_s: float
    """Never, for what lasts to the end of the script."""
    side: Side | None = None
    channel: str | None = None
    """Of a fault."""
    reasons: frozenset[Reason] = field(default_factory=frozenset)
    """Of a fault: what it may be told as."""

    @property
    def required(self) -> bool:
        """Whether it must be raised."""
        return self.raise_by_s is not None
