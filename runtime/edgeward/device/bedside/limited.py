"""Which limits a number is held against: all of them, but for a pulse beside a heart rate.

Rules:
1. While a lead tells the heart rate, a slow pulse is held against its critical limit alone. A
   premature beat hardly fills the vessels: the pulse is slower then than the heart, and its warning
   limit would alarm about a finger. A pulse below its critical limit moves too little blood,
   whether the beats cannot be felt or the lead counts each of them twice.
2. Where most beats move no blood, or the lead counts what is none, a slow pulse is held against all
   its limits: below `DEFICIT` of the heart rate.
3. A fast pulse is always held against all its limits: nothing but a lead that misses beats makes
   it faster than the heart.
"""

from dataclasses import replace

from edgeward.alarm.alarm_limits import VitalLimits
from edgeward.alarm.moment import Moment
from edgeward.alarm.system.system import AlarmSystem
from edgeward.device.bedside.patient import BedsidePatient
from edgeward.signal.findings import UNITS, Reading, Vital
from edgeward.signal.vitals.channel_vitals import Told

DEFICIT = 0.4
"""Where every other beat comes too early to be felt, half of them are."""


def hold_against_limits(
    alarms: AlarmSystem, patient: BedsidePatient, found: Reading, told: Told, now: Moment
) -> None:
    """Judge a number that was just shown."""
    alarms.read(
        patient.name,
        found.vital,
        found.value,
        at_ns=told.at_ns,
        now=now,
        unit=UNITS[found.vital],
        source=told.channel,
        limits=_limits(alarms, patient, found),
    )


def _limits(alarms: AlarmSystem, patient: BedsidePatient, found: Reading) -> VitalLimits:
    """Those of the rules; a pulse that cannot be counted decides nothing, as ever."""
    limits = alarms.limits(patient.name, found.vital)
    shown = patient.newest.get(Vital.HEART_RATE)
    heart = None if shown is None else shown.reading.value
    if found.vital is not Vital.PULSE_RATE or found.value is None or heart is None:
        return limits
    return limits if found.value < DEFICIT * heart else replace(limits, low_warning=None)
