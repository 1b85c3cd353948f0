"""One patient at the device: what the channels say, by category, and the newest of each number."""

from collections.abc import Mapping

from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.labelling import Labelling
from edgeward.device.bedside.telling import VitalEvent
from edgeward.limits import Limits
from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.findings import Reading, Vital
from edgeward.signal.vitals.patient_vitals import PatientVitals

RHYTHMS: Mapping[Category, RhythmLimits] = {
    Category.ADULT: RhythmLimits(brady_per_min=30.0, tachy_per_min=180.0, tachy_intervals=8),
    Category.PAEDIATRIC: RhythmLimits(brady_per_min=45.0, tachy_per_min=220.0, tachy_intervals=8),
    Category.NEONATE: RhythmLimits(
        asystole_s=3.0, pause_s=2.0, brady_per_min=60.0, tachy_per_min=250.0, tachy_intervals=8
    ),
}
"""Extreme rates lie well beyond the critical limits of the category: they are never switched off,
so they must not be what a monitored patient has on an ordinary day."""


class BedsidePatient:
    """What is known of one patient."""

    __slots__ = ("beats", "category", "name", "newest", "vitals")

    def __init__(self, name: str, limits: Limits, category: Category) -> None:
        """Begin without a channel."""
        self.name = name
        self.category = category
        self.vitals = PatientVitals(name, limits, RHYTHMS[category])
        self.beats: dict[str, Labelling] = {}
        """By channel, what tells its beats; of others none is told."""
        self.newest: dict[Vital, VitalEvent] = {}
        """What is shown for each vital that was ever told."""

    def show(self, channel: str, reading: Reading, at_ns: int) -> VitalEvent:
        """Keep a reading as the newest of its vital.

        Where two channels give one vital, a number is not replaced by another channel's lack of
        one, nor one that is told all the time by one that is measured now and then.
        """
        event = VitalEvent(self.name, channel, reading, at_ns)
        shown = self.newest.get(reading.vital)
        own = shown is None or shown.channel == channel or shown.reading.value is None
        if own or (reading.value is not None and not self._intermittent(channel)):
            self.newest[reading.vital] = event
        return event

    def _intermittent(self, channel: str) -> bool:
        attached = self.vitals.channels.get(channel)
        return attached is not None and attached.channel.acceptance.intermittent
