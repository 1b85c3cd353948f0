"""Which numbers are held against their limits: all but a pulse rate beside a heart rate.

Rules:
1. While a lead tells the heart rate, that is held against its limits and the pulse rate is shown
   alone. A premature beat hardly fills the vessels: one that is not felt says nothing about the
   heart that its own rate does not, and would be an alarm about a finger.
2. A pulse rate below `DEFICIT` of the heart rate is held against its limits all the same: the lead
   counts what is no beat, or most beats move no blood.
3. What was up for the pulse rate ends when the heart rate is there again.
"""

from edgeward.alarm.alarm_limits import Side
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.standard_conditions import limit_condition
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Level
from edgeward.device.bedside.patient import BedsidePatient
from edgeward.signal.findings import UNITS, Reading, Vital
from edgeward.signal.vitals.channel_vitals import Told

DEFICIT = 0.4
"""Where every other beat comes too early to be felt, half of them are."""


def hold_against_limits(
    alarms: AlarmSystem, patient: BedsidePatient, found: Reading, told: Told, now: Moment
) -> None:
    """Judge a number that was just shown, or end what it brought about."""
    if _judged(patient, found):
        alarms.read(
            patient.name,
            found.vital,
            found.value,
            at_ns=told.at_ns,
            now=now,
            unit=UNITS[found.vital],
            source=told.channel,
        )
        return
    for side in Side:
        condition = limit_condition(found.vital, side, Level.WARNING)
        over = Observation(
            patient.name, condition, present=False, at_ns=told.at_ns, source=told.channel
        )
        alarms.observe(over, now)


def _judged(patient: BedsidePatient, found: Reading) -> bool:
    """Rules 1 and 2; a pulse that cannot be counted decides nothing, as ever."""
    heart = patient.newest.get(Vital.HEART_RATE)
    if found.vital is not Vital.PULSE_RATE or found.value is None or heart is None:
        return True
    return heart.reading.value is None or found.value < DEFICIT * heart.reading.value
