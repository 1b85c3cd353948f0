"""What is shown of the patients of a daemon, at one moment: plain values, read by any thread."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeward.alarm.signals import SignalState
from edgeward.device.bedside.showing import readings_shown, signals_shown
from edgeward.device.bedside.telling import VitalEvent


@dataclass(frozen=True, slots=True)
class Watched:
    """Alarms, the most urgent first, and the newest of each number of each patient."""

    state: SignalState
    readings: Mapping[str, tuple[VitalEvent, ...]]
    unrecorded: int = 0
    """Entries that the alarm journal had no room for."""
    devices: Mapping[str, str | None] = field(default_factory=dict)
    """Whom each device that sends shows; None: nobody."""
    nobody: Mapping[str, int] = field(default_factory=dict)
    """Samples that were judged for nobody, by reason."""

    def to_dict(self) -> dict[str, Any]:
        """As `edgeward status --json` prints it."""
        return {
            **signals_shown(self.state),
            "patients": {name: readings_shown(newest) for name, newest in self.readings.items()},
            "unrecorded": self.unrecorded,
            "devices": dict(self.devices),
            "nobody": dict(self.nobody),
        }
