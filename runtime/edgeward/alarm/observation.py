"""What somebody sees of a condition at one moment: the only way into the alarm system."""

from dataclasses import dataclass

from edgeward.alarm.change import ModelUsed
from edgeward.alarm.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Observation:
    """A condition of a patient is met, is not met, or cannot be decided.

    It may be told once when it changes, or again and again: both give the same alarms. Several
    sources may watch one condition; it holds as long as one of them says so.
    """

    patient: str | None
    """None: it concerns the device."""
    condition: str
    present: bool | None
    """None never begins an alarm and never ends one."""
    at_ns: int
    """Monotonic instant of the sample it rests on."""
    value: float | None = None
    unit: str = ""
    text: str = ""
    """Figures a person needs to understand it."""
    source: str = ""
    """Who sees it: a channel, a detector, a link."""
    level: Level = Level.WARNING
    limits: tuple[tuple[str, float | None], ...] = ()
    """Those that the value was judged by."""
    model: ModelUsed | None = None
    """Given exactly when a model had a part in it."""
