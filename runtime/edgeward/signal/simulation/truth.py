"""What is true about a simulated patient: from the script and its beats, never from a detector."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.findings import BeatClass, Vital
from edgeward.signal.simulation.body_steps import (
    Breathing,
    Movement,
    Pressure,
    Saturation,
    Temperature,
)
from edgeward.signal.simulation.breath import breath_parts
from edgeward.signal.simulation.faults import Fault
from edgeward.signal.simulation.heart import BEATS, Code, heart_parts
from edgeward.signal.simulation.heart_steps import Rhythm
from edgeward.signal.simulation.lane import F64, Course, placed
from edgeward.signal.simulation.movement import FALL_AFTER_S, FREE_FALL_S, placed_motion
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.vessels import (
    ARTERIAL_SHARE,
    mean_share,
    pulses_of,
    transit_s,
)

_CLASS = {
    Code.NORMAL: BeatClass.NORMAL,
    Code.NO_P: BeatClass.NORMAL,
    Code.VENTRICULAR: BeatClass.VENTRICULAR,
    Code.PACED: BeatClass.UNKNOWN,
}
RATE_OVER_S = {Vital.HEART_RATE: 10.0, Vital.PULSE_RATE: 10.0, Vital.RESPIRATION_RATE: 30.0}
"""A true rate is that of the events of so many seconds past."""


class Provenance(StrEnum):
    """Where a signal comes from. Whoever reports a figure hands this on."""

    SIMULATED = "simulated"
    SPLICED = "spliced"
    """Simulated, with a stretch that was recorded from a real patient."""


@dataclass(frozen=True, slots=True)
class RhythmSpan:
    """One rhythm, until the next one begins."""

    rhythm: Rhythm
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Fall:
    """One fall of the body."""

    free_fall_s: float
    impact_s: float
    impact_g: float
    turn_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Everything that is true, in seconds from the begin."""

    seconds: float
    beats_s: F64
    """R waves, or the peaks of what stands in their place."""
    classes: NDArray[np.str_]
    """Of each beat, as in `BeatClass`."""
    pulses_s: F64
    """Feet of the pulse in the light signal; a beat without a pulse has none."""
    pressure_pulses_s: F64
    """The same where the arterial pressure is measured."""
    breaths_s: F64
    """When air begins to flow in."""
    rhythms: tuple[RhythmSpan, ...]
    faults: tuple[Fault, ...]
    falls: tuple[Fall, ...]
    vitals: Mapping[Vital, F64]
    """At each whole second; NaN while there is nothing to be counted."""
    provenance: Provenance = Provenance.SIMULATED

    def rhythm_at(self, instant_s: float) -> Rhythm:
        """The rhythm of an instant; after the end, the last one."""
        return next(
            (span.rhythm for span in self.rhythms if instant_s < span.end_s),
            self.rhythms[-1].rhythm,
        )


def truth_of(script: Script, seed: int) -> Truth:
    """What is true about this script with this seed."""
    marks = np.concatenate([part for _, part in heart_parts(script, seed)])
    beats = marks[np.isin(marks["code"], BEATS)]
    delay_s = transit_s(script.person, seed)
    pulses = pulses_of(beats, delay_s)
    breaths_s = _breaths_s(script, seed)
    names = np.full(len(Code), "", "<U1")
    for code, kind in _CLASS.items():
        names[code] = kind
    return Truth(
        seconds=script.seconds,
        beats_s=beats["time_s"].copy(),
        classes=names[beats["code"]],
        pulses_s=pulses["time_s"].copy(),
        pressure_pulses_s=pulses["time_s"] - (1.0 - ARTERIAL_SHARE) * delay_s,
        breaths_s=breaths_s,
        rhythms=_rhythms(script),
        faults=script.faults,
        falls=_falls(script),
        vitals=_vitals(script, beats["time_s"], pulses["time_s"], breaths_s),
    )


def _breaths_s(script: Script, seed: int) -> F64:
    """When breaths begin, to the end of the script."""
    found = []
    for until_s, part in breath_parts(script.breath or (Breathing(1.0),), seed):
        found.append(part["time_s"])
        if until_s >= script.seconds:
            break
    times_s: F64 = np.concatenate(found)
    return times_s[times_s < script.seconds]


def _rhythms(script: Script) -> tuple[RhythmSpan, ...]:
    """Steps of one rhythm are one span."""
    spans = []
    for rhythm, group in groupby(placed(script.heart), key=lambda one: one[0].rhythm):
        steps = list(group)
        spans.append(RhythmSpan(rhythm, steps[0][1], steps[-1][2]))
    return tuple(spans)


def _falls(script: Script) -> tuple[Fall, ...]:
    """Where the script makes the body fall."""
    return tuple(
        Fall(
            one.start_s + FALL_AFTER_S,
            one.start_s + FALL_AFTER_S + FREE_FALL_S,
            one.step.impact_g,
            abs(one.to_tilt_deg - one.tilt_deg),
        )
        for one in placed_motion(script)
        if one.step.movement is Movement.FALL
    )


def _vitals(script: Script, beats_s: F64, pulses_s: F64, breaths_s: F64) -> dict[Vital, F64]:
    """All that the script sets or its events count up to, second by second."""
    seconds = np.arange(ceil(script.seconds), dtype=np.float64)
    pressure = script.pressure or (Pressure(1.0),)
    pulse_rate = rates_per_min(pulses_s, seconds, RATE_OVER_S[Vital.PULSE_RATE], 4.0)
    beating = np.where(np.isnan(pulse_rate), np.nan, 0.0)
    systolic = Course(pressure, 0).at(seconds) + beating
    diastolic = Course(pressure, 1).at(seconds) + beating
    return {
        Vital.HEART_RATE: rates_per_min(beats_s, seconds, RATE_OVER_S[Vital.HEART_RATE], 4.0),
        Vital.PULSE_RATE: pulse_rate,
        Vital.RESPIRATION_RATE: rates_per_min(
            breaths_s, seconds, RATE_OVER_S[Vital.RESPIRATION_RATE], 15.0
        ),
        Vital.SPO2: Course(script.saturation or (Saturation(1.0),)).at(seconds),
        Vital.TEMPERATURE: Course(script.temperature or (Temperature(1.0),)).at(seconds),
        Vital.PRESSURE_SYSTOLIC: systolic,
        Vital.PRESSURE_MEAN: diastolic + mean_share(pulse_rate) * (systolic - diastolic),
        Vital.PRESSURE_DIASTOLIC: diastolic,
    }


def rates_per_min(events_s: F64, instants_s: F64, over_s: float, silent_s: float) -> F64:
    """The rate of the events of the last seconds, at each instant.

    NaN while fewer than two lie in them, or none in the last `silent_s`.
    """
    low = np.searchsorted(events_s, instants_s - over_s, side="right")
    high = np.searchsorted(events_s, instants_s, side="right")
    enough = high - low >= 2
    rates = np.full(len(instants_s), np.nan)
    first, last = events_s[low[enough]], events_s[high[enough] - 1]
    found = 60.0 * (high - low - 1)[enough] / (last - first)
    rates[enough] = np.where(instants_s[enough] - last < silent_s, found, np.nan)
    return rates
