"""When the signs that rest on beats begin, and what may be set."""

from dataclasses import dataclass, fields

ACCEPTED = {
    "asystole_s": (3.0, 10.0),
    "pause_s": (2.0, 3.0),
    "brady_per_min": (15.0, 100.0),
    "brady_intervals": (2, 8),
    "tachy_per_min": (100.0, 280.0),
    "tachy_intervals": (4, 16),
    "ventricular_per_min": (80.0, 200.0),
    "ventricular_beats": (3, 15),
    "learning_s": (0.0, 10.0),
}
"""What may be set, ends included."""


@dataclass(frozen=True, slots=True)
class RhythmLimits:
    """When each sign begins."""

    asystole_s: float = 4.0
    pause_s: float = 3.0
    brady_per_min: float = 40.0
    brady_intervals: int = 4
    tachy_per_min: float = 140.0
    tachy_intervals: int = 16
    ventricular_per_min: float = 100.0
    ventricular_beats: int = 5
    learning_s: float = 2.0
    """At the start, while a detector of beats does not know yet how high a beat is."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: with every fault.
        """
        faults = []
        for one in fields(self):
            value, (low, high) = getattr(self, one.name), ACCEPTED[one.name]
            if not low <= value <= high:
                faults.append(f"{one.name}: found {value!r}; accepted: {low:g} to {high:g}")
        if faults:
            raise ValueError("\n".join(faults))


SENSITIVE = RhythmLimits(
    brady_per_min=45.0, tachy_per_min=120.0, tachy_intervals=8, ventricular_beats=3
)
"""For a second opinion on what others raised: well before each limit, so that what is not seen with
these was hardly there."""
